using System.Globalization;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Database;
using Broadcast.Media;

namespace Broadcast.Control.Recordings;

/// <summary>A recording or clip.</summary>
/// <param name="Id">Its ULID; for the recording of a whole session, the session's id.</param>
/// <param name="Channel">The channel of its session.</param>
/// <param name="Session">The session with its media.</param>
/// <param name="Kind">One of <see cref="RecordingRules.Kinds"/>.</param>
/// <param name="Title">Title for viewers; may be empty.</param>
/// <param name="Visibility">One of <see cref="RecordingRules.Visibilities"/>.</param>
/// <param name="StartsAt">Start after trimming; <see langword="null"/> for the session's start.</param>
/// <param name="EndsAt">End after trimming; <see langword="null"/> for the session's end.</param>
/// <param name="Retention">
/// Retention after the session's end: <see cref="Broadcast.Control.Recordings.Retention"/>, or
/// <see cref="Broadcast.Control.Recordings.Retention.OfChannel"/>.
/// </param>
/// <param name="CreatedAt">Start of the session, or creation of the clip.</param>
public sealed record RecordingInfo(
    string Id, string Channel, string Session, string Kind, string Title, string Visibility, DateTimeOffset? StartsAt,
    DateTimeOffset? EndsAt, string Retention, DateTimeOffset CreatedAt)
{
    /// <summary>
    /// Access policy of its session, which applies to all of its recordings and clips: one of <see cref="ChannelRules.Accesses"/>;
    /// <see langword="null"/> for the channel's policy.
    /// </summary>
    public string? Access { get; init; }

    /// <summary>Start of its session.</summary>
    public DateTimeOffset SessionStartedAt { get; init; }

    /// <summary>End of its session; <see langword="null"/> while the session is open.</summary>
    public DateTimeOffset? SessionEndedAt { get; init; }

    /// <summary>Time at which the last encoder of its session disconnected; <see langword="null"/> if none has.</summary>
    public DateTimeOffset? LastPublicationEndedAt { get; init; }

    /// <summary>Time at which retention deletes it; <see langword="null"/> for never, and while its session is open.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Its start.</summary>
    public DateTimeOffset Start => StartsAt ?? SessionStartedAt;

    /// <summary>Its end, to the second; <see langword="null"/> while unknown.</summary>
    public DateTimeOffset? End => EndsAt ?? (SessionEndedAt is null ? null : LastPublicationEndedAt ?? SessionEndedAt);

    /// <summary>Indicates whether it is still growing.</summary>
    public bool IsRecording => SessionEndedAt is null && EndsAt is null;

    /// <summary>Its duration, including gaps; <see langword="null"/> while unknown.</summary>
    public TimeSpan? Duration => End is { } end && end > Start ? end - Start : null;
}

/// <summary>Changes of a recording; <see langword="null"/> values stay unchanged.</summary>
/// <param name="Title">Title, up to <see cref="ChannelRules.MaxText"/> characters.</param>
/// <param name="Visibility">One of <see cref="RecordingRules.Visibilities"/>.</param>
/// <param name="Start">New start. Seconds are relative to the session's start or end, so that repeating a change has no effect.</param>
/// <param name="End">New end; <see cref="RecordingPosition.End"/> for the session's end, even if the session is still open.</param>
/// <param name="Retention"><see cref="Broadcast.Control.Recordings.Retention"/>, or
/// <see cref="Broadcast.Control.Recordings.Retention.OfChannel"/>.</param>
public sealed record RecordingChange(string? Title = null, string? Visibility = null, RecordingPosition? Start = null,
    RecordingPosition? End = null, string? Retention = null)
{
    /// <summary>
    /// New access policy for all recordings and clips of the session, which share its media: one of <see cref="ChannelRules.Accesses"/>.
    /// Only for ended sessions. The current value, including <see cref="EventRules.ChannelDefault"/>, has no effect.
    /// </summary>
    public string? Access { get; init; }
}

/// <summary>Request for a clip.</summary>
/// <param name="Start">
/// Its start. Seconds are relative to the start of the source recording, or to its end, which is the current time while it grows.
/// </param>
/// <param name="End">Its end; the recording's end when not given.</param>
/// <param name="Title">Its title; the recording's title when not given.</param>
/// <param name="Visibility">One of <see cref="RecordingRules.Visibilities"/>; the recording's when not given.</param>
/// <param name="Retention"><see cref="Broadcast.Control.Recordings.Retention"/>; the channel's when not given.</param>
public sealed record ClipRequest(RecordingPosition Start, RecordingPosition? End = null, string? Title = null, string? Visibility = null,
    string? Retention = null);

/// <summary>Filter for listing recordings; <see langword="null"/> for all.</summary>
/// <param name="Channel">Recordings of a channel.</param>
/// <param name="Kind">One of <see cref="RecordingRules.Kinds"/>.</param>
/// <param name="Visibility">One of <see cref="RecordingRules.Visibilities"/>.</param>
/// <param name="Session">Recordings of a session.</param>
/// <param name="Before">Recordings whose id sorts before this one, for paging.</param>
/// <param name="Limit">1 to <see cref="RecordingRules.MaxPage"/>.</param>
public sealed record RecordingFilter(string? Channel = null, string? Kind = null, string? Visibility = null, SessionId? Session = null,
    RecordingId? Before = null, int Limit = 50)
{
    /// <summary>
    /// Text contained in the title, or in the channel's name or title, ignoring case; up to <see cref="RecordingRules.MaxSearch"/>
    /// characters.
    /// </summary>
    public string? Text { get; init; }

    /// <summary>Earliest start, inclusive.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Latest start, exclusive.</summary>
    public DateTimeOffset? To { get; init; }
}

/// <summary>Validation rules for recordings.</summary>
public static class RecordingRules
{
    /// <summary>Maximum page size.</summary>
    public const int MaxPage = 200;

    /// <summary>Maximum length of a search text, in characters.</summary>
    public const int MaxSearch = 100;

    /// <summary>Maximum clips per session.</summary>
    public const int MaxClips = 1000;

    /// <summary>Minimum duration of a clip and of a trimmed recording.</summary>
    public static readonly TimeSpan MinDuration = TimeSpan.FromSeconds(1);

    /// <summary>Tolerance for times outside the available range, because clocks differ; such a time is clamped.</summary>
    internal static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    /// <summary>Recordings of whole sessions, and clips of them.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["session", "clip"];

    /// <summary>Public is listed to viewers, unlisted requires the URL, private is hidden from viewers.</summary>
    public static IReadOnlyList<string> Visibilities { get; } = ["public", "unlisted", "private"];

    internal static OperationException NotFound(string id) =>
        new(OperationErrorCode.NotFound, $"There is no recording '{id}'. List recordings with 'broadcast recording list'.");

    internal static IEnumerable<ValidationError> Validate(string? title, string? visibility, string? retention, string? access = null)
    {
        foreach (var error in ChannelRules.Validate(null,
            new(Title: title) { Access = access == EventRules.ChannelDefault ? null : access }))
        {
            yield return error;
        }

        if (visibility is not null && !Visibilities.Contains(visibility))
        {
            yield return new("visibility", $"Unknown visibility; use one of {string.Join(", ", Visibilities)}.");
        }

        if (retention is not null && retention != Retention.OfChannel && !Retention.TryParse(retention, out _))
        {
            yield return new("retention", $"{Retention.Rule} Use 'channel' for the channel's retention.");
        }
    }

    internal static IEnumerable<ValidationError> Validate(RecordingFilter filter)
    {
        if (filter.Limit is < 1 or > MaxPage)
        {
            yield return new("limit", $"'limit' must be 1 to {MaxPage}.");
        }

        if (filter.Text is { } text && (text.Length > MaxSearch || text.Any(char.IsControl)))
        {
            yield return new("q", $"'q' must have at most {MaxSearch} characters, without control characters.");
        }

        if (filter.Kind is { } kind && !Kinds.Contains(kind))
        {
            yield return new("kind", $"Unknown kind; use one of {string.Join(", ", Kinds)}.");
        }

        if (filter.Visibility is { } visibility && !Visibilities.Contains(visibility))
        {
            yield return new("visibility", $"Unknown visibility; use one of {string.Join(", ", Visibilities)}.");
        }
    }

    /// <summary>Clamps a range to the available range.</summary>
    /// <param name="start">Requested start.</param>
    /// <param name="end">Requested end.</param>
    /// <param name="first">Available start.</param>
    /// <param name="last">Available end: the current time while the recording grows.</param>
    /// <exception cref="OperationException">The range is outside the available range, or too short.</exception>
    internal static (DateTimeOffset Start, DateTimeOffset End) Range(DateTimeOffset start, DateTimeOffset end, DateTimeOffset first,
        DateTimeOffset last)
    {
        var errors = new List<ValidationError>();
        if (start < first - Tolerance || start >= last)
        {
            errors.Add(new("start", string.Create(CultureInfo.InvariantCulture,
                $"'start' must be within the recording, from {first:yyyy-MM-dd'T'HH:mm:ss'Z'} to {last:yyyy-MM-dd'T'HH:mm:ss'Z'}.")));
        }

        if (end > last + Tolerance)
        {
            errors.Add(new("end", string.Create(CultureInfo.InvariantCulture,
                $"'end' must not be after the recording's end, {last:yyyy-MM-dd'T'HH:mm:ss'Z'}.")));
        }
        else if (errors.Count == 0 && end - start < MinDuration)
        {
            errors.Add(new("end", "'end' must be at least 1 second after 'start'."));
        }

        return errors.Count > 0 ? throw new OperationException(errors) : (start < first ? first : start, end > last ? last : end);
    }
}
