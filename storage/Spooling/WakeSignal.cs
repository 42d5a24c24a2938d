namespace Broadcast.Storage.Spooling;

/// <summary>Wakes idle loops. Read <see cref="Next"/> before checking for work, so that no signal is missed.</summary>
internal sealed class WakeSignal(TimeProvider time)
{
    // Task.Delay truncates to whole milliseconds. A caller that waits until an instant would then return early and repeat waits of 0 ms.
    private static readonly TimeSpan TimerResolution = TimeSpan.FromMilliseconds(1);

    private TaskCompletionSource _next = New();

    public Task Next => Volatile.Read(ref _next).Task;

    public void Set() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    /// <summary>Waits for the signal, or until at least the timeout has elapsed.</summary>
    public async Task WaitAsync(Task signal, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(signal, Task.Delay(timeout + TimerResolution, time, either.Token));
        await either.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
