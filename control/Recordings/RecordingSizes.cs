using System.Collections.Concurrent;
using Broadcast.Media;
using Dapper;

namespace Broadcast.Control;

/// <summary>What all recordings together have in spool and store.</summary>
/// <param name="Sessions">Sessions that have a recording or clip, the newest 2,000 at most.</param>
/// <param name="Counted">How many of them were counted so far.</param>
/// <param name="Objects">Objects of those.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="CountedAll">Whether that is all there is.</param>
public sealed record RecordingUsage(int Sessions, int Counted, long Objects, long Bytes, bool CountedAll);

/// <summary>
/// Counts what sessions have in spool and store. A bucket is listed for it, which takes its time: who asks waits for a while, a count goes on without them, and is remembered, for an hour when its session is over. A few are
/// counted at a time, and so many wait at most as are remembered; what is beyond that stays uncounted until somebody asks again.
/// </summary>
internal sealed class RecordingSizes(Database database, TimeProvider time, ISessionMedia? media = null) : IDisposable
{
    /// <summary>Most sessions that are added up.</summary>
    public const int MaxSessions = 2000;

    private const int MaxKept = 10_000;
    private const int AtOnce = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Young = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Old = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Count> _counts = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turns = new(AtOnce, AtOnce);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>What sessions have, by session, as far as it is counted in time.</summary>
    /// <param name="recordings">Recordings or clips of them, at most <see cref="RecordingRules.MaxPage"/>.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<IReadOnlyDictionary<string, SessionMediaSize>> OfAsync(IEnumerable<RecordingInfo> recordings, CancellationToken cancellationToken) =>
        CountAsync([.. recordings.DistinctBy(r => r.Session, StringComparer.Ordinal).Select(r => new Row(r.Session, r.Channel, r.SessionEndedAt is not null))], cancellationToken);

    /// <summary>What all have, as far as it is counted in time.</summary>
    public async Task<RecordingUsage> AllAsync(CancellationToken cancellationToken)
    {
        List<Row> rows;
        await using (var connection = await database.Source.OpenConnectionAsync(cancellationToken))
        {
            rows = [.. await connection.QueryAsync<Row>(new CommandDefinition(
                """
                SELECT s.id AS session, c.name AS channel, s.ended_at IS NOT NULL AS isOver FROM sessions s JOIN channels c ON c.id = s.channel_id
                WHERE c.deleted_at IS NULL AND EXISTS (SELECT 1 FROM recordings r WHERE r.session_id = s.id AND r.deleted_at IS NULL)
                ORDER BY s.id DESC LIMIT @most
                """,
                new { most = MaxSessions + 1 },
                cancellationToken: cancellationToken))];
        }

        var isMore = rows.Count > MaxSessions;
        var sizes = await CountAsync([.. rows.Take(MaxSessions)], cancellationToken);
        return new(
            Math.Min(rows.Count, MaxSessions), sizes.Count, sizes.Values.Sum(s => s.Objects), sizes.Values.Sum(s => s.Bytes),
            !isMore && sizes.Count == rows.Count && sizes.Values.All(s => s.IsAll));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
        _turns.Dispose();
    }

    private async Task<IReadOnlyDictionary<string, SessionMediaSize>> CountAsync(IReadOnlyList<Row> sessions, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, SessionMediaSize>(StringComparer.Ordinal);
        if (media is null)
        {
            return found;
        }

        MakeRoom(sessions.Count);
        var counts = sessions.Select(row => (row.Session, Count: CountOf(row))).ToList();
        try
        {
            await Task.WhenAll(counts.Select(c => c.Count.Work)).WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Those that are not counted yet are there when somebody asks again.
        }

        foreach (var (session, count) in counts)
        {
            if (count.Size is { } size)
            {
                found[session] = size;
            }
        }

        return found;
    }

    private Count CountOf(Row row)
    {
        if (_counts.TryGetValue(row.Session, out var known) && known.IsFresh(row.IsOver, time))
        {
            return known;
        }

        var count = new Count(time.GetTimestamp(), row.IsOver);
        if (_counts.Count >= MaxKept && known is null)
        {
            return count;   // so many wait for the store that one more has to ask again
        }

        // A store on disk lists without ever waiting: not on the thread of who asks.
        count.Work = Task.Run(() => MeasureAsync(media!, row, count));
        return _counts[row.Session] = count;
    }

    private async Task MeasureAsync(ISessionMedia from, Row row, Count count)
    {
        try
        {
            await _turns.WaitAsync(_stopping.Token);
            try
            {
                using var limit = new CancellationTokenSource(Longest, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopping.Token);
                count.Finish(await from.MeasureAsync(ChannelName.Parse(row.Channel), SessionId.Parse(row.Session), DeletionPlan.MaxCounted, either.Token));
            }
            finally
            {
                _turns.Release();
            }
        }
        catch (Exception e) when (e is ObjectStoreException or OperationCanceledException or ObjectDisposedException)
        {
            // It stays uncounted, and is tried again in a while.
        }
    }

    private void MakeRoom(int wanted)
    {
        if (_counts.Count + wanted <= MaxKept)
        {
            return;
        }

        foreach (var (session, count) in _counts)
        {
            if (count.Work.IsCompleted)
            {
                _counts.TryRemove(session, out _);
            }
        }
    }

    private sealed class Count(long since, bool wasOver)
    {
        private readonly Lock _lock = new();
        private SessionMediaSize? _size;

        public Task Work { get; set; } = Task.CompletedTask;

        /// <summary><see langword="null"/> while it is not known.</summary>
        public SessionMediaSize? Size
        {
            get
            {
                lock (_lock)
                {
                    return _size;
                }
            }
        }

        public void Finish(SessionMediaSize size)
        {
            lock (_lock)
            {
                _size = size;
            }
        }

        // One that failed is tried again as soon as one of a session that goes on.
        public bool IsFresh(bool isOver, TimeProvider time) => !Work.IsCompleted || (isOver == wasOver && time.GetElapsedTime(since) < (isOver && Size is not null ? Old : Young));
    }

    private sealed record Row(string Session, string Channel, bool IsOver);
}
