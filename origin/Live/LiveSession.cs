using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Thumbnails;

namespace Broadcast.Origin;

/// <summary>
/// A session as it is served. Events are folded under a short lock; manifests are drawn as data under the same lock and written outside it, once a version,
/// however many ask.
/// </summary>
internal sealed partial class LiveSession
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly SessionTimeline _timeline;
    private readonly PeriodFold _periods;
    private readonly Dictionary<string, RenditionRecord> _records = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, PlaylistCells> _playlists = new(StringComparer.Ordinal);
    private readonly DocumentCell _multivariant = new();
    private readonly MpdDocuments _mpds;
    private readonly DocumentCell _imagePlaylist = new();
    private readonly DocumentCell _cues = new();
    private readonly DocumentCell _channelCues = new();
    private readonly DateTimeOffset _startedAt;
    private DateTimeOffset _lastMedia;
    private DateTimeOffset _published;
    private DateTimeOffset _listed;
    private long _firstKept;
    private (TimelineSheet? Oldest, TimelineSheet? Newest) _sheets;
    private long _bandwidths;
    private string _captions = "";
    private readonly Announcement _announced = new();
    private long _listVersion;
    private volatile bool _playable;
    private volatile bool _ended;

    public LiveSession(BroadcastSession session, TimeProvider time)
        : this(session, time, null)
    {
    }

    private LiveSession(BroadcastSession session, TimeProvider time, AudienceBegin? begin)
    {
        (_timeline, _time, _startedAt, Begin, _firstKept) = (new SessionTimeline(session), time, session.StartedAt, begin, begin?.Segment ?? 0);
        _periods = new PeriodFold(session.Latency.OffersParts ? new SegmentCadence(session.Latency.PartTarget) : null, begin?.Segment ?? 1);
        _mpds = new MpdDocuments(() => _timeline.Session, DrawMpd);
        _lastMedia = time.GetUtcNow();
    }

    /// <summary>Its identity.</summary>
    public SessionId Id => _timeline.Session.Id;

    /// <summary>Its latency profile.</summary>
    public LatencyProfile Latency => _timeline.Session.Latency;

    /// <summary>Whether every rendition had a whole segment once. Stays true when another rendition joins.</summary>
    public bool IsPlayable => _playable;

    /// <summary>Whether it is over.</summary>
    public bool IsEnded => _ended;

    /// <summary>Why it is over.</summary>
    public string? EndReason => _timeline.EndReason;

    /// <summary>
    /// Completes when more of a rendition is announced, or the session ends; for a rendition nothing is known of, when anything is listed. Ask before looking for
    /// what is waited for: what comes between the look and the wait is then not missed.
    /// </summary>
    public Task MoreOf(string rendition)
    {
        lock (_gate)
        {
            return (_records.TryGetValue(rendition, out var record) ? record.Announced : _announced).Next;
        }
    }

    /// <summary>Folds events in. One that makes no sense is left out and told to <paramref name="refused"/>.</summary>
    public void Append(IReadOnlyList<TimelineEvent> events, Action<string> refused)
    {
        lock (_gate)
        {
            var (listChanged, allChanged) = (false, false);
            var wasEnded = _timeline.IsEnded;
            foreach (var @event in Begin?.Of(events) ?? events)
            {
                try
                {
                    Check(@event);
                    if (!_timeline.Apply(@event))
                    {
                        continue;
                    }
                }
                catch (InvalidDataException mistake)
                {
                    refused(mistake.Message);
                    continue;
                }

                // A part of an open segment is in no list yet; the first part of the next one may have closed the segment before.
                listChanged |= @event is not TimelineEvent.PartReady { Part: > 0 };
                if (@event is TimelineEvent.PartReady part)
                {
                    _lastMedia = _time.GetUtcNow();
                    _records.GetValueOrDefault(part.Rendition)?.Lateness.Came(_lastMedia - _startedAt - (part.Start + part.Duration).ToTimeSpan(), part.Duration.ToTimeSpan());
                }

                var rendition = RenditionOf(@event);
                allChanged |= rendition is null;
                if (rendition is not null && _records.TryGetValue(rendition, out var record))
                {
                    record.IsNews = true;
                    if (Latency.OffersParts || @event is not TimelineEvent.PartReady { Part: > 0 })
                    {
                        record.Playlist.Change();
                    }
                }
            }

            if (allChanged)
            {
                foreach (var record in _records.Values)
                {
                    record.Playlist.Change();
                }
            }

            if (listChanged)
            {
                Observe();
            }

            Announce(everything: _timeline.IsEnded && !wasEnded, listChanged);
            _shown?.Append(events, static _ => { });   // what makes no sense was told already
        }
    }

    /// <summary>The media playlist of a rendition, or <see langword="null"/> when there is none (yet).</summary>
    /// <param name="rendition">Its name.</param>
    /// <param name="isDelta">Whether old segments may be left out.</param>
    public Document? MediaPlaylist(string rendition, bool isDelta = false) =>
        _playlists.TryGetValue(rendition, out var cells)
            ? cells.Get(isDelta, () => Draw(() => _timeline.Find(rendition) is { } found ? Playlists.Media(_timeline, found, _records, isDelta) : null)?.ToDocument())
            : null;

    /// <summary>What a request for the media playlist of a rendition gets now.</summary>
    /// <param name="rendition">Its name.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="since">Timestamp of the request.</param>
    /// <param name="more">Where the verdict is to wait: completes when it is worth asking again.</param>
    public ReloadVerdict Judge(string rendition, ReloadRequest request, long since, out Task more)
    {
        lock (_gate)
        {
            var edge = _timeline.Find(rendition) is { } found ? RenditionEdge.Of(found, Latency) : null;
            var verdict = Reload.Judge(request, edge, Latency, new ProducerState(_ended, IsStalled), _time.GetElapsedTime(since));
            more = verdict == ReloadVerdict.Wait && _records.TryGetValue(rendition, out var record) ? record.Wait(since) : Task.CompletedTask;
            return verdict;
        }
    }

    /// <summary>Wakes those whose wait has been too long, all at once when the encoder is away.</summary>
    /// <param name="everybody">Whether nobody is to wait any longer.</param>
    /// <returns>Whether anybody waits still.</returns>
    public bool WakeWhoeverWaitsInVain(bool everybody = false)
    {
        lock (_gate)
        {
            var anybody = false;
            foreach (var record in _records.Values)
            {
                if (record.WaitedForSince is not { } since)
                {
                    continue;
                }

                if (everybody || IsStalled || _time.GetElapsedTime(since) >= Reload.LongestHold(Latency))
                {
                    record.Wake();
                }
                else
                {
                    anybody = true;
                }
            }

            return anybody;
        }
    }

    /// <summary>Whether playlists begin with chapters, and so have to be read from storage in parts.</summary>
    public bool KeepsPast => _timeline.Session.KeepsPast;

    /// <summary>Rises with everything that lists show.</summary>
    public long ListVersion => Volatile.Read(ref _listVersion);

    /// <summary>When what lists show last changed; to the millisecond never the same twice. Ask within <see cref="Read"/>.</summary>
    public DateTimeOffset ListedAt => _listed;

    /// <summary>First number that media playlists list: what was before it was lost. Ask within <see cref="Read"/>.</summary>
    public long FirstKept => _firstKept;

    /// <summary>What is before a number was lost, and is in no media playlist from now on: media sequence numbers may not decrease (RFC 8216, 6.2.2).</summary>
    public void Forgo(long first)
    {
        lock (_gate)
        {
            if (first <= _firstKept)
            {
                return;
            }

            _firstKept = first;
            foreach (var record in _records.Values)
            {
                record.Playlist.Change();
            }
        }
    }

    /// <summary>Where the media playlists of a rendition are kept, or <see langword="null"/> when the rendition is not known (yet).</summary>
    public PlaylistCells? CellsOf(string rendition) => _playlists.GetValueOrDefault(rendition);

    /// <summary>Where the MPD that begins with chapters is kept.</summary>
    public LongDocumentCell LongMpd { get; } = new();

    /// <summary>The same as the channel's address has it.</summary>
    public LongDocumentCell LongChannelMpd { get; } = new();

    /// <summary>The same as the channel's address behind a token has it.</summary>
    public LongDocumentCell LongGuardedMpd { get; } = new();

    /// <summary>Its channel.</summary>
    public ChannelName Channel => _timeline.Session.Channel;

    /// <summary>Reads timeline and records while nobody changes them; it must not take long.</summary>
    public T Read<T>(Func<SessionTimeline, IReadOnlyDictionary<string, RenditionRecord>, T> reading) => Draw(() => reading(_timeline, _records));

    /// <summary>The multivariant playlist, or <see langword="null"/> before the session can be played.</summary>
    public Document? MultivariantPlaylist() => !_playable ? null :
        _multivariant.Get(Volatile.Read(ref _listVersion), () => Draw(() => Playlists.Multivariant(_timeline, _records)).ToDocument());

    /// <summary>The MPD as the session's own address has it, or <see langword="null"/> before the session can be played.</summary>
    public Document? SessionMpd() => _playable ? _mpds.OfSession(ListVersion) : null;

    /// <summary>What has changed since an MPD was published, or <see langword="null"/> when none was then.</summary>
    /// <param name="published">When, as <see cref="MpdHistory.NumberOf"/> says it.</param>
    public Document? MpdPatch(long published) => SessionMpd() is null ? null : _mpds.PatchFrom(published);

    /// <summary>The MPD as the channel's address has it, or <see langword="null"/> before the session can be played.</summary>
    /// <param name="isGuarded">Whether a token stands before <c>/live</c> in the path that the player used; see <see cref="MpdDocuments.OfChannel"/>.</param>
    public Document? ChannelMpd(bool isGuarded = false) => _playable ? _mpds.OfChannel(ListVersion, isGuarded) : null;

    /// <summary>The MPD of the live window as data, or <see langword="null"/> before the session can be played.</summary>
    public Mpd? PlainMpd() => _playable ? DrawMpd() : null;

    /// <summary>The I-frame playlist of a rendition, or <see langword="null"/> when there is none (yet).</summary>
    public Document? KeyPlaylist(string rendition) => _playlists.TryGetValue(rendition, out var cells)
        ? cells.GetKeys(() => Draw(() => _timeline.Find(rendition) is { } found ? Playlists.Keys(_timeline, found) : null)) : null;

    /// <summary>The image playlist of the thumbnails, or <see langword="null"/> when there are none.</summary>
    public Document? ImagePlaylist() => _imagePlaylist.Get(
        Volatile.Read(ref _listVersion),
        () => Draw(() => ThumbnailTrack.Of(_timeline) is { } track ? Thumbnails.ImagePlaylist.Draw(track, _startedAt, _timeline.IsEnded) : null));

    /// <summary>The thumbnails as WebVTT, or <see langword="null"/> when there are none.</summary>
    /// <param name="folder">The session's folder as seen from the file: empty at the session's address.</param>
    public Document? ThumbnailCues(string folder) => (folder.Length == 0 ? _cues : _channelCues).Get(
        Volatile.Read(ref _listVersion),
        () => Draw(() => _timeline.Sheets.Count > 0 ? Thumbnails.ThumbnailCues.Draw(_timeline.Sheets, MediaEnd(), folder) : null));

    /// <summary>What a media address can be answered with now.</summary>
    public MediaVerdict Judge(LivePath path)
    {
        lock (_gate)
        {
            return Begin?.Hides(path) == true ? default : MediaVerdict.Of(_timeline, path);
        }
    }

    /// <summary>Where the newest poster is, or <see langword="null"/> when there is none.</summary>
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

    /// <summary>The session as viewers get it.</summary>
    public ChannelStatus Status()
    {
        lock (_gate)
        {
            var state = !_playable ? ChannelState.Starting
                : _ended ? ChannelState.Ended
                : IsStalled ? ChannelState.Interrupted
                : ChannelState.Live;
            return new ChannelStatus(_timeline.Session.Channel, state, Id, Begin is { } begin && begin.From > _startedAt ? begin.From : _startedAt, _playable ? LiveEdge.Of(_timeline, _records) : null,
            [
                .. _timeline.Renditions.Select(rendition => new RenditionStatus(
                    rendition.Name, rendition.Init?.Format, _records[rendition.Name].Bitrate.Average, _records[rendition.Name].Bitrate.Peak)),
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

    /// <summary>Wakes whoever waits, after everything that came together has been folded in.</summary>
    private void Announce(bool everything, bool listChanged)
    {
        foreach (var record in _records.Values)
        {
            if (everything || record.IsNews)
            {
                record.IsNews = false;
                record.Wake();
            }
        }

        if (everything || listChanged)
        {
            _announced.Tell();
        }
    }

    /// <summary>Whether nothing of any rendition has come for so long that the encoder must be away.</summary>
    private bool IsStalled => _time.GetUtcNow() - _lastMedia > 2 * Latency.TargetDuration;

    private static void Check(TimelineEvent @event)
    {
        if (@event is TimelineEvent.RenditionAdded added && !LivePath.IsRenditionName(added.Rendition))
        {
            throw new InvalidDataException($"'{added.Rendition}' cannot be a rendition's name: use 1 to {LivePath.MaxRenditionName} of a-z, 0-9, '-' and '_'.");
        }
    }

    private void Observe()
    {
        foreach (var rendition in _timeline.Renditions)
        {
            if (!_records.TryGetValue(rendition.Name, out var record))
            {
                _records.Add(rendition.Name, record = new RenditionRecord(Latency.TargetDuration));
                _playlists.TryAdd(rendition.Name, record.Playlist);
            }

            record.Observe(rendition);
        }

        var sheets = _timeline.Sheets is [var oldest, .., var newest] ? (oldest, newest) : (_timeline.Sheets.FirstOrDefault(), null);
        var bandwidths = _records.Values.Sum(record => BitrateMeter.Step(record.Bitrate.Peak) + (record.IsIndependent ? 1 : 0));
        var lag = _records.Values.Select(record => record.Lateness.Usual).DefaultIfEmpty().Max();
        var captions = string.Concat(_timeline.Renditions.Select(rendition => rendition.Init?.Format.Captions is { } seen ? $"{rendition.Name} {seen}\n" : ""));
        if (_periods.Settle(_timeline, lag) | sheets != _sheets | bandwidths != _bandwidths | captions != _captions)
        {
            (_sheets, _bandwidths, _captions) = (sheets, bandwidths, captions);
            Publish();
        }

        _ended = _timeline.IsEnded;
        _playable = _playable || (_records.Count > 0 && _records.Values.All(record => record.HasMedia));
        Volatile.Write(ref _listVersion, _listVersion + 1);
        _listed = After(_listed);
    }

    /// <summary>The MPD is another from now on: patches name it by this time, so that there are no two of the same millisecond.</summary>
    private void Publish() => _published = After(_published);

    private DateTimeOffset After(DateTimeOffset before)
    {
        var now = _time.GetUtcNow();
        return now > before.AddMilliseconds(1) ? now : before.AddMilliseconds(1);
    }

    private TimeSpan MediaEnd() => _timeline.Renditions.Where(rendition => rendition.Segments.Count > 0).Select(rendition => rendition.Segments[^1].End.ToTimeSpan()).DefaultIfEmpty().Max();

    private Mpd? DrawMpd() => Draw(() => MpdDrawing.Draw(_timeline, _periods, _records, _startedAt, _published));

    private T Draw<T>(Func<T> drawing)
    {
        lock (_gate)
        {
            return drawing();
        }
    }
}
