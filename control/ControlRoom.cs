using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// The control room at work: opens the database, takes over what an earlier process left, listens for changes made by others, and comes back when the database does. A
/// configured server that is away at start does not stop the start; what can never work (no PostgreSQL installed, a newer schema) does.
/// </summary>
internal sealed class ControlRoom(
    Database database,
    FirstRun firstRun,
    IOptions<ControlOptions> options,
    ChannelDirectory channels,
    SetupCodes codes,
    KeyRegister keys,
    ViewingRegister viewing,
    AudienceRegister audience,
    RecordingCatalog recordings,
    PageRegister pages,
    RecordingKeeper keeper,
    HookCourier courier,
    EventStream stream,
    EventKeeper events,
    SessionBook book,
    SessionLedger ledger,
    PublishAuthority authority,
    DeletedChannels deleted,
    ServerKeeper servers,
    SessionClaims claims,
    SessionsElsewhere elsewhere,
    TimeProvider time,
    ILogger<ControlRoom> logger,
    IChannelStates? states = null,
    ISessionLifecycle? lifecycle = null) : BackgroundService
{
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(10);

    // Servers of before, which a database of theirs still serves meanwhile, did not tell of new keys. The margin is for clocks that differ.
    private static readonly TimeSpan KeyNews = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastWrites = TimeSpan.FromSeconds(2);
    private CreatedChannel? _first;
    private bool _prepared;

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await PrepareAsync(cancellationToken);
        }
        catch (Exception e) when (Database.IsAway(e))
        {
            ControlLog.DatabaseAway(logger, Database.Describe(e));
        }

        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        book.Stop();
        await book.EndsToldAsync().WaitAsync(TimeSpan.FromSeconds(2), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_prepared)
        {
            return;
        }

        using var limit = new CancellationTokenSource(LastWrites, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await ledger.FlushAsync(either.Token);
            await servers.ReleaseAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            ControlLog.SessionsNotWritten(logger);
        }
        catch (Exception e) when (Database.IsAway(e) || e is PostgresException)
        {
            // Then the lease ends by itself.
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var writing = ledger.RunAsync(stoppingToken);
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
                // Whatever it is, streams that run go on: a service that fails would take the whole server with it.
                if (pause == TimeSpan.Zero && (Database.IsAway(e) || e is PostgresException or ControlException))
                {
                    ControlLog.DatabaseAway(logger, Database.Describe(e));
                }
                else if (pause == TimeSpan.Zero)
                {
                    ControlLog.ListeningFailed(logger, e);
                }

                pause = pause == TimeSpan.Zero ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
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
            await database.MendAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The loop sees it.
        }
        catch (Exception e)
        {
            ControlLog.DatabaseAway(logger, e.Message);
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
            // Before viewers are let in: they would get what is hidden.
            await audience.LearnAsync(connection, cancellationToken);
            await viewing.LearnAsync(connection, cancellationToken);
            await recordings.LearnAsync(connection, cancellationToken);
            await pages.LearnAsync(connection, cancellationToken);
            await keys.LearnAsync(connection, cancellationToken);
        }

        // An encoder that comes first thing has to meet the event whose time it is.
        await events.LookAsync(cancellationToken);
        authority.Open();
        _prepared = true;
        firstRun.Set(new(_first?.Channel.Name, _first?.Key.StreamKey, code));
    }

    /// <summary>
    /// Goes on with the sessions that are open and this server's, or left by one that is gone; what others have on air stays theirs. When the process before died, or its database was away, database and media may disagree: what the media say is over is over,
    /// and what they have open, without the database knowing of it, is ended, because no encoder could ever go on with it.
    /// </summary>
    private async Task TakeOverAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        if (SessionId.TryParse(await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "SELECT max(id COLLATE \"C\") FROM sessions", cancellationToken: cancellationToken)), out var newest))
        {
            book.BeginAfter(newest);
        }

        await servers.BeginAsync(connection, cancellationToken);
        var (taken, others) = await claims.TakeOverAsync(connection, cancellationToken);
        elsewhere.Set(others.Select(s => (s.ChannelId, s.Channel)));
        if (others.Count > 0)
        {
            ControlLog.SessionsOnAirElsewhere(logger, others.Count);
        }

        // Before viewers are let in: they would get what the store had when this process began, for as long as it runs.
        foreach (var other in lifecycle is null ? [] : others)
        {
            await lifecycle!.LetGoAsync(ChannelName.Parse(other.Channel), other.Id, cancellationToken);
        }

        book.Resume(taken, session => states?.Find(session.Channel) is { State: "ended" } state && state.Session == session.Id);
        if (states is null || lifecycle is null)
        {
            return;
        }

        foreach (var channel in await channels.ListAsync(cancellationToken))
        {
            if (ChannelName.TryParse(channel.Name, out var name) && states.Find(name) is { State: not ("ended" or "offline"), Session: { } stray }
                && !taken.Exists(s => s.Session.Id == stray) && !others.Exists(s => s.Id == stray))
            {
                ControlLog.StrayEnded(logger, channel.Name, stray.Value);
                await lifecycle.EndAsync(name, stray, "the server was restarted", cancellationToken);
            }
        }
    }

    private async Task ListenAsync(bool wasAway, Action reached, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var heard = new HashSet<string>(StringComparer.Ordinal);
        connection.Notification += (_, notice) => heard.Add(notice.Payload);
        await connection.ExecuteAsync(new CommandDefinition("LISTEN broadcast_control", cancellationToken: cancellationToken));
        await RecheckAsync(connection, cancellationToken);
        reached();
        events.Wake();
        if (wasAway)
        {
            ControlLog.DatabaseBack(logger);
        }

        while (true)
        {
            keys.Contact();
            if (audience.HasUnwritten)
            {
                await audience.FlushAsync(connection, cancellationToken);
            }

            if (heard.Count > 0)
            {
                var changed = heard.ToHashSet(StringComparer.Ordinal);
                heard.Clear();
                if (changed.RemoveWhere(EventStream.IsAbout) > 0)
                {
                    stream.Wake();
                }

                if (changed.RemoveWhere(ServerKeeper.IsAbout) > 0)
                {
                    await servers.LookAsync(connection, cancellationToken);
                }

                if (changed.RemoveWhere(HookCourier.IsAbout) > 0)
                {
                    courier.Wake();
                }

                if (changed.Count == 0)
                {
                    continue;   // nothing that anybody else wants to know
                }

                if (changed.Any(ViewingRegister.IsAbout))
                {
                    await viewing.LearnAsync(connection, cancellationToken);
                }

                if (changed.Any(AudienceRegister.IsAbout))
                {
                    await audience.LearnAsync(connection, cancellationToken);
                }

                if (changed.Any(RecordingCatalog.IsAbout))
                {
                    await recordings.LearnAsync(connection, changed, cancellationToken);
                    keeper.Wake();
                }

                if (changed.Any(PageRegister.IsAbout))
                {
                    await pages.LearnAsync(connection, changed, cancellationToken);
                }

                if (changed.Any(EventKeeper.IsAbout))
                {
                    events.Wake();
                }

                keys.Forget(k => changed.Contains($"stream_keys:{k.KeyId}") || changed.Contains($"channels:{k.ChannelId}"));
                await keys.LearnAsync(connection, [.. Named(changed, "channels:").Select(long.Parse)], [.. Named(changed, "stream_keys:")], cancellationToken);
                await ReconcileAsync(connection, cancellationToken);
            }
            else if (!await connection.WaitAsync(Ping, cancellationToken))
            {
                await keys.LearnAsync(connection, time.GetUtcNow() - KeyNews, cancellationToken);
            }
        }
    }

    private static IEnumerable<string> Named(IEnumerable<string> heard, string table) =>
        heard.Where(h => h.StartsWith(table, StringComparison.Ordinal)).Select(h => h[table.Length..]);

    // What was said while nobody listened.
    private async Task RecheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await servers.LookAsync(connection, cancellationToken);
        await audience.LearnAsync(connection, cancellationToken);
        await viewing.LearnAsync(connection, cancellationToken);
        await recordings.LearnAsync(connection, cancellationToken);
        await pages.LearnAsync(connection, cancellationToken);
        var asked = keys.Remembered();
        var working = await WorkingAsync(connection, asked, cancellationToken);
        var gone = asked.Where(id => !working.Contains(id)).ToHashSet(StringComparer.Ordinal);   // not those remembered meanwhile
        keys.Forget(k => gone.Contains(k.KeyId));
        await keys.LearnAsync(connection, cancellationToken);
        await ReconcileAsync(connection, cancellationToken);
    }

    private async Task ReconcileAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var inUse = book.KeysInUse();
        book.KeepOnly(await WorkingAsync(connection, inUse, cancellationToken), inUse);
        var windows = await connection.QueryAsync<(long Id, int Window)>(new CommandDefinition(
            "SELECT id, reconnect_window_seconds FROM channels WHERE id = ANY (@ids) AND deleted_at IS NULL", new { ids = book.ChannelsInUse() }, cancellationToken: cancellationToken));
        foreach (var (id, window) in windows)
        {
            book.SetWindow(id, TimeSpan.FromSeconds(window));
        }

        await deleted.PurgeAsync(connection, cancellationToken);
    }

    private static async Task<HashSet<string>> WorkingAsync(NpgsqlConnection connection, string[] ids, CancellationToken cancellationToken) =>
        [.. await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT k.id FROM stream_keys k JOIN channels c ON c.id = k.channel_id WHERE k.id = ANY (@ids) AND k.revoked_at IS NULL AND c.deleted_at IS NULL",
            new { ids },
            cancellationToken: cancellationToken))];
}
