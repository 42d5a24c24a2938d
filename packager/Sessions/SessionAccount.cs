using Broadcast.Media;

namespace Broadcast.Packager;

/// <summary>
/// A session's account of what exists: turns decisions into files and events, and tells them in this order: bytes into the spool, events into the journal, events to
/// the sinks. So what is announced can be served, and a killed process knows at its next start all that it ever announced. Owned by one session; not thread-safe.
/// </summary>
/// <param name="context">What every session works with.</param>
/// <param name="timeline">The session so far. Events that the journal has not taken yet are in it already.</param>
/// <param name="journals">Numbers of the journal files that exist, rising.</param>
/// <param name="isNew">Whether nothing of the session has been announced ever.</param>
/// <param name="unknownPast">Numbers up to this one may have been used by another process, for segments, init segments and journal files; usually 0.</param>
/// <param name="inits">Bytes of the renditions' newest init segments that an earlier process wrote, as far as they could be read.</param>
/// <param name="firstClosed">Called once, when the session's first segment is closed and announced.</param>
internal sealed class SessionAccount(
    PackagerContext context, SessionTimeline timeline, IEnumerable<long> journals, bool isNew, int unknownPast,
    IReadOnlyDictionary<string, byte[]> inits, Action firstClosed)
{
    private readonly JournalWriter _journal = new(context.Spool, timeline.Session.Channel, timeline.Session.Id, unknownPast > 0 ? [unknownPast] : journals);
    private readonly DiskHealth _disk = new(timeline.Session.Channel, context.Logger);
    private readonly Dictionary<string, RenditionOutput> _outputs = [];
    private readonly PictureOutput _pictures = new(context.Spool, FolderOf(timeline.Session.Channel, timeline.Session.Id));
    private readonly LiveWindow _window = new(context, timeline, FolderOf(timeline.Session.Channel, timeline.Session.Id));
    private readonly List<ISpoolFile> _whole = [];
    private readonly List<ObjectName> _gone = [];
    private List<TimelineEvent> _events = [];
    private int _applied;
    private bool _isNew = isNew;
    private bool _isSlate;
    private IReadOnlyList<Rendition> _order = [];
    private string? _leader;
    private TimeSpan _closed;
    private TimeSpan _sinceRotation;
    private long _lastSegment = timeline.LastSegment;
    private long _bytes;
    private long _gaps;

    /// <summary>Name of the folder of a session's media, ending in <c>/</c>.</summary>
    public static string FolderOf(ChannelName channel, SessionId session) => $"live/{channel}/{session}/";

    /// <summary>Whether the journal refuses events, so that nothing can be announced.</summary>
    public bool IsFailing { get; private set; }

    /// <summary>Highest segment number announced; 0 when there is none. Any thread may ask.</summary>
    public long LastSegment => Volatile.Read(ref _lastSegment);

    /// <summary>What was made of the session since this process has had it.</summary>
    public SessionMediaTotals Totals => new(LastSegment, [.. _outputs.Keys.Order(StringComparer.Ordinal)], _bytes, _gaps);

    /// <summary>Whether some segment can be played.</summary>
    public bool HasClosedSegments { get; private set; } = timeline.HasClosedSegments();

    /// <summary>Tells the sinks of a recovered session as a whole. One that is not over gets a journal file that begins with it.</summary>
    public void Announce()
    {
        if (!timeline.IsEnded)
        {
            try
            {
                _journal.Append([], timeline);
            }
            catch (IOException refusal)
            {
                // What is announced is known from the files that were read. The next batch tries again.
                _disk.Refused(refusal);
            }
        }

        Tell(timeline.Checkpoint());
    }

    /// <summary>Drops the journal file that <see cref="Announce"/> began.</summary>
    public void LetGo() => _journal.Discard();

    /// <summary>A publication's renditions begin, perhaps under a newer epoch. The latency profile stays what the session began with.</summary>
    /// <param name="session">As the publication has it.</param>
    /// <param name="renditions">In the order in which viewers are offered them: whose media come first says nothing about that.</param>
    /// <param name="isSlate">Whether they stand in for encoders that are gone: a replay does not end with them.</param>
    public void Begin(BroadcastSession session, IReadOnlyList<Rendition> renditions, bool isSlate)
    {
        (_order, _isSlate) = (renditions, isSlate);
        if (_isNew)
        {
            _isNew = false;
            Add(new TimelineEvent.Started(timeline.Session));
            if (unknownPast > 0)
            {
                Add(new TimelineEvent.WindowMoved(unknownPast + 1L));
            }
        }
        else if (session.Epoch > timeline.Session.Epoch)
        {
            Add(new TimelineEvent.Started(timeline.Session with { Epoch = session.Epoch }));
        }

        Commit();
    }

    /// <summary>Where a run begins.</summary>
    public SegmenterStart Position()
    {
        var end = MediaTime.Zero(MediaTime.VideoTimescale);
        var wallClockEnd = DateTimeOffset.MinValue;
        var known = new List<KnownRendition>();
        foreach (var rendition in timeline.Renditions)
        {
            if (rendition is { Segments: [.., var last], Init: { } init })
            {
                end = last.End > end ? last.End : end;
                var ended = last.WallClock + last.Duration.ToTimeSpan();
                wallClockEnd = ended > wallClockEnd ? ended : wallClockEnd;
                known.Add(new KnownRendition(rendition.Name, rendition.Kind, init.Format.Timescale));
            }
        }

        return new SegmenterStart(timeline.LastSegment + 1, timeline.LastSegment > 0, end, known) { WallClockEnd = wallClockEnd };
    }

    /// <summary>Notes an event for the next batch.</summary>
    public void Add(TimelineEvent @event) => _events.Add(@event);

    /// <summary>Carries a decision out and notes what is to be said of it.</summary>
    public void Add(Cut cut)
    {
        switch (cut)
        {
            case Cut.Discontinuity discontinuity:
                Add(new TimelineEvent.Discontinuity(discontinuity.Segment, _isSlate));
                break;
            case Cut.Part part:
                Write(part);
                break;
            case Cut.Closed closed:
                Close(closed);
                break;
            case Cut.Gap gap:
                Skip(gap);
                break;
        }
    }

    /// <summary>Writes a picture and notes it for the next batch. One that is too late, or that the disk refuses, is left out: media comes first.</summary>
    public void Add(SessionPicture picture)
    {
        var (isLate, replaced) = picture switch
        {
            SessionPicture.Sheet sheet => (timeline.Sheets is [.., var last] && sheet.Start < last.End, null),
            SessionPicture.Poster poster => (timeline.Poster is { } before && poster.Time <= before.Time, timeline.Poster),
            _ => (true, null),
        };
        var isGone = picture is SessionPicture.Sheet late && timeline.WindowStart is { } start && late.Start + late.Duration <= start;
        if (_isNew || IsFailing || isLate || (isGone && !timeline.Session.IsRecorded))
        {
            return;
        }

        try
        {
            Add(_pictures.Write(picture, _whole));
            PackagerMetrics.Picture(timeline.Session.Channel, picture);
        }
        catch (IOException)
        {
            // The next part meets the same disk, and says so.
            return;
        }

        if (replaced is not null)
        {
            _gone.Add(replaced.Object);
        }

        Apply();
    }

    /// <summary>Journals and announces what was noted: one append, one call a sink.</summary>
    public void Commit()
    {
        if (_events.Count == 0)
        {
            return;
        }

        Apply();
        MoveWindow();
        try
        {
            _journal.Append(_events, timeline);
        }
        catch (IOException refusal)
        {
            IsFailing = true;
            _disk.Refused(refusal);
            return;
        }

        IsFailing = false;
        Volatile.Write(ref _lastSegment, timeline.LastSegment);
        var events = _events;
        (_events, _applied) = ([], 0);
        Tell(events);
        Follow();
    }

    /// <summary>No encoder is there any more: what there is goes to the store, so that another machine could go on.</summary>
    public void Rest()
    {
        _pictures.Rest();
        if (!IsFailing)
        {
            _journal.Seal(JournalEnd.Idle);
        }
    }

    private void Write(Cut.Part part)
    {
        var output = OutputOf(part.Rendition);
        if (output.IsBroken(part.Segment))
        {
            Lose(part.Rendition);
            return;
        }

        try
        {
            var init = output.WriteInit(part, _whole);
            if (init is not null)
            {
                if (timeline.Find(part.Rendition) is null)
                {
                    Add(new TimelineEvent.RenditionAdded(part.Rendition, part.Media.Track.Kind, PlaceOf(part.Rendition)));
                }

                Add(init);
            }

            if (output.FindCaptions(part) is { } captioned)
            {
                Add(captioned);
            }

            var ready = output.Write(part);
            PackagerMetrics.Part(timeline.Session.Channel, ready, context.Time.GetUtcNow());
            _bytes += ready.Length;
            Add(ready);
        }
        catch (IOException refusal)
        {
            output.Break(part.Segment);
            _disk.Refused(refusal);
            Lose(part.Rendition);
        }
    }

    /// <summary>Where viewers are offered a rendition among the others; one that was not known when the publication began comes behind those that were.</summary>
    private int PlaceOf(string name) => _order.TakeWhile(rendition => rendition.Name != name).Count();

    private void Close(Cut.Closed closed)
    {
        if (OutputOf(closed.Rendition).Close(closed.Segment, _whole))
        {
            Add(new TimelineEvent.SegmentClosed(closed.Rendition, closed.Segment));
            PackagerMetrics.Segment(timeline.Session.Channel, closed.Rendition);
        }
        else
        {
            Skip(new Cut.Gap(closed.Rendition, closed.Segment, closed.Start, closed.Duration, closed.WallClock));
        }

        if (closed.Leader)
        {
            _leader = closed.Rendition;
            _closed += closed.Duration.ToTimeSpan();
            _disk.SegmentPassed();
        }
    }

    private void Skip(Cut.Gap gap)
    {
        var output = OutputOf(gap.Rendition);
        if (output.Init == unknownPast)
        {
            // Nothing of the rendition was ever announced, so nobody misses a number.
            return;
        }

        Add(new TimelineEvent.SegmentGap(gap.Rendition, gap.Segment, output.Init, gap.Start, gap.Duration, gap.WallClock));
        PackagerMetrics.Gap(timeline.Session.Channel, gap.Rendition);
        _gaps++;
        if (output.Drop() is { } empty)
        {
            _gone.Add(empty);
        }
    }

    private void Lose(string rendition)
    {
        _disk.PartLost();
        PackagerMetrics.PartLost(timeline.Session.Channel, rendition);
    }

    private void Apply()
    {
        for (; _applied < _events.Count; _applied++)
        {
            timeline.Apply(_events[_applied]);
        }
    }

    private void MoveWindow()
    {
        if (_closed != TimeSpan.Zero && _leader is not null && timeline.Find(_leader) is { } leader)
        {
            _window.Move(leader, AddNow, _whole, _gone, _disk);
        }
    }

    private void AddNow(TimelineEvent @event)
    {
        Add(@event);
        Apply();
    }

    /// <summary>What follows from events that are announced.</summary>
    private void Follow()
    {
        foreach (var file in _whole)
        {
            file.Seal();
        }

        _whole.Clear();
        if (_gone.Count > 0)
        {
            // Players may still be reading what the last playlists told them.
            ObjectName[] names = [.. _gone];
            _gone.Clear();
            context.Deferred.After(timeline.Session.Latency.TargetDuration + timeline.Session.Latency.Window, () => context.Spool.Delete(names));
        }

        if (!HasClosedSegments && _closed > TimeSpan.Zero && timeline.HasClosedSegments())
        {
            HasClosedSegments = true;
            firstClosed();
        }

        _sinceRotation += _closed;
        if (timeline.IsEnded)
        {
            _pictures.Rest();
            _journal.Seal(JournalEnd.Ended);
        }
        else if (_closed > TimeSpan.Zero && (_sinceRotation >= context.Options.JournalRotation || _journal.Events >= context.Options.JournalEvents))
        {
            Rotate();
        }

        _closed = TimeSpan.Zero;
    }

    private void Rotate()
    {
        try
        {
            _journal.Rotate(timeline);
            _sinceRotation = TimeSpan.Zero;
        }
        catch (IOException refusal)
        {
            _disk.Refused(refusal);
        }
    }

    private void Tell(IReadOnlyList<TimelineEvent> events)
    {
        foreach (var sink in context.Sinks)
        {
            try
            {
                sink.Append(timeline.Session.Channel, timeline.Session.Id, events);
            }
            catch (Exception error)
            {
                Log.SinkFailed(context.Logger, error, timeline.Session.Id.Value);
            }
        }
    }

    private RenditionOutput OutputOf(string rendition)
    {
        if (!_outputs.TryGetValue(rendition, out var output))
        {
            var last = timeline.Find(rendition)?.Init;
            output = new RenditionOutput(
                context.Spool, FolderOf(timeline.Session.Channel, timeline.Session.Id), rendition, last, last?.Number ?? unknownPast, inits.GetValueOrDefault(rendition));
            _outputs.Add(rendition, output);
        }

        return output;
    }
}
