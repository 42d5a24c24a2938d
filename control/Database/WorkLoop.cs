namespace Broadcast.Control;

/// <summary>
/// Rounds of work on what is in the database, one after the other: a round follows when somebody says that there is something to do, or when the time is over that the round before it named. However often it is woken during a
/// round, one more follows. A round that fails is done again after a while; that the database is away is told by <see cref="ControlRoom"/>, and by nobody else.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class WorkLoop(TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _work = new(0, 1);

    /// <summary>There is something to do: the next round begins at once, or when the one under way is over.</summary>
    public void Wake()
    {
        try
        {
            _work.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // It is about to look, or never will again.
        }
    }

    /// <summary>Does rounds until it is told to stop; then it returns when the round under way has given up.</summary>
    /// <param name="round">One round; says how long to wait for the next unless somebody wakes it. Zero goes on at once.</param>
    /// <param name="retry">How long to wait after a round that failed.</param>
    /// <param name="failed">Told why, unless the database is away.</param>
    /// <param name="stoppingToken">Stops it.</param>
    public async Task RunAsync(Func<CancellationToken, Task<TimeSpan>> round, TimeSpan retry, Action<Exception> failed, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = retry;
            try
            {
                pause = await round(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (Database.IsAway(e))
            {
                // What is to be done is in the database, and so is safe.
            }
            catch (Exception e)
            {
                failed(e);
            }

            await WaitAsync(pause, stoppingToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _work.Dispose();

    private async Task WaitAsync(TimeSpan pause, CancellationToken stoppingToken)
    {
        using var limit = new CancellationTokenSource(pause, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stoppingToken);
        await _work.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
