using Broadcast.Control.Channels;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.HostToControl;
using Broadcast.Media.PackagerToControl;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Servers;

/// <summary>
/// Applies the ownership of sessions that the database has to this server. Ends local sessions that another server ended or took over, or
/// whose end was requested; takes over or ends sessions of servers that are gone; loads the sessions on air at other servers.
/// </summary>
internal sealed class OwnershipCheck : INotificationHandler, ISessionReceiver, IDisposable
{
    private const string OwnershipLostReason = "another server owns or ended it";
    private readonly ServerDatabase _database;
    private readonly ServerIdentity _identity;
    private readonly SessionClaims _claims;
    private readonly RemoteSessions _remoteSessions;
    private readonly SessionManager _sessionManager;
    private readonly SessionWriter _sessionWriter;
    private readonly IOptions<ControlOptions> _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ServerLeaseState _lease;
    private readonly SessionTakeovers _takeovers;
    private readonly StoredTakeovers _storedTakeovers;
    private readonly SpareSessions _spares;
    private readonly ISessionLifecycle? _lifecycle;
    private readonly SuspensionWatch? _suspensions;
    private readonly SemaphoreSlim _checkLock = new(1, 1);
    private volatile bool _hasResumed;
    private long _nextTakeover = long.MaxValue;

    /// <summary>Creates the check. Sessions that lose their row on a write end from then on.</summary>
    public OwnershipCheck(ServerDatabase database, ServerIdentity identity, SessionClaims claims, RemoteSessions remoteSessions,
        SessionManager sessionManager, SessionWriter sessionWriter, IOptions<ControlOptions> options,
        [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<OwnershipCheck> logger, ServerLeaseState lease,
        SessionTakeovers takeovers, StoredTakeovers storedTakeovers, SpareSessions spares, ISessionLifecycle? lifecycle = null,
        SuspensionWatch? suspensions = null)
    {
        (_database, _identity, _claims, _remoteSessions, _sessionManager, _sessionWriter) =
            (database, identity, claims, remoteSessions, sessionManager, sessionWriter);
        (_options, _time, _logger, _lease, _takeovers, _storedTakeovers) = (options, time, logger, lease, takeovers, storedTakeovers);
        (_spares, _lifecycle, _suspensions) = (spares, lifecycle, suspensions);
        sessionWriter.OwnershipLost += OnLost;
    }

    /// <summary>
    /// Returns the time from the last check until a session of another server can be taken over, once: the maximum if there is none, or
    /// without a check since the last call.
    /// </summary>
    public TimeSpan TakeNextTakeover() => new(Interlocked.Exchange(ref _nextTakeover, long.MaxValue));

    /// <inheritdoc/>
    public bool TakesSessions => HasResumed && !_lease.IsDraining && _identity.Roles.Media;

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
        CancellationToken cancellationToken) => RunAsync(connection, cancellationToken);

    /// <inheritdoc/>
    public Task ReloadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        RunAsync(connection, cancellationToken);

    /// <summary>
    /// Checks all open sessions before an encoder is rejected, if the owner of its channel would have lost it since the last check. An
    /// owner that renews its lease is checked once per lease. While the database is unavailable, the last state remains.
    /// </summary>
    public async Task RunIfDueAsync(long channelId, CancellationToken cancellationToken)
    {
        if (_remoteSessions.IsDue(channelId))
        {
            await TryRunAsync(cancellationToken);
        }
    }

    /// <summary>Checks all open sessions, within the time of a lookup; without effect while the database is unavailable.</summary>
    public async Task TryRunAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var limit = new CancellationTokenSource(_options.Value.LookupTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            await using var connection = await _database.Source.OpenConnectionAsync(either.Token);
            await RunAsync(connection, either.Token);
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e) || e is OperationCanceledException)
        {
            // The last state applies.
        }
    }

    /// <summary>Checks all open sessions once.</summary>
    public async Task RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await _checkLock.WaitAsync(cancellationToken);
        try
        {
            var begun = _suspensions?.Begin() ?? 0;

            // Read local sessions first: a session that ends here meanwhile must not look taken over.
            var localSessions = _sessionManager.Sessions();
            var open = await _claims.ReadAsync(connection, cancellationToken);
            if (await RestoreClaimsAsync(connection, open, localSessions, cancellationToken))
            {
                open = await _claims.ReadAsync(connection, cancellationToken);
            }

            if (HasResumed && await _takeovers.RunAsync(connection, open, cancellationToken))
            {
                localSessions = _sessionManager.Sessions();
                open = await _claims.ReadAsync(connection, cancellationToken);
            }

            _remoteSessions.Set(open);
            await _spares.UpdateAsync(connection, open, cancellationToken);
            await ReleaseChannelsAsync(open, cancellationToken);
            foreach (var session in open.Where(s => s is { Standing: OwnershipStatus.OwnedHere, EndRequest: not null }))
            {
                _sessionManager.End(session.Id, session.EndRequest!);
            }

            // The epoch is read now: a handover that was withdrawn meanwhile has taken the next one.
            var rows = open.ToDictionary(s => s.Id);
            foreach (var session in localSessions.Where(s => !_sessionManager.IsMoving(s.Id) && rows.TryGetValue(s.Id, out var row)
                && (row.Standing is not (OwnershipStatus.OwnedHere or OwnershipStatus.Unowned)
                    || row.Epoch > _sessionManager.FindEpoch(s.Id))))
            {
                OnLost(session.Id, OwnershipLostReason);
            }

            // Sessions without a row are not written yet.
            var missing = localSessions.Select(s => s.Id).Where(id => !rows.ContainsKey(id)).ToList();
            if (missing.Count > 0)
            {
                (await SessionClaims.ListEndedAsync(connection, missing, cancellationToken)).ForEach(id => OnLost(id, OwnershipLostReason));
            }

            Volatile.Write(ref _nextTakeover, (HasResumed ? _takeovers.TimeToNext(open) : TimeSpan.MaxValue).Ticks);
            await EndUnknownAsync(connection, open, cancellationToken);
            if (open.FindAll(SessionClaims.ShouldEnd) is { Count: > 0 } abandoned)
            {
                await EndAbandonedAsync(connection, abandoned, cancellationToken);
            }

            _suspensions?.Confirm(begun);
        }
        finally
        {
            _checkLock.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<bool> TakeAsync(SessionId session, long epoch, Guid owner, SessionCopy copy, CancellationToken cancellationToken)
    {
        // Under the lock: a check must not find a session of this server that it does not know yet.
        await _checkLock.WaitAsync(cancellationToken);
        try
        {
            await using var connection = await _database.LeaseSource.OpenConnectionAsync(cancellationToken);
            if (!TakesSessions || !await _takeovers.TakeAsync(connection, session, epoch, owner, copy))
            {
                return false;
            }

            // Its encoders are admitted here from now on.
            _remoteSessions.Remove(session);
            return true;
        }
        catch (Exception error) when (ServerDatabase.IsUnavailable(error) || error is PostgresException)
        {
            throw new IOException(ServerDatabase.Describe(error), error);
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
            _remoteSessions.Add(session);
        }
        finally
        {
            _checkLock.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sessionWriter.OwnershipLost -= OnLost;
        _checkLock.Dispose();
    }

    /// <summary>
    /// Makes the packager release channels that are on air at other servers. This comes before the end of local sessions, so that the
    /// journal of a session that another server took over gets no end here.
    /// </summary>
    private async Task ReleaseChannelsAsync(List<ClaimedSession> open, CancellationToken cancellationToken)
    {
        if (_lifecycle is null)
        {
            return;
        }

        // A session that moves is released by its handover.
        foreach (var session in open.Where(s => s.Standing is OwnershipStatus.OwnedByLiveServer && !_sessionManager.IsMoving(s.Id)))
        {
            await _lifecycle.ReleaseAsync(ChannelName.Parse(session.Channel), session.Id, cancellationToken);
        }
    }

    /// <summary>Writes the claims of this server that the database has lost; other servers read the epochs there.</summary>
    private async Task<bool> RestoreClaimsAsync(NpgsqlConnection connection, List<ClaimedSession> open,
        IReadOnlyList<BroadcastSession> localSessions, CancellationToken cancellationToken)
    {
        var epochs = open.ToDictionary(session => session.Id, session => session.Epoch);
        var lost = localSessions.Where(s => !_sessionManager.IsMoving(s.Id) && epochs.TryGetValue(s.Id, out var epoch) && epoch < s.Epoch)
            .Select(session => (session.Id, session.Epoch)).ToList();
        foreach (var session in lost.Count > 0 ? await _claims.RestoreAsync(connection, lost, cancellationToken) : [])
        {
            ControlLog.ClaimRestored(_logger, session.Value, lost.Find(claim => claim.Id == session).Epoch, epochs[session]);
        }

        return lost.Count > 0;
    }

    private void OnLost(SessionId session, string reason)
    {
        if (!_sessionManager.IsMoving(session) && _sessionManager.End(session, reason) is { } ended)
        {
            ControlLog.SessionOwnershipLost(_logger, session.Value, ended.Channel.Value, reason);
        }
    }

    /// <summary>
    /// Ends the open rows of this server whose session it does not have and is not about to write. A session that it mirrors is at another
    /// server, whose claim the database has lost and gets again. A server that stops may have left a session without knowing whether
    /// another one has taken it; its next start finds out.
    /// </summary>
    private async Task EndUnknownAsync(NpgsqlConnection connection, List<ClaimedSession> open, CancellationToken cancellationToken)
    {
        if (!HasResumed || _lease.IsStopping)
        {
            return;
        }

        var unknown = open.Where(s => s.Standing == OwnershipStatus.OwnedHere && !_sessionManager.HasOpen(s.Id)
            && !_sessionWriter.HasPending(s.Id) && !_storedTakeovers.IsRunning(s.Id) && !_takeovers.HasCopy(s)).ToList();
        if (unknown.Count > 0 && await _claims.EndUnknownAsync(connection, [.. unknown.Select(s => s.Id)], cancellationToken) > 0)
        {
            unknown.ForEach(session => ControlLog.SessionUnknown(_logger, session.Id.Value, session.Channel));
        }
    }

    private async Task EndAbandonedAsync(NpgsqlConnection connection, List<ClaimedSession> abandoned, CancellationToken cancellationToken)
    {
        var withoutMedia = HasResumed ? await _storedTakeovers.EndAsync(abandoned, cancellationToken) : new HashSet<SessionId>();
        foreach (var session in withoutMedia.Count == 0 ? [] : await _claims.EndAbandonedAsync(connection, withoutMedia, cancellationToken))
        {
            ControlLog.SessionAbandoned(_logger, session.Id, session.Channel, session.Owner, session.Reason);

            // The server that reported the channel as on air cannot report its end.
            await EventStreamLog.AddAsync(
                connection, _time.GetUtcNow(), EventStreamTypes.ChannelState, session.Channel,
                new ChannelStateData(ChannelRunStates.Name(ChannelRunState.Offline), null, null, []), cancellationToken);
        }
    }
}
