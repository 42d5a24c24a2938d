using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin.Live;

/// <summary>
/// A session being delivered. Events are applied under a short lock. Manifests are rendered to data under the same lock and serialized
/// outside it, once per version for all requests.
/// </summary>
internal sealed partial class LiveSession
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly SessionTimeline _timeline;
    private readonly PeriodProjection _periods;
    private readonly Dictionary<string, RenditionHistory> _records = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CachedPlaylists> _playlists = new(StringComparer.Ordinal);
    private readonly CachedDocument _multivariant = new();
    private readonly MpdDocuments _mpds;
    private readonly CachedDocument _imagePlaylist = new();
    private readonly CachedDocument _thumbnails = new();
    private readonly CachedDocument _channelThumbnails = new();
    private readonly DateTimeOffset _startedAt;
    private DateTimeOffset _lastMedia;
    private DateTimeOffset _published;
    private DateTimeOffset _manifestsChangedAt;
    private long _firstAvailable;
    private (TimelineSpriteSheet? Oldest, TimelineSpriteSheet? Newest) _sheets;
    private long _bandwidths;
    private string _captions = "";
    private readonly AsyncSignal _announced = new();
    private long _manifestVersion;
    private volatile bool _playable;
    private volatile bool _ended;

    public LiveSession(BroadcastSession session, TimeProvider time)
        : this(session, time, null)
    {
    }

    private LiveSession(BroadcastSession session, TimeProvider time, VisibilityStart? visibilityStart)
    {
        (_timeline, _time, _startedAt, VisibilityStart, _firstAvailable) =
            (new SessionTimeline(session), time, session.StartedAt, visibilityStart, visibilityStart?.Segment ?? 0);
        _periods = new PeriodProjection(session.Latency.OffersParts ? new SegmentCadence(session.Latency.PartTarget) : null,
            visibilityStart?.Segment ?? 1);
        _mpds = new MpdDocuments(() => _timeline.Session, RenderMpd);
        _lastMedia = time.GetUtcNow();
    }

    public SessionId Id => _timeline.Session.Id;

    public LatencyProfile Latency => _timeline.Session.Latency;

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
            var (manifestsChanged, allPlaylistsChanged) = (false, false);
            var wasEnded = _timeline.IsEnded;
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

                // A part of an open segment is in no manifest yet; the first part of a segment may have closed the previous segment.
                manifestsChanged |= @event is not TimelineEvent.PartReady { Part: > 0 };
                if (@event is TimelineEvent.PartReady part)
                {
                    _lastMedia = _time.GetUtcNow();
                    _records.GetValueOrDefault(part.Rendition)?.Lateness.Record(_lastMedia - _startedAt
                        - (part.Start + part.Duration).ToTimeSpan(), part.Duration.ToTimeSpan());
                }

                var rendition = RenditionOf(@event);
                allPlaylistsChanged |= rendition is null;
                if (rendition is not null && _records.TryGetValue(rendition, out var record))
                {
                    record.HasUpdate = true;
                    if (Latency.OffersParts || @event is not TimelineEvent.PartReady { Part: > 0 })
                    {
                        record.Playlist.Invalidate();
                    }
                }
            }

            if (allPlaylistsChanged)
            {
                foreach (var record in _records.Values)
                {
                    record.Playlist.Invalidate();
                }
            }

            if (manifestsChanged)
            {
                Observe();
            }

            Announce(everything: _timeline.IsEnded && !wasEnded, manifestsChanged);
            _visible?.Append(events, static _ => { });   // invalid events were already reported
        }
    }

    /// <summary>The media playlist of a rendition, or <see langword="null"/> when there is none (yet).</summary>
    /// <param name="rendition">Name of the rendition.</param>
    /// <param name="isDelta">Whether old segments may be omitted.</param>
    public Document? MediaPlaylist(string rendition, bool isDelta = false) =>
        _playlists.TryGetValue(rendition, out var cells)
            ? cells.Get(isDelta, () => WithLock(() => _timeline.Find(rendition) is { } found
                ? PlaylistRenderer.Media(_timeline, found, _records, isDelta) : null)?.ToDocument())
            : null;

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

    /// <summary>Indicates whether playlists start with index blocks, which are read from storage.</summary>
    public bool HasDvrWindow => _timeline.Session.HasDvrWindow;

    /// <summary>Version of the manifests' content; increases with every change.</summary>
    public long ManifestVersion => Volatile.Read(ref _manifestVersion);

    /// <summary>Time of the last change of the manifests' content; unique to the millisecond. Read within <see cref="Read"/>.</summary>
    public DateTimeOffset ManifestsChangedAt => _manifestsChangedAt;

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
            foreach (var record in _records.Values)
            {
                record.Playlist.Invalidate();
            }
        }
    }

    /// <summary>Cached media playlists of a rendition, or <see langword="null"/> when the rendition is unknown.</summary>
    public CachedPlaylists? CachedPlaylistsOf(string rendition) => _playlists.GetValueOrDefault(rendition);

    /// <summary>Cached MPD that starts with index blocks.</summary>
    public CachedLongDocument LongMpd { get; } = new();

    /// <summary>Cached MPD with index blocks for the channel's URL.</summary>
    public CachedLongDocument LongChannelMpd { get; } = new();

    /// <summary>Cached MPD with index blocks for the channel's URL behind a token.</summary>
    public CachedLongDocument LongProtectedMpd { get; } = new();

    public ChannelName Channel => _timeline.Session.Channel;

    /// <summary>Reads timeline and renditions under the lock; <paramref name="reading"/> must be fast.</summary>
    public T Read<T>(Func<SessionTimeline, IReadOnlyDictionary<string, RenditionHistory>, T> reading) =>
        WithLock(() => reading(_timeline, _records));

    /// <summary>The multivariant playlist, or <see langword="null"/> before the session is playable.</summary>
    public Document? MultivariantPlaylist() => !_playable ? null :
        _multivariant.Get(Volatile.Read(ref _manifestVersion),
            () => WithLock(() => PlaylistRenderer.Multivariant(_timeline, _records)).ToDocument());

    /// <summary>The MPD for the session's URL, or <see langword="null"/> before the session is playable.</summary>
    public Document? SessionMpd() => _playable ? _mpds.OfSession(ManifestVersion) : null;

    /// <summary>Changes since an MPD was published, or <see langword="null"/> when none was published at that time.</summary>
    /// <param name="published">Publish time, as given by <see cref="MpdHistory.NumberOf"/>.</param>
    public Document? MpdPatch(long published) => SessionMpd() is null ? null : _mpds.PatchFrom(published);

    /// <summary>The MPD for the channel's URL, or <see langword="null"/> before the session is playable.</summary>
    /// <param name="isProtected">Whether the request path has a token before <c>/live</c>; see
    /// <see cref="MpdDocuments.OfChannel"/>.</param>
    public Document? ChannelMpd(bool isProtected = false) => _playable ? _mpds.OfChannel(ManifestVersion, isProtected) : null;

    /// <summary>The MPD of the live window as data, or <see langword="null"/> before the session is playable.</summary>
    public Mpd? PlainMpd() => _playable ? RenderMpd() : null;

    /// <summary>The I-frame playlist of a rendition, or <see langword="null"/> when there is none (yet).</summary>
    public Document? IFramePlaylist(string rendition) => _playlists.TryGetValue(rendition, out var cells)
        ? cells.GetIFrames(() => WithLock(() => _timeline.Find(rendition) is { } found ? PlaylistRenderer.IFrames(_timeline, found) : null))
        : null;

    /// <summary>The image playlist of the thumbnails, or <see langword="null"/> when there are none.</summary>
    public Document? ImagePlaylist() => _imagePlaylist.Get(
        Volatile.Read(ref _manifestVersion),
        () => WithLock(() => ThumbnailTrack.Of(_timeline) is { } track
            ? Broadcast.Origin.Thumbnails.ImagePlaylist.Render(track, _startedAt, _timeline.IsEnded) : null));

    /// <summary>The thumbnails as WebVTT, or <see langword="null"/> when there are none.</summary>
    /// <param name="folder">The session's folder relative to the file: empty at the session's URL.</param>
    public Document? ThumbnailVtt(string folder) => (folder.Length == 0 ? _thumbnails : _channelThumbnails).Get(
        Volatile.Read(ref _manifestVersion),
        () => WithLock(() => _timeline.SpriteSheets.Count > 0
            ? Broadcast.Origin.Thumbnails.ThumbnailVtt.Render(_timeline.SpriteSheets, MediaEnd(), folder) : null));

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
                > _startedAt ? visibilityStart.From : _startedAt, _playable ? LiveEdge.Of(_timeline, _records) : null,
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

    /// <summary>Indicates whether no rendition has received media for so long that the encoder must be disconnected.</summary>
    private bool IsStalled => _time.GetUtcNow() - _lastMedia > 2 * Latency.TargetDuration;

    private static void Check(TimelineEvent @event)
    {
        if (@event is TimelineEvent.RenditionAdded added && !ObjectNames.IsRendition(added.Rendition))
        {
            throw new InvalidDataException(
                $"'{added.Rendition}' is not a valid rendition name: use 1 to {ObjectNames.MaxRendition} of a-z, 0-9, '-' and '_'.");
        }
    }

    private void Observe()
    {
        foreach (var rendition in _timeline.Renditions)
        {
            if (!_records.TryGetValue(rendition.Name, out var record))
            {
                _records.Add(rendition.Name, record = new RenditionHistory(Latency.TargetDuration));
                _playlists.TryAdd(rendition.Name, record.Playlist);
            }

            record.Observe(rendition);
        }

        var sheets = _timeline.SpriteSheets is [var oldest, .., var newest] ? (oldest, newest)
            : (_timeline.SpriteSheets.FirstOrDefault(), null);
        var bandwidths = _records.Values.Sum(record => BitrateMeter.Step(record.Bitrate.Peak) + (record.IsIndependent ? 1 : 0));
        var lag = _records.Values.Select(record => record.Lateness.Typical).DefaultIfEmpty().Max();
        var captions = string.Concat(_timeline.Renditions
            .Select(rendition => rendition.Init?.Format.Captions is { } seen ? $"{rendition.Name} {seen}\n" : ""));
        if (_periods.Settle(_timeline, lag) | sheets != _sheets | bandwidths != _bandwidths | captions != _captions)
        {
            (_sheets, _bandwidths, _captions) = (sheets, bandwidths, captions);
            Publish();
        }

        _ended = _timeline.IsEnded;
        _playable = _playable || (_records.Count > 0 && _records.Values.All(record => record.HasMedia));
        Volatile.Write(ref _manifestVersion, _manifestVersion + 1);
        _manifestsChangedAt = After(_manifestsChangedAt);
    }

    /// <summary>Sets a new publish time. Patches identify the MPD by it, so publish times are unique to the millisecond.</summary>
    private void Publish() => _published = After(_published);

    private DateTimeOffset After(DateTimeOffset before)
    {
        var now = _time.GetUtcNow();
        return now > before.AddMilliseconds(1) ? now : before.AddMilliseconds(1);
    }

    private TimeSpan MediaEnd() => _timeline.Renditions.Where(rendition => rendition.Segments.Count > 0)
        .Select(rendition => rendition.Segments[^1].End.ToTimeSpan()).DefaultIfEmpty().Max();

    private Mpd? RenderMpd() => WithLock(() => MpdRenderer.Render(_timeline, _periods, _records, _startedAt, _published));

    private T WithLock<T>(Func<T> render)
    {
        lock (_gate)
        {
            return render();
        }
    }
}
