using System.Runtime.InteropServices;

namespace Broadcast.Origin;

/// <summary>
/// Waits for news that end at a deadline. Those who wait for the same news until about the same moment share one task and one timer, so that ten thousand of them cost
/// little more than one. A viewer who goes away need not be taken out of anything: every wait ends by itself, soon.
/// </summary>
internal sealed class SharedWaits(TimeProvider time)
{
    /// <summary>Deadlines are rounded up to this.</summary>
    public static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(100);

    private static readonly Task<bool> News = Task.FromResult(true);
    private static readonly Task<bool> Late = Task.FromResult(false);
    private readonly Lock _gate = new();
    private readonly Dictionary<(Task News, long Deadline), SharedWait> _waits = [];
    private bool _released;

    /// <summary>Waits that go on, however many share each.</summary>
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

    /// <summary>The deadline that lies so far ahead, or up to <see cref="Grain"/> further.</summary>
    public long After(TimeSpan patience) => (long)Math.Ceiling((Now + patience) / Grain);

    /// <summary>Waits for news, at most until a deadline.</summary>
    /// <param name="news">Completes when there is some.</param>
    /// <param name="deadline">From <see cref="After"/>.</param>
    /// <returns><see langword="false"/> when the deadline came first, or nobody is to wait any longer.</returns>
    public Task<bool> UntilAsync(Task news, long deadline)
    {
        if (news.IsCompleted)
        {
            return News;
        }

        SharedWait wait;
        lock (_gate)
        {
            var left = (deadline * Grain) - Now;
            if (_released || left <= TimeSpan.Zero)
            {
                return Late;
            }

            ref var place = ref CollectionsMarshal.GetValueRefOrAddDefault(_waits, (news, deadline), out var known);
            if (known)
            {
                return place!.Task;
            }

            place = wait = new SharedWait(this, news, deadline);
            wait.Arm(time, left);
        }

        wait.Listen();
        return wait.Task;
    }

    /// <summary>Ends all waits, those of the future too: the server stops, and nobody who waits for it should hold it up.</summary>
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
        private readonly CancellationTokenSource _inVain = new();
        private ITimer? _timer;

        public Task<bool> Task => _end.Task;

        /// <summary>Called once, under the owner's lock.</summary>
        public void Arm(TimeProvider time, TimeSpan left) =>
            _timer = time.CreateTimer(static state => ((SharedWait)state!).End(false), this, left, Timeout.InfiniteTimeSpan);

        /// <summary>The continuation runs on the thread pool: whoever announces does not pay for those who wait.</summary>
        public void Listen() =>
            _ = news.ContinueWith(static (_, state) => ((SharedWait)state!).End(true), this, _inVain.Token, TaskContinuationOptions.None, TaskScheduler.Default);

        public void End(bool isNews)
        {
            lock (owner._gate)
            {
                if (!owner._waits.Remove((news, deadline)))
                {
                    return;
                }

                _timer?.Dispose();
            }

            if (!isNews)
            {
                // News may stay away for hours, and must not gather what waited for them.
                _inVain.Cancel();
            }

            _end.SetResult(isNews);
        }
    }
}
