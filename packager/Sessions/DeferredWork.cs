using Microsoft.Extensions.Logging;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Scheduler for deferred work, such as deleting objects that left the window once no client reads them. Work is lost when the process
/// ends, and recovery finds it again. Its size is bounded: one entry per segment or session, for the duration of a window.
/// </summary>
internal sealed class DeferredWork : IDisposable
{
    /// <summary>Maximum wait of the timer, which cannot wait for 50 days or longer. The next wait follows.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly PriorityQueue<Action, DateTimeOffset> _queue = new();
    private readonly TimeProvider _time;
    private readonly ILogger<DeferredWork> _logger;
    private readonly ITimer _timer;

    public DeferredWork(TimeProvider time, ILogger<DeferredWork> logger)
    {
        (_time, _logger) = (time, logger);
        _timer = time.CreateTimer(_ => RunDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Runs <paramref name="work"/> after a delay, on a thread pool thread. It must not block for long.</summary>
    public void Schedule(TimeSpan delay, Action work)
    {
        lock (_gate)
        {
            _queue.Enqueue(work, _time.GetUtcNow() + delay);
            Arm();
        }
    }

    public void Dispose() => _timer.Dispose();

    private void RunDue()
    {
        while (true)
        {
            Action work;
            lock (_gate)
            {
                if (!_queue.TryPeek(out work!, out var due) || due > _time.GetUtcNow())
                {
                    Arm();
                    return;
                }

                _queue.Dequeue();
            }

            try
            {
                work();
            }
            catch (Exception error)
            {
                PackagerLog.DeferredFailed(_logger, error);
            }
        }
    }

    private void Arm()
    {
        if (_queue.TryPeek(out _, out var due))
        {
            var wait = due - _time.GetUtcNow();
            wait = TimeSpan.FromTicks(Math.Clamp(wait.Ticks, TimeSpan.TicksPerMillisecond, MaxWait.Ticks));
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }
}
