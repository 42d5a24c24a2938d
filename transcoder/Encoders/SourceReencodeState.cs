using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Ladder;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Re-encoding state of a session's source: whether it is required, whether viewers get it, and where its sync samples lie.
/// </summary>
/// <param name="ladder">The channel's ladder.</param>
/// <param name="latency">The latency profile, whose minimum segment duration is the sync sample interval.</param>
internal sealed class SourceReencodeState(string ladder, LatencyProfile latency)
{
    private readonly long _interval = MediaTime.From(latency.SegmentMinimum, MediaTime.VideoTimescale).Ticks;

    /// <summary>Reason for re-encoding; <see langword="null"/> for passthrough.</summary>
    public string? Reason { get; private set; }

    /// <summary>The source's rendition, which carries the re-encoded source.</summary>
    public Rendition? Rendition { get; private set; }

    /// <summary>Indicates whether viewers get the re-encoded source.</summary>
    public bool IsOn => First is not null;

    /// <summary>Start of the re-encoded source, in ticks of a worker's input.</summary>
    public long? First { get; private set; }

    /// <summary>Requires re-encoding from now on.</summary>
    /// <param name="rendition">The source's rendition.</param>
    /// <param name="reason">The reason.</param>
    public void Require(Rendition rendition, string reason) => (Rendition, Reason) = (rendition, reason);

    /// <summary>Starts delivery of the re-encoded source.</summary>
    /// <param name="first">Its start, in ticks of a worker's input.</param>
    public void Begin(long first) => First = first;

    /// <summary>Resumes passthrough.</summary>
    public void End() => First = null;

    /// <summary>
    /// Forced keyframe times while re-encoding, aligned with the previous worker's; <see langword="null"/> to follow the source's sync
    /// samples.
    /// </summary>
    /// <param name="start">The worker's first frame, in ticks of its input.</param>
    public ForcedKeyframeTimes? KeysOf(long start) => First is { } first ? new ForcedKeyframeTimes(first, _interval, start) : null;

    /// <summary>All rungs of a source at full quality, largest first.</summary>
    /// <param name="source">The source.</param>
    /// <param name="sourceBitrate">The source's bits per second; 0 if unknown.</param>
    /// <param name="canToneMap">Whether HDR video can be tone-mapped.</param>
    public IReadOnlyList<Rung> RungsOf(Track source, int sourceBitrate, bool canToneMap)
    {
        var rungs = RungsOf(ladder, source, sourceBitrate, canToneMap);
        if (Reason is null || SourceReencode.Of(source, canToneMap) is not { } reencoded)
        {
            return rungs;
        }

        // Codecs other than H.264 need fewer bits for the same quality.
        return [sourceBitrate > 0 && source.Config is CodecConfig.Avc ? reencoded
            with { BitsPerSecond = Math.Min(reencoded.BitsPerSecond, sourceBitrate) } : reencoded, .. rungs];
    }

    /// <summary>All rungs of a source that passes through.</summary>
    /// <param name="ladder">The channel's ladder.</param>
    /// <param name="source">The source.</param>
    /// <param name="sourceBitrate">The source's bits per second; 0 if unknown.</param>
    /// <param name="canToneMap">Whether HDR video can be tone-mapped.</param>
    public static IReadOnlyList<Rung> RungsOf(string ladder, Track source, int sourceBitrate, bool canToneMap) =>
        source.Config.VideoFormat is { } format ? SourceBitrate.Bound(LadderPlan.For(ladder, format, source.Color, canToneMap),
            sourceBitrate) : [];
}
