using System.Globalization;
using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>A recording or clip, as it is managed.</summary>
/// <param name="Id">Its ULID; the session's for the recording of a whole session.</param>
/// <param name="Channel">The channel that it was made on.</param>
/// <param name="Session">The session that has its media.</param>
/// <param name="Kind">One of <see cref="RecordingRules.Kinds"/>.</param>
/// <param name="Title">What people read; may be empty.</param>
/// <param name="Visibility">One of <see cref="RecordingRules.Visibilities"/>.</param>
/// <param name="StartsAt">Where it was cut to begin; <see langword="null"/> for the session's begin.</param>
/// <param name="EndsAt">Where it was cut to end; <see langword="null"/> for the session's end.</param>
/// <param name="Retention">How long it is kept after the session's end: <see cref="Control.Retention"/>, or <see cref="Control.Retention.OfChannel"/>.</param>
/// <param name="CreatedAt">When the session began, or the clip was made.</param>
public sealed record RecordingInfo(
    string Id, string Channel, string Session, string Kind, string Title, string Visibility, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, string Retention, DateTimeOffset CreatedAt)
{
    /// <summary>Who may watch its session, with all recordings and clips of that: one of <see cref="ChannelRules.Accesses"/>; <see langword="null"/> for whom the channel lets in.</summary>
    public string? Access { get; init; }

    /// <summary>When its session began.</summary>
    public DateTimeOffset SessionStartedAt { get; init; }

    /// <summary>When its session ended; <see langword="null"/> while that is open.</summary>
    public DateTimeOffset? SessionEndedAt { get; init; }

    /// <summary>When the last encoder of its session went; <see langword="null"/> where none has.</summary>
    public DateTimeOffset? LastPublicationEndedAt { get; init; }

    /// <summary>From when on it is deleted for its age; <see langword="null"/> for never, and while its session is open.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Where it begins.</summary>
    public DateTimeOffset Begin => StartsAt ?? SessionStartedAt;

    /// <summary>Where it ends, to the second; <see langword="null"/> while that is not known.</summary>
    public DateTimeOffset? End => EndsAt ?? (SessionEndedAt is null ? null : LastPublicationEndedAt ?? SessionEndedAt);

    /// <summary>Whether more may come.</summary>
    public bool IsRecording => SessionEndedAt is null && EndsAt is null;

    /// <summary>How long it is, gaps included; <see langword="null"/> while that is not known.</summary>
    public TimeSpan? Duration => End is { } end && end > Begin ? end - Begin : null;
}

/// <summary>What is to change of a recording; <see langword="null"/> leaves a value as it is.</summary>
/// <param name="Title">Up to <see cref="ChannelRules.MaxText"/> characters.</param>
/// <param name="Visibility">One of <see cref="RecordingRules.Visibilities"/>.</param>
/// <param name="Start">Where it begins from now on. Seconds count from the session's begin and end, so that the same wish twice is the same.</param>
/// <param name="End">Where it ends from now on; <see cref="Moment.End"/> for the session's end, also when that comes later.</param>
/// <param name="Retention"><see cref="Control.Retention"/>, or <see cref="Control.Retention.OfChannel"/>.</param>
public sealed record RecordingChange(string? Title = null, string? Visibility = null, Moment? Start = null, Moment? End = null, string? Retention = null)
{
    /// <summary>Who may watch it from now on, and all else of its session, which has the same media: one of <see cref="ChannelRules.Accesses"/>. Only of a session that is over. What it has already, <see cref="EventRules.OfChannel"/> too, changes nothing.</summary>
    public string? Access { get; init; }
}

/// <summary>A clip that somebody wants.</summary>
/// <param name="Start">Where it begins. Seconds count from the begin of the recording that it is cut out of, or back from its end, which is now while it is recorded.</param>
/// <param name="End">Where it ends; the recording's end when not given.</param>
/// <param name="Title">What it is called; the recording's title when not given.</param>
/// <param name="Visibility">One of <see cref="RecordingRules.Visibilities"/>; the recording's when not given.</param>
/// <param name="Retention"><see cref="Control.Retention"/>; the channel's when not given.</param>
public sealed record ClipWish(Moment Start, Moment? End = null, string? Title = null, string? Visibility = null, string? Retention = null);

/// <summary>Which recordings to list; <see langword="null"/> for all.</summary>
/// <param name="Channel">Those of a channel.</param>
/// <param name="Kind">One of <see cref="RecordingRules.Kinds"/>.</param>
/// <param name="Visibility">One of <see cref="RecordingRules.Visibilities"/>.</param>
/// <param name="Session">Those of a session.</param>
/// <param name="Before">Only those whose id sorts before this one, to read on.</param>
/// <param name="Limit">1 to <see cref="RecordingRules.MaxPage"/>.</param>
public sealed record RecordingFilter(string? Channel = null, string? Kind = null, string? Visibility = null, SessionId? Session = null, RecordingId? Before = null, int Limit = 50)
{
    /// <summary>Only those whose title, or whose channel's name or title, has this text, whatever its case; up to <see cref="RecordingRules.MaxSearch"/> characters.</summary>
    public string? Text { get; init; }

    /// <summary>Only those that begin then or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Only those that begin before then.</summary>
    public DateTimeOffset? To { get; init; }
}

/// <summary>What a recording may be.</summary>
public static class RecordingRules
{
    /// <summary>Most recordings that one answer holds.</summary>
    public const int MaxPage = 200;

    /// <summary>Longest text that is searched for, in characters.</summary>
    public const int MaxSearch = 100;

    /// <summary>Most clips of one session.</summary>
    public const int MaxClips = 1000;

    /// <summary>Shortest clip, and what is left of a trimmed recording at least.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>How far a time may be beyond what there is, for clocks that differ; it is taken for the border then.</summary>
    internal static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    /// <summary>Whole sessions, and clips of them.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["session", "clip"];

    /// <summary>Listed to viewers, seen by who has the address, or by nobody.</summary>
    public static IReadOnlyList<string> Visibilities { get; } = ["public", "unlisted", "private"];

    internal static ControlException NotFound(string id) => new(ControlCode.NotFound, $"There is no recording '{id}'. 'broadcast recording list' shows those there are.");

    internal static IEnumerable<Mistake> Mistakes(string? title, string? visibility, string? retention, string? access = null)
    {
        foreach (var mistake in ChannelRules.Mistakes(null, new(Title: title) { Access = access == EventRules.OfChannel ? null : access }))
        {
            yield return mistake;
        }

        if (visibility is not null && !Visibilities.Contains(visibility))
        {
            yield return new("visibility", $"There is no such visibility; use one of {string.Join(", ", Visibilities)}.");
        }

        if (retention is not null && retention != Retention.OfChannel && !Retention.TryParse(retention, out _))
        {
            yield return new("retention", $"{Retention.Rule} 'channel' is what the channel has.");
        }
    }

    internal static IEnumerable<Mistake> Mistakes(RecordingFilter filter)
    {
        if (filter.Limit is < 1 or > MaxPage)
        {
            yield return new("limit", $"A limit is 1 to {MaxPage}.");
        }

        if (filter.Text is { } text && (text.Length > MaxSearch || text.Any(char.IsControl)))
        {
            yield return new("q", $"'q' is at most {MaxSearch} characters, without control characters.");
        }

        if (filter.Kind is { } kind && !Kinds.Contains(kind))
        {
            yield return new("kind", $"There is no such kind; use one of {string.Join(", ", Kinds)}.");
        }

        if (filter.Visibility is { } visibility && !Visibilities.Contains(visibility))
        {
            yield return new("visibility", $"There is no such visibility; use one of {string.Join(", ", Visibilities)}.");
        }
    }

    /// <summary>The range between two times, within what there is.</summary>
    /// <param name="start">Where it shall begin.</param>
    /// <param name="end">Where it shall end.</param>
    /// <param name="first">Begin of what there is.</param>
    /// <param name="last">Its end as far as it is known: now, while more comes.</param>
    /// <exception cref="ControlException">It is not within, or too short.</exception>
    internal static (DateTimeOffset Start, DateTimeOffset End) Range(DateTimeOffset start, DateTimeOffset end, DateTimeOffset first, DateTimeOffset last)
    {
        var mistakes = new List<Mistake>();
        if (start < first - Slack || start >= last)
        {
            mistakes.Add(new("start", string.Create(CultureInfo.InvariantCulture, $"'start' must lie in what there is, from {first:yyyy-MM-dd'T'HH:mm:ss'Z'} to {last:yyyy-MM-dd'T'HH:mm:ss'Z'}.")));
        }

        if (end > last + Slack)
        {
            mistakes.Add(new("end", string.Create(CultureInfo.InvariantCulture, $"'end' must not be later than what there is, which ends at {last:yyyy-MM-dd'T'HH:mm:ss'Z'}.")));
        }
        else if (mistakes.Count == 0 && end - start < Shortest)
        {
            mistakes.Add(new("end", "'end' must be at least a second after 'start'."));
        }

        return mistakes.Count > 0 ? throw new ControlException(mistakes) : (start < first ? first : start, end > last ? last : end);
    }
}
