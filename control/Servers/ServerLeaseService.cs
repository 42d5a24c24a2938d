using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.HostToControl;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Servers;

/// <summary>
/// Background service that renews this server's lease and checks the ownership of sessions with each renewal. While the database is
/// unavailable it does nothing.
/// </summary>
internal sealed class ServerLeaseService(
    ServerDatabase database, ServerIdentity identity, IOptions<ControlOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<ServerLeaseService> logger, ServerLeaseState lease,
    OwnershipCheck ownership, IInternalListener? listener = null, SuspensionWatch? suspensions = null, DatabaseClock? clock = null)
    : BackgroundService
{
    /// <summary>Renewals per lease period; up to three may be lost.</summary>
    private const int RenewalsPerLease = 4;

    /// <summary>Maximum number of renewals at a shorter interval, until the address of the internal listener is known.</summary>
    private const int MaxEarlyRenewals = 10;

    private static readonly TimeSpan EarlyRenewal = TimeSpan.FromSeconds(1);

    /// <summary>Time after which a lease that expires is certainly expired when it is read.</summary>
    private static readonly TimeSpan TakeoverMargin = TimeSpan.FromMilliseconds(20);

    private readonly ProcessorLoad _load = new(time);
    private volatile bool _hasStarted;
    private bool _hasAddress;

    /// <summary>
    /// Takes the lease. If a live server elsewhere uses the same id, the data folder was copied, and this server gets a new id. Whether
    /// that server is live must be observed: a container that was killed and returned under a new name finds its own lease.
    /// </summary>
    public async Task StartAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (await RenewAsync(connection, isFirst: true, cancellationToken) == LeaseRenewal.TakenByOther
            && await RenewIfSilentAsync(connection, cancellationToken) == LeaseRenewal.TakenByOther)
        {
            var copied = identity.Id;
            identity.Renew(persist: true);
            ControlLog.ServerIdCopied(logger, copied, identity.Id);
            await RenewAsync(connection, isFirst: true, cancellationToken);
        }

        identity.Confirm();
        await ServerLease.RemoveStaleAsync(connection, cancellationToken);
        if (!_hasStarted)
        {
            Telemetry.Meter.CreateObservableGauge("broadcast_cluster_lease_age_seconds",
                () => lease.Age.TotalSeconds, "s", "Time since the last renewal of the lease.");
            if (!database.IsPrivate)
            {
                suspensions?.Start();
                await PrepareProbesAsync(cancellationToken);
            }

            _hasStarted = true;
        }
    }

    /// <summary>
    /// Renews the lease once and checks ownership. A lease that had expired counts as renewed after the check: until then, others may have
    /// taken sessions over.
    /// </summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.LeaseSource.OpenConnectionAsync(cancellationToken);
        var began = time.GetTimestamp();
        if (await RenewAsync(connection, isFirst: false, cancellationToken) == LeaseRenewal.TakenByOther)
        {
            var taken = identity.Id;
            identity.Renew(persist: false);
            ControlLog.ServerIdTaken(logger, taken, identity.Id, ServerIdentity.FileName);
            began = time.GetTimestamp();
            await RenewAsync(connection, isFirst: true, cancellationToken);
            identity.Confirm();
        }

        await ownership.RunAsync(connection, cancellationToken);
        if (lease.HasExpired)
        {
            lease.Renewed(began);
        }
    }

    /// <summary>
    /// Releases the lease at shutdown. Sessions stay open for the next process, which then need not wait for the lease to expire.
    /// </summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.LeaseSource.OpenConnectionAsync(cancellationToken);
        await ServerLease.ReleaseAsync(connection, identity, cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var earlyRenewals = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            // The address of the listener is known shortly after the first renewal.
            var wait = lease.Duration / RenewalsPerLease;
            var isEarly = listener is not null && !_hasAddress && earlyRenewals++ < MaxEarlyRenewals && wait > EarlyRenewal;
            wait = isEarly ? EarlyRenewal : wait;
            var takeover = ownership.TakeNextTakeover();
            wait = takeover < wait ? takeover + TakeoverMargin : wait;
            await Task.Delay(wait, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                if (_hasStarted && !stoppingToken.IsCancellationRequested)
                {
                    var hasAddress = listener?.Address is not null;
                    await RunOnceAsync(stoppingToken);
                    _hasAddress = hasAddress;
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (ServerDatabase.IsUnavailable(e))
            {
                // The notification listener logs database outages.
            }
            catch (Exception e)
            {
                ControlLog.LeaseRenewalFailed(logger, e);
            }
        }
    }

    private async Task<LeaseRenewal> RenewAsync(NpgsqlConnection connection, bool isFirst, CancellationToken cancellationToken,
        DateTimeOffset? silentSince = null)
    {
        var (began, before) = (time.GetTimestamp(), time.GetUtcNow());
        var (renewal, at) = await ServerLease.RenewAsync(
            connection, identity, lease.Duration, listener?.Address, _load.Measure(), isFirst, silentSince, cancellationToken);
        if (renewal == LeaseRenewal.TakenByOther)
        {
            return renewal;
        }

        clock?.Measure(at, before, time.GetElapsedTime(began));
        // An expired lease counts as renewed after the check of ownership.
        if (!lease.HasExpired || !_hasStarted)
        {
            lease.Renewed(began);
        }

        if (lease.SetDraining(renewal == LeaseRenewal.Draining))
        {
            Action<ILogger> log = renewal == LeaseRenewal.Draining ? ControlLog.Drained : ControlLog.Undrained;
            log(logger);
        }

        return renewal;
    }

    // The first connection of a data source loads the types of the database, for which a probe has no time.
    private async Task PrepareProbesAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.ProbeSource.OpenConnectionAsync(cancellationToken);
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e))
        {
            // The first probe does it.
        }
    }

    // Waits for one and a half renewal intervals; a live server renews within that time.
    private async Task<LeaseRenewal> RenewIfSilentAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var lastSeen = await ServerLease.LastSeenAsync(connection, identity, cancellationToken);
        var wait = options.Value.ServerLease / RenewalsPerLease * 1.5;
        ControlLog.ServerIdContested(logger, identity.Id, wait.TotalSeconds);
        await Task.Delay(wait, time, cancellationToken);
        return await RenewAsync(connection, isFirst: true, cancellationToken, lastSeen);
    }
}
