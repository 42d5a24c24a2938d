using Broadcast.Control.Channels;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Dapper;
using Npgsql;

namespace Broadcast.Control.Publishing;

/// <summary>
/// Applies changes of channels and stream keys to the channels in use: disconnects encoders whose key was revoked, sets reconnect windows,
/// ends the sessions of deleted channels and requests their purge.
/// </summary>
internal sealed class KeyReconciliation(SessionManager sessionManager, DeletedChannels deleted) : INotificationHandler
{
    /// <inheritdoc/>
    public bool Handles(DatabaseNotification notification) => notification.Table is "stream_keys" or "channels";

    /// <inheritdoc/>
    public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken) => ReloadAsync(connection, cancellationToken);

    /// <inheritdoc/>
    public async Task ReloadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var inUse = sessionManager.KeysInUse();
        sessionManager.DisconnectInvalidKeys(await StreamKeyCache.FilterValidAsync(connection, inUse, cancellationToken), inUse);
        var channels = await connection.QueryAsync<(long Id, int Window, bool IsDeleted)>(new CommandDefinition(
            "SELECT id, reconnect_window_seconds, deleted_at IS NOT NULL FROM channels WHERE id = ANY (@ids)",
            new { ids = sessionManager.ChannelsInUse() }, cancellationToken: cancellationToken));
        foreach (var (id, window, isDeleted) in channels)
        {
            if (isDeleted)
            {
                sessionManager.End(id, DeletedChannels.EndReason);
            }
            else
            {
                sessionManager.SetWindow(id, TimeSpan.FromSeconds(window));
            }
        }

        deleted.Wake();
    }
}
