using Broadcast.Media.IngestToControl;

namespace Broadcast.Control.Api;

// JSON of encoder health.

internal sealed record HealthView(List<SourceView> Sources);

internal sealed record SourceView(
    string Publication, string Session, string Encoder, DateTimeOffset Since, DateTimeOffset? LastMediaAt, long BitsPerSecond,
    long BitsPerSecondLastMinute, SourceVideoView? Video,
    SourceAudioView? Audio, double AvSkewSeconds, SourceJumpsView TimestampJumps, long Dropped, long Malformed, List<IssueView> Issues)
{
    public static SourceView From(SourceReport r) => new(
        r.Publication.ToString(), r.Session.Value, r.Encoder, r.Since, r.LastMedia, r.BitsPerSecond, r.BitsPerSecondLastMinute,
        SourceVideoView.From(r.Video),
        r.Audio is { } audio ? new(audio.Codec, audio.SampleRate, audio.Channels) : null, Math.Round(r.AvSkew.TotalSeconds, 3),
        new(r.JumpsForward, r.JumpsBack),
        r.Dropped, r.Malformed, [.. r.Issues.Select(IssueView.From)]);
}

internal sealed record SourceVideoView(
    string Codec, int Width, int Height, double FramesPerSecond, double? DeclaredFramesPerSecond, double? KeyframeIntervalSeconds,
    double? MaxKeyframeIntervalSeconds)
{
    public static SourceVideoView? From(SourceVideo? v) => v is null ? null : new(
        v.Codec, v.Width, v.Height, Math.Round(v.FramesPerSecond, 2),
        v.DeclaredFramesPerSecond > 0 ? Math.Round(v.DeclaredFramesPerSecond, 3) : null,
        Seconds(v.KeyframeInterval), Seconds(v.MaxKeyframeInterval));

    private static double? Seconds(TimeSpan? time) => time is { } t ? Math.Round(t.TotalSeconds, 3) : null;
}

internal sealed record SourceAudioView(string Codec, int SampleRate, int Channels);

internal sealed record SourceJumpsView(int Forward, int Back);

internal sealed record IssueView(string Code, string Severity, string Advice, DateTimeOffset Since)
{
    public static IssueView From(SourceIssue f) => new(
        f.Code,
        f.Severity switch
        {
            IssueSeverity.Error => "error",
            IssueSeverity.Warning => "warning",
            _ => "information",
        },
        f.Advice,
        f.Since);
}
