using System.Runtime.InteropServices;

namespace Broadcast.Media;

/// <summary>A part as announced.</summary>
/// <param name="Number">Its number in the segment, from 0.</param>
/// <param name="Start">Earliest presentation time.</param>
/// <param name="Duration">Its length.</param>
/// <param name="Independent">Whether it begins with a sync sample.</param>
/// <param name="Offset">Where in the segment's object it begins.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="KeyLength">How many of them, from the first on, the picture it begins with needs, where that can be decoded alone; else 0.</param>
public sealed record TimelinePart(int Number, MediaTime Start, MediaTime Duration, bool Independent, long Offset, int Length, int KeyLength = 0);

/// <summary>A segment of one rendition, as announced so far. Parts are only ever added, and only while it is open.</summary>
public sealed class TimelineSegment
{
    private readonly List<TimelinePart> _parts = [];

    internal TimelineSegment(long number, int init, MediaTime start, DateTimeOffset wallClock, bool discontinuity, ObjectName @object)
    {
        (Number, Init, Start, WallClock, Discontinuity, Object) = (number, init, start, wallClock, discontinuity, @object);
        Duration = MediaTime.Zero(start.Timescale);
    }

    /// <summary>Its number, common to all renditions.</summary>
    public long Number { get; }

    /// <summary>The init segment it needs.</summary>
    public int Init { get; }

    /// <summary>Earliest presentation time, on the session's timeline and the rendition's clock.</summary>
    public MediaTime Start { get; }

    /// <summary>Sum of its parts' lengths, or the hole's length.</summary>
    public MediaTime Duration { get; private set; }

    /// <summary>Wall clock of <see cref="Start"/>.</summary>
    public DateTimeOffset WallClock { get; }

    /// <summary>Whether a new run begins here.</summary>
    public bool Discontinuity { get; }

    /// <summary>Where its bytes are; <see langword="default"/> for a gap.</summary>
    public ObjectName Object { get; }

    /// <summary>Whether nothing of it exists.</summary>
    public bool IsGap { get; private init; }

    /// <summary>Whether all of it is announced.</summary>
    public bool IsClosed { get; internal set; }

    /// <summary>Whether it begins with a sync sample.</summary>
    public bool Independent => _parts.Count > 0 && _parts[0].Independent;

    /// <summary>How many of its bytes, from the first on, its first picture needs, where that can be decoded alone; else 0.</summary>
    public int KeyLength => _parts.Count > 0 ? _parts[0].KeyLength : 0;

    /// <summary>Its bytes so far.</summary>
    public long Length { get; private set; }

    /// <summary>Where it ends so far.</summary>
    public MediaTime End => Start + Duration;

    /// <summary>Its parts so far.</summary>
    public IReadOnlyList<TimelinePart> Parts => _parts;

    internal static TimelineSegment Gap(TimelineEvent.SegmentGap gap, bool discontinuity) =>
        new(gap.Segment, gap.Init, gap.Start, gap.WallClock, discontinuity, default) { IsGap = true, IsClosed = true, Duration = gap.Duration };

    internal void Add(TimelineEvent.PartReady part)
    {
        _parts.Add(new TimelinePart(part.Part, part.Start, part.Duration, part.Independent, part.Offset, part.Length, part.KeyLength));
        Duration += part.Duration;
        Length = part.Offset + part.Length;
    }
}

/// <summary>An init segment as announced.</summary>
public sealed record TimelineInit(int Number, RenditionFormat Format, ObjectName Object, int Length);

/// <summary>One rendition's side of the timeline.</summary>
public sealed class RenditionTimeline(string name, TrackKind kind, int place = 0)
{
    private readonly List<TimelineInit> _inits = [];
    private readonly List<TimelineSegment> _segments = [];

    /// <summary>Its name in URLs.</summary>
    public string Name { get; } = name;

    /// <summary>What it carries.</summary>
    public TrackKind Kind { get; } = kind;

    /// <summary>Where it stands among the session's renditions; see <see cref="TimelineEvent.RenditionAdded"/>.</summary>
    public int Place { get; } = place;

    /// <summary>Init segments that the window still needs, and the newest.</summary>
    public IReadOnlyList<TimelineInit> Inits => _inits;

    /// <summary>The newest init segment, or <see langword="null"/> before the first.</summary>
    public TimelineInit? Init => _inits.Count > 0 ? _inits[^1] : null;

    /// <summary>Segments in the window by rising number; the last may be open. Numbers have no holes.</summary>
    public IReadOnlyList<TimelineSegment> Segments => _segments;

    /// <summary>Segments in the window that are whole.</summary>
    public ReadOnlySpan<TimelineSegment> Closed
    {
        get
        {
            var all = CollectionsMarshal.AsSpan(_segments);
            return all.Length > 0 && !all[^1].IsClosed ? all[..^1] : all;
        }
    }

    /// <summary>The segment being written, or <see langword="null"/>.</summary>
    public TimelineSegment? Open => _segments.Count > 0 && !_segments[^1].IsClosed ? _segments[^1] : null;

    /// <summary>The init segment of a number, or <see langword="null"/>.</summary>
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

    /// <summary>The segment of a number, or <see langword="null"/> when it is not in the window.</summary>
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

    /// <summary>Notes captions that were seen in the pictures of the newest init segment.</summary>
    /// <returns>Whether there are some that were not noted before.</returns>
    internal bool TryCaption(CaptionServices found)
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
                throw new InvalidDataException($"Rendition '{Name}' goes from segment {_segments[^1].Number} to {segment.Number}: what is missing has to be said as gaps.");
            }

            _segments[^1].IsClosed = true;
        }

        _segments.Add(segment);
    }

    /// <summary>Forgets segments before a number, and inits that nothing left needs; the newest stays in any case.</summary>
    /// <param name="first">The first number that stays.</param>
    /// <param name="needed">The lowest init that something else needs.</param>
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
