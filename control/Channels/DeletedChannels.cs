using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.PackagerToControl;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Channels;

/// <summary>
/// Purges deleted channels: ends their sessions, removes their media and then their rows. An interrupted purge is repeated at the next
/// start.
/// </summary>
internal sealed class DeletedChannels(SessionManager sessionManager, SessionWriter sessionWriter, ISessionLifecycle? lifecycle,
    ILogger logger, ServerIdentity? identity = null)
{
    public async Task PurgeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var channels = (await connection.QueryAsync<(long Id, string Name)>(new CommandDefinition(
            "SELECT id, name FROM channels WHERE deleted_at IS NOT NULL", cancellationToken: cancellationToken))).ToList();
        foreach (var (id, name) in channels)
        {
            sessionManager.End(id, "channel deleted");
            if (lifecycle is null)
            {
                continue;   // another process has the media and purges the channel
            }

            await sessionManager.WhenEndsNotifiedAsync();
            if (!await sessionWriter.FlushAsync(cancellationToken))
            {
                return;
            }

            // Each live server removes its own sessions; the last one removes the channel.
            var sessions = (await connection.QueryAsync<string>(new CommandDefinition(
                $"SELECT s.id FROM sessions s WHERE s.channel_id = @id AND {ServerLease.IsManageable}", new { id, me = identity?.Id },
                cancellationToken: cancellationToken))).ToArray();
            try
            {
                foreach (var session in sessions)
                {
                    await lifecycle.ForgetAsync(ChannelName.Parse(name), SessionId.Parse(session), cancellationToken);
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                ControlLog.PurgeFailed(logger, e, name);
                continue;
            }

            await connection.ExecuteAsync(new CommandDefinition("DELETE FROM sessions WHERE id = ANY (@sessions)", new { sessions },
                cancellationToken: cancellationToken));
            if (await connection.ExecuteAsync(new CommandDefinition(
                "DELETE FROM channels c WHERE c.id = @id AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.channel_id = c.id)", new { id },
                cancellationToken: cancellationToken)) > 0)
            {
                ControlLog.ChannelPurged(logger, name, sessions.Length);
            }
        }
    }
}
