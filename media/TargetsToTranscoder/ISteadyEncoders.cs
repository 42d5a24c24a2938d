using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Media.TargetsToTranscoder;

/// <summary>Encoders with a fixed output format, for platforms that do not accept changes. Implemented by the transcoder.</summary>
public interface ISteadyEncoders
{
    /// <summary>Starts an encoder for a session.</summary>
    /// <param name="channel">Channel of the session, for the log.</param>
    /// <param name="sink">
    /// Receives the encoded samples of one video and one audio rendition, sequentially, with the timestamps of the session. Must not block.
    /// </param>
    /// <param name="changed">Called when <see cref="ISteadyEncoder.Outage"/> changes; must only wake other threads.</param>
    ISteadyEncoder Start(ChannelName channel, Action<RenditionSample> sink, Action changed);
}

/// <summary>
/// Encoder of one session. Its output keeps codec, parameter sets, size and frame rate, whatever the source does: H.264 and AAC-LC.
/// </summary>
public interface ISteadyEncoder : IAsyncDisposable
{
    /// <summary>Current outage of the video; <see langword="null"/> while it is encoded, or there is nothing to encode.</summary>
    EncoderOutage? Outage { get; }

    /// <summary>
    /// Offers a sample of the session. The encoder selects the leading video and the main audio rendition. Never blocks; a full queue drops
    /// samples up to the next sync sample. Thread-safe: a slate and the encoder after it can overlap for a moment.
    /// </summary>
    /// <param name="renditions">Renditions of the publication or slate.</param>
    /// <param name="item">The sample.</param>
    void Offer(RenditionSet renditions, in RenditionSample item);
}

/// <summary>Time from the failure of an encoder process to the first frame of one that replaces it.</summary>
/// <param name="Reason">Reason of the newest failure, without a full stop. Contains no secrets.</param>
/// <param name="Since">Time of the first failure.</param>
/// <param name="NextAttempt">Time of the next start; <see langword="null"/> while a process starts.</param>
public sealed record EncoderOutage(string Reason, DateTimeOffset Since, DateTimeOffset? NextAttempt);

/// <summary>Names of the renditions of a steady encoder.</summary>
public static class SteadyRenditions
{
    /// <summary>Video rendition.</summary>
    public const string Video = "steady";

    /// <summary>Audio rendition.</summary>
    public const string Audio = "audio";
}
