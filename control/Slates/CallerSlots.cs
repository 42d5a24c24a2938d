namespace Broadcast.Control.Slates;

/// <summary>Slots for requests that take much memory: a few in total, and one per caller. A request without a free
/// slot is rejected at once. Thread-safe.</summary>
/// <param name="max">Number of slots.</param>
internal sealed class CallerSlots(int max)
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _callers = new(StringComparer.Ordinal);

    /// <summary>Takes a slot.</summary>
    /// <param name="caller">Caller of the request.</param>
    /// <param name="isCallerBusy">Whether the caller has a slot already; otherwise, without a result, all slots are taken.</param>
    /// <returns>The slot, which ends with its disposal; <see langword="null"/> when none is free for the caller.</returns>
    public IDisposable? TryEnter(string caller, out bool isCallerBusy)
    {
        lock (_lock)
        {
            isCallerBusy = _callers.Contains(caller);
            if (isCallerBusy || _callers.Count >= max)
            {
                return null;
            }

            _callers.Add(caller);
            return new Slot(this, caller);
        }
    }

    private void End(string caller)
    {
        lock (_lock)
        {
            _callers.Remove(caller);
        }
    }

    private sealed class Slot(CallerSlots slots, string caller) : IDisposable
    {
        private int _isEnded;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isEnded, 1) == 0)
            {
                slots.End(caller);
            }
        }
    }
}
