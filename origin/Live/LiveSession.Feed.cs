using System.Text;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Live;

/// <content>
/// Feeds of a session. The owner sends every follower a snapshot, and then the batches that it applies, each with its time. A mirror is
/// restored from the snapshot and applies the same batches, so that both render the same manifests.
/// </content>
internal sealed partial class LiveSession
{
    /// <summary>Maximum batches that wait for a follower: half a minute or more of a low-latency session with eight renditions.</summary>
    public const int MaxWaitingBatches = 1024;

    private readonly List<Subscription> _followers = [];

    /// <summary>Indicates whether another server owns the session.</summary>
    public bool IsMirror { get; }

    /// <summary>
    /// Indicates whether this object no longer changes: another one continues the session (<see cref="Newest"/>), or this server no longer
    /// serves it.
    /// </summary>
    public bool IsReplaced => _replaced;

    /// <summary>
    /// The object that serves the session now. Another one replaces it when a mirror starts from a new snapshot, or when the session
    /// changes between a mirror and a session of this server. Held requests continue there.
    /// </summary>
    public LiveSession Newest
    {
        get
        {
            var newest = this;
            while (newest._replacement is { } next)
            {
                newest = next;
            }

            return newest;
        }
    }

    /// <summary>Subscribes to the session.</summary>
    public ISessionFeed Follow()
    {
        lock (_gate)
        {
            var subscription = new Subscription(this, new FeedSnapshot(_timeline.Checkpoint(), GetState().ToJson()));
            _followers.Add(subscription);
            return subscription;
        }
    }

    /// <summary>Completes all feeds, because the session is no longer served.</summary>
    public void EndFeeds()
    {
        lock (_gate)
        {
            _followers.ForEach(follower => follower.Complete());
            _followers.Clear();
        }
    }

    /// <summary>Creates a mirror of a session.</summary>
    /// <exception cref="InvalidDataException">The snapshot is malformed, or contradicts itself.</exception>
    public static LiveSession Restore(ChannelName channel, SessionId id, FeedSnapshot snapshot, TimeProvider time) =>
        Restore(channel, id, snapshot.Checkpoint, ProjectionState.Parse(snapshot.Projection.Span), time, null);

    /// <summary>
    /// Creates the session of this server that takes a mirrored one over. The state of manifests continues; the timeline is that of the
    /// packager, which continues where the copy ends.
    /// </summary>
    /// <param name="mirror">The mirror.</param>
    /// <param name="checkpoint">Events that rebuild the timeline of the packager.</param>
    /// <exception cref="InvalidDataException">The events contradict the state of the mirror.</exception>
    public static LiveSession Promote(LiveSession mirror, IReadOnlyList<TimelineEvent> checkpoint)
    {
        lock (mirror._gate)
        {
            var promoted = Restore(mirror.Channel, mirror.Id, checkpoint, mirror.GetState() with { Visible = null }, mirror._time, null,
                isMirror: false);
            var now = mirror._time.GetUtcNow();
            promoted.Observe(now);
            if (mirror._visible is { VisibilityStart: { } start } visible)
            {
                var first = Math.Max(start.Segment, promoted._timeline.FirstSegment);
                promoted._visible = Restore(mirror.Channel, mirror.Id,
                    [.. checkpoint, new TimelineEvent.WindowMoved(first, visible._timeline.Period)], visible.GetState(), mirror._time,
                    start, isMirror: false);
                promoted._visible.Observe(now);
            }

            return promoted;
        }
    }

    /// <summary>Applies a batch of the owner.</summary>
    /// <exception cref="InvalidDataException">An event contradicts the timeline.</exception>
    public void Append(FeedBatch batch)
    {
        lock (_gate)
        {
            string? error = null;
            Append(batch.Events, batch.At, message => error ??= message);
            if (batch.Visibility is { } visibility && _visible?.VisibilityStart?.From != visibility.From)
            {
                Show(visibility.From, visibility.Segment, batch.At);
            }

            if (error is not null)
            {
                throw new InvalidDataException(error);
            }
        }
    }

    /// <summary>Marks the object as replaced, and wakes the requests that it holds.</summary>
    /// <param name="by">The object that serves the session now; <see langword="null"/> when none does.</param>
    public void Replace(LiveSession? by)
    {
        lock (_gate)
        {
            (_replacement, _replaced) = (by, true);
            Announce(everything: true, manifestsChanged: true);
            _visible?.Replace(by?._visible);
        }
    }

    private static LiveSession Restore(ChannelName channel, SessionId id, IReadOnlyList<TimelineEvent> checkpoint, ProjectionState state,
        TimeProvider time, VisibilityStart? visibilityStart, bool isMirror = true)
    {
        if (checkpoint is not [TimelineEvent.Started started, ..])
        {
            throw new InvalidDataException("The checkpoint does not begin with the start of the session.");
        }

        var session = new LiveSession(started.Session with { Channel = channel, Id = id }, time, visibilityStart, isMirror);
        foreach (var @event in visibilityStart?.Of(checkpoint) ?? checkpoint)
        {
            Check(@event);
            session._timeline.Apply(@event);
        }

        session.Restore(state);
        if (state.Visible is { } visible)
        {
            try
            {
                session._visible = Restore(channel, id, TimelineJson.ParseLines(Encoding.UTF8.GetBytes(visible.Checkpoint)),
                    visible.Projection, time, new VisibilityStart(visible.From, visible.Segment, visible.Start, visible.IsExact, null));
            }
            catch (InvalidTimelineEventException error)
            {
                throw new InvalidDataException(error.Message, error);
            }
        }

        return session;
    }

    private void Restore(ProjectionState state)
    {
        foreach (var rendition in _timeline.Renditions)
        {
            var record = new RenditionHistory(Latency.TargetDuration);
            if (state.Renditions.FirstOrDefault(known => known.Name == rendition.Name) is { } known)
            {
                record.Restore(known);
                _records.Add(rendition.Name, record);
                Manifests.Add(rendition.Name);
            }
        }

        // A checkpoint can begin later than the state, whose first periods then have left the window.
        Mpd.Restore(state.Periods, state.PublishedAt, _timeline, _records);
        (_ended, _playable, _firstAvailable, _manifestVersion) = (_timeline.IsEnded, state.IsPlayable, state.FirstAvailable, 1);
        _manifestsChanged.Restore(state.ChangedAt);
        _lastMedia = _time.GetTimestamp() - (long)(state.SinceMedia.TotalSeconds * _time.TimestampFrequency);
    }

    private ProjectionState GetState() => new(
        [.. _records.Select(record => record.Value.GetState(record.Key))], Mpd.Periods.GetState(), Mpd.PublishedAt,
        _manifestsChanged.Value, _firstAvailable, _time.GetElapsedTime(_lastMedia), _playable)
    {
        Visible = _visible?.GetVisibleState(),
    };

    private VisiblePartState GetVisibleState()
    {
        lock (_gate)
        {
            var start = VisibilityStart!;
            return new VisiblePartState(start.From, start.Segment, start.Start, start.IsExact,
                Encoding.UTF8.GetString(JournalFile.Lines([.. _timeline.Checkpoint().Select(WithWholeBlock)])), GetState());
        }
    }

    /// <summary>
    /// Undoes the shortening of an index block by <see cref="VisibilityStart.Of(IReadOnlyList{TimelineEvent})"/>, which applies again when
    /// the visible part is restored. A shortened event is not valid in a journal.
    /// </summary>
    private static TimelineEvent WithWholeBlock(TimelineEvent @event) =>
        @event is TimelineEvent.IndexBlockReady { Renditions.Count: > 0 } block
            ? block with { First = Math.Min(block.First, block.Renditions.Min(range => range.First)) } : @event;

    /// <summary>Sends a batch to all followers, and cuts off those whose queue is full. Called under the lock.</summary>
    private void Publish(FeedBatch batch) => _followers.RemoveAll(follower => !follower.TrySend(batch));

    private void Remove(Subscription subscription)
    {
        lock (_gate)
        {
            _followers.Remove(subscription);
        }
    }

    private sealed class Subscription(LiveSession session, FeedSnapshot snapshot) : ISessionFeed
    {
        private readonly Channel<FeedBatch> _batches = System.Threading.Channels.Channel.CreateBounded<FeedBatch>(
            new BoundedChannelOptions(MaxWaitingBatches) { SingleReader = true });

        private readonly CancellationTokenSource _cutOff = new();

        public FeedSnapshot Snapshot => snapshot;

        public CancellationToken CutOff => _cutOff.Token;

        public ChannelReader<FeedBatch> Batches => _batches.Reader;

        public bool TrySend(FeedBatch batch)
        {
            if (_batches.Writer.TryWrite(batch))
            {
                return true;
            }

            // Callbacks must not run under the session's lock.
            _ = _cutOff.CancelAsync();
            Complete();
            return false;
        }

        public void Complete() => _batches.Writer.TryComplete();

        public void Dispose()
        {
            session.Remove(this);
            Complete();
            _cutOff.Dispose();
        }
    }
}
