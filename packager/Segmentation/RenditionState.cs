using Broadcast.Media;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Packager.Segmentation;

/// <summary>Sample with a known duration that waits for the leader to determine its segment. Times are those of the encoder.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Duration">Duration in ticks of the track.</param>
/// <param name="AfterGap">Whether samples before it are missing.</param>
internal readonly record struct TimedSample(MediaSample Sample, long Duration, bool AfterGap);

/// <summary>
/// State of one rendition in the segmenter: the held sample, waiting samples and the open segment. A sample is held until its duration is
/// known.
/// </summary>
internal sealed class RenditionState(Rendition rendition, SegmentBuilder segment)
{
    private MediaSample _held;
    private bool _heldAfterGap;
    private long _typical;
    private (int Timescale, MediaTime By, long Ticks) _shift = (0, default, 0);

    public Rendition Rendition { get; } = rendition;

    public SegmentBuilder Segment { get; } = segment;

    /// <summary>Waiting samples in decode order. Only renditions that do not lead have any.</summary>
    public WaitingSamples Waiting { get; } = new();

    /// <summary>Indicates whether too much was waiting, so that samples up to the next sync sample are dropped.</summary>
    public bool DropsToSync { get; set; }

    /// <summary>Indicates whether a sample is held.</summary>
    public bool Holds { get; private set; }

    /// <summary>The held sample.</summary>
    public ref readonly MediaSample Held => ref _held;

    /// <summary>Decode time of the newest received sample, before the shift.</summary>
    public MediaTime? LastDecode { get; private set; }

    /// <summary>Arrival time of the newest sample.</summary>
    public DateTimeOffset? LastArrival { get; private set; }

    /// <summary>Start of the current interval without a pause.</summary>
    public DateTimeOffset Since { get; private set; }

    /// <summary>Presentation minus decode time of the period's first sync sample.</summary>
    public long Offset { get; set; }

    /// <summary>Indicates whether no sample of the period has been added to a segment.</summary>
    public bool IsAtPeriodStart { get; private set; } = true;

    /// <summary>Indicates whether decoding can only continue at the next sync sample.</summary>
    public bool NeedsSync { get; set; } = true;

    /// <summary>Indicates whether the configuration changed and applies from the next segment on.</summary>
    public bool ConfigurationChanged { get; set; }

    /// <summary>Decode time of the newest sync sample in a segment.</summary>
    public long LastSync { get; set; }

    /// <summary>Interval between the last two sync samples of one period; 0 before there are two.</summary>
    public long SyncInterval { get; set; }

    /// <summary>Records the arrival of a sample.</summary>
    /// <param name="arrival">Arrival time.</param>
    /// <param name="pause">Minimum silence that counts as a pause.</param>
    public void RecordArrival(DateTimeOffset arrival, TimeSpan pause)
    {
        if (LastArrival is not { } last || arrival - last > pause)
        {
            Since = arrival;
        }

        LastArrival = arrival;
    }

    /// <summary>Returns whether a sample's times are valid and after the newest sample.</summary>
    public bool CanFollow(in MediaSample sample)
    {
        const long limit = 1L << 60;
        return sample.Track.Timescale > 0 && sample.Decode.Timescale == sample.Track.Timescale
            && sample.Present.Timescale == sample.Track.Timescale
            && sample.Decode.Ticks is > -limit and < limit && sample.Present.Ticks is > -limit and < limit
            && (LastDecode is not { } last || sample.Decode > last);
    }

    /// <summary>Records a dropped sample.</summary>
    public void RecordDropped(in MediaSample sample) => LastDecode = sample.Decode;

    /// <summary>Holds a sample.</summary>
    public void Hold(in MediaSample sample, bool afterGap)
    {
        (_held, _heldAfterGap, Holds, LastDecode) = (sample, afterGap, true, sample.Decode);
    }

    /// <summary>Releases the held sample, with the duration up to the next sample.</summary>
    /// <param name="next">The next sample.</param>
    /// <param name="maxDuration">Maximum difference that counts as a duration; above it, samples are missing.</param>
    /// <param name="gap">Whether samples are missing.</param>
    public TimedSample Release(in MediaSample next, TimeSpan maxDuration, out bool gap)
    {
        var ticks = (next.Decode.Rescale(_held.Track.Timescale) - _held.Decode).Ticks;
        gap = ticks > MediaTime.From(maxDuration, _held.Track.Timescale).Ticks;
        if (gap || ticks <= 0)
        {
            return Release();
        }

        _typical = ticks;
        Holds = false;
        return new TimedSample(_held, ticks, _heldAfterGap);
    }

    /// <summary>
    /// Releases the held sample when no sample follows. Its duration is that of the previous one, or for audio that of the codec's frame.
    /// </summary>
    public TimedSample Release()
    {
        Holds = false;
        return new TimedSample(_held, TypicalDuration(_held.Track), _heldAfterGap);
    }

    /// <summary>Converts a decode time to the session's timeline.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="shift">Offset of the period.</param>
    public long GetDecodeTime(in MediaSample sample, MediaTime shift)
    {
        if (_shift.Timescale != sample.Track.Timescale || _shift.By != shift)
        {
            // Round up: audio that starts with the video would otherwise start a fraction of a tick before the period, and lose its first
            // frame.
            _shift = (sample.Track.Timescale, shift, -(shift with { Ticks = -shift.Ticks }).Rescale(sample.Track.Timescale).Ticks);
        }

        return sample.Decode.Ticks + _shift.Ticks;
    }

    /// <summary>Computes a sample's position in presentation order (see <see cref="SegmentBuilder"/>).</summary>
    public MediaTime GetPosition(in MediaSample sample, MediaTime shift) => new(
        GetDecodeTime(sample, shift) + (IsAtPeriodStart ? sample.Present.Ticks - sample.Decode.Ticks : Offset), sample.Track.Timescale);

    /// <summary>Starts a new period, independent of earlier samples.</summary>
    public void StartPeriod(long number)
    {
        Segment.Open(number);
        (IsAtPeriodStart, NeedsSync, ConfigurationChanged) = (true, true, false);
    }

    /// <summary>Adds the first sample of a period.</summary>
    public void StartWith(in MediaSample sample)
    {
        Offset = sample.Present.Ticks - sample.Decode.Ticks;
        IsAtPeriodStart = false;
    }

    private long TypicalDuration(Track track)
    {
        switch (track.Config)
        {
            case { AudioFormat: { } audio } config when config.TryInspect(_held.Payload.Span, out var frame):
                return Math.Max((long)frame.Samples * track.Timescale / audio.SampleRate, 1);
            case { VideoFormat: { FramesPerSecond: > 0 } video } when _typical == 0:
                return Math.Max((long)(track.Timescale / video.FramesPerSecond), 1);
            default:
                return _typical > 0 ? _typical : Math.Max(track.Timescale / 30, 1);
        }
    }
}
