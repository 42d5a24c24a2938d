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
/// <param name="Crc">CRC-32C of the segment from its start to the end of the part; 0 when unknown.</param>
public sealed record TimelinePart(int Number, MediaTime Start, MediaTime Duration, bool Independent, long Offset, int Length,
    int KeyLength = 0, uint Crc = 0);

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

    /// <summary>CRC-32C of the first <see cref="Length"/> bytes; 0 when unknown.</summary>
    public uint Crc => _parts.Count > 0 ? _parts[^1].Crc : 0;

    /// <summary>End of the segment so far.</summary>
    public MediaTime End => Start + Duration;

    /// <summary>Parts announced so far.</summary>
    public IReadOnlyList<TimelinePart> Parts => _parts;

    internal static TimelineSegment Gap(TimelineEvent.SegmentGap gap, bool discontinuity) =>
        new(gap.Segment, gap.Init, gap.Start, gap.WallClock, discontinuity, default) { IsGap = true, IsClosed = true,
            Duration = gap.Duration };

    internal void Add(TimelineEvent.PartReady part)
    {
        _parts.Add(new TimelinePart(part.Part, part.Start, part.Duration, part.Independent, part.Offset, part.Length, part.KeyLength,
            part.Crc));
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

    // The last announced init segment that is neither on the timeline nor newer than all others.
    private TimelineInit? _removedInit;

    /// <summary>Name in URLs.</summary>
    public string Name { get; } = name;

    /// <summary>Media type.</summary>
    public TrackKind Kind { get; } = kind;

    /// <summary>Sort order among the session's renditions; see <see cref="TimelineEvent.RenditionAdded"/>.</summary>
    public int Position { get; } = position;

    /// <summary>
    /// Init segments that the window or a retained index block needs, and the newest one, by ascending number. There may be holes.
    /// </summary>
    public IReadOnlyList<TimelineInit> Inits => _inits;

    /// <summary>
    /// Init segment of the newest segment, or the newest init segment when the window has no segments; <see langword="null"/> before the
    /// first.
    /// </summary>
    public TimelineInit? Init => (_segments.Count > 0 ? FindInit(_segments[^1].Init) : null) ?? NewestInit;

    /// <summary>The init segment with the highest number; <see langword="null"/> before the first.</summary>
    public TimelineInit? NewestInit => _inits.Count > 0 ? _inits[^1] : null;

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
    public TimelineInit? FindInit(int number) => IndexOf(number) is var index && index >= 0 ? _inits[index] : null;

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

    /// <summary>
    /// Adds an init segment, or the caption services found in its media if it is known. One that was removed only returns when a segment
    /// uses it (<see cref="TryUseInit"/>), so that a replay of past events has no effect.
    /// </summary>
    /// <returns>Whether the timeline changed.</returns>
    internal bool Add(TimelineInit init)
    {
        var index = IndexOf(init.Number);
        if (index >= 0)
        {
            return TryAddCaptions(index, CaptionServices.Parse(init.Format.Captions));
        }

        if (~index < _inits.Count)
        {
            _removedInit = init;
            return false;
        }

        _inits.Add(init);
        return true;
    }

    /// <summary>Returns whether a segment can use an init segment; restores one that was removed and then announced again.</summary>
    internal bool TryUseInit(int number)
    {
        var index = IndexOf(number);
        if (index < 0 && _removedInit?.Number == number)
        {
            _inits.Insert(~index, _removedInit);
            (_removedInit, index) = (null, ~index);
        }

        return index >= 0;
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
    /// <param name="neededElsewhere">Init segments needed elsewhere.</param>
    internal void TrimBefore(long first, NeededInits neededElsewhere)
    {
        var count = 0;
        while (count < _segments.Count && _segments[count].Number < first)
        {
            count++;
        }

        _segments.RemoveRange(0, count);
        if (_inits.Count <= 1)
        {
            return;
        }

        var inWindow = new HashSet<int>();
        foreach (var segment in _segments)
        {
            inWindow.Add(segment.Init);
        }

        var newest = _inits[^1];
        _inits.RemoveAll(init => init != newest && !inWindow.Contains(init.Number) && !neededElsewhere.Contains(init.Number));
    }

    private bool TryAddCaptions(int index, CaptionServices found)
    {
        var init = _inits[index];
        var known = CaptionServices.Parse(init.Format.Captions);
        if (!found.HasMoreThan(known))
        {
            return false;
        }

        _inits[index] = init with { Format = init.Format with { Captions = (known | found).ToString() } };
        return true;
    }

    /// <summary>Index of an init segment, or the complement of the index at which it would be inserted.</summary>
    private int IndexOf(int number)
    {
        var (low, high) = (0, _inits.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var found = _inits[middle].Number;
            if (found == number)
            {
                return middle;
            }

            (low, high) = found < number ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }
}
