namespace Broadcast.Media.IngestToControl;

/// <summary>Severity of a health issue.</summary>
public enum IssueSeverity
{
    /// <summary>Informational.</summary>
    Information,

    /// <summary>Reduced quality for viewers, now or soon.</summary>
    Warning,

    /// <summary>Visible or audible errors for viewers.</summary>
    Error,
}

/// <summary>A health issue of a source.</summary>
/// <param name="Code">Stable code, such as <c>keyframe_interval_long</c>; listed in <c>docs/operations.md</c>.</param>
/// <param name="Severity">Severity of the issue.</param>
/// <param name="Advice">Description and remedy, for the person at the encoder.</param>
/// <param name="Since">Start of the uninterrupted issue.</param>
public sealed record SourceIssue(string Code, IssueSeverity Severity, string Advice, DateTimeOffset Since);

/// <summary>Video measurements of a source, over the last 10 s unless noted.</summary>
/// <param name="Codec">RFC 6381 codec string.</param>
/// <param name="Width">Width in pixels; 0 when unknown.</param>
/// <param name="Height">Height in pixels; 0 when unknown.</param>
/// <param name="FramesPerSecond">Received frames per second.</param>
/// <param name="DeclaredFramesPerSecond">Frame rate declared in codec configuration or metadata; 0 when absent.</param>
/// <param name="KeyframeInterval">Interval between the last two keyframes, or the time since the last one when that is longer;
/// <see langword="null"/> before the second keyframe.</param>
/// <param name="MaxKeyframeInterval">Longest interval so far; <see langword="null"/> before the second keyframe.</param>
public sealed record SourceVideo(
    string Codec, int Width, int Height, double FramesPerSecond, double DeclaredFramesPerSecond, TimeSpan? KeyframeInterval,
    TimeSpan? MaxKeyframeInterval);

/// <summary>Audio measurements of a source.</summary>
/// <param name="Codec">RFC 6381 codec string.</param>
/// <param name="SampleRate">Sample rate in Hz.</param>
/// <param name="Channels">Number of channels.</param>
public sealed record SourceAudio(string Codec, int SampleRate, int Channels);

/// <summary>Health report of an encoder's connection. Values refer to the second of the last received message.</summary>
/// <param name="Session">The session of the publication.</param>
/// <param name="Publication">Publication ID.</param>
/// <param name="Encoder">Encoder name; empty when unknown.</param>
/// <param name="Since">Start of the publication.</param>
/// <param name="LastMedia">Time of the last usable sample; <see langword="null"/> before the first.</param>
/// <param name="BitsPerSecond">Media bitrate over the last 10 s, in bits per second.</param>
/// <param name="BitsPerSecondLastMinute">Media bitrate over the last minute, in bits per second.</param>
/// <param name="Video">Video measurements; <see langword="null"/> without video.</param>
/// <param name="Audio">Audio measurements; <see langword="null"/> without audio.</param>
/// <param name="AvSkew">Lead of audio over video; negative when audio is late.</param>
/// <param name="JumpsForward">Number of forward jumps of the encoder's timestamps.</param>
/// <param name="JumpsBack">Number of backward jumps of the encoder's timestamps.</param>
/// <param name="Dropped">Samples dropped by backpressure, or to follow the encoder's clock.</param>
/// <param name="Malformed">Number of invalid messages.</param>
/// <param name="Issues">Health issues, most severe first.</param>
public sealed record SourceReport(
    SessionId Session, Guid Publication, string Encoder, DateTimeOffset Since, DateTimeOffset? LastMedia, long BitsPerSecond,
    long BitsPerSecondLastMinute, SourceVideo? Video,
    SourceAudio? Audio, TimeSpan AvSkew, int JumpsForward, int JumpsBack, long Dropped, long Malformed, IReadOnlyList<SourceIssue> Issues);

/// <summary>Health of sources, which ingest measures and control serves.</summary>
public interface ISourceHealth
{
    /// <summary>Reports of the channel's current publishers, oldest first. Must not block.</summary>
    IReadOnlyList<SourceReport> Find(ChannelName channel);
}
