using Broadcast.Media;

namespace Broadcast.Packager.Recovery;

/// <summary>
/// Slots for concurrent recoveries of channels. Encoders come before viewers and background work, and some slots are reserved for them, so
/// that requests of viewers for many channels do not delay an encoder. Thread-safe.
/// </summary>
/// <param name="count">Number of slots.</param>
/// <param name="reserved">Number of slots for encoders alone.</param>
internal sealed class RecoverySlots(int count, int reserved)
{
    private readonly LinkedList<Waiter> _encoders = new();
    private readonly LinkedList<Waiter> _others = new();
    private readonly Lock _lock = new();
    private int _running;

    /// <summary>Recovers a channel when a slot is free, on another thread than the caller's.</summary>
    /// <param name="channel">Channel to recover.</param>
    /// <param name="isForEncoder">Whether an encoder waits for the channel.</param>
    /// <param name="recover">Recovers it.</param>
    /// <param name="cancellationToken">Cancels the recovery.</param>
    /// <returns>Result of the recovery; <see langword="false"/> when it was canceled.</returns>
    public async Task<bool> RunAsync(ChannelName channel, bool isForEncoder, Func<Task<bool>> recover, CancellationToken cancellationToken)
    {
        try
        {
            await WaitAsync(channel, isForEncoder, cancellationToken);
            try
            {
                return await Task.Run(recover, CancellationToken.None);
            }
            finally
            {
                Release();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Gives a waiting channel the priority of an encoder. No effect on a channel that is not waiting.</summary>
    public void Promote(ChannelName channel)
    {
        lock (_lock)
        {
            for (var node = _others.First; node is not null; node = node.Next)
            {
                if (node.Value.Channel == channel)
                {
                    _others.Remove(node);
                    _encoders.AddLast(node);
                    Grant();
                    return;
                }
            }
        }
    }

    private async Task WaitAsync(ChannelName channel, bool isForEncoder, CancellationToken cancellationToken)
    {
        var waiter = new Waiter(channel);
        lock (_lock)
        {
            (isForEncoder ? _encoders : _others).AddLast(waiter);
            Grant();
        }

        await using var registration = cancellationToken.UnsafeRegister(static (state, token) =>
            ((Waiter)state!).Granted.TrySetCanceled(token), waiter);
        await waiter.Granted.Task;
    }

    private void Release()
    {
        lock (_lock)
        {
            _running--;
            Grant();
        }
    }

    private void Grant()
    {
        Grant(_encoders, count);
        Grant(_others, count - reserved);
    }

    private void Grant(LinkedList<Waiter> waiting, int limit)
    {
        while (_running < limit && waiting.First is { } next)
        {
            waiting.RemoveFirst();
            if (next.Value.Granted.TrySetResult())   // otherwise it was canceled
            {
                _running++;
            }
        }
    }

    private sealed class Waiter(ChannelName channel)
    {
        public ChannelName Channel { get; } = channel;

        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
