using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Journal;
using Broadcast.Packager.Segmentation;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Records a session's timeline. Converts segmenter output and images to files in the spool, then to events, which
/// <see cref="TimelineAnnouncer"/> journals and announces. Everything announced is thereby available. Owned by one session; not
/// thread-safe.
/// </summary>
/// <param name="context">Shared services and options.</param>
/// <param name="timeline">Timeline of the session. Includes events that are not in the journal yet.</param>
/// <param name="journals">Numbers of the existing journal files, ascending.</param>
/// <param name="isNew">Whether the session has never been announced.</param>
/// <param name="maxUsedNumber">Highest number that another process may have used for segments, init segments and journal files; usually
/// 0.</param>
/// <param name="inits">Bytes of init segments that an earlier process wrote, as far as they are readable.</param>
/// <param name="deletions">Deletions of the session.</param>
/// <param name="onFirstClosed">Called once, when the session's first segment is closed and announced.</param>
internal sealed class SessionTimelineWriter(
    PackagerContext context, SessionTimeline timeline, IEnumerable<JournalNumber> journals, bool isNew, int maxUsedNumber,
    IReadOnlyDictionary<ObjectName, byte[]> inits, DeferredDeletions deletions, Action onFirstClosed)
{
    private readonly Dictionary<string, RenditionWriter> _outputs = [];
    private readonly ImageWriter _images = new(context.Spool, ObjectNames.Of(timeline.Session));
    private readonly LiveWindow _window = new(context, timeline, deletions);
    private readonly TimelineBatch _batch = new(timeline);
    private readonly TimelineAnnouncer _announcer = new(
        context, timeline,
        new JournalWriter(context.Spool, timeline.Session.Channel, timeline.Session.Id,
            maxUsedNumber > 0 ? [new(0, maxUsedNumber)] : journals),
        deletions, onFirstClosed);

    private bool _isNew = isNew;
    private bool _isSlate;
    private bool _isPeriodLost;
    private IReadOnlyList<Rendition> _renditions = [];
    private string? _leader;
    private long _bytes;
    private long _gaps;

    /// <summary>Indicates whether the journal cannot be written, so that nothing can be announced.</summary>
    public bool IsFailing => _announcer.IsFailing;

    /// <summary>Highest announced segment number; 0 without one. Thread-safe.</summary>
    public long LastSegment => _announcer.LastSegment;

    /// <summary>Totals of the session since this process took it over.</summary>
    public SessionMediaTotals Totals => new(LastSegment, [.. _outputs.Keys.Order(StringComparer.Ordinal)], _bytes, _gaps);

    /// <summary>Indicates whether any segment is playable.</summary>
    public bool HasClosedSegments => _announcer.HasClosedSegments;

    /// <summary>
    /// Continues in an epoch after that of a journal file whose name another server has used in the object store. Readers then prefer the
    /// journal of this server, which owns the session.
    /// </summary>
    public void ReplaceJournal(JournalNumber taken)
    {
        if (timeline.Session.Epoch <= taken.Epoch)
        {
            PackagerLog.JournalTaken(context.Logger, timeline.Session.Channel.Value, timeline.Session.Id.Value, taken.Number,
                taken.Epoch + 1);
            Add(new TimelineEvent.Started(timeline.Session with { Epoch = taken.Epoch + 1 }));
            Commit();
        }

        if (!IsFailing)
        {
            _announcer.ReplaceJournal(taken);
        }
    }

    /// <summary>Announces a recovered session to the sinks as a whole. A session that has not ended gets a new journal file.</summary>
    public void Announce() => _announcer.AnnounceRecovered();

    /// <summary>Discards the journal file that <see cref="Announce"/> started.</summary>
    /// <param name="isLost">Whether another server has taken the session over without this one.</param>
    public void Release(bool isLost)
    {
        _announcer.Release();
        if (isLost)
        {
            deletions.Drop();
        }
    }

    /// <summary>Starts a publication's renditions, possibly in a newer epoch. The session's latency profile does not change.</summary>
    /// <param name="session">Session as given by the publication.</param>
    /// <param name="renditions">Renditions in the order for viewers. The order in which media arrives has no influence.</param>
    /// <param name="isSlate">Whether the renditions are a slate for disconnected encoders. VOD playback ends before a final slate.</param>
    public void BeginPublication(BroadcastSession session, IReadOnlyList<Rendition> renditions, bool isSlate)
    {
        (_renditions, _isSlate) = (renditions, isSlate);
        if (_isNew)
        {
            _isNew = false;
            Add(new TimelineEvent.Started(timeline.Session));
            if (maxUsedNumber > 0)
            {
                Add(new TimelineEvent.WindowMoved(maxUsedNumber + 1L));
            }
        }
        else if (session.Epoch > timeline.Session.Epoch)
        {
            Add(new TimelineEvent.Started(timeline.Session with { Epoch = session.Epoch }));
        }

        Commit();
    }

    /// <summary>State of the session where a segmenter continues.</summary>
    public SegmenterStart GetSegmenterStart()
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

    /// <summary>Adds an event to the next batch.</summary>
    public void Add(TimelineEvent @event) => _batch.Add(@event);

    /// <summary>Applies segmenter output and adds its events to the next batch.</summary>
    public void Add(SegmenterOutput cut)
    {
        switch (cut)
        {
            case SegmenterOutput.Discontinuity discontinuity:
                Add(new TimelineEvent.Discontinuity(discontinuity.Segment, _isSlate));
                break;
            case SegmenterOutput.Part part:
                Write(part);
                break;
            case SegmenterOutput.Closed closed:
                Close(closed);
                break;
            case SegmenterOutput.Gap gap:
                Skip(gap);
                break;
        }
    }

    /// <summary>
    /// Writes an image and adds its event to the next batch. Late images, and images that cannot be written, are dropped: media has
    /// priority.
    /// </summary>
    public void Add(SessionImage image)
    {
        var (isLate, replaced) = image switch
        {
            SessionImage.SpriteSheet sheet => (timeline.SpriteSheets is [.., var last] && sheet.Start < last.End, null),
            SessionImage.Poster poster => (timeline.Poster is { } before && poster.Time <= before.Time, timeline.Poster),
            _ => (true, null),
        };
        var isOutsideWindow = image is SessionImage.SpriteSheet late && timeline.WindowStart is { } start
            && late.Start + late.Duration <= start;
        if (_isNew || IsFailing || isLate || (isOutsideWindow && !timeline.Session.IsRecorded))
        {
            return;
        }

        try
        {
            Add(_images.Write(image, _batch.CompleteFiles));
            PackagerMetrics.Image(timeline.Session.Channel, image);
        }
        catch (IOException)
        {
            // The next part will report the disk error.
            return;
        }

        if (replaced is not null)
        {
            _batch.ObsoleteObjects.Add(replaced.Object);
        }

        _batch.Apply();
    }

    /// <summary>Returns whether events of the current period were dropped since the last call, so that a new period must start.</summary>
    public bool TakeLostPeriod()
    {
        var isLost = _isPeriodLost;
        _isPeriodLost = false;
        return isLost;
    }

    /// <summary>
    /// Journals and announces the batch: one append, one call per sink. If an event contradicts the timeline, it is dropped with the rest
    /// of the period.
    /// </summary>
    public void Commit()
    {
        if (_batch.Events.Count == 0)
        {
            return;
        }

        try
        {
            _batch.Apply();
        }
        catch (InvalidDataException error)
        {
            AbandonPeriod(error);
        }

        if (_batch.ClosedDuration != TimeSpan.Zero && _leader is not null && timeline.Find(_leader) is { } leader)
        {
            _window.Move(leader, _batch, _announcer.Disk);
        }

        if (!_announcer.TryAnnounce(_batch))
        {
            return;
        }

        if (timeline.IsEnded)
        {
            _images.SealPoster();
        }

        _announcer.ContinueJournal(_batch);
    }

    /// <summary>Ends the period where the timeline is. New writers continue with the timeline's state.</summary>
    private void AbandonPeriod(InvalidDataException error)
    {
        PackagerLog.EventsDropped(context.Logger, error, timeline.Session.Id.Value);
        foreach (var rendition in timeline.Renditions)
        {
            if (rendition.Open is { } open)
            {
                GetOutput(rendition.Name).Close(open.Number, _batch.CompleteFiles);
            }
        }

        _batch.ClosePeriod();
        _outputs.Clear();
        _isPeriodLost = true;
    }

    /// <summary>Uploads the existing state when no encoder is connected, so that another machine can continue.</summary>
    public void Suspend()
    {
        _images.SealPoster();
        _announcer.SuspendJournal();
    }

    private void Write(SegmenterOutput.Part part)
    {
        var output = GetOutput(part.Rendition);
        if (output.IsAbandoned(part.Segment))
        {
            CountLostPart(part.Rendition);
            return;
        }

        try
        {
            var init = output.WriteInit(part, _batch.CompleteFiles);
            if (init is not null)
            {
                if (timeline.Find(part.Rendition) is null)
                {
                    Add(new TimelineEvent.RenditionAdded(part.Rendition, part.Media.Track.Kind, GetOrder(part.Rendition)));
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
        catch (IOException error)
        {
            output.Abandon(part.Segment);
            _announcer.Disk.WriteFailed(error);
            CountLostPart(part.Rendition);
        }
    }

    /// <summary>Position of a rendition in the order for viewers. Renditions unknown at the start come last.</summary>
    private int GetOrder(string name) => _renditions.TakeWhile(rendition => rendition.Name != name).Count();

    private void Close(SegmenterOutput.Closed closed)
    {
        if (GetOutput(closed.Rendition).Close(closed.Segment, _batch.CompleteFiles))
        {
            Add(new TimelineEvent.SegmentClosed(closed.Rendition, closed.Segment));
            PackagerMetrics.Segment(timeline.Session.Channel, closed.Rendition);
        }
        else
        {
            Skip(new SegmenterOutput.Gap(closed.Rendition, closed.Segment, closed.Start, closed.Duration, closed.WallClock));
        }

        if (closed.Leader)
        {
            _leader = closed.Rendition;
            _batch.ClosedDuration += closed.Duration.ToTimeSpan();
            _announcer.Disk.SegmentCompleted();
        }
    }

    private void Skip(SegmenterOutput.Gap gap)
    {
        var output = GetOutput(gap.Rendition);
        if (output.Init == 0)
        {
            // The rendition was never announced, so no gap is needed.
            return;
        }

        Add(new TimelineEvent.SegmentGap(gap.Rendition, gap.Segment, output.Init, gap.Start, gap.Duration, gap.WallClock));
        PackagerMetrics.Gap(timeline.Session.Channel, gap.Rendition);
        _gaps++;
        if (output.Drop() is { } empty)
        {
            _batch.ObsoleteObjects.Add(empty);
        }
    }

    private void CountLostPart(string rendition)
    {
        _announcer.Disk.PartLost();
        PackagerMetrics.PartLost(timeline.Session.Channel, rendition);
    }

    private RenditionWriter GetOutput(string rendition)
    {
        if (!_outputs.TryGetValue(rendition, out var output))
        {
            output = new RenditionWriter(context.Spool, timeline, rendition, maxUsedNumber, inits);
            _outputs.Add(rendition, output);
        }

        return output;
    }
}
