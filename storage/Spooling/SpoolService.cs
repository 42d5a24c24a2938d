using Broadcast.Media.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Runs the spool's background work with the host. On shutdown it uploads for up to 3 s; remaining files wait on disk for the next start.
/// The spool is created in <see cref="StartAsync"/>, because the host creates its services before it validates the options.
/// </summary>
internal sealed class SpoolService(IServiceProvider services, ILogger<SpoolService> logger) : IHostedService, IDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(3);
    private readonly CancellationTokenSource _stop = new();
    private Spool? _spool;
    private Task _running = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        logger.StoreSelected(services.GetRequiredService<IObjectStore>().ToString()!);
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

        await spool.DrainAsync(StopTimeout);
        await _stop.CancelAsync();
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        spool.SavePendingWork();
    }

    public void Dispose() => _stop.Dispose();
}
