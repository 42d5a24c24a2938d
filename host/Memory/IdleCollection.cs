namespace Broadcast.Host.Memory;

/// <summary>Gives memory back to the system when there is nothing to do; <see cref="IdleHeap"/> says when.</summary>
internal sealed class IdleCollection(TimeProvider time) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var heap = new IdleHeap();
        using var timer = new PeriodicTimer(IdleHeap.Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (heap.Look(GC.GetTotalAllocatedBytes(precise: false)))
                {
                    // Little is alive now, so that this takes some milliseconds; the mode that gives free memory back needs to compact.
                    GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The end.
        }
    }
}
