using Broadcast.Control.Events;
using Broadcast.Control.Recordings;

namespace Broadcast.Control.Api;

// JSON of recordings in requests and responses. Times in requests are UTC times or seconds; see RequestBody.Moment.

internal sealed record RecordingView(
    string Id,
    string Channel,
    string Session,
    string Kind,
    string Title,
    string Visibility,
    string Access,
    string State,
    DateTimeOffset StartsAt,
    DateTimeOffset? EndsAt,
    double? DurationSeconds,
    string Retention,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset CreatedAt,
    RecordingUrls Urls)
{
    /// <summary>Bytes that its session uses in spool and store; <see langword="null"/> when not requested or not counted yet.</summary>
    public long? Bytes { get; init; }

    public static RecordingView From(RecordingInfo r, string media) => new(
        r.Id, r.Channel, r.Session, r.Kind, r.Title, r.Visibility, r.Access ?? EventRules.ChannelDefault,
        r.IsRecording ? "recording" : "ready", r.Start, r.End, r.Duration is { } length ? Math.Round(length.TotalSeconds, 3) : null,
        r.Retention, r.ExpiresAt, r.CreatedAt, RecordingUrls.Of(media, r.Id));
}

internal sealed record RecordingChangeBody(string? Title, string? Visibility, string? Access, object? Start, object? End,
    string? Retention, bool? ExpireRecordings = null);

internal sealed record NewClip(object Start, object? End, string? Title, string? Visibility, string? Retention);

internal sealed record DeletionView(
    bool DryRun,
    IReadOnlyList<string> Recordings,
    string Channel,
    string Session,
    DateTimeOffset SessionStartedAt,
    DateTimeOffset? SessionEndedAt,
    bool DeletesMedia,
    IReadOnlyList<string> MediaRetainedBy,
    long? Objects,
    long? Bytes,
    bool IsComplete)
{
    public static DeletionView From(DeletionPlan p) => new(
        true, [.. p.Recordings.Select(r => r.Id)], p.Channel, p.Session, p.SessionStartedAt, p.SessionEndedAt, p.DeletesMedia, p.RetainedBy,
        p.Media?.Objects, p.Media?.Bytes, p.Media is not { IsComplete: false });
}
