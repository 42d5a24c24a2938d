using Broadcast.Media;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Live;

/// <summary>
/// A session being delivered: its timeline, projected from events under a short lock, and the requests that wait for it. All viewers share
/// it and its <see cref="Manifests"/>.
/// </summary>
internal sealed partial class LiveSession
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly SessionTimeline _timeline;
    private readonly Dictionary<string, RenditionHistory> _records = new(StringComparer.Ordinal);
    private readonly ChangeTime _manifestsChanged = new();
    private readonly AsyncSignal _announced = new();
    private long _lastMedia;
    private long _firstAvailable;
    private long _manifestVersion;
    private volatile bool _playable;
    private volatile bool _ended;
    private volatile bool _replaced;
    private volatile LiveSession? _replacement;

    public LiveSession(BroadcastSession session, TimeProvider time)
        : this(session, time, null)
    {
    }

    private LiveSession(BroadcastSession session, TimeProvider time, VisibilityStart? visibilityStart, bool isMirror = false)
    {
        (_timeline, _time, StartedAt, VisibilityStart, _firstAvailable, IsMirror) =
            (new SessionTimeline(session), time, session.StartedAt, visibilityStart, visibilityStart?.Segment ?? 0, isMirror);
        Mpd = new MpdState(session.Latency, visibilityStart?.Segment ?? 1);
        Manifests = new SessionManifests(this);
        _lastMedia = time.GetTimestamp();
    }

    public SessionId Id => _timeline.Session.Id;

    public ChannelName Channel => _timeline.Session.Channel;

    public LatencyProfile Latency => _timeline.Session.Latency;

    /// <summary>Wall-clock time at the session's time zero.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>Indicates whether playlists start with index blocks, which are read from storage.</summary>
    public bool HasDvrWindow => _timeline.Session.HasDvrWindow;

    /// <summary>The cached manifests.</summary>
    public SessionManifests Manifests { get; }

    /// <summary>State of the MPD. Read within <see cref="Read"/>.</summary>
    public MpdState Mpd { get; }

    /// <summary>Indicates whether every rendition has had a closed segment. Stays true when another rendition joins.</summary>
    public bool IsPlayable => _playable;

    public bool IsEnded => _ended;

    public string? EndReason => _timeline.EndReason;

    /// <summary>
    /// Completes when a rendition has more media or the session ends; for an unknown rendition, when any manifest changes. Get the task
    /// before checking for the media, so that an update between check and wait is not missed.
    /// </summary>
    public Task NextUpdateOf(string rendition)
    {
        lock (_gate)
        {
            return (_records.TryGetValue(rendition, out var record) ? record.UpdateSignal : _announced).Next;
        }
    }

    /// <summary>Applies events. An invalid event is skipped and reported to <paramref name="rejected"/>.</summary>
    public void Append(IReadOnlyList<TimelineEvent> events, Action<string> rejected)
    {
        lock (_gate)
        {
            Append(events, _time.GetUtcNow(), rejected);
        }
    }

    /// <summary>Applies events at a time of the server that owns the session.</summary>
    private void Append(IReadOnlyList<TimelineEvent> events, DateTimeOffset now, Action<string> rejected)
    {
        lock (_gate)
        {
            var (manifestsChanged, allPlaylistsChanged) = (false, false);
            var wasEnded = _timeline.IsEnded;
            var applied = _followers.Count > 0 ? new List<TimelineEvent>(events.Count) : null;
            foreach (var @event in VisibilityStart?.Of(events) ?? events)
            {
                try
                {
                    Check(@event);
                    if (!_timeline.Apply(@event))
                    {
                        continue;
                    }
                }
                catch (InvalidDataException exception)
                {
                    rejected(exception.Message);
                    continue;
                }

                applied?.Add(@event);

                // A part of an open segment is in no manifest yet; the first part of a segment may have closed the previous segment.
                manifestsChanged |= @event is not TimelineEvent.PartReady { Part: > 0 };
                if (@event is TimelineEvent.PartReady part)
                {
                    _lastMedia = _time.GetTimestamp();
                    _records.GetValueOrDefault(part.Rendition)?.Lateness.Record(now - StartedAt
                        - (part.Start + part.Duration).ToTimeSpan(), part.Duration.ToTimeSpan());
                }

                var rendition = RenditionOf(@event);
                allPlaylistsChanged |= rendition is null;
                if (rendition is not null && _records.TryGetValue(rendition, out var record))
                {
                    record.HasUpdate = true;
                    if (Latency.OffersParts || @event is not TimelineEvent.PartReady { Part: > 0 })
                    {
                        Manifests.Invalidate(rendition);
                    }
                }
            }

            if (allPlaylistsChanged)
            {
                Manifests.InvalidateAll();
            }

            if (manifestsChanged)
            {
                Observe(now);
            }

            Announce(everything: _timeline.IsEnded && !wasEnded, manifestsChanged);
            _visible?.Append(events, now, static _ => { });   // invalid events were already reported
            if (applied is { Count: > 0 })
            {
                Publish(new FeedBatch(now, applied));
            }
        }
    }

    /// <summary>Evaluates a request for the media playlist of a rendition.</summary>
    /// <param name="rendition">Name of the rendition.</param>
    /// <param name="request">Delivery directives of the request.</param>
    /// <param name="since">Timestamp of the request.</param>
    /// <param name="more">Completes when the request should be evaluated again, if the decision is to wait.</param>
    public ReloadDecision Evaluate(string rendition, DeliveryDirectives request, long since, out Task more)
    {
        lock (_gate)
        {
            var edge = _timeline.Find(rendition) is { } found ? RenditionEdge.Of(found, Latency) : null;
            var decision = BlockingReload.Evaluate(request, edge, Latency, new ProducerState(_ended, IsStalled),
                _time.GetElapsedTime(since));
            more = decision == ReloadDecision.Hold && _records.TryGetValue(rendition, out var record) ? record.Wait(since)
                : Task.CompletedTask;
            return decision;
        }
    }

    /// <summary>Wakes the requests that have waited too long, or all when the encoder is disconnected.</summary>
    /// <param name="all">Whether to wake all requests.</param>
    /// <returns>Whether requests still wait.</returns>
    public bool WakeExpiredRequests(bool all = false)
    {
        lock (_gate)
        {
            var anyWaiting = false;
            foreach (var record in _records.Values)
            {
                if (record.OldestWaiterSince is not { } since)
                {
                    continue;
                }

                if (all || IsStalled || _time.GetElapsedTime(since) >= BlockingReload.MaxHoldTime(Latency))
                {
                    record.Wake();
                }
                else
                {
                    anyWaiting = true;
                }
            }

            return anyWaiting;
        }
    }

    /// <summary>Version of the manifests' content; increases with every change.</summary>
    public long ManifestVersion => Volatile.Read(ref _manifestVersion);

    /// <summary>Time of the last change of the manifests' content; unique to the millisecond. Read within <see cref="Read"/>.</summary>
    public DateTimeOffset ManifestsChangedAt => _manifestsChanged.Value;

    /// <summary>First sequence number in media playlists; earlier segments were lost. Read within <see cref="Read"/>.</summary>
    public long FirstAvailable => _firstAvailable;

    /// <summary>
    /// Removes segments before a sequence number from all media playlists, because they were lost. Never reverts: media sequence numbers
    /// may not decrease (RFC 8216, 6.2.2).
    /// </summary>
    public void DropBefore(long first)
    {
        lock (_gate)
        {
            if (first <= _firstAvailable)
            {
                return;
            }

            _firstAvailable = first;
            Manifests.InvalidateAll();
        }
    }

    /// <summary>Reads timeline and renditions under the lock; <paramref name="reading"/> must be fast.</summary>
    public T Read<T>(Func<SessionTimeline, IReadOnlyDictionary<string, RenditionHistory>, T> reading)
    {
        lock (_gate)
        {
            return reading(_timeline, _records);
        }
    }

    /// <summary>Availability of the media at a path.</summary>
    public MediaAvailability Evaluate(LivePath path)
    {
        lock (_gate)
        {
            return VisibilityStart?.Hides(path) == true ? default : MediaAvailability.Of(_timeline, path);
        }
    }

    /// <summary>The newest poster, or <see langword="null"/> when there is none.</summary>
    public TimelinePoster? Poster
    {
        get
        {
            lock (_gate)
            {
                return _timeline.Poster;
            }
        }
    }

    /// <summary>The session's status for viewers.</summary>
    public ChannelStatus Status()
    {
        lock (_gate)
        {
            var state = !_playable ? ChannelState.Starting
                : _ended ? ChannelState.Ended
                : IsStalled ? ChannelState.Interrupted
                : ChannelState.Live;
            return new ChannelStatus(_timeline.Session.Channel, state, Id, VisibilityStart is { } visibilityStart && visibilityStart.From
                > StartedAt ? visibilityStart.From : StartedAt, _playable ? LiveEdge.Of(_timeline, _records) : null,
            [
                .. _timeline.Renditions.Select(rendition => new RenditionStatus(
                    rendition.Name, rendition.Init?.Format, _records[rendition.Name].Bitrate.Average,
                    _records[rendition.Name].Bitrate.Peak)),
            ]);
        }
    }

    private static string? RenditionOf(TimelineEvent @event) => @event switch
    {
        TimelineEvent.PartReady part => part.Rendition,
        TimelineEvent.SegmentClosed closed => closed.Rendition,
        TimelineEvent.SegmentGap gap => gap.Rendition,
        _ => null,
    };

    /// <summary>Wakes waiting requests after all events of a batch were applied.</summary>
    private void Announce(bool everything, bool manifestsChanged)
    {
        foreach (var record in _records.Values)
        {
            if (everything || record.HasUpdate)
            {
                record.HasUpdate = false;
                record.Wake();
            }
        }

        if (everything || manifestsChanged)
        {
            _announced.Signal();
        }
    }

    /// <summary>Indicates whether the newest media are the slate's, or none have arrived for longer than requests are held.</summary>
    public bool LacksEncoder
    {
        get
        {
            lock (_gate)
            {
                return IsStalled || _timeline.Slate is not null;
            }
        }
    }

    /// <summary>Indicates whether no rendition has received media for so long that the encoder must be disconnected.</summary>
    private bool IsStalled => _replaced || _time.GetElapsedTime(_lastMedia) > 2 * Latency.TargetDuration;

    private static void Check(TimelineEvent @event)
    {
        if (@event is TimelineEvent.RenditionAdded added && !ObjectNames.IsRendition(added.Rendition))
        {
            throw new InvalidDataException(
                $"'{added.Rendition}' is not a valid rendition name: use 1 to {ObjectNames.MaxRendition} of a-z, 0-9, '-' and '_'.");
        }
    }

    private void Observe(DateTimeOffset now)
    {
        foreach (var rendition in _timeline.Renditions)
        {
            if (!_records.TryGetValue(rendition.Name, out var record))
            {
                _records.Add(rendition.Name, record = new RenditionHistory(Latency.TargetDuration));
                Manifests.Add(rendition.Name);
            }

            record.Observe(rendition);
        }

        Mpd.Observe(_timeline, _records, now);
        _ended = _timeline.IsEnded;
        _playable = _playable || (_records.Count > 0 && _records.Values.All(record => record.HasMedia));
        Volatile.Write(ref _manifestVersion, _manifestVersion + 1);
        _manifestsChanged.Advance(now);
    }
}
