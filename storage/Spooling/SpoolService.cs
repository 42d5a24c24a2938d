using Broadcast.Media;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>Runs the spool's background work with the host. On stop it is given 3 s to bring away what is left; the rest waits on disk for the next start.</summary>
internal sealed class SpoolService(Spool spool, IObjectStore store, ILogger<SpoolService> logger) : IHostedService, IDisposable
{
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(3);
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        logger.StoredIn(store.ToString()!);
        _running = spool.RunAsync(_stop.Token);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await spool.DrainAsync(StopWithin);
        await _stop.CancelAsync();
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        spool.NoteWhatIsLeft();
    }

    public void Dispose() => _stop.Dispose();
}
