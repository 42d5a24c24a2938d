using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>A sample whose length is known, waiting for the leader to say which segment it belongs to. Times as they came.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Duration">Its length, in ticks of its track's clock.</param>
/// <param name="AfterHole">Whether samples before it are missing.</param>
internal readonly record struct TimedSample(MediaSample Sample, long Duration, bool AfterHole);

/// <summary>One rendition's way through the segmenter: the sample held back until its length is known, those that wait, and the open segment.</summary>
internal sealed class Lane(Rendition rendition, SegmentBuilder segment)
{
    private MediaSample _held;
    private bool _heldAfterHole;
    private long _typical;
    private (int Timescale, MediaTime By, long Ticks) _shift = (0, default, 0);

    public Rendition Rendition { get; } = rendition;

    public SegmentBuilder Segment { get; } = segment;

    /// <summary>Samples that wait, in decode order. Only a lane that does not lead has any.</summary>
    public Queue<TimedSample> Waiting { get; } = new();

    /// <summary>Whether a sample is held back.</summary>
    public bool Holds { get; private set; }

    /// <summary>The sample held back.</summary>
    public ref readonly MediaSample Held => ref _held;

    /// <summary>Decode time of the newest sample taken, as it came.</summary>
    public MediaTime? LastDecode { get; private set; }

    /// <summary>When the newest sample came in.</summary>
    public DateTimeOffset? LastArrival { get; private set; }

    /// <summary>Since when samples have been coming in without a pause.</summary>
    public DateTimeOffset Since { get; private set; }

    /// <summary>Presentation less decode time of the run's first sync sample.</summary>
    public long Offset { get; set; }

    /// <summary>Whether nothing of the run has been put into a segment yet.</summary>
    public bool Fresh { get; private set; } = true;

    /// <summary>Whether nothing can be decoded before the next sync sample.</summary>
    public bool NeedsSync { get; set; } = true;

    /// <summary>Whether its configuration changed, which the next segment has to take up.</summary>
    public bool ConfigurationChanged { get; set; }

    /// <summary>Decode time of the newest sync sample put into a segment.</summary>
    public long LastSync { get; set; }

    /// <summary>From the sync sample before that to it, where both were of one run; 0 before two have come.</summary>
    public long SyncInterval { get; set; }

    /// <summary>Notes that a sample came in.</summary>
    /// <param name="arrival">When.</param>
    /// <param name="pause">Shortest silence that is a pause.</param>
    public void Hear(DateTimeOffset arrival, TimeSpan pause)
    {
        if (LastArrival is not { } last || arrival - last > pause)
        {
            Since = arrival;
        }

        LastArrival = arrival;
    }

    /// <summary>Whether a sample's time can follow: sane, and after the newest.</summary>
    public bool Follows(in MediaSample sample)
    {
        const long sane = 1L << 60;
        return sample.Track.Timescale > 0 && sample.Decode.Timescale == sample.Track.Timescale && sample.Present.Timescale == sample.Track.Timescale
            && sample.Decode.Ticks is > -sane and < sane && sample.Present.Ticks is > -sane and < sane
            && (LastDecode is not { } last || sample.Decode > last);
    }

    /// <summary>Notes a sample that is not kept.</summary>
    public void Pass(in MediaSample sample) => LastDecode = sample.Decode;

    /// <summary>Holds a sample back.</summary>
    public void Hold(in MediaSample sample, bool afterHole)
    {
        (_held, _heldAfterHole, Holds, LastDecode) = (sample, afterHole, true, sample.Decode);
    }

    /// <summary>Lets go of the held sample, whose length the one that follows tells.</summary>
    /// <param name="next">The sample behind it.</param>
    /// <param name="longest">Longest difference that is a sample's length; beyond it there is a hole.</param>
    /// <param name="hole">Whether there is one.</param>
    public TimedSample Release(in MediaSample next, TimeSpan longest, out bool hole)
    {
        var ticks = (next.Decode.Rescale(_held.Track.Timescale) - _held.Decode).Ticks;
        hole = ticks > MediaTime.From(longest, _held.Track.Timescale).Ticks;
        if (hole || ticks <= 0)
        {
            return Release();
        }

        _typical = ticks;
        Holds = false;
        return new TimedSample(_held, ticks, _heldAfterHole);
    }

    /// <summary>Lets go of the held sample when nothing follows it: it is as long as the one before, an audio frame as long as its codec says.</summary>
    public TimedSample Release()
    {
        Holds = false;
        return new TimedSample(_held, TypicalDuration(_held.Track), _heldAfterHole);
    }

    /// <summary>A decode time on the session's timeline.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="shift">By how much the run is later than it says.</param>
    public long DecodeOf(in MediaSample sample, MediaTime shift)
    {
        if (_shift.Timescale != sample.Track.Timescale || _shift.By != shift)
        {
            // Rounded up: sound that begins with the picture would otherwise begin a fraction of a tick before the run, and its first frame be lost.
            _shift = (sample.Track.Timescale, shift, -(shift with { Ticks = -shift.Ticks }).Rescale(sample.Track.Timescale).Ticks);
        }

        return sample.Decode.Ticks + _shift.Ticks;
    }

    /// <summary>A sample's place in presentation order (see <see cref="SegmentBuilder"/>).</summary>
    public MediaTime PlaceOf(in MediaSample sample, MediaTime shift) => new(
        DecodeOf(sample, shift) + (Fresh ? sample.Present.Ticks - sample.Decode.Ticks : Offset), sample.Track.Timescale);

    /// <summary>A new run begins: nothing of before tells anything of it.</summary>
    public void BeginRun(long number)
    {
        Segment.Open(number);
        (Fresh, NeedsSync, ConfigurationChanged) = (true, true, false);
    }

    /// <summary>The first sample of a run goes in.</summary>
    public void BeginWith(in MediaSample sample)
    {
        Offset = sample.Present.Ticks - sample.Decode.Ticks;
        Fresh = false;
    }

    private long TypicalDuration(Track track)
    {
        switch (track.Config)
        {
            case { Sound: { } sound } config when config.TryInspect(_held.Payload.Span, out var frame):
                return Math.Max((long)frame.Samples * track.Timescale / sound.SampleRate, 1);
            case { Picture: { FramesPerSecond: > 0 } picture } when _typical == 0:
                return Math.Max((long)(track.Timescale / picture.FramesPerSecond), 1);
            default:
                return _typical > 0 ? _typical : Math.Max(track.Timescale / 30, 1);
        }
    }
}
