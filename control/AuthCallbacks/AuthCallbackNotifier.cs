using System.Collections.Concurrent;
using System.Threading.Channels;
using Broadcast.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.AuthCallbacks;

/// <summary>
/// Notifies the auth callback of the end of each publication that it authorized. Each notification is sent once, in the background. At most
/// <see cref="MaxWaiting"/> are queued; further ones are dropped and logged.
/// </summary>
internal sealed class AuthCallbackNotifier(AuthCallbackClient client, IOptions<AuthorizationOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time,
    ILogger<AuthCallbackNotifier> logger) : BackgroundService
{
    /// <summary>Maximum number of queued notifications.</summary>
    public const int MaxWaiting = 1000;

    private const int Concurrency = 8;
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(2);
    private readonly Channel<AuthCallbackEvent> _queue =
        Channel.CreateBounded<AuthCallbackEvent>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.Wait });
    private readonly ConcurrentDictionary<Guid, AuthCallbackEvent> _publishing = [];

    /// <summary>Registers a publication that the auth callback authorized and the channel admitted.</summary>
    public void Started(Guid publication, AuthCallbackEvent request)
    {
        if (options.Value.DoneUrl is not null)
        {
            _publishing[publication] = request;
        }
    }

    /// <summary>Reports the end of any publication.</summary>
    public void Ended(Guid publication, string session, string reason)
    {
        if (_publishing.TryRemove(publication, out var request))
        {
            Enqueue(request, new(session, reason));
        }
    }

    /// <summary>Reports that the channel did not admit a publisher that the auth callback had authorized.</summary>
    public void NotAdmitted(AuthCallbackEvent request, string reason)
    {
        if (options.Value.DoneUrl is not null)
        {
            Enqueue(request, new(null, reason));
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // Ends caused by the shutdown are still reported if the auth callback responds quickly.
        _queue.Writer.TryComplete();
        if (ExecuteTask is { } running)
        {
            await running.WaitAsync(ShutdownTimeout, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await base.StopAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => options.Value.DoneUrl is not { } url
        ? Task.CompletedTask
        : Parallel.ForEachAsync(
            _queue.Reader.ReadAllAsync(stoppingToken),
            new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = stoppingToken },
            async (e, cancellationToken) => await client.SendAsync(url, e, cancellationToken));

    private void Enqueue(AuthCallbackEvent request, AuthCallbackEnd end)
    {
        if (!_queue.Writer.TryWrite(request with { End = end, At = time.GetUtcNow() }))
        {
            ControlLog.CallbackNotificationDropped(logger, MaxWaiting);
        }
    }
}
