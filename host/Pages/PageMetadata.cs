using System.Globalization;
using Broadcast.Control.Access;
using Broadcast.Control.Events;
using Broadcast.Control.Pages;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Host.Pages;

/// <summary>Public metadata of channel and event pages. Pages that are not public contain the channel's name only.</summary>
/// <param name="pageData">Data of channels and events.</param>
/// <param name="viewerUrls">Base URLs for viewers.</param>
/// <param name="authorizer">Access policies; without it, every channel is public.</param>
/// <param name="programGuide">Upcoming events.</param>
/// <param name="posters">Existing posters with their sizes; without it, none is known.</param>
/// <param name="recordings">Newest recordings.</param>
internal sealed class PageMetadata(
    IPageData pageData, IViewerUrls viewerUrls, IViewerAuthorizer? authorizer = null, IProgramGuide? programGuide = null,
    IPosters? posters = null, IChannelRecordings? recordings = null)
{
    /// <summary>Maximum host length in characters: 253 for the name (RFC 1035, 2.3.4), and a port. Pages are cached per host.</summary>
    private const int MaxHost = 260;

    /// <summary>Base URLs of pages and media for a request.</summary>
    public ViewerUrls UrlsFor(HttpRequest request) => viewerUrls.For(string.Create(
        CultureInfo.InvariantCulture,
        $"{request.Scheme}://{(request.Host.Value is { Length: > 0 and <= MaxHost } host ? host : "localhost")}"));

    /// <summary>
    /// <c>Cache-Control</c> of a response with absolute URLs. If they come from the request's <c>Host</c>, shared caches must not store the
    /// response: many do not distinguish hosts, and would give one client's host name to all others.
    /// </summary>
    public string CachingOf(string caching) =>
        viewerUrls.For("").Pages.Length > 0 ? caching : caching.Replace("public", "private", StringComparison.Ordinal);

    /// <summary>Returns whether everyone can watch a channel.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="accessOverride">Access policy that overrides the channel's, as of an event.</param>
    /// <param name="session">Session of a recording.</param>
    public bool IsPublic(ChannelName channel, ViewerAccess? accessOverride = null, SessionId? session = null) => authorizer is null
        || authorizer.AccessOf(channel, session, accessOverride) == ViewerAccess.Public;

    /// <summary>Title of a channel; <see langword="null"/> if it does not exist.</summary>
    public string? TitleOf(ChannelName channel) => pageData.TitleOf(channel);

    /// <summary>Finds an event visible to viewers.</summary>
    /// <exception cref="EventsUnavailableException">The event cannot be determined at present.</exception>
    public ValueTask<PublicEvent?> FindEventAsync(string id, CancellationToken cancellationToken) =>
        pageData.FindEventAsync(id, cancellationToken);

    /// <summary>
    /// Metadata of a channel's page; <see langword="null"/> for an unknown channel, whose page only reports that nothing is live.
    /// </summary>
    public PageHead? OfChannel(ChannelName channel, ViewerUrls urls)
    {
        if (pageData.TitleOf(channel) is not { } title)
        {
            return null;
        }

        if (!IsPublic(channel))
        {
            return new(channel.Value);
        }

        var next = programGuide?.Next(channel);
        var head = Of(title, next is null ? $"Live broadcasts of {title}." : $"Next: {next.Title}, {Instant(next.StartsAt)}.", urls,
            $"/watch/{channel}", $"/embed/{channel}");
        return WithImageOf(head, channel, urls);
    }

    /// <summary>Metadata of an event's page.</summary>
    public PageHead OfEvent(PublicEvent publicEvent, ViewerUrls urls)
    {
        if (!IsPublic(publicEvent.Channel, publicEvent.Access))
        {
            return new(publicEvent.Channel.Value);
        }

        var title = publicEvent.State == EventState.Cancelled ? $"Cancelled: {publicEvent.Title}" : publicEvent.Title;
        var description = publicEvent.Description.Length > 0 ? publicEvent.Description
            : publicEvent.State is EventState.Scheduled or EventState.Preview ? $"Starts {Instant(publicEvent.StartsAt)}." : "";
        var head = Of(title, description, urls, $"/event/{publicEvent.Id}", $"/embed/event/{publicEvent.Id}");
        var posterUrl = publicEvent.Poster.StartsWith("https://", StringComparison.Ordinal) ? publicEvent.Poster
            : publicEvent.Poster.StartsWith('/') && !publicEvent.Poster.StartsWith("//", StringComparison.Ordinal) ? urls.Pages
            + publicEvent.Poster : null;
        return posterUrl is not null ? head with { Image = posterUrl, ImageExists = true }
            : publicEvent.Replay is { } recording ? WithImageOf(head, publicEvent.Channel, recording, urls)
            : WithImageOf(head, publicEvent.Channel, urls);
    }

    /// <summary>Metadata of a recording's page. An unlisted recording is not for search engines and has no oEmbed response.</summary>
    /// <param name="recording">The recording, with its details.</param>
    /// <param name="urls">Base URLs.</param>
    public PageHead OfRecording(RecordingRange recording, ViewerUrls urls)
    {
        if (!IsPublic(recording.Channel, recording.Access, recording.Session) || recording.Details is not { IsListed: true } details)
        {
            return new(recording.Channel.Value);
        }

        var title = NameOf(recording);
        var head = Of(title, $"Recording of {TitleOf(recording.Channel) ?? recording.Channel.Value}, {Instant(details.StartedAt)}.", urls,
            $"/recording/{recording.Id}", $"/embed/recording/{recording.Id}");
        return WithImageOf(head, recording.Channel, new(recording.Id, title, details.StartedAt, details.Duration), urls);
    }

    /// <summary>Title of a recording, or that of its channel.</summary>
    public string NameOf(RecordingRange recording) =>
        recording.Title.Length > 0 ? recording.Title : TitleOf(recording.Channel) ?? recording.Channel.Value;

    /// <summary>Adds the channel's poster, or that of its newest recording, if it is public.</summary>
    private PageHead WithImageOf(PageHead head, ChannelName channel, ViewerUrls urls)
    {
        var image = urls.Media + MediaUrls.ChannelPoster(channel);
        if (posters?.OfChannel(channel) is { } poster)
        {
            return authorizer is null || authorizer.AccessOf(channel, poster.Session, poster.Access) == ViewerAccess.Public
                ? head with { Image = image, ImageSize = (poster.Width, poster.Height), ImageExists = true } : head;
        }

        return !IsPublic(channel) ? head
            : recordings?.Newest(channel) is { } recording ? WithImageOf(head, channel, recording, urls)
            : head with { Image = image };
    }

    /// <summary>Adds a recording's poster. Its size is known if the recording was watched recently.</summary>
    private PageHead WithImageOf(PageHead head, ChannelName channel, ChannelRecording recording, ViewerUrls urls)
    {
        // A recording of the whole session has the session's ID. Posters belong to sessions, so the size of a clip's poster is unknown.
        var poster = SessionId.TryParse(recording.Id.Value, out var session) ? posters?.OfSession(channel, session) : null;
        return head with { Image = urls.Media + MediaUrls.VodPoster(recording.Id),
            ImageSize = poster is { } known ? (known.Width, known.Height) : null, ImageExists = true };
    }

    private static PageHead Of(string title, string description, ViewerUrls urls, string page, string embed) => new(title)
    {
        Description = description,
        Url = urls.Pages + page,
        Embed = urls.Pages + embed,
        OEmbed = $"{urls.Pages}/oembed?format=json&url={Uri.EscapeDataString(urls.Pages + page)}",
    };

    // Readers may be in any time zone; the page itself shows the viewer's local time.
    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("d MMMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
