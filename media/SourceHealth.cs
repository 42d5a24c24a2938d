namespace Broadcast.Media;

/// <summary>How much a finding matters.</summary>
public enum FindingSeverity
{
    /// <summary>Worth knowing.</summary>
    Information,

    /// <summary>Viewers get less than they could, or will.</summary>
    Warning,

    /// <summary>Viewers see or hear that something is wrong.</summary>
    Error,
}

/// <summary>Something about a source that could be better.</summary>
/// <param name="Code">Stable name, such as <c>keyframe_interval_long</c>; the list stands in <c>docs/operations.md</c>.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Advice">What it is and what to do, in plain words for the person at the encoder.</param>
/// <param name="Since">Since when it has been so without a break.</param>
public sealed record SourceFinding(string Code, FindingSeverity Severity, string Advice, DateTimeOffset Since);

/// <summary>A source's pictures, measured over the last 10 s where nothing else is said.</summary>
/// <param name="Codec">RFC 6381 codec string.</param>
/// <param name="Width">Pixels across; 0 when not known yet.</param>
/// <param name="Height">Pixels down; 0 when not known yet.</param>
/// <param name="FramesPerSecond">Pictures that came a second.</param>
/// <param name="ClaimedFramesPerSecond">What codec configuration or metadata say; 0 when they do not.</param>
/// <param name="KeyframeInterval">From the last keyframe but one to the last, or from the last until now where that is longer; <see langword="null"/> before the second.</param>
/// <param name="LongestKeyframeInterval">Longest so far; <see langword="null"/> before the second.</param>
public sealed record SourceVideo(
    string Codec, int Width, int Height, double FramesPerSecond, double ClaimedFramesPerSecond, TimeSpan? KeyframeInterval, TimeSpan? LongestKeyframeInterval);

/// <summary>A source's sound.</summary>
/// <param name="Codec">RFC 6381 codec string.</param>
/// <param name="SampleRate">Samples a second.</param>
/// <param name="Channels">Channels.</param>
public sealed record SourceAudio(string Codec, int SampleRate, int Channels);

/// <summary>How an encoder's connection is doing. Figures are of the second in which the last message came.</summary>
/// <param name="Session">The session it delivers to.</param>
/// <param name="Publication">Identity of the publication.</param>
/// <param name="Encoder">What the encoder calls itself; empty when it does not say.</param>
/// <param name="Since">Since when it has been publishing.</param>
/// <param name="LastMedia">When the last usable sample came; <see langword="null"/> before the first.</param>
/// <param name="BitsPerSecond">Media bits a second over the last 10 s.</param>
/// <param name="BitsPerSecondOfMinute">Media bits a second over the last minute.</param>
/// <param name="Video">Its pictures, or <see langword="null"/> when there are none.</param>
/// <param name="Audio">Its sound, or <see langword="null"/> when there is none.</param>
/// <param name="Skew">How far sound comes ahead of the picture of the same time; negative when it comes behind.</param>
/// <param name="JumpsForward">Jumps of its clock into the future.</param>
/// <param name="JumpsBack">Jumps of its clock into the past.</param>
/// <param name="Dropped">Samples lost because the next stage was too slow, or left out to stay with its clock.</param>
/// <param name="Malformed">Messages that could not be used.</param>
/// <param name="Findings">What could be better, the gravest first.</param>
public sealed record SourceReport(
    SessionId Session, Guid Publication, string Encoder, DateTimeOffset Since, DateTimeOffset? LastMedia, long BitsPerSecond, long BitsPerSecondOfMinute, SourceVideo? Video,
    SourceAudio? Audio, TimeSpan Skew, int JumpsForward, int JumpsBack, long Dropped, long Malformed, IReadOnlyList<SourceFinding> Findings);

/// <summary>ingest → control: how encoders are doing.</summary>
public interface ISourceHealth
{
    /// <summary>The channel's connections that publish at this moment, the oldest first. Must not block.</summary>
    IReadOnlyList<SourceReport> Find(ChannelName channel);
}
