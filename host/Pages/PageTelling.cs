using System.Globalization;
using Broadcast.Control;
using Broadcast.Media;

namespace Broadcast.Host.Pages;

/// <summary>Says what the pages of channels and events tell of them, to everybody: of what is not public no more than the channel's name.</summary>
/// <param name="facts">What there is.</param>
/// <param name="addresses">Where viewers go.</param>
/// <param name="authority">Who may watch; without one every channel is public.</param>
/// <param name="announcements">What comes next.</param>
/// <param name="posters">Which pictures there are, and how large; without it none is known.</param>
/// <param name="replays">What was on last.</param>
internal sealed class PageTelling(
    IPageFacts facts, IViewerAddresses addresses, IViewerAuthority? authority = null, IAnnouncements? announcements = null, IPosters? posters = null, IReplays? replays = null)
{
    /// <summary>Longest host that is taken over into a page, in characters: names have 253 (RFC 1035, 2.3.4), and a port. Pages are kept for each.</summary>
    private const int MaxHost = 260;

    /// <summary>Where pages and media are, as this request's asker may use it.</summary>
    public ViewerAddresses AddressesFor(HttpRequest request) => addresses.For(string.Create(
        CultureInfo.InvariantCulture, $"{request.Scheme}://{(request.Host.Value is { Length: > 0 and <= MaxHost } host ? host : "localhost")}"));

    /// <summary>Whether everybody may watch a channel.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="own">Who may watch what is asked about, where that says so itself, as an event may.</param>
    public bool IsPublic(ChannelName channel, ViewerAccess? own = null) => authority is null || authority.AccessOf(channel, noted: own) == ViewerAccess.Public;

    /// <summary>What a channel is called; <see langword="null"/> when there is none.</summary>
    public string? TitleOf(ChannelName channel) => facts.TitleOf(channel);

    /// <summary>An event that everybody may know of.</summary>
    /// <exception cref="EventsAwayException">It cannot be found out now.</exception>
    public ValueTask<EventPage?> FindEventAsync(string id, CancellationToken cancellationToken) => facts.FindEventAsync(id, cancellationToken);

    /// <summary>The head of a channel's page; <see langword="null"/> where there is no such channel: such a page says nothing but that nothing is on.</summary>
    public PageHead? OfChannel(ChannelName channel, ViewerAddresses there)
    {
        if (facts.TitleOf(channel) is not { } title)
        {
            return null;
        }

        if (!IsPublic(channel))
        {
            return new(channel.Value);
        }

        var next = announcements?.Next(channel);
        var head = Of(title, next is null ? $"Live broadcasts of {title}." : $"Next: {next.Title}, {Instant(next.StartsAt)}.", there, $"/watch/{channel}", $"/embed/{channel}");
        return WithPictureOf(head, channel, there);
    }

    /// <summary>The head of an event's page.</summary>
    public PageHead OfEvent(EventPage planned, ViewerAddresses there)
    {
        if (!IsPublic(planned.Channel, planned.Access))
        {
            return new(planned.Channel.Value);
        }

        var title = planned.State == EventState.Cancelled ? $"Cancelled: {planned.Title}" : planned.Title;
        var description = planned.Description.Length > 0 ? planned.Description : planned.State is EventState.Scheduled or EventState.Preview ? $"Begins {Instant(planned.StartsAt)}." : "";
        var head = Of(title, description, there, $"/event/{planned.Id}", $"/embed/event/{planned.Id}");
        var own = planned.Poster.StartsWith("https://", StringComparison.Ordinal) ? planned.Poster
            : planned.Poster.StartsWith('/') && !planned.Poster.StartsWith("//", StringComparison.Ordinal) ? there.Pages + planned.Poster : null;
        return own is not null ? head with { Image = own, IsImageThere = true }
            : planned.Replay is { } replay ? WithPictureOf(head, planned.Channel, replay, there)
            : WithPictureOf(head, planned.Channel, there);
    }

    /// <summary>The head with the picture that the channel shows, or else with that of its newest replay; with none that not everybody may see.</summary>
    private PageHead WithPictureOf(PageHead head, ChannelName channel, ViewerAddresses there)
    {
        var image = $"{there.Media}/live/{channel}/poster.jpg";
        if (posters?.OfChannel(channel) is { } poster)
        {
            return authority is null || authority.AccessOf(channel, poster.Session, poster.Access) == ViewerAccess.Public
                ? head with { Image = image, ImageSize = (poster.Width, poster.Height), IsImageThere = true } : head;
        }

        return !IsPublic(channel) ? head
            : replays?.Newest(channel) is { } replay ? WithPictureOf(head, channel, replay, there)
            : head with { Image = image };
    }

    /// <summary>The head with a replay's picture. Its size is known while somebody has watched it lately.</summary>
    private PageHead WithPictureOf(PageHead head, ChannelName channel, ChannelReplay replay, ViewerAddresses there)
    {
        // What has the whole session has its id; posters are the session's, so a clip's size is not known.
        var poster = SessionId.TryParse(replay.Id.Value, out var session) ? posters?.OfSession(channel, session) : null;
        return head with { Image = $"{there.Media}/vod/{replay.Id}/poster.jpg", ImageSize = poster is { } known ? (known.Width, known.Height) : null, IsImageThere = true };
    }

    private static PageHead Of(string title, string description, ViewerAddresses there, string page, string embed) => new(title)
    {
        Description = description,
        Address = there.Pages + page,
        Embed = there.Pages + embed,
        OEmbed = $"{there.Pages}/oembed?format=json&url={Uri.EscapeDataString(there.Pages + page)}",
    };

    // Whoever reads it may be anywhere: the page itself tells the time on the viewer's clock.
    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("d MMMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
