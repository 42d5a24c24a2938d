using System.Collections.Concurrent;
using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Origin.BucketLists;

/// <summary>What came of a look at a session.</summary>
internal enum BucketRound
{
    /// <summary>The bucket has the newest lists.</summary>
    Done,

    /// <summary>Nothing more will come: the session is over and its lists say so.</summary>
    Over,

    /// <summary>A newer list is there, of a process that has taken the session over.</summary>
    Outranked,
}

/// <summary>
/// A session's lists in the bucket, and who writes them: one at a time, always the newest. Keeps a timeline of its own that hears of segments once the store has them, so that what is drawn from it can be
/// fetched. Not thread-safe; its owner runs one round at a time.
/// </summary>
/// <param name="announced">The session as viewers of the origin have it.</param>
/// <param name="spool">Knows what has not gone to the store yet.</param>
/// <param name="store">Where lists go.</param>
/// <param name="endedMaxAge">How long caches may keep the lists of a session that is over.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where an event that makes no sense is told.</param>
internal sealed class BucketSession(LiveSession announced, ISpool spool, IObjectStore store, TimeSpan endedMaxAge, TimeProvider time, ILogger logger)
{
    private readonly ConcurrentDictionary<ObjectName, byte[]> _written = new();
    private LiveSession? _listed;
    private long _drawn = -1;
    private long? _before;
    private bool _wasChannels;
    private IReadOnlyList<BucketList> _lists = [];

    /// <summary>The session.</summary>
    public SessionId Id => announced.Id;

    /// <summary>Its channel.</summary>
    public ChannelName Channel => announced.Channel;

    /// <summary>Whether its lists can be played, so that the channel's addresses are its own unless a newer one's are.</summary>
    public bool IsPlayable => _listed?.IsPlayable == true;

    /// <summary>Whether it says that nothing follows.</summary>
    public bool IsEnded => _listed?.IsEnded == true;

    /// <summary>The epoch that the session is in.</summary>
    public long Epoch => announced.Read((timeline, _) => timeline.Session.Epoch);

    /// <summary>When a list was last put into the bucket, with all that belong to it; <see langword="null"/> before that.</summary>
    public DateTimeOffset? WrittenAt { get; private set; }

    /// <summary>Names of its own lists, as far as they are known; not the channel's.</summary>
    public IReadOnlyCollection<ObjectName> Names => NamesOf(announced);

    /// <summary>Names of a session's own lists, as far as they are known.</summary>
    public static IReadOnlyCollection<ObjectName> NamesOf(LiveSession session) =>
    [
        BucketList.MpdOf(session.Channel, session.Id),
        .. session.Read((timeline, _) => timeline.Renditions.Select(rendition => BucketList.PlaylistOf(session.Channel, session.Id, rendition.Name)).ToList()),
    ];

    /// <summary>Brings the bucket's lists up to what the store has.</summary>
    /// <param name="isChannels">Whether the channel's addresses are to show this session, if it can be played.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ObjectStoreException">The store failed; the next round goes on.</exception>
    public async Task<BucketRound> RunAsync(bool isChannels, CancellationToken cancellationToken)
    {
        // What an earlier process listed is not listed away, and not left out.
        _before ??= (await store.FindAsync(BucketList.MpdOf(Channel, Id), cancellationToken))?.Rank is { } rank && rank.Session == Id ? rank.LastSegment : 0;
        var listed = Advance();
        if (listed.ListVersion != _drawn || isChannels != _wasChannels)
        {
            _lists = BucketDrawing.Draw(listed, isChannels, time.GetUtcNow());
            (_drawn, _wasChannels) = (listed.ListVersion, isChannels);
        }

        return await WriteAsync(listed, cancellationToken);
    }

    /// <summary>Forgets what was written, so that all of it is written again.</summary>
    public void Reset() => _written.Clear();

    private LiveSession Advance()
    {
        _listed ??= new LiveSession(announced.Read((timeline, _) => BucketDrawing.Listed(timeline.Session)), time);
        var events = announced.Read((timeline, _) => _listed.Read((own, _) => StoredTimeline.Next(timeline, own, _before!.Value, name => !spool.IsWaiting(name))));
        if (events.Count > 0)
        {
            _listed.Append(events, mistake => OriginLog.EventRefused(logger, Channel, Id, mistake));
        }

        return _listed;
    }

    /// <summary>First the lists that name media, side by side, then those that name lists.</summary>
    private async Task<BucketRound> WriteAsync(LiveSession listed, CancellationToken cancellationToken)
    {
        var rank = listed.Read((timeline, _) => new ListRank(Id, timeline.Session.Epoch, timeline.LastSegment, timeline.IsEnded));
        var isAny = false;
        foreach (var some in _lists.GroupBy(list => list.IsIndex).OrderBy(group => group.Key))
        {
            var puts = some.Where(list => !IsWritten(list)).Select(list => PutAsync(list, rank, listed, cancellationToken)).ToList();
            isAny |= puts.Count > 0;
            if (!(await Task.WhenAll(puts)).All(isPut => isPut))
            {
                return BucketRound.Outranked;
            }
        }

        WrittenAt = isAny ? time.GetUtcNow() : WrittenAt;
        return listed.IsEnded ? BucketRound.Over : BucketRound.Done;
    }

    private bool IsWritten(BucketList list) => _written.TryGetValue(list.Name, out var bytes) && bytes.AsSpan().SequenceEqual(list.Document.Plain);

    private async Task<bool> PutAsync(BucketList list, ListRank rank, LiveSession listed, CancellationToken cancellationToken)
    {
        // As the origin has it: half a target duration, longer where nothing changes any more, but not where the channel's next session will be.
        var target = listed.Latency.TargetDuration;
        var headers = ObjectHeaders.OfList(list.Name, listed.IsEnded && !list.IsIndex ? endedMaxAge : target / 2, target);
        if (!await store.ReplaceAsync(list.Name, list.Document.Plain, rank, headers, cancellationToken))
        {
            return false;
        }

        _written[list.Name] = list.Document.Plain;
        BucketListMetrics.Written();
        return true;
    }
}
