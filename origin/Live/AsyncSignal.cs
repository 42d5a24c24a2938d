namespace Broadcast.Origin.Live;

/// <summary>
/// Signal for a repeated event. All waiters share one task, so ten thousand cost little more than one. Guarded by the owner's lock;
/// continuations run outside it.
/// </summary>
internal sealed class AsyncSignal
{
    private TaskCompletionSource? _next;

    /// <summary>Completes when the event next occurs.</summary>
    public Task Next => (_next ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Signals the event. Completion runs on the thread pool, because resuming ten thousand waiters takes a while.</summary>
    public void Signal()
    {
        if (_next is not { } next)
        {
            return;
        }

        _next = null;
        ThreadPool.UnsafeQueueUserWorkItem(static source => source.SetResult(), next, preferLocal: false);
    }
}
