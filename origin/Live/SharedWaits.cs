using System.Runtime.InteropServices;

namespace Broadcast.Origin.Live;

/// <summary>
/// Waits for a signal with a deadline. Waits for the same signal with about the same deadline share one task and one timer, so ten thousand
/// cost little more than one. Waits of disconnected viewers need no removal: every wait soon ends by itself.
/// </summary>
internal sealed class SharedWaits(TimeProvider time)
{
    /// <summary>Granularity to which deadlines are rounded up.</summary>
    public static readonly TimeSpan Granularity = TimeSpan.FromMilliseconds(100);

    private static readonly Task<bool> News = Task.FromResult(true);
    private static readonly Task<bool> TimedOut = Task.FromResult(false);
    private readonly Lock _gate = new();
    private readonly Dictionary<(Task News, long Deadline), SharedWait> _waits = [];
    private bool _released;

    /// <summary>Number of distinct waits.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _waits.Count;
            }
        }
    }

    /// <summary>The deadline after a timeout, rounded up by at most <see cref="Granularity"/>.</summary>
    public long After(TimeSpan timeout) => (long)Math.Ceiling((Now + timeout) / Granularity);

    /// <summary>Waits for a signal until a deadline.</summary>
    /// <param name="news">The signal.</param>
    /// <param name="deadline">From <see cref="After"/>.</param>
    /// <returns><see langword="false"/> when the deadline passed first, or the server stops.</returns>
    public Task<bool> UntilAsync(Task news, long deadline)
    {
        if (news.IsCompleted)
        {
            return News;
        }

        SharedWait wait;
        lock (_gate)
        {
            var left = (deadline * Granularity) - Now;
            if (_released || left <= TimeSpan.Zero)
            {
                return TimedOut;
            }

            ref var slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_waits, (news, deadline), out var known);
            if (known)
            {
                return slot!.Task;
            }

            slot = wait = new SharedWait(this, news, deadline);
            wait.Arm(time, left);
        }

        wait.Listen();
        return wait.Task;
    }

    /// <summary>Ends all current and future waits, so that they do not delay the server's shutdown.</summary>
    public void Release()
    {
        SharedWait[] all;
        lock (_gate)
        {
            _released = true;
            all = [.. _waits.Values];
        }

        foreach (var wait in all)
        {
            wait.End(false);
        }
    }

    private TimeSpan Now => time.GetElapsedTime(0, time.GetTimestamp());

    private sealed class SharedWait(SharedWaits owner, Task news, long deadline)
    {
        private readonly TaskCompletionSource<bool> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenSource _expired = new();
        private ITimer? _timer;

        public Task<bool> Task => _end.Task;

        /// <summary>Called once, under the owner's lock.</summary>
        public void Arm(TimeProvider time, TimeSpan left) =>
            _timer = time.CreateTimer(static state => ((SharedWait)state!).End(false), this, left, Timeout.InfiniteTimeSpan);

        /// <summary>Registers a continuation. It runs on the thread pool, so the signaling thread does not pay for it.</summary>
        public void Listen() =>
            _ = news.ContinueWith(static (_, state) => ((SharedWait)state!).End(true), this, _expired.Token, TaskContinuationOptions.None,
                TaskScheduler.Default);

        public void End(bool isSignaled)
        {
            lock (owner._gate)
            {
                if (!owner._waits.Remove((news, deadline)))
                {
                    return;
                }

                _timer?.Dispose();
            }

            if (!isSignaled)
            {
                // The signal may stay away for hours and must not accumulate expired continuations.
                _expired.Cancel();
            }

            _end.SetResult(isSignaled);
        }
    }
}
