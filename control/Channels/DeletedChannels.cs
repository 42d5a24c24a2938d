using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.PackagerToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Channels;

/// <summary>
/// Background service that purges deleted channels: it ends their sessions, removes their media and then their rows. An interrupted or
/// failed purge is repeated. A channel can have thousands of sessions, so other work does not wait for it.
/// </summary>
internal sealed class DeletedChannels(ServerDatabase database, SessionManager sessionManager, SessionWriter sessionWriter,
    OwnershipCheck ownership, ServerIdentity identity, [FromKeyedServices(CalendarClock.Key)] TimeProvider time,
    ILogger<DeletedChannels> logger, ISessionLifecycle? lifecycle = null) : BackgroundService
{
    /// <summary>Reason for the end of a session whose channel was deleted.</summary>
    public const string EndReason = "channel deleted";

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private readonly WorkLoop _loop = new(time);

    /// <summary>Requests a pass, after a channel was deleted.</summary>
    public void Wake() => _loop.Wake();

    /// <summary>Purges all deleted channels once.</summary>
    /// <returns>Whether none is left.</returns>
    public async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        if (!ownership.HasResumed)
        {
            return false;   // sessions of these channels may be about to be resumed
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channels = (await connection.QueryAsync<(long Id, string Name)>(new CommandDefinition(
            "SELECT id, name FROM channels WHERE deleted_at IS NOT NULL", cancellationToken: cancellationToken))).ToList();
        var purged = 0;
        foreach (var (id, name) in channels)
        {
            sessionManager.End(id, EndReason);
            if (lifecycle is null)
            {
                continue;   // another process has the media and purges the channel
            }

            await sessionManager.WhenEndsNotifiedAsync();
            if (!await sessionWriter.FlushAsync(cancellationToken))
            {
                return false;
            }

            purged += await PurgeAsync(lifecycle, connection, id, name, cancellationToken) ? 1 : 0;
        }

        return purged == channels.Count;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _loop.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _loop.RunAsync(
        async token => await RunOnceAsync(token) ? Interval : Retry, Retry, e => ControlLog.ChannelPurgeFailed(logger, e), stoppingToken);

    private async Task<bool> PurgeAsync(ISessionLifecycle packager, NpgsqlConnection connection, long id, string name,
        CancellationToken cancellationToken)
    {
        // Each live server removes its own sessions; the last one removes the channel.
        var sessions = (await connection.QueryAsync<string>(new CommandDefinition(
            $"SELECT s.id FROM sessions s WHERE s.channel_id = @id AND {ServerLease.IsManageable}", new { id, me = identity.Id },
            cancellationToken: cancellationToken))).ToArray();
        try
        {
            foreach (var session in sessions)
            {
                await packager.ForgetAsync(ChannelName.Parse(name), SessionId.Parse(session), cancellationToken);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            ControlLog.PurgeFailed(logger, e, name);
            return false;
        }

        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM sessions WHERE id = ANY (@sessions)", new { sessions },
            cancellationToken: cancellationToken));
        if (await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM channels c WHERE c.id = @id AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.channel_id = c.id)", new { id },
            cancellationToken: cancellationToken)) == 0)
        {
            return false;
        }

        ControlLog.ChannelPurged(logger, name, sessions.Length);
        return true;
    }
}
