using System.Diagnostics;
using Broadcast.Media;

namespace Broadcast.Packager.Segmentation;

/// <summary>
/// Builds the open segment of one rendition: divides samples into parts and determines when a part, and finally the segment, is complete.
/// <para>
/// Times: a segment's <c>Start</c> is the decode time of its first sample plus the composition offset of the period's first sync sample.
/// For segments that start with a sync sample, this is the earliest presentation time, as long as the encoder's delay is constant.
/// Durations are sums of decode time differences. Within a period, <c>Start + Duration</c> of a segment therefore equals the <c>Start</c>
/// of the next, whatever the frame order.
/// </para>
/// </summary>
internal sealed class SegmentBuilder(string rendition, LatencyProfile latency, SegmenterLimits limits, List<SegmenterOutput> output)
{
    private PartSamples? _part;
    private long _partStart;
    private int _partNumber;
    private int _timescale = 1;
    private long _partTarget;
    private MediaTime _start;
    private SegmentStart? _origin;

    /// <summary>Sequence number of the segment.</summary>
    public long Number { get; private set; }

    /// <summary>Indicates whether the segment has no samples.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>Indicates whether the first sample is a sync sample.</summary>
    public bool StartsWithSync { get; private set; }

    /// <summary>Total duration of the samples, in ticks of the track.</summary>
    public long Duration { get; private set; }

    /// <summary>Decode time at the end of the last sample; <see cref="long.MinValue"/> before the first.</summary>
    public long DecodeEnd { get; private set; } = long.MinValue;

    /// <summary>Presentation time at the end of the last sample.</summary>
    public MediaTime End { get; private set; } = MediaTime.Zero(1);

    /// <summary>Configuration of the samples, or of the previous segment while this one is empty.</summary>
    public Track? Track { get; private set; }

    /// <summary>Indicates whether the timeline contains the rendition, so that a number without samples is a gap.</summary>
    public bool IsOnTimeline { get; set; }

    /// <summary>Known timescale of the rendition, for gaps.</summary>
    public int Timescale { get => _timescale; set => _timescale = value; }

    /// <summary>Opens a segment. The previous one must be closed.</summary>
    public void Open(long number)
    {
        Debug.Assert(IsEmpty, "the previous segment is closed");
        Number = number;
    }

    /// <summary>Adds a sample.</summary>
    /// <param name="origin">Start of the segment.</param>
    /// <param name="sample">The sample.</param>
    /// <param name="decode">Its decode time on the session's timeline.</param>
    /// <param name="start">Position in presentation order, as described for the class.</param>
    /// <param name="duration">Duration of the sample.</param>
    public void Add(SegmentStart origin, in MediaSample sample, long decode, long start, long duration)
    {
        if (IsEmpty)
        {
            StartSegment(origin, sample, start);
        }

        // A CMAF chunk has one decode time, that of its first sample, so a gap in the samples requires a new part.
        if (_part is not null && (IsFullFor(duration) || decode != DecodeEnd
            || _part.Samples.Count >= limits.MaxPartSamples || _part.PayloadLength + sample.Payload.Length > limits.MaxPartBytes))
        {
            FlushPart();
        }

        if (_part is null)
        {
            _part = new PartSamples(sample.Track, decode);
            _partStart = start;
        }

        _part.Add(sample, duration);
        Duration += duration;
        DecodeEnd = decode + duration;
        End = new MediaTime(start + duration, _timescale);

        // If another sample like this would not fit, the part is complete now, and viewers need not wait.
        if (IsFullFor(duration))
        {
            FlushPart();
        }
    }

    /// <summary>Closes the segment, or creates a gap when it is empty, and opens the next number.</summary>
    /// <param name="origin">Start of the segment.</param>
    /// <param name="leader">Whether this rendition determines the ends of segments.</param>
    public void Close(SegmentStart origin, bool leader)
    {
        if (!IsEmpty)
        {
            FlushPart();
            output.Add(new SegmenterOutput.Closed(rendition, Number, leader, _start, new MediaTime(Duration, _timescale),
                origin.GetWallClock(_start)));
        }
        else if (IsOnTimeline)
        {
            output.Add(
                new SegmenterOutput.Gap(rendition, Number, origin.Start.Rescale(_timescale), origin.Duration.Rescale(_timescale),
                    origin.WallClock));
        }

        (IsEmpty, Duration, _partNumber, _origin) = (true, 0, 0, null);
        Number++;
    }

    /// <summary>Discards the samples of the open segment. No part of it may have been output.</summary>
    /// <returns>Number of samples.</returns>
    public int Discard()
    {
        Debug.Assert(_partNumber == 0, "a part may have been announced");
        var count = _part?.Samples.Count ?? 0;
        (_part, IsEmpty, Duration, _origin) = (null, true, 0, null);
        return count;
    }

    /// <summary>
    /// Returns whether a part must end before a sample of the given duration. Parts other than the last of a segment have at least 85 % of
    /// the target (RFC 8216bis, 4.4.4.9). At low frame rates this can require one that exceeds the target; playlists then declare the
    /// target.
    /// </summary>
    private bool IsFullFor(long duration) => _part!.Duration + duration > _partTarget && _part.Duration * 100 >= _partTarget * 85;

    private void StartSegment(SegmentStart origin, in MediaSample sample, long start)
    {
        Track = sample.Track;
        if (_timescale != sample.Track.Timescale || _partTarget == 0)
        {
            _timescale = sample.Track.Timescale;
            _partTarget = Math.Max(MediaTime.From(latency.PartTarget, _timescale).Ticks, 1);
        }

        (IsEmpty, IsOnTimeline, StartsWithSync, _origin) = (false, true, sample.IsSync, origin);
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
        output.Add(new SegmenterOutput.Part(rendition, Number, _partNumber++, part, start, new MediaTime(part.Duration, _timescale),
            part.Samples[0].IsSync, _origin.GetWallClock(start)));
        _part = null;
    }
}
