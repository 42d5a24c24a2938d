using System.Collections.Concurrent;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Media.StorageToControl;
using Dapper;

namespace Broadcast.Control.Recordings;

/// <summary>Storage usage of all recordings, in spool and object store.</summary>
/// <param name="Sessions">Number of sessions with a recording or clip; at most the newest 2,000.</param>
/// <param name="Counted">Number of sessions measured so far.</param>
/// <param name="Objects">Their number of objects.</param>
/// <param name="Bytes">Their size, in bytes.</param>
/// <param name="IsComplete">Whether the figures are complete.</param>
public sealed record RecordingUsage(int Sessions, int Counted, long Objects, long Bytes, bool IsComplete);

/// <summary>
/// Measures the storage usage of sessions in spool and object store. Listing a bucket takes time, so a caller waits only briefly and the
/// measurement continues in the background. Its result is cached, for one hour once the session has ended. A few sessions are measured
/// concurrently. The queue is bounded by the cache size; sessions beyond it stay unmeasured until the next request.
/// </summary>
internal sealed class RecordingUsageCounter(ServerDatabase database, TimeProvider time, ISessionStorageInspector? media = null)
    : IDisposable
{
    /// <summary>Maximum sessions in the total.</summary>
    public const int MaxSessions = 2000;

    private const int MaxCached = 10_000;
    private const int MaxConcurrent = 4;
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan MeasureTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan OpenLifetime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndedLifetime = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Measurement> _counts = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _slots = new(MaxConcurrent, MaxConcurrent);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Usage by session, as far as it is measured in time.</summary>
    /// <param name="recordings">Their recordings or clips, at most <see cref="RecordingRules.MaxPage"/>.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public Task<IReadOnlyDictionary<string, SessionStorageUsage>> OfAsync(IEnumerable<RecordingInfo> recordings,
        CancellationToken cancellationToken) =>
        CountAsync([.. recordings.DistinctBy(r => r.Session, StringComparer.Ordinal)
            .Select(r => new Row(r.Session, r.Channel, r.SessionEndedAt is not null))], cancellationToken);

    /// <summary>Total usage, as far as it is measured in time.</summary>
    public async Task<RecordingUsage> AllAsync(CancellationToken cancellationToken)
    {
        List<Row> rows;
        await using (var connection = await database.Source.OpenConnectionAsync(cancellationToken))
        {
            rows = [.. await connection.QueryAsync<Row>(new CommandDefinition(
                """
                SELECT s.id AS session, c.name AS channel, s.ended_at IS NOT NULL AS isOver FROM sessions s JOIN channels c
                    ON c.id = s.channel_id
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
            !isMore && sizes.Count == rows.Count && sizes.Values.All(s => s.IsComplete));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
        _slots.Dispose();
    }

    private async Task<IReadOnlyDictionary<string,
        SessionStorageUsage>> CountAsync(IReadOnlyList<Row> sessions, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, SessionStorageUsage>(StringComparer.Ordinal);
        if (media is null)
        {
            return found;
        }

        MakeRoom(sessions.Count);
        var counts = sessions.Select(row => (row.Session, Count: CountOf(row))).ToList();
        try
        {
            await Task.WhenAll(counts.Select(c => c.Count.Work)).WaitAsync(WaitTimeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // A later request finds the remaining measurements.
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

    private Measurement CountOf(Row row)
    {
        if (_counts.TryGetValue(row.Session, out var known) && known.IsFresh(row.IsOver, time))
        {
            return known;
        }

        var count = new Measurement(time.GetTimestamp(), row.IsOver);
        if (_counts.Count >= MaxCached && known is null)
        {
            return count;   // the queue is full; a later request retries
        }

        // A disk store lists synchronously: do not block the caller's thread.
        count.Work = Task.Run(() => MeasureAsync(media!, row, count));
        return _counts[row.Session] = count;
    }

    private async Task MeasureAsync(ISessionStorageInspector from, Row row, Measurement count)
    {
        try
        {
            await _slots.WaitAsync(_stopping.Token);
            try
            {
                using var limit = new CancellationTokenSource(MeasureTimeout, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopping.Token);
                count.Finish(await from.MeasureAsync(ChannelName.Parse(row.Channel), SessionId.Parse(row.Session), DeletionPlan.MaxCounted,
                    either.Token));
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (Exception e) when (e is ObjectStoreException or OperationCanceledException or ObjectDisposedException)
        {
            // Stays unmeasured and is retried later.
        }
    }

    private void MakeRoom(int wanted)
    {
        if (_counts.Count + wanted <= MaxCached)
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

    private sealed class Measurement(long since, bool wasEnded)
    {
        private readonly Lock _lock = new();
        private SessionStorageUsage? _size;

        public Task Work { get; set; } = Task.CompletedTask;

        /// <summary>The result; <see langword="null"/> while unknown.</summary>
        public SessionStorageUsage? Size
        {
            get
            {
                lock (_lock)
                {
                    return _size;
                }
            }
        }

        public void Finish(SessionStorageUsage size)
        {
            lock (_lock)
            {
                _size = size;
            }
        }

        // A failed measurement is retried as soon as one of an open session.
        public bool IsFresh(bool isOver, TimeProvider time) => !Work.IsCompleted
            || (isOver == wasEnded && time.GetElapsedTime(since) < (isOver && Size is not null ? EndedLifetime : OpenLifetime));
    }

    private sealed record Row(string Session, string Channel, bool IsOver);
}
