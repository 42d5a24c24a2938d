using System.Diagnostics;
using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>
/// The open segment of one rendition: puts samples into parts and says when a part, and in the end the segment, is complete.
/// <para>
/// Times: a segment's <c>Start</c> is the decode time of its first sample plus the composition offset of the run's first sync sample, which is the
/// earliest presentation time of every segment that begins with a sync sample as long as the encoder keeps its delay. Lengths are sums of
/// differences of decode times. So within a run <c>Start + Duration</c> of a segment is exactly the <c>Start</c> of the next, whatever the order of pictures.
/// </para>
/// </summary>
internal sealed class SegmentBuilder(string rendition, LatencyProfile latency, SegmenterLimits limits, List<Cut> output)
{
    private PartMedia? _part;
    private long _partStart;
    private int _partNumber;
    private int _timescale = 1;
    private long _partTarget;
    private MediaTime _start;
    private SegmentOrigin? _origin;

    /// <summary>The segment's number.</summary>
    public long Number { get; private set; }

    /// <summary>Whether it has no samples yet.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>Whether its first sample is a sync sample.</summary>
    public bool BeganWithSync { get; private set; }

    /// <summary>Sum of its samples' lengths, in ticks of the track's clock.</summary>
    public long Duration { get; private set; }

    /// <summary>Decode time at which the last sample added ends; <see cref="long.MinValue"/> before the first.</summary>
    public long DecodeEnd { get; private set; } = long.MinValue;

    /// <summary>Presentation time at which the last sample added ends.</summary>
    public MediaTime End { get; private set; } = MediaTime.Zero(1);

    /// <summary>The configuration of its samples, or of the last segment while this one is empty.</summary>
    public Track? Track { get; private set; }

    /// <summary>Whether anything of the rendition stands on the timeline, so that a number without samples is a gap.</summary>
    public bool Begun { get; set; }

    /// <summary>The rendition's clock as far as known, for gaps.</summary>
    public int Timescale { get => _timescale; set => _timescale = value; }

    /// <summary>Goes on to a number. The segment before must be closed.</summary>
    public void Open(long number)
    {
        Debug.Assert(IsEmpty, "the segment before is closed");
        Number = number;
    }

    /// <summary>Puts a sample in.</summary>
    /// <param name="origin">Where the segment begins.</param>
    /// <param name="sample">The sample.</param>
    /// <param name="decode">Its decode time on the session's timeline.</param>
    /// <param name="start">Its place in presentation order, as the class comment says.</param>
    /// <param name="duration">Its length.</param>
    public void Add(SegmentOrigin origin, in MediaSample sample, long decode, long start, long duration)
    {
        if (IsEmpty)
        {
            Begin(origin, sample, start);
        }

        // A chunk has one decode time, that of its first sample: after a hole there must be another.
        if (_part is not null && (IsFullFor(duration) || decode != DecodeEnd
            || _part.Samples.Count >= limits.MaxPartSamples || _part.PayloadLength + sample.Payload.Length > limits.MaxPartBytes))
        {
            FlushPart();
        }

        if (_part is null)
        {
            _part = new PartMedia(sample.Track, decode);
            _partStart = start;
        }

        _part.Add(sample, duration);
        Duration += duration;
        DecodeEnd = decode + duration;
        End = new MediaTime(start + duration, _timescale);

        // When one more sample like this would not fit, viewers need not wait for it to see that.
        if (IsFullFor(duration))
        {
            FlushPart();
        }
    }

    /// <summary>Closes the segment with what it has; a number for which there is nothing becomes a gap. Then the next number is open.</summary>
    /// <param name="origin">Where the segment begins.</param>
    /// <param name="leader">Whether this rendition decides where segments end.</param>
    public void Close(SegmentOrigin origin, bool leader)
    {
        if (!IsEmpty)
        {
            FlushPart();
            output.Add(new Cut.Closed(rendition, Number, leader, _start, new MediaTime(Duration, _timescale), origin.WallClockOf(_start)));
        }
        else if (Begun)
        {
            output.Add(new Cut.Gap(rendition, Number, origin.Start.Rescale(_timescale), origin.Duration.Rescale(_timescale), origin.WallClock));
        }

        (IsEmpty, Duration, _partNumber, _origin) = (true, 0, 0, null);
        Number++;
    }

    /// <summary>
    /// Whether a part is to end before a sample of a length. A part has 85 % of the target (RFC 8216bis, 4.4.4.9), if it is not the last of its segment; with few
    /// pictures a second that can take one that reaches beyond the target, and playlists then say the target.
    /// </summary>
    private bool IsFullFor(long duration) => _part!.Duration + duration > _partTarget && _part.Duration * 100 >= _partTarget * 85;

    private void Begin(SegmentOrigin origin, in MediaSample sample, long start)
    {
        Track = sample.Track;
        if (_timescale != sample.Track.Timescale || _partTarget == 0)
        {
            _timescale = sample.Track.Timescale;
            _partTarget = Math.Max(MediaTime.From(latency.PartTarget, _timescale).Ticks, 1);
        }

        (IsEmpty, Begun, BeganWithSync, _origin) = (false, true, sample.IsSync, origin);
        _start = new MediaTime(start, _timescale);
    }

    private void FlushPart()
    {
        if (_part is not { } part)
        {
            return;
        }

        var start = new MediaTime(_partStart, _timescale);
        _origin!.HasParts = true;
        output.Add(new Cut.Part(rendition, Number, _partNumber++, part, start, new MediaTime(part.Duration, _timescale),
            part.Samples[0].IsSync, _origin.WallClockOf(start)));
        _part = null;
    }
}
