using Broadcast.Database;
namespace Broadcast.Control.Identity;

/// <summary>
/// Slots for password computations, with a bounded queue. Clients that logged in before have places in the queue that others cannot take,
/// and get a free slot first. Failed logins of known clients are limited by address (<see cref="LoginAttempts"/>), so that they cannot
/// delay the others for long. Thread-safe.
/// </summary>
/// <param name="maxRunning">Maximum number of concurrent computations.</param>
internal sealed class PasswordHashQueue(int maxRunning)
{
    /// <summary>Maximum number of waiting requests of unknown clients.</summary>
    public const int MaxWaitingUnknown = 20;

    /// <summary>Maximum number of waiting requests of known clients.</summary>
    public const int MaxWaitingKnown = 20;

    private readonly Lock _lock = new();
    private readonly LinkedList<TaskCompletionSource> _known = new();
    private readonly LinkedList<TaskCompletionSource> _unknown = new();
    private int _running;

    /// <summary>Waits for a slot.</summary>
    /// <param name="isKnown">Whether the client logged in before, or is logged in.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns>Slot, released when disposed.</returns>
    /// <exception cref="OperationException"><see cref="OperationErrorCode.TooManyAttempts"/>: too many requests are waiting.</exception>
    public async Task<IDisposable> AcquireAsync(bool isKnown, CancellationToken cancellationToken)
    {
        var queue = isKnown ? _known : _unknown;
        LinkedListNode<TaskCompletionSource> node;
        lock (_lock)
        {
            if (_running < maxRunning)
            {
                _running++;
                return new Slot(this);
            }

            if (queue.Count >= (isKnown ? MaxWaitingKnown : MaxWaitingUnknown))
            {
                throw new OperationException(OperationErrorCode.TooManyAttempts, "Too many concurrent logins. Try again in a moment.");
            }

            node = queue.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), node.Value);
        try
        {
            await node.Value.Task;
            return new Slot(this);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                if (node.List is not null)
                {
                    queue.Remove(node);
                }
            }

            throw;
        }
    }

    private void Release()
    {
        lock (_lock)
        {
            _running--;
            while (_running < maxRunning && (_known.First ?? _unknown.First) is { } next)
            {
                next.List!.Remove(next);
                if (next.Value.TrySetResult())
                {
                    _running++;
                }
            }
        }
    }

    private sealed class Slot(PasswordHashQueue queue) : IDisposable
    {
        private int _released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
            {
                queue.Release();
            }
        }
    }
}
