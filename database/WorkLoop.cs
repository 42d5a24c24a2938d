namespace Broadcast.Database;

/// <summary>
/// Runs passes of work on the database, one at a time. A pass runs when the loop is woken, or after the delay that the previous pass
/// returned. Any number of wake-ups during a pass cause one more pass. A failed pass is retried after a delay. Database outages are logged
/// by the <see cref="NotificationListener"/> alone.
/// </summary>
/// <param name="time">Clock.</param>
public sealed class WorkLoop(TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly Lock _lock = new();
    private bool _isDisposed;

    /// <summary>Requests a pass, which starts at once or after the current one. Cheap while a pass is pending.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            if (!_isDisposed && _wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
    }

    /// <summary>Runs passes until stopped; returns when the current pass has been canceled.</summary>
    /// <param name="pass">One pass; returns the delay before the next pass unless woken. Zero continues at once.</param>
    /// <param name="retry">Delay after a failed pass.</param>
    /// <param name="failed">Receives the exception, unless the database is unavailable.</param>
    /// <param name="stoppingToken">Stops the loop.</param>
    public async Task RunAsync(Func<CancellationToken, Task<TimeSpan>> pass, TimeSpan retry, Action<Exception> failed,
        CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = retry;
            try
            {
                pause = await pass(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (ServerDatabase.IsUnavailable(e))
            {
                // Pending work stays in the database.
            }
            catch (Exception e)
            {
                failed(e);
            }

            await WaitAsync(pause, stoppingToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _wake.Dispose();
        }
    }

    private async Task WaitAsync(TimeSpan pause, CancellationToken stoppingToken)
    {
        using var limit = new CancellationTokenSource(pause, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stoppingToken);
        await _wake.WaitAsync(linked.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
