using Broadcast.Control.Channels;
using Broadcast.Control.Database;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.HostToControl;
using Broadcast.Media.PackagerToControl;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Servers;

/// <summary>
/// Background service that renews this server's lease and checks session ownership with each renewal. It ends local sessions that another
/// server ended or took over, or whose end was requested. It loads the sessions on air at other servers, and ends sessions of servers that
/// are gone. While the database is unavailable it does nothing.
/// </summary>
internal sealed class ServerLeaseService(
    ControlDatabase database, ServerIdentity identity, SessionClaims claims, RemoteSessions remoteSessions, SessionManager sessionManager,
    SessionWriter sessionWriter, IOptions<ControlOptions> options, [FromKeyedServices(ControlClock.Key)] TimeProvider time,
    ILogger<ServerLeaseService> logger, ServerLeaseState lease, SessionTakeovers takeovers, StoredTakeovers storedTakeovers,
    SpareSessions spares, ISessionLifecycle? lifecycle = null, IInternalListener? listener = null,
    SuspensionWatch? suspensions = null, DatabaseClock? clock = null)
    : BackgroundService, INotificationHandler, ISessionReceiver
{
    /// <summary>Renewals per lease period; up to three may be lost.</summary>
    private const int RenewalsPerLease = 4;

    /// <summary>Maximum number of renewals at a shorter interval, until the address of the internal listener is known.</summary>
    private const int MaxEarlyRenewals = 10;

    private static readonly TimeSpan EarlyRenewal = TimeSpan.FromSeconds(1);

    /// <summary>Time after which a lease that expires is certainly expired when it is read.</summary>
    private static readonly TimeSpan TakeoverMargin = TimeSpan.FromMilliseconds(20);


    private const string OwnershipLostReason = "another server owns or ended it";
    private readonly SemaphoreSlim _checkLock = new(1, 1);
    private readonly ProcessorLoad _load = new(time);
    private volatile bool _hasStarted;
    private bool _hasAddress;
    private TimeSpan _nextTakeover = TimeSpan.MaxValue;
    private volatile bool _hasResumed;
    private volatile bool _isDraining;
    private volatile bool _isStopping;

    /// <summary>Raised when the server begins to be drained, or no longer is. Handlers must only wake other threads.</summary>
    public event Action? DrainingChanged;

    /// <summary>Indicates whether an operator drains the server, or it is about to stop.</summary>
    public bool IsDraining => _isDraining || _isStopping;

    /// <summary>Indicates whether this server owns sessions.</summary>
    public bool HasSessions => sessionManager.Sessions().Count > 0;

    /// <inheritdoc/>
    public bool TakesSessions => HasResumed && !IsDraining && identity.Roles.Media;

    /// <summary>Indicates whether the sessions that this server took over at start are known to the session manager.</summary>
    public bool HasResumed
    {
        get => _hasResumed;
        set => _hasResumed = value;
    }

    /// <inheritdoc/>
    public bool Handles(DatabaseNotification notification) => notification.Table == "session_owners";

    /// <inheritdoc/>
    public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken) => CheckSessionsAsync(connection, cancellationToken);

    /// <inheritdoc/>
    public Task ReloadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        CheckSessionsAsync(connection, cancellationToken);

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
            sessionWriter.OwnershipLost += OnLost;
            if (!database.IsPrivate)
            {
                suspensions?.Start();
            }

            _hasStarted = true;
        }
    }

    /// <summary>Renews the lease once and checks ownership.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.LeaseSource.OpenConnectionAsync(cancellationToken);
        if (await RenewAsync(connection, isFirst: false, cancellationToken) == LeaseRenewal.TakenByOther)
        {
            var taken = identity.Id;
            identity.Renew(persist: false);
            ControlLog.ServerIdTaken(logger, taken, identity.Id, ServerIdentity.FileName);
            await RenewAsync(connection, isFirst: true, cancellationToken);
            identity.Confirm();
        }

        await CheckSessionsAsync(connection, cancellationToken);
    }

    /// <summary>
    /// Checks all open sessions before an encoder is rejected, if the owner of its channel would have lost it since the last check. An
    /// owner that renews its lease is checked once per lease. While the database is unavailable, the last state remains.
    /// </summary>
    public async Task CheckIfDueAsync(long channelId, CancellationToken cancellationToken)
    {
        if (remoteSessions.IsDue(channelId))
        {
            await TryCheckAsync(cancellationToken);
        }
    }

    /// <summary>Checks all open sessions, within the time of a lookup; without effect while the database is unavailable.</summary>
    public async Task TryCheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var limit = new CancellationTokenSource(options.Value.LookupTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            await using var connection = await database.Source.OpenConnectionAsync(either.Token);
            await CheckSessionsAsync(connection, either.Token);
        }
        catch (Exception e) when (ControlDatabase.IsUnavailable(e) || e is OperationCanceledException)
        {
            // The last state applies.
        }
    }

    /// <summary>Checks all open sessions once.</summary>
    public async Task CheckSessionsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await _checkLock.WaitAsync(cancellationToken);
        try
        {
            var begun = suspensions?.Begin() ?? 0;

            // Read local sessions first: a session that ends here meanwhile must not look taken over.
            var localSessions = sessionManager.Sessions();
            var open = await claims.ReadAsync(connection, cancellationToken);
            if (await RestoreClaimsAsync(connection, open, localSessions, cancellationToken))
            {
                open = await claims.ReadAsync(connection, cancellationToken);
            }

            if (HasResumed && await takeovers.RunAsync(connection, open, cancellationToken))
            {
                localSessions = sessionManager.Sessions();
                open = await claims.ReadAsync(connection, cancellationToken);
            }

            remoteSessions.Set(open);
            await spares.UpdateAsync(connection, open, cancellationToken);
            await ReleaseChannelsAsync(open, cancellationToken);
            foreach (var session in open.Where(s => s is { Standing: OwnershipStatus.OwnedHere, EndRequest: not null }))
            {
                sessionManager.End(session.Id, session.EndRequest!);
            }

            var rows = open.ToDictionary(s => s.Id);
            foreach (var session in localSessions.Where(s => !sessionManager.IsMoving(s.Id) && rows.TryGetValue(s.Id, out var row)
                && (row.Standing is not (OwnershipStatus.OwnedHere or OwnershipStatus.Unowned) || row.Epoch > s.Epoch)))
            {
                OnLost(session.Id, OwnershipLostReason);
            }

            // Sessions without a row are not written yet.
            var missing = localSessions.Select(s => s.Id).Where(id => !rows.ContainsKey(id)).ToList();
            if (missing.Count > 0)
            {
                (await SessionClaims.ListEndedAsync(connection, missing, cancellationToken)).ForEach(id => OnLost(id, OwnershipLostReason));
            }

            _nextTakeover = HasResumed ? takeovers.TimeToNext(open) : TimeSpan.MaxValue;
            await EndUnknownAsync(connection, open, cancellationToken);
            if (open.FindAll(SessionClaims.ShouldEnd) is { Count: > 0 } abandoned)
            {
                await EndAbandonedAsync(connection, abandoned, cancellationToken);
            }

            suspensions?.Confirm(begun);
        }
        finally
        {
            _checkLock.Release();
        }
    }

    /// <summary>Takes no more sessions, because the server is about to stop.</summary>
    public void BeginDrain()
    {
        _isStopping = true;
        DrainingChanged?.Invoke();
    }

    /// <inheritdoc/>
    public async Task<bool> TakeAsync(SessionId session, long epoch, Guid owner, SessionCopy copy, CancellationToken cancellationToken)
    {
        // Under the lock: a check must not find a session of this server that it does not know yet.
        await _checkLock.WaitAsync(cancellationToken);
        try
        {
            await using var connection = await database.LeaseSource.OpenConnectionAsync(cancellationToken);
            if (!TakesSessions || !await takeovers.TakeAsync(connection, session, epoch, owner, copy))
            {
                return false;
            }

            // Its encoders are admitted here from now on.
            remoteSessions.Remove(session);
            return true;
        }
        catch (Exception error) when (ControlDatabase.IsUnavailable(error) || error is PostgresException)
        {
            throw new IOException(ControlDatabase.Describe(error), error);
        }
        finally
        {
            _checkLock.Release();
        }
    }

    /// <summary>
    /// Adds a session that this server has handed over to those of other servers. A check that has read the database before does not
    /// remove it.
    /// </summary>
    public async Task AddRemoteAsync(RemoteSession session)
    {
        await _checkLock.WaitAsync();
        try
        {
            remoteSessions.Add(session);
        }
        finally
        {
            _checkLock.Release();
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
    public override void Dispose()
    {
        sessionWriter.OwnershipLost -= OnLost;
        _checkLock.Dispose();
        base.Dispose();
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
            wait = _nextTakeover < wait ? _nextTakeover + TakeoverMargin : wait;
            _nextTakeover = TimeSpan.MaxValue;
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
            catch (Exception e) when (ControlDatabase.IsUnavailable(e))
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
        lease.Renewed(began);
        if (_isDraining != (renewal == LeaseRenewal.Draining))
        {
            _isDraining = renewal == LeaseRenewal.Draining;
            Action<ILogger> log = _isDraining ? ControlLog.Drained : ControlLog.Undrained;
            log(logger);
            DrainingChanged?.Invoke();
        }

        return renewal;
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

    /// <summary>
    /// Makes the packager release channels that are on air at other servers. This comes before the end of local sessions, so that the
    /// journal of a session that another server took over gets no end here.
    /// </summary>
    private async Task ReleaseChannelsAsync(List<ClaimedSession> open,
        CancellationToken cancellationToken)
    {
        if (lifecycle is null)
        {
            return;
        }

        // A session that moves is released by its handover.
        foreach (var session in open.Where(s => s.Standing is OwnershipStatus.OwnedByLiveServer && !sessionManager.IsMoving(s.Id)))
        {
            await lifecycle.ReleaseAsync(ChannelName.Parse(session.Channel), session.Id, cancellationToken);
        }
    }

    /// <summary>Writes the claims of this server that the database has lost; other servers read the epochs there.</summary>
    private async Task<bool> RestoreClaimsAsync(NpgsqlConnection connection, List<ClaimedSession> open,
        IReadOnlyList<BroadcastSession> localSessions, CancellationToken cancellationToken)
    {
        var epochs = open.ToDictionary(session => session.Id, session => session.Epoch);
        var lost = localSessions.Where(s => !sessionManager.IsMoving(s.Id) && epochs.TryGetValue(s.Id, out var epoch) && epoch < s.Epoch)
            .Select(session => (session.Id, session.Epoch)).ToList();
        foreach (var session in lost.Count > 0 ? await claims.RestoreAsync(connection, lost, cancellationToken) : [])
        {
            ControlLog.ClaimRestored(logger, session.Value, lost.Find(claim => claim.Id == session).Epoch, epochs[session]);
        }

        return lost.Count > 0;
    }

    private void OnLost(SessionId session, string reason)
    {
        if (!sessionManager.IsMoving(session) && sessionManager.End(session, reason) is { } ended)
        {
            ControlLog.SessionOwnershipLost(logger, session.Value, ended.Channel.Value, reason);
        }
    }

    /// <summary>
    /// Ends the open rows of this server whose session it does not have and is not about to write. A session that it mirrors is at another
    /// server, whose claim the database has lost and gets again. A server that stops may have left a session without knowing whether
    /// another one has taken it; its next start finds out.
    /// </summary>
    private async Task EndUnknownAsync(NpgsqlConnection connection, List<ClaimedSession> open, CancellationToken cancellationToken)
    {
        if (!HasResumed || _isStopping)
        {
            return;
        }

        var unknown = open.Where(s => s.Standing == OwnershipStatus.OwnedHere && !sessionManager.HasOpen(s.Id)
            && !sessionWriter.HasPending(s.Id) && !storedTakeovers.IsRunning(s.Id) && !takeovers.HasCopy(s)).ToList();
        if (unknown.Count > 0 && await claims.EndUnknownAsync(connection, [.. unknown.Select(s => s.Id)], cancellationToken) > 0)
        {
            unknown.ForEach(session => ControlLog.SessionUnknown(logger, session.Id.Value, session.Channel));
        }
    }

    private async Task EndAbandonedAsync(NpgsqlConnection connection, List<ClaimedSession> abandoned, CancellationToken cancellationToken)
    {
        var withoutMedia = HasResumed ? await storedTakeovers.EndAsync(abandoned, cancellationToken) : new HashSet<SessionId>();
        foreach (var session in withoutMedia.Count == 0 ? [] : await claims.EndAbandonedAsync(connection, withoutMedia, cancellationToken))
        {
            ControlLog.SessionAbandoned(logger, session.Id, session.Channel, session.Owner, session.Reason);

            // The server that reported the channel as on air cannot report its end.
            await EventStreamLog.AddAsync(
                connection, time.GetUtcNow(), EventStreamTypes.ChannelState, session.Channel,
                new ChannelStateData(ChannelRunStates.Name(ChannelRunState.Offline), null, null, []), cancellationToken);
        }
    }
}
