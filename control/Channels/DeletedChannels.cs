using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control;

/// <summary>Clears up after deleted channels: ends their sessions, has their media removed, then removes their rows. Interrupted, it is done again at the next start.</summary>
internal sealed class DeletedChannels(SessionBook book, SessionLedger ledger, ISessionLifecycle? lifecycle, ILogger logger)
{
    public async Task PurgeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var channels = (await connection.QueryAsync<(long Id, string Name)>(new CommandDefinition(
            "SELECT id, name FROM channels WHERE deleted_at IS NOT NULL", cancellationToken: cancellationToken))).ToList();
        foreach (var (id, name) in channels)
        {
            book.End(id, "channel deleted");
            if (lifecycle is null)
            {
                continue;   // another process has the media; the row waits for it
            }

            await book.EndsToldAsync();
            if (!await ledger.FlushAsync(cancellationToken))
            {
                return;
            }

            var sessions = (await connection.QueryAsync<string>(new CommandDefinition(
                "SELECT id FROM sessions WHERE channel_id = @id", new { id }, cancellationToken: cancellationToken))).ToList();
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

            await connection.ExecuteAsync(new CommandDefinition("DELETE FROM channels WHERE id = @id", new { id }, cancellationToken: cancellationToken));
            ControlLog.ChannelPurged(logger, name, sessions.Count);
        }
    }
}
