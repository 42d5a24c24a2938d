using Broadcast.Media;
using Broadcast.Transcoder.Ladder;

namespace Broadcast.Transcoder.Encoders;

/// <summary>What a session's encoder knows of the copy that takes the place of its source: whether there has to be one, whether viewers get it now, and where it and the rungs have their sync samples.</summary>
/// <param name="ladder">The channel's ladder.</param>
/// <param name="latency">Tells how far sync samples are apart: as far as a segment is long at least.</param>
internal sealed class SourceCopying(string ladder, LatencyProfile latency)
{
    private readonly long _every = MediaTime.From(latency.SegmentMinimum, MediaTime.VideoTimescale).Ticks;

    /// <summary>Why there has to be one; <see langword="null"/> where the source passes.</summary>
    public string? Reason { get; private set; }

    /// <summary>The source's rendition, which the copy is put into.</summary>
    public Rendition? Rendition { get; private set; }

    /// <summary>Whether viewers get it, and not the source.</summary>
    public bool IsOn => First is not null;

    /// <summary>From when on they get it, in ticks of a worker's input.</summary>
    public long? First { get; private set; }

    /// <summary>From now on there has to be one.</summary>
    /// <param name="rendition">The source's.</param>
    /// <param name="reason">Why.</param>
    public void Want(Rendition rendition, string reason) => (Rendition, Reason) = (rendition, reason);

    /// <summary>Viewers get it.</summary>
    /// <param name="first">From when on, in ticks of a worker's input.</param>
    public void Begin(long first) => First = first;

    /// <summary>They get the source again.</summary>
    public void End() => First = null;

    /// <summary>Where a worker's sync samples are: while viewers get the copy, where those of the worker before would have been; <see langword="null"/> for where the source has them, while they get that.</summary>
    /// <param name="start">The worker's first picture, in ticks of its input.</param>
    public KeyInstants? KeysOf(long start) => First is { } first ? new KeyInstants(first, _every, start) : null;

    /// <summary>All that is encoded of a source when there is time for it, the largest first.</summary>
    /// <param name="source">The source.</param>
    /// <param name="most">Bits a second of it; 0 when not known.</param>
    /// <param name="mapsTones">Whether pictures of high dynamic range can be mapped to what rungs have.</param>
    public IReadOnlyList<Rung> RungsOf(Track source, int most, bool mapsTones)
    {
        var rungs = RungsOf(ladder, source, most, mapsTones);
        if (Reason is null || SourceCopy.Of(source, mapsTones) is not { } copy)
        {
            return rungs;
        }

        // Other codecs than H.264 need fewer bits for the same picture.
        return [most > 0 && source.Config is CodecConfig.Avc ? copy with { BitsPerSecond = Math.Min(copy.BitsPerSecond, most) } : copy, .. rungs];
    }

    /// <summary>The same of a source that passes.</summary>
    /// <param name="ladder">The channel's ladder.</param>
    /// <param name="source">The source.</param>
    /// <param name="most">Bits a second of it; 0 when not known.</param>
    /// <param name="mapsTones">Whether pictures of high dynamic range can be mapped to what rungs have.</param>
    public static IReadOnlyList<Rung> RungsOf(string ladder, Track source, int most, bool mapsTones) =>
        source.Config.Picture is { } picture ? SourceBits.Bound(LadderPlan.For(ladder, picture, source.Color, mapsTones), most) : [];
}
