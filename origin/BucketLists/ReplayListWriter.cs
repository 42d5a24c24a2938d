using Broadcast.Media;
using Broadcast.Origin.Recordings;
using Broadcast.Origin.Rewinding;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.BucketLists;

/// <summary>
/// Puts the playlists and MPDs of recordings and clips into the store, under the names of their addresses, so that a CDN on the bucket alone replays them: those that everybody may watch, once their session is over and the store has
/// all of it. It holds what there is against what should be there: when control or a session's end tells of a change, and every ten minutes. So a change that nobody told, also while no server ran, comes into the bucket,
/// and what was deleted or hidden leaves it. One recording is drawn at a time; the memory is a number for each that has lists, and a round's list of recordings.
/// </summary>
internal sealed class ReplayListWriter(
    RecordingShelf shelf, LiveDirectory directory, ReplayPlaylists playlists, ISpool spool, IObjectStore store, IOptions<OriginOptions> options, TimeProvider time, ILogger<ReplayListWriter> logger,
    IRecordingList? recordings = null, IViewerAuthority? authority = null)
    : BackgroundService, ITimelineSink
{
    /// <summary>How often is looked whether something changed.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>How often all is gone through though nothing is said to have changed.</summary>
    private static readonly TimeSpan Round = TimeSpan.FromMinutes(10);

    /// <summary>Longest until what could not be done is tried again.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>Recordings that are read at a time.</summary>
    private const int PageSize = 500;

    /// <summary>Recordings that may fail in a round before the rest are not tried: mostly the store is away then.</summary>
    private const int MaxFailures = 3;

    /// <summary>What lies in the bucket, with the rank of its index: <see langword="null"/> where that was not looked at, or not noted.</summary>
    private readonly Dictionary<RecordingId, ListRank?> _there = [];

    /// <summary>Who may watch the channels that have recordings, as it was in the last round.</summary>
    private readonly Dictionary<ChannelName, ViewerAccess?> _access = [];

    private bool _isLearnt;
    private bool _isDone;
    private bool _isFailing;
    private int _tries;
    private long _changes;
    private long _looked;
    private long _notBefore;
    private volatile bool _hasEnded;

    /// <summary>A session that ends becomes something to list.</summary>
    public void Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events)
    {
        foreach (var @event in events)
        {
            if (@event is TimelineEvent.Ended)
            {
                _hasEnded = true;
            }
        }
    }

    /// <summary>Nothing: control tells what is deleted.</summary>
    public void Forget(ChannelName channel, SessionId session)
    {
    }

    /// <summary>Goes through all, where there is a reason to; for the clock, and for tests. One call at a time. Throws only when cancelled.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        if (recordings is null || time.GetTimestamp() < _notBefore || !IsDue(recordings))
        {
            return;
        }

        _hasEnded = false;
        var changes = recordings.Changes;
        try
        {
            _isDone = false;
            _isDone = await GoThroughAsync(recordings, cancellationToken);
            if (_isDone && _isFailing)
            {
                _isFailing = false;
                OriginLog.ReplayListsBack(logger);
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (RecordingsAwayException)
        {
            // Control tells of it. Nothing is taken for deleted.
        }
        catch (Exception failure)
        {
            Tell(failure);
        }

        (_changes, _looked) = (changes, time.GetTimestamp());
        _tries = _isDone ? 0 : _tries + 1;
        var pause = _isDone ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, 1 << Math.Min(_tries, 5)));
        _notBefore = _looked + (long)(pause.TotalSeconds * time.TimestampFrequency);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var clock = new PeriodicTimer(Interval, time);
            while (await clock.WaitForNextTickAsync(stoppingToken))
            {
                await LookAsync(stoppingToken);
            }
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops; the next one goes on.
        }
    }

    private bool IsDue(IRecordingList list) =>
        !_isDone || _hasEnded || list.Changes != _changes || time.GetElapsedTime(_looked) >= Round || _access.Any(known => AccessNow(known.Key) != known.Value);

    /// <returns>Whether nothing is left to be done; otherwise it is tried again.</returns>
    private async Task<bool> GoThroughAsync(IRecordingList list, CancellationToken cancellationToken)
    {
        await LearnAsync(cancellationToken);
        _access.Clear();
        var wanted = new HashSet<RecordingId>();
        var toBring = new List<RecordingRange>();
        var (isDone, failures) = (true, 0);
        RecordingId? before = null;
        IReadOnlyList<RecordingRange> page;
        do
        {
            page = await list.VisibleAsync(before, PageSize, cancellationToken);
            foreach (var recording in page)
            {
                before = recording.Id;
                switch (recording.Access ?? AccessOf(recording.Channel))
                {
                    case ViewerAccess.Public:
                        wanted.Add(recording.Id);
                        toBring.Add(recording);
                        break;
                    case null:
                        // What is there stays until it is known who may watch.
                        wanted.Add(recording.Id);
                        break;
                    default:
                        // A bucket asks nobody for tokens.
                        break;
                }
            }
        }
        while (page.Count == PageSize);

        // First of all, what is not to be seen any more: it waits for nothing.
        foreach (var gone in _there.Keys.Where(id => !wanted.Contains(id)).ToList())
        {
            await RemoveAsync(gone, [], cancellationToken);
            _there.Remove(gone);
        }

        foreach (var recording in toBring)
        {
            try
            {
                isDone = await BringAsync(recording, cancellationToken) && isDone;
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested && failures < MaxFailures)
            {
                // The others do not wait for this one.
                (isDone, failures) = (false, failures + 1);
                Tell(failure);
            }
        }

        return isDone;
    }

    private void Tell(Exception failure)
    {
        BucketListMetrics.Failed();
        if (!_isFailing)
        {
            _isFailing = true;
            OriginLog.ReplayListsFail(logger, failure.Message);
        }
    }

    /// <summary>What an earlier process left.</summary>
    private async Task LearnAsync(CancellationToken cancellationToken)
    {
        if (_isLearnt)
        {
            return;
        }

        await foreach (var folder in store.ListFoldersAsync(ReplayLists.Root, cancellationToken))
        {
            if (RecordingId.TryParse(folder, out var recording))
            {
                _there.TryAdd(recording, null);
            }
        }

        _isLearnt = true;
    }

    /// <summary>Brings a recording's lists into the store, where they are not what they should be.</summary>
    /// <returns><see langword="false"/> when that has to wait.</returns>
    private async Task<bool> BringAsync(RecordingRange recording, CancellationToken cancellationToken)
    {
        var isThere = _there.TryGetValue(recording.Id, out var rank);
        if (isThere && rank is null)
        {
            rank = (await store.FindAsync(ReplayLists.IndexOf(recording.Id), cancellationToken))?.Rank;
            _there[recording.Id] = rank;
        }

        if (ReplayForm.IsOf(recording, rank))
        {
            return true;
        }

        if (await shelf.OpenAsync(recording.Channel, recording.Session, cancellationToken) is not { } whole || directory.Audience.Of(whole) is not { } session || !session.IsEnded)
        {
            // Its end will be told. What can be read of none is not listed either.
            return true;
        }

        if (whole.Read((timeline, _) => timeline.EndReason) == RecordingShelf.LeftUnfinished)
        {
            // Only taken to be over: whoever has it may go on, and a list of a recording is for good.
            return true;
        }

        if (spool.List(RecordedObjects.FolderOf(recording.Channel, recording.Session)).Any(found => IsListed(found.Name) && spool.IsWaiting(found.Name)))
        {
            return false;
        }

        if (await DrawAsync(session, recording, cancellationToken) is not { } lists)
        {
            return false;
        }

        return await PutAsync(recording, session, lists, rank, cancellationToken);
    }

    // Posters are in no list, and those that newer ones have replaced go without ever having been uploaded.
    private static bool IsListed(ObjectName name) => !name.Value.Contains("/posters/", StringComparison.Ordinal);

    /// <summary>All lists, the index last; none where nothing of the recording is there.</summary>
    /// <returns><see langword="null"/> while too many are drawn for viewers.</returns>
    private async Task<List<BucketList>?> DrawAsync(LiveSession session, RecordingRange recording, CancellationToken cancellationToken)
    {
        var lists = new List<BucketList>();
        foreach (var rendition in session.Read((timeline, _) => timeline.Renditions.Select(one => one.Name).ToList()))
        {
            var media = await playlists.MediaAsync(session, recording, rendition, cancellationToken);
            if (!TryAdd(media, ReplayLists.PlaylistOf(recording.Id, rendition), isIndex: false))
            {
                return null;
            }
        }

        var mpd = await playlists.PlainMpdAsync(session, recording, cancellationToken);
        var index = await playlists.MultivariantAsync(session, recording, cancellationToken);
        if (!TryAdd(mpd, ReplayLists.MpdOf(recording.Id), isIndex: false) || !TryAdd(index, ReplayLists.IndexOf(recording.Id), isIndex: true))
        {
            return null;
        }

        return lists;

        bool TryAdd(RangeAnswer answer, ObjectName name, bool isIndex)
        {
            if (answer.Document is { } document)
            {
                lists.Add(new BucketList(name, document, isIndex));
            }

            return !answer.IsBusy;
        }
    }

    private async Task<bool> PutAsync(RecordingRange recording, LiveSession session, List<BucketList> lists, ListRank? before, CancellationToken cancellationToken)
    {
        var rank = ReplayForm.Next(recording, before, time.GetUtcNow());
        var names = lists.Select(list => list.Name).ToHashSet();
        var isThere = !_there.TryAdd(recording.Id, before);
        foreach (var list in lists)
        {
            if (list.IsIndex && isThere)
            {
                // Renditions that a trim has left without anything.
                await RemoveAsync(recording.Id, names, cancellationToken);
            }

            var headers = ObjectHeaders.OfList(list.Name, options.Value.EndedPlaylistMaxAge, session.Latency.TargetDuration);
            if (!await store.ReplaceAsync(list.Name, list.Document.Plain, rank, headers, cancellationToken))
            {
                OriginLog.ReplayListsOutranked(logger, recording.Id, recording.Channel);
                _there[recording.Id] = null;
                return false;
            }

            BucketListMetrics.Written();
        }

        if (lists.Count == 0 && isThere)
        {
            await RemoveAsync(recording.Id, names, cancellationToken);
        }

        _there[recording.Id] = rank;
        return true;
    }

    /// <summary>Deletes a recording's lists but those named.</summary>
    private async Task RemoveAsync(RecordingId recording, HashSet<ObjectName> but, CancellationToken cancellationToken)
    {
        var names = new List<ObjectName>();
        await foreach (var found in store.ListAsync(ReplayLists.FolderOf(recording), cancellationToken))
        {
            if (!but.Contains(found.Name))
            {
                names.Add(found.Name);
            }
        }

        if (names.Count > 0)
        {
            await store.DeleteAsync(names, cancellationToken);
        }
    }

    private ViewerAccess? AccessOf(ChannelName channel)
    {
        if (!_access.TryGetValue(channel, out var access))
        {
            _access.Add(channel, access = AccessNow(channel));
        }

        return access;
    }

    private ViewerAccess? AccessNow(ChannelName channel) => authority is null ? ViewerAccess.Public : authority.AccessOf(channel);
}
