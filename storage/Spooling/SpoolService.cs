using Broadcast.Media;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Runs the spool's background work with the host. On stop it is given 3 s to bring away what is left; the rest waits on disk for the next start. The spool is
/// made when it starts and not before, because the host makes its services before it checks the options.
/// </summary>
internal sealed class SpoolService(IServiceProvider services, ILogger<SpoolService> logger) : IHostedService, IDisposable
{
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(3);
    private readonly CancellationTokenSource _stop = new();
    private Spool? _spool;
    private Task _running = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        logger.StoredIn(services.GetRequiredService<IObjectStore>().ToString()!);
        _spool = services.GetRequiredService<Spool>();
        _running = _spool.RunAsync(_stop.Token);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_spool is not { } spool)
        {
            return;
        }

        await spool.DrainAsync(StopWithin);
        await _stop.CancelAsync();
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        spool.NoteWhatIsLeft();
    }

    public void Dispose() => _stop.Dispose();
}
