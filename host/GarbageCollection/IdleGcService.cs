namespace Broadcast.Host.GarbageCollection;

/// <summary>Returns memory to the system when the process is idle, as decided by <see cref="IdleGcPolicy"/>.</summary>
internal sealed class IdleGcService(TimeProvider time) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var heap = new IdleGcPolicy();
        using var timer = new PeriodicTimer(IdleGcPolicy.Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (heap.ShouldCollect(GC.GetTotalAllocatedBytes(precise: false)))
                {
                    // Few objects are alive, so this takes some milliseconds. The mode that releases free memory must compact.
                    GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Normal shutdown.
        }
    }
}
