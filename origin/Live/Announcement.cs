namespace Broadcast.Origin;

/// <summary>
/// Something that happens again and again, and those who wait for the next time. All of them share one task, so that ten thousand cost little more than one.
/// Guarded by its owner's lock; those who wait go on outside it.
/// </summary>
internal sealed class Announcement
{
    private TaskCompletionSource? _next;

    /// <summary>Completes the next time.</summary>
    public Task Next => (_next ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Now it happens. To set ten thousand going takes a while, and whoever announces does not wait for that.</summary>
    public void Tell()
    {
        if (_next is not { } next)
        {
            return;
        }

        _next = null;
        ThreadPool.UnsafeQueueUserWorkItem(static told => told.SetResult(), next, preferLocal: false);
    }
}
