using Microsoft.Extensions.Logging;

namespace Broadcast.Packager;

/// <summary>
/// Work for later: deleting what left the window, once nobody reads it any more. Lost when the process ends, and found again by recovery. Bounded by what makes it: an
/// entry a segment or session, for a window's time.
/// </summary>
internal sealed class DeferredWork : IDisposable
{
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

    /// <summary>Does <paramref name="work"/> after a while, on a thread of the pool. It must not block for long.</summary>
    public void After(TimeSpan delay, Action work)
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
                Log.DeferredFailed(_logger, error);
            }
        }
    }

    private void Arm()
    {
        if (_queue.TryPeek(out _, out var due))
        {
            var wait = due - _time.GetUtcNow();
            _timer.Change(wait > TimeSpan.FromMilliseconds(1) ? wait : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }
    }
}
