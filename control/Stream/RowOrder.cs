namespace Broadcast.Control;

/// <summary>
/// Puts rows into an order in which nothing comes late. Numbers are given out as rows are written, and seen as their transactions end, so that a row may appear after one of a higher number. A row
/// behind a gap waits until the gap is filled, or for <see cref="Patience"/>: then whoever had the number has given it up.
/// </summary>
internal sealed class RowOrder(TimeProvider time)
{
    /// <summary>How long a row waits for those before it. Transactions that write such rows take milliseconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Dictionary<long, long> _seen = [];

    /// <summary>How many of the rows that follow may be told now; asked again with those that may not.</summary>
    /// <param name="at">The number of the last row that was told.</param>
    /// <param name="ids">Numbers of rows behind it, in order.</param>
    public int Ready(long at, IReadOnlyList<long> ids)
    {
        var ready = 0;
        while (ready < ids.Count && (ids[ready] == at + 1 || HasWaited(ids[ready])))
        {
            at = ids[ready];
            _seen.Remove(at);
            ready++;
        }

        for (var i = ready; i < ids.Count; i++)
        {
            _seen.TryAdd(ids[i], time.GetTimestamp());
        }

        return ready;
    }

    private bool HasWaited(long id) => _seen.TryGetValue(id, out var since) && time.GetElapsedTime(since) >= Patience;
}
