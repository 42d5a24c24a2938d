namespace Broadcast.Storage.Spooling;

/// <summary>Wakes idle loops. Read <see cref="Next"/> before checking for work, so that no signal is missed.</summary>
internal sealed class WakeSignal(TimeProvider time)
{
    private TaskCompletionSource _next = New();

    public Task Next => Volatile.Read(ref _next).Task;

    public void Set() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    /// <summary>Waits for the signal or the timeout.</summary>
    public async Task WaitAsync(Task signal, TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(signal, Task.Delay(atMost, time, either.Token));
        await either.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
