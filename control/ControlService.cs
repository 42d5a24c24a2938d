using Broadcast.Control.Access;
using Broadcast.Control.Channels;
using Broadcast.Control.Database;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Control.Pages;
using Broadcast.Control.Publishing;
using Broadcast.Control.Recordings;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Control.Webhooks;
using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// Background service of the control module. It opens the database, takes over sessions of an earlier process, listens for changes by other
/// processes and reconnects after a database outage. An unreachable database server does not stop the start. A missing PostgreSQL
/// installation or a newer schema does.
/// </summary>
internal sealed class ControlService(
    ControlDatabase database,
    FirstRun firstRun,
    IOptions<ControlOptions> options,
    ChannelRepository channels,
    SetupCodes codes,
    StreamKeyCache keys,
    ViewerPolicyCache viewerPolicies,
    SessionVisibilityStore visibility,
    RecordingCatalog recordings,
    PageDataCache pages,
    RecordingRetentionService recordingRetention,
    WebhookDispatcher webhookDispatcher,
    EventStream stream,
    EventScheduler events,
    SessionManager sessionManager,
    SessionWriter sessionWriter,
    PublishAuthorizer publishAuthorizer,
    DeletedChannels deleted,
    ServerLeaseService servers,
    SessionClaims claims,
    RemoteSessions remoteSessions,
    TimeProvider time,
    ILogger<ControlService> logger,
    IChannelRuntimeStates? states = null,
    ISessionLifecycle? lifecycle = null) : BackgroundService
{
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(10);

    // Older servers on the same database send no notifications for new keys. The margin allows for clock differences.
    private static readonly TimeSpan KeyRecheckMargin = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FinalWriteTimeout = TimeSpan.FromSeconds(2);
    private CreatedChannel? _first;
    private bool _prepared;

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await PrepareAsync(cancellationToken);
        }
        catch (Exception e) when (ControlDatabase.IsUnavailable(e))
        {
            ControlLog.DatabaseUnavailable(logger, ControlDatabase.Describe(e));
        }

        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        sessionManager.Stop();
        await sessionManager.WhenEndsNotifiedAsync().WaitAsync(TimeSpan.FromSeconds(2), time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_prepared)
        {
            return;
        }

        using var limit = new CancellationTokenSource(FinalWriteTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await sessionWriter.FlushAsync(either.Token);
            await servers.ReleaseAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            ControlLog.SessionsNotWritten(logger);
        }
        catch (Exception e) when (ControlDatabase.IsUnavailable(e) || e is PostgresException)
        {
            // The lease then expires on its own.
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var writing = sessionWriter.RunAsync(stoppingToken);
        var pause = TimeSpan.Zero;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await PrepareAsync(stoppingToken);
                await ListenAsync(pause > TimeSpan.Zero, () => pause = TimeSpan.Zero, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                // Running streams continue after any error: an exception that leaves a hosted service stops the whole server.
                if (pause == TimeSpan.Zero && (ControlDatabase.IsUnavailable(e) || e is PostgresException or ControlException))
                {
                    ControlLog.DatabaseUnavailable(logger, ControlDatabase.Describe(e));
                }
                else if (pause == TimeSpan.Zero)
                {
                    ControlLog.ListeningFailed(logger, e);
                }

                pause = pause == TimeSpan.Zero ? TimeSpan.FromMilliseconds(100)
                    : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, MaxRetryDelay.Ticks));
                await RecoverAsync(pause, stoppingToken);
            }
        }

        await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RecoverAsync(TimeSpan pause, CancellationToken stoppingToken)
    {
        try
        {
            await Task.Delay(pause, time, stoppingToken);
            await database.RepairAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The loop in ExecuteAsync ends.
        }
        catch (Exception e)
        {
            ControlLog.DatabaseUnavailable(logger, e.Message);
        }
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (_prepared)
        {
            return;
        }

        await database.OpenAsync(cancellationToken);
        if (options.Value.CreateFirstChannel && (await channels.ListAsync(cancellationToken)).Count == 0)
        {
            _first = await channels.CreateAsync(ControlOptions.FirstChannel, new(), cancellationToken);
        }

        var code = await codes.IssueAsync(cancellationToken);
        await TakeOverAsync(cancellationToken);
        await using (var connection = await database.Source.OpenConnectionAsync(cancellationToken))
        {
            // Load these before viewers are admitted. Otherwise hidden media would be visible.
            await visibility.RefreshAsync(connection, cancellationToken);
            await viewerPolicies.RefreshAsync(connection, cancellationToken);
            await recordings.RefreshAsync(connection, cancellationToken);
            await pages.RefreshAsync(connection, cancellationToken);
            await keys.LoadAsync(connection, cancellationToken);
        }

        // An encoder that connects first must find the event that is due.
        await events.RunBeforeAdmissionAsync(cancellationToken);
        publishAuthorizer.Start();
        _prepared = true;
        firstRun.Set(new(_first?.Channel.Name, _first?.Key.StreamKey, code));
    }

    /// <summary>
    /// Resumes open sessions of this server and of servers whose lease expired. Sessions on air at other servers stay there. After a crash
    /// or a database outage, database and media can disagree. A session that the media report as ended is ended in the database. A session
    /// that is open in the media but unknown to the database is ended, because no encoder can continue it.
    /// </summary>
    private async Task TakeOverAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        if (SessionId.TryParse(await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "SELECT max(id COLLATE \"C\") FROM sessions", cancellationToken: cancellationToken)), out var newest))
        {
            sessionManager.StartAfter(newest);
        }

        await servers.StartAsync(connection, cancellationToken);
        var (taken, others) = await claims.TakeOverAsync(connection, cancellationToken);
        remoteSessions.Set(others.Select(s => (s.ChannelId, s.Channel)));
        if (others.Count > 0)
        {
            ControlLog.SessionsOnAirElsewhere(logger, others.Count);
        }

        // Do this before viewers are admitted. Otherwise they would get the store's state as of process start.
        foreach (var other in lifecycle is null ? [] : others)
        {
            await lifecycle!.ReleaseAsync(ChannelName.Parse(other.Channel), other.Id, cancellationToken);
        }

        sessionManager.Resume(taken, session => states?.Find(session.Channel) is { State: ChannelRunState.Ended } state
            && state.Session == session.Id);
        if (states is null || lifecycle is null)
        {
            return;
        }

        foreach (var channel in await channels.ListAsync(cancellationToken))
        {
            if (ChannelName.TryParse(channel.Name, out var name)
                && states.Find(name) is { State: not (ChannelRunState.Ended or ChannelRunState.Offline), Session: { } orphan }
                && !taken.Exists(s => s.Session.Id == orphan) && !others.Exists(s => s.Id == orphan))
            {
                ControlLog.OrphanSessionEnded(logger, channel.Name, orphan.Value);
                await lifecycle.EndAsync(name, orphan, "the server was restarted", cancellationToken);
            }
        }
    }

    private async Task ListenAsync(bool wasUnavailable, Action reached, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var notifications = new HashSet<string>(StringComparer.Ordinal);
        connection.Notification += (_, notification) => notifications.Add(notification.Payload);
        await connection.ExecuteAsync(new CommandDefinition("LISTEN broadcast_control", cancellationToken: cancellationToken));
        await RecheckAsync(connection, cancellationToken);
        reached();
        events.Wake();
        if (wasUnavailable)
        {
            ControlLog.DatabaseReconnected(logger);
        }

        while (true)
        {
            keys.RecordContact();
            if (visibility.HasPendingWrites)
            {
                await visibility.FlushAsync(connection, cancellationToken);
            }

            if (notifications.Count > 0)
            {
                var changed = notifications.ToHashSet(StringComparer.Ordinal);
                notifications.Clear();
                if (changed.RemoveWhere(EventStream.IsAbout) > 0)
                {
                    stream.Wake();
                }

                if (changed.RemoveWhere(ServerLeaseService.IsAbout) > 0)
                {
                    await servers.CheckSessionsAsync(connection, cancellationToken);
                }

                if (changed.RemoveWhere(WebhookDispatcher.IsAbout) > 0)
                {
                    webhookDispatcher.Wake();
                }

                if (changed.Count == 0)
                {
                    continue;   // no notification for the other caches
                }

                if (changed.Any(ViewerPolicyCache.Concerns))
                {
                    await viewerPolicies.RefreshAsync(connection, cancellationToken);
                }

                if (changed.Any(SessionVisibilityStore.Concerns))
                {
                    await visibility.RefreshAsync(connection, cancellationToken);
                }

                if (changed.Any(RecordingCatalog.Concerns))
                {
                    await recordings.RefreshAsync(connection, changed, cancellationToken);
                    recordingRetention.Wake();
                }

                if (changed.Any(PageDataCache.Concerns))
                {
                    await pages.RefreshAsync(connection, changed, cancellationToken);
                }

                if (changed.Any(EventScheduler.IsAbout))
                {
                    events.Wake();
                }

                keys.Remove(k => changed.Contains($"stream_keys:{k.KeyId}") || changed.Contains($"channels:{k.ChannelId}"));
                await keys.LoadAsync(connection, [.. IdsOf(changed, "channels:").Select(long.Parse)], [.. IdsOf(changed, "stream_keys:")],
                    cancellationToken);
                await ReconcileAsync(connection, cancellationToken);
            }
            else if (!await connection.WaitAsync(Ping, cancellationToken))
            {
                await keys.LoadAsync(connection, time.GetUtcNow() - KeyRecheckMargin, cancellationToken);
            }
        }
    }

    private static IEnumerable<string> IdsOf(IEnumerable<string> notifications, string table) =>
        notifications.Where(h => h.StartsWith(table, StringComparison.Ordinal)).Select(h => h[table.Length..]);

    // Reloads everything that may have changed while no connection was listening.
    private async Task RecheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await servers.CheckSessionsAsync(connection, cancellationToken);
        await visibility.RefreshAsync(connection, cancellationToken);
        await viewerPolicies.RefreshAsync(connection, cancellationToken);
        await recordings.RefreshAsync(connection, cancellationToken);
        await pages.RefreshAsync(connection, cancellationToken);
        var cachedKeys = keys.CachedIds();
        var validKeys = await ValidKeysAsync(connection, cachedKeys, cancellationToken);
        var revoked = cachedKeys.Where(id => !validKeys.Contains(id)).ToHashSet(StringComparer.Ordinal);   // keys cached meanwhile are kept
        keys.Remove(k => revoked.Contains(k.KeyId));
        await keys.LoadAsync(connection, cancellationToken);
        await ReconcileAsync(connection, cancellationToken);
    }

    private async Task ReconcileAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var inUse = sessionManager.KeysInUse();
        sessionManager.DisconnectInvalidKeys(await ValidKeysAsync(connection, inUse, cancellationToken), inUse);
        var windows = await connection.QueryAsync<(long Id, int Window)>(new CommandDefinition(
            "SELECT id, reconnect_window_seconds FROM channels WHERE id = ANY (@ids) AND deleted_at IS NULL",
            new { ids = sessionManager.ChannelsInUse() }, cancellationToken: cancellationToken));
        foreach (var (id, window) in windows)
        {
            sessionManager.SetWindow(id, TimeSpan.FromSeconds(window));
        }

        await deleted.PurgeAsync(connection, cancellationToken);
    }

    private static async Task<HashSet<string>> ValidKeysAsync(NpgsqlConnection connection, string[] ids,
        CancellationToken cancellationToken) =>
        [.. await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT k.id FROM stream_keys k JOIN channels c ON c.id = k.channel_id WHERE k.id = ANY (@ids) AND k.revoked_at IS NULL AND "
            + "c.deleted_at IS NULL",
            new { ids },
            cancellationToken: cancellationToken))];
}
