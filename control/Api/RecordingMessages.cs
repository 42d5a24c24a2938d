namespace Broadcast.Control.Api;

// What stands in the API's JSON about recordings, in and out. Times in bodies are instants or seconds; see RequestBody.Moment.

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
    RecordingAddresses Addresses)
{
    /// <summary>What its session takes in spool and store; <see langword="null"/> where nobody asked, and while it is not counted.</summary>
    public long? Bytes { get; init; }

    public static RecordingView From(RecordingInfo r, string media) => new(
        r.Id, r.Channel, r.Session, r.Kind, r.Title, r.Visibility, r.Access ?? EventRules.OfChannel, r.IsRecording ? "recording" : "ready", r.Begin, r.End, r.Duration is { } length ? Math.Round(length.TotalSeconds, 3) : null,
        r.Retention, r.ExpiresAt, r.CreatedAt, RecordingAddresses.Of(media, r.Id));
}

internal sealed record RecordingChangeBody(string? Title, string? Visibility, string? Access, object? Start, object? End, string? Retention);

internal sealed record NewClip(object Start, object? End, string? Title, string? Visibility, string? Retention);

internal sealed record DeletionView(
    bool DryRun,
    IReadOnlyList<string> Recordings,
    string Channel,
    string Session,
    DateTimeOffset SessionStartedAt,
    DateTimeOffset? SessionEndedAt,
    bool MediaGoes,
    IReadOnlyList<string> MediaKeptBy,
    long? Objects,
    long? Bytes,
    bool CountedAll)
{
    public static DeletionView From(DeletionPlan p) => new(
        true, [.. p.Recordings.Select(r => r.Id)], p.Channel, p.Session, p.SessionStartedAt, p.SessionEndedAt, p.MediaGoes, p.KeptBy, p.Media?.Objects, p.Media?.Bytes, p.Media is not { IsAll: false });
}
