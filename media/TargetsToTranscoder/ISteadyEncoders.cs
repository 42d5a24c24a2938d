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
    ISteadyEncoder Start(ChannelName channel, Action<RenditionSample> sink);
}

/// <summary>
/// Encoder of one session. Its output keeps codec, parameter sets, size and frame rate, whatever the source does: H.264 and AAC-LC.
/// </summary>
public interface ISteadyEncoder : IAsyncDisposable
{
    /// <summary>
    /// Offers a sample of the session. The encoder selects the leading video and the main audio rendition. Never blocks; a full queue drops
    /// samples up to the next sync sample. Thread-safe: a slate and the encoder after it can overlap for a moment.
    /// </summary>
    /// <param name="renditions">Renditions of the publication or slate.</param>
    /// <param name="item">The sample.</param>
    void Offer(RenditionSet renditions, in RenditionSample item);
}

/// <summary>Names of the renditions of a steady encoder.</summary>
public static class SteadyRenditions
{
    /// <summary>Video rendition.</summary>
    public const string Video = "steady";

    /// <summary>Audio rendition.</summary>
    public const string Audio = "audio";
}
