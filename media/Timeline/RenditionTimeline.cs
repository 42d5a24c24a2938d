using System.Runtime.InteropServices;
using Broadcast.Media.Codecs;

namespace Broadcast.Media.Timeline;

/// <summary>An announced part.</summary>
/// <param name="Number">Index in the segment, from 0.</param>
/// <param name="Start">Earliest presentation time.</param>
/// <param name="Duration">Duration.</param>
/// <param name="Independent">Whether the part starts with a sync sample.</param>
/// <param name="Offset">Offset in the segment's object.</param>
/// <param name="Length">Size in bytes.</param>
/// <param name="KeyLength">Number of leading bytes that contain the first frame, when it is a keyframe; otherwise 0.</param>
public sealed record TimelinePart(int Number, MediaTime Start, MediaTime Duration, bool Independent, long Offset, int Length,
    int KeyLength = 0);

/// <summary>A segment of one rendition, as announced so far. Parts are only added, and only while the segment is open.</summary>
public sealed class TimelineSegment
{
    private readonly List<TimelinePart> _parts = [];

    internal TimelineSegment(long number, int init, MediaTime start, DateTimeOffset wallClock, bool discontinuity, ObjectName @object)
    {
        (Number, Init, Start, WallClock, Discontinuity, Object) = (number, init, start, wallClock, discontinuity, @object);
        Duration = MediaTime.Zero(start.Timescale);
    }

    /// <summary>Sequence number, common to all renditions.</summary>
    public long Number { get; }

    /// <summary>Number of the init segment.</summary>
    public int Init { get; }

    /// <summary>Earliest presentation time, on the session's timeline in the rendition's timescale.</summary>
    public MediaTime Start { get; }

    /// <summary>Total duration of the parts, or of the gap.</summary>
    public MediaTime Duration { get; private set; }

    /// <summary>Wall-clock time of <see cref="Start"/>.</summary>
    public DateTimeOffset WallClock { get; }

    /// <summary>Indicates whether a discontinuity precedes the segment.</summary>
    public bool Discontinuity { get; }

    /// <summary>Object with the segment's bytes; <see langword="default"/> for a gap.</summary>
    public ObjectName Object { get; }

    /// <summary>Indicates whether the segment is missing.</summary>
    public bool IsGap { get; private init; }

    /// <summary>Indicates whether the segment is complete.</summary>
    public bool IsClosed { get; internal set; }

    /// <summary>Indicates whether the segment starts with a sync sample.</summary>
    public bool Independent => _parts.Count > 0 && _parts[0].Independent;

    /// <summary>Number of leading bytes that contain the first frame, when it is a keyframe; otherwise 0.</summary>
    public int KeyLength => _parts.Count > 0 ? _parts[0].KeyLength : 0;

    /// <summary>Size so far, in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>End of the segment so far.</summary>
    public MediaTime End => Start + Duration;

    /// <summary>Parts announced so far.</summary>
    public IReadOnlyList<TimelinePart> Parts => _parts;

    internal static TimelineSegment Gap(TimelineEvent.SegmentGap gap, bool discontinuity) =>
        new(gap.Segment, gap.Init, gap.Start, gap.WallClock, discontinuity, default) { IsGap = true, IsClosed = true,
            Duration = gap.Duration };

    internal void Add(TimelineEvent.PartReady part)
    {
        _parts.Add(new TimelinePart(part.Part, part.Start, part.Duration, part.Independent, part.Offset, part.Length, part.KeyLength));
        Duration += part.Duration;
        Length = part.Offset + part.Length;
    }
}

/// <summary>An announced init segment.</summary>
public sealed record TimelineInit(int Number, RenditionFormat Format, ObjectName Object, int Length);

/// <summary>Timeline of one rendition.</summary>
public sealed class RenditionTimeline(string name, TrackKind kind, int position = 0)
{
    private readonly List<TimelineInit> _inits = [];
    private readonly List<TimelineSegment> _segments = [];

    /// <summary>Name in URLs.</summary>
    public string Name { get; } = name;

    /// <summary>Media type.</summary>
    public TrackKind Kind { get; } = kind;

    /// <summary>Sort order among the session's renditions; see <see cref="TimelineEvent.RenditionAdded"/>.</summary>
    public int Position { get; } = position;

    /// <summary>Init segments that the window still needs, and the newest one.</summary>
    public IReadOnlyList<TimelineInit> Inits => _inits;

    /// <summary>The newest init segment; <see langword="null"/> before the first.</summary>
    public TimelineInit? Init => _inits.Count > 0 ? _inits[^1] : null;

    /// <summary>Segments in the live window by ascending sequence number, without holes; the last one may be open.</summary>
    public IReadOnlyList<TimelineSegment> Segments => _segments;

    /// <summary>Closed segments in the live window.</summary>
    public ReadOnlySpan<TimelineSegment> Closed
    {
        get
        {
            var all = CollectionsMarshal.AsSpan(_segments);
            return all.Length > 0 && !all[^1].IsClosed ? all[..^1] : all;
        }
    }

    /// <summary>The open segment, or <see langword="null"/>.</summary>
    public TimelineSegment? Open => _segments.Count > 0 && !_segments[^1].IsClosed ? _segments[^1] : null;

    /// <summary>Finds an init segment by number.</summary>
    public TimelineInit? FindInit(int number)
    {
        foreach (var init in _inits)
        {
            if (init.Number == number)
            {
                return init;
            }
        }

        return null;
    }

    /// <summary>Finds a segment by sequence number; <see langword="null"/> when it is not in the window.</summary>
    public TimelineSegment? Find(long number)
    {
        if (_segments.Count == 0)
        {
            return null;
        }

        var index = number - _segments[0].Number;
        return index >= 0 && index < _segments.Count ? _segments[(int)index] : null;
    }

    internal void Add(TimelineInit init)
    {
        if (_inits.Count == 0 || init.Number > _inits[^1].Number)
        {
            _inits.Add(init);
        }
    }

    /// <summary>Adds caption services found in the media of the newest init segment.</summary>
    /// <returns>Whether any service was new.</returns>
    internal bool TryAddCaptions(CaptionServices found)
    {
        var newest = _inits[^1];
        var known = CaptionServices.Parse(newest.Format.Captions);
        if (!found.HasMoreThan(known))
        {
            return false;
        }

        _inits[^1] = newest with { Format = newest.Format with { Captions = (known | found).ToString() } };
        return true;
    }

    internal void Add(TimelineSegment segment)
    {
        if (_segments.Count > 0)
        {
            if (segment.Number != _segments[^1].Number + 1)
            {
                throw new InvalidDataException(
                    $"Rendition '{Name}' continues from segment {_segments[^1].Number} with {segment.Number}; missing segments must be "
                    + "announced as gaps.");
            }

            _segments[^1].IsClosed = true;
        }

        _segments.Add(segment);
    }

    /// <summary>Removes segments before a sequence number, and init segments that are no longer needed, except the newest.</summary>
    /// <param name="first">First sequence number to keep.</param>
    /// <param name="needed">Lowest init segment number needed elsewhere.</param>
    internal void TrimBefore(long first, int needed = int.MaxValue)
    {
        var count = 0;
        while (count < _segments.Count && _segments[count].Number < first)
        {
            count++;
        }

        _segments.RemoveRange(0, count);
        foreach (var segment in _segments)
        {
            needed = Math.Min(needed, segment.Init);
        }

        while (_inits.Count > 1 && _inits[0].Number < needed)
        {
            _inits.RemoveAt(0);
        }
    }
}
