using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Broadcast.Media;

/// <summary>A part as announced.</summary>
/// <param name="Number">Its number in the segment, from 0.</param>
/// <param name="Start">Earliest presentation time.</param>
/// <param name="Duration">Its length.</param>
/// <param name="Independent">Whether it begins with a sync sample.</param>
/// <param name="Offset">Where in the segment's object it begins.</param>
/// <param name="Length">Its bytes.</param>
public sealed record TimelinePart(int Number, MediaTime Start, MediaTime Duration, bool Independent, long Offset, int Length);

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
        _parts.Add(new TimelinePart(part.Part, part.Start, part.Duration, part.Independent, part.Offset, part.Length));
        Duration += part.Duration;
        Length = part.Offset + part.Length;
    }
}

/// <summary>An init segment as announced.</summary>
public sealed record TimelineInit(int Number, RenditionFormat Format, ObjectName Object, int Length);

/// <summary>One rendition's side of the timeline.</summary>
public sealed class RenditionTimeline(string name, TrackKind kind)
{
    private readonly List<TimelineInit> _inits = [];
    private readonly List<TimelineSegment> _segments = [];

    /// <summary>Its name in URLs.</summary>
    public string Name { get; } = name;

    /// <summary>What it carries.</summary>
    public TrackKind Kind { get; } = kind;

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

    internal void Add(TimelineSegment segment)
    {
        if (_segments.Count > 0)
        {
            Debug.Assert(segment.Number == _segments[^1].Number + 1, "segment numbers have no holes");
            _segments[^1].IsClosed = true;
        }

        _segments.Add(segment);
    }

    /// <summary>Forgets segments before a number, and inits that nothing left needs. Returns how many of the forgotten began with a discontinuity.</summary>
    internal void TrimBefore(long first)
    {
        var count = 0;
        while (count < _segments.Count && _segments[count].Number < first)
        {
            count++;
        }

        _segments.RemoveRange(0, count);
        var needed = _segments.Count > 0 ? _segments[0].Init : int.MaxValue;
        while (_inits.Count > 1 && _inits[0].Number < needed)
        {
            _inits.RemoveAt(0);
        }
    }
}

/// <summary>
/// A session as its events tell it: the fold that the packager recovers from and the origin renders from. Not thread-safe; its owner guards it.
/// Events that are already known (a replay of the journal) change nothing.
/// </summary>
public sealed class SessionTimeline
{
    private readonly List<RenditionTimeline> _renditions = [];
    private readonly SortedSet<long> _discontinuities = [];

    /// <summary>A timeline begins with its session.</summary>
    public SessionTimeline(BroadcastSession session) => Session = session;

    /// <summary>The session, with the newest epoch seen.</summary>
    public BroadcastSession Session { get; private set; }

    /// <summary>Rises with every event that changed something.</summary>
    public long Version { get; private set; }

    /// <summary>First segment number of the window: <c>EXT-X-MEDIA-SEQUENCE</c>.</summary>
    public long FirstSegment { get; private set; } = 1;

    /// <summary>Discontinuities that have left the window: <c>EXT-X-DISCONTINUITY-SEQUENCE</c>, the same for all renditions.</summary>
    public long DiscontinuitySequence { get; private set; }

    /// <summary>Whether the session is over.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Why it ended, or <see langword="null"/>.</summary>
    public string? EndReason { get; private set; }

    /// <summary>All renditions, in order of appearance.</summary>
    public IReadOnlyList<RenditionTimeline> Renditions => _renditions;

    /// <summary>Highest segment number that any rendition has begun, or <c>FirstSegment - 1</c> when none has.</summary>
    public long LastSegment
    {
        get
        {
            var last = FirstSegment - 1;
            foreach (var rendition in _renditions)
            {
                if (rendition.Segments.Count > 0)
                {
                    last = Math.Max(last, rendition.Segments[^1].Number);
                }
            }

            return last;
        }
    }

    /// <summary>Numbers of segments, in the window or announced for it, that a discontinuity stands before.</summary>
    public IReadOnlyCollection<long> Discontinuities => _discontinuities;

    /// <summary>The rendition of a name, or <see langword="null"/>.</summary>
    public RenditionTimeline? Find(string rendition)
    {
        foreach (var candidate in _renditions)
        {
            if (candidate.Name == rendition)
            {
                return candidate;
            }
        }

        return null;
    }

    /// <summary>Folds one event in.</summary>
    /// <returns>Whether anything changed.</returns>
    public bool Apply(TimelineEvent @event)
    {
        var changed = @event switch
        {
            TimelineEvent.Started started => Start(started),
            TimelineEvent.RenditionAdded added => Add(added),
            TimelineEvent.InitReady init => AddInit(init),
            TimelineEvent.Discontinuity discontinuity => discontinuity.Segment > LastSegment && _discontinuities.Add(discontinuity.Segment),
            TimelineEvent.PartReady part => AddPart(part),
            TimelineEvent.SegmentClosed closed => Close(closed),
            TimelineEvent.SegmentGap gap => AddGap(gap),
            TimelineEvent.WindowMoved moved => Move(moved),
            TimelineEvent.Ended ended => End(ended),
            _ => throw new UnreachableException(),
        };
        Version += changed ? 1 : 0;
        return changed;
    }

    /// <summary>
    /// Events that make an equal timeline out of nothing: what the head of each journal object holds, so that older ones can be deleted. The past of the
    /// window is kept as counts; so the result is bounded by the window.
    /// </summary>
    public IReadOnlyList<TimelineEvent> Checkpoint()
    {
        var events = new List<TimelineEvent> { new TimelineEvent.Started(Session) };
        foreach (var rendition in _renditions)
        {
            events.Add(new TimelineEvent.RenditionAdded(rendition.Name, rendition.Kind));
            events.AddRange(rendition.Inits.Select(init => new TimelineEvent.InitReady(rendition.Name, init.Number, init.Format, init.Object, init.Length)));
        }

        // As many discontinuities as have left the window must leave it again when this is folded: they are put before its first segment.
        for (var i = DiscontinuitySequence; i > 0; i--)
        {
            events.Add(new TimelineEvent.Discontinuity(FirstSegment - i));
        }

        events.Add(new TimelineEvent.WindowMoved(FirstSegment));
        events.AddRange(_discontinuities.Select(number => new TimelineEvent.Discontinuity(number)));
        foreach (var rendition in _renditions)
        {
            foreach (var segment in rendition.Segments)
            {
                if (segment.IsGap)
                {
                    events.Add(new TimelineEvent.SegmentGap(rendition.Name, segment.Number, segment.Init, segment.Start, segment.Duration, segment.WallClock));
                    continue;
                }

                events.AddRange(segment.Parts.Select(part => new TimelineEvent.PartReady(
                    rendition.Name, segment.Number, part.Number, segment.Init, part.Start, part.Duration, part.Independent,
                    segment.WallClock + (part.Start - segment.Start).ToTimeSpan(), segment.Object, part.Offset, part.Length)));
                if (segment.IsClosed)
                {
                    events.Add(new TimelineEvent.SegmentClosed(rendition.Name, segment.Number));
                }
            }
        }

        if (IsEnded)
        {
            events.Add(new TimelineEvent.Ended(EndReason ?? ""));
        }

        return events;
    }

    private bool Start(TimelineEvent.Started started)
    {
        if (started.Session.Epoch <= Session.Epoch)
        {
            return false;
        }

        Session = started.Session;
        return true;
    }

    private bool Add(TimelineEvent.RenditionAdded added)
    {
        if (Find(added.Rendition) is not null)
        {
            return false;
        }

        _renditions.Add(new RenditionTimeline(added.Rendition, added.Kind));
        return true;
    }

    private bool AddInit(TimelineEvent.InitReady init)
    {
        var rendition = Known(init.Rendition);
        if (rendition.Init is { } last && last.Number >= init.Init)
        {
            return false;
        }

        rendition.Add(new TimelineInit(init.Init, init.Format, init.Object, init.Length));
        return true;
    }

    private bool AddPart(TimelineEvent.PartReady part)
    {
        var rendition = Known(part.Rendition);
        var segment = rendition.Find(part.Segment);
        if (segment is null)
        {
            if (part.Segment < FirstSegment || (rendition.Segments.Count > 0 && part.Segment <= rendition.Segments[^1].Number))
            {
                return false;
            }

            segment = new TimelineSegment(part.Segment, part.Init, part.Start, part.WallClock, _discontinuities.Contains(part.Segment), part.Object);
            rendition.Add(segment);
        }

        if (segment.IsClosed || part.Part < segment.Parts.Count)
        {
            return false;
        }

        segment.Add(part);
        return true;
    }

    private bool Close(TimelineEvent.SegmentClosed closed)
    {
        if (Known(closed.Rendition).Find(closed.Segment) is not { IsClosed: false } segment)
        {
            return false;
        }

        segment.IsClosed = true;
        return true;
    }

    private bool AddGap(TimelineEvent.SegmentGap gap)
    {
        var rendition = Known(gap.Rendition);
        if (gap.Segment < FirstSegment || (rendition.Segments.Count > 0 && gap.Segment <= rendition.Segments[^1].Number))
        {
            return false;
        }

        rendition.Add(TimelineSegment.Gap(gap, _discontinuities.Contains(gap.Segment)));
        return true;
    }

    private bool Move(TimelineEvent.WindowMoved moved)
    {
        if (moved.FirstSegment <= FirstSegment)
        {
            return false;
        }

        FirstSegment = moved.FirstSegment;
        DiscontinuitySequence += _discontinuities.RemoveWhere(number => number < moved.FirstSegment);
        foreach (var rendition in _renditions)
        {
            rendition.TrimBefore(moved.FirstSegment);
        }

        return true;
    }

    private bool End(TimelineEvent.Ended ended)
    {
        if (IsEnded)
        {
            return false;
        }

        foreach (var rendition in _renditions)
        {
            if (rendition.Open is { } open)
            {
                open.IsClosed = true;
            }
        }

        IsEnded = true;
        EndReason = ended.Reason;
        return true;
    }

    private RenditionTimeline Known(string rendition) =>
        Find(rendition) ?? throw new InvalidDataException($"The timeline of session {Session.Id} speaks of rendition '{rendition}' before adding it.");
}
