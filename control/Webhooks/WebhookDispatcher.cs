using Broadcast.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Webhooks;

/// <summary>
/// Background service that delivers webhook events from the outbox. Deliveries of one webhook are sequential; up to
/// <see cref="ControlOptions.MaxConcurrentWebhooks"/> webhooks per process are served concurrently. A delivery whose result could not be
/// recorded is repeated: at least once, under the same id.
/// </summary>
internal sealed class WebhookDispatcher(WebhookQueue queue, WebhookSender sender, WebhookDeliveryLog log, IOptions<ControlOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<WebhookDispatcher> logger) : BackgroundService, INotificationHandler
{
    /// <summary>Maximum number of deliveries to one webhook before others are served.</summary>
    public const int MaxDeliveriesPerLease = 20;

    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MinDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CleanupInterval = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(3);
    private readonly WorkLoop _loop = new(time);
    private readonly HashSet<Task> _running = [];
    private readonly CancellationTokenSource _stop = new();
    private long? _lastCleanup;

    /// <summary>Requests a pass.</summary>
    public void Wake() => _loop.Wake();

    /// <inheritdoc/>
    public bool Handles(DatabaseNotification notification) => notification.Table == "webhook_deliveries";

    /// <inheritdoc/>
    public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken)
    {
        Wake();
        return Task.CompletedTask;
    }

    /// <summary>Delivers everything that is due.</summary>
    internal async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (await queue.ClaimAsync(options.Value.MaxConcurrentWebhooks, cancellationToken) is { Count: > 0 } leases)
        {
            await Task.WhenAll(leases.Select(lease => DeliverBatchAsync(lease, cancellationToken)));
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _stop.Dispose();
        _loop.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _loop.RunAsync(PassAsync, MaxDelay, e => ControlLog.WebhookDispatchFailed(logger, e), stoppingToken);

        // Running deliveries may still complete and be recorded, so that they are not repeated.
        await Task.WhenAll(_running).WaitAsync(ShutdownTimeout, time, CancellationToken.None)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <returns>Delay until the next pass.</returns>
    private async Task<TimeSpan> PassAsync(CancellationToken stoppingToken)
    {
        _running.RemoveWhere(t => t.IsCompleted);
        var free = options.Value.MaxConcurrentWebhooks - _running.Count;
        if (free > 0)
        {
            foreach (var lease in await queue.ClaimAsync(free, stoppingToken))
            {
                _running.Add(Task.Run(() => DeliverAsync(lease), CancellationToken.None));
            }
        }

        if (_lastCleanup is null || time.GetElapsedTime(_lastCleanup.Value) >= CleanupInterval)
        {
            await log.CleanUpAsync(stoppingToken);
            _lastCleanup = time.GetTimestamp();
        }

        if (await queue.NextDueAsync(stoppingToken) is not { } next)
        {
            return MaxDelay;
        }

        // Due deliveries may be waiting for a running batch, here or in another process.
        var until = next - time.GetUtcNow();
        return until < MinDelay ? MinDelay : until < MaxDelay ? until : MaxDelay;
    }

    private async Task DeliverAsync(WebhookLease lease)
    {
        try
        {
            await DeliverBatchAsync(lease, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Repeated when the lease expires.
        }
        catch (Exception e)
        {
            ControlLog.DeliveryInterrupted(logger, lease.Target.Id,
                ServerDatabase.IsUnavailable(e) ? ServerDatabase.Describe(e) : e.ToString());
        }
        finally
        {
            Wake();
        }
    }

    private async Task DeliverBatchAsync(WebhookLease lease, CancellationToken cancellationToken)
    {
        for (var count = 0; count < MaxDeliveriesPerLease && await queue.NextAsync(lease, cancellationToken) is { } due; count++)
        {
            var outcome = await sender.SendAsync(lease.Target, due.EventId, due.Body, cancellationToken);
            var recorded = await queue.RecordAsync(lease, due, outcome, cancellationToken);
            if (recorded.DisabledReason is { } reason)
            {
                ControlLog.WebhookDisabled(logger, lease.Target.Id, reason);
            }
            else if (recorded.IsAbandoned)
            {
                ControlLog.DeliveryAbandoned(logger, due.EventId, lease.Target.Id, due.Attempts + 1, outcome.Error ?? "");
            }
            else if (!outcome.IsDelivered)
            {
                ControlLog.DeliveryFailed(logger, due.EventId, lease.Target.Id, due.Attempts + 1, outcome.Error ?? "");
            }

            if (!outcome.IsDelivered)
            {
                break;   // serve others first; do not send the whole queue to a failing receiver
            }
        }

        await queue.ReleaseAsync(lease, cancellationToken);
    }
}
