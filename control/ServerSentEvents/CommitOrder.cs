namespace Broadcast.Control.ServerSentEvents;

/// <summary>
/// Orders rows so that none arrives late. Ids are assigned when rows are written, and become visible when their transactions commit, so a
/// row can appear after one with a higher id. A row behind a gap is held back until the gap is filled, or for <see cref="MaxHoldBack"/>,
/// after which the missing id is assumed to be unused.
/// </summary>
internal sealed class CommitOrder(TimeProvider time)
{
    /// <summary>Maximum time that a row is held back. Transactions that write such rows take milliseconds.</summary>
    public static readonly TimeSpan MaxHoldBack = TimeSpan.FromSeconds(2);

    private readonly Dictionary<long, long> _firstSeen = [];

    /// <summary>Number of following rows that can be sent now; held-back rows are passed again in the next call.</summary>
    /// <param name="lastSentId">Id of the last row sent.</param>
    /// <param name="ids">Ids of later rows, in order.</param>
    public int CountReady(long lastSentId, IReadOnlyList<long> ids)
    {
        var ready = 0;
        while (ready < ids.Count && (ids[ready] == lastSentId + 1 || HasWaited(ids[ready])))
        {
            lastSentId = ids[ready];
            _firstSeen.Remove(lastSentId);
            ready++;
        }

        for (var i = ready; i < ids.Count; i++)
        {
            _firstSeen.TryAdd(ids[i], time.GetTimestamp());
        }

        return ready;
    }

    private bool HasWaited(long id) => _firstSeen.TryGetValue(id, out var since) && time.GetElapsedTime(since) >= MaxHoldBack;
}
