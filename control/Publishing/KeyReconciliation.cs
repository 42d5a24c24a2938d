using Broadcast.Control.Channels;
using Broadcast.Control.Database;
using Broadcast.Control.Sessions;
using Dapper;
using Npgsql;

namespace Broadcast.Control.Publishing;

/// <summary>
/// Applies changes of channels and stream keys to the channels in use: disconnects encoders whose key was revoked, sets reconnect windows
/// and purges deleted channels.
/// </summary>
internal sealed class KeyReconciliation(SessionManager sessionManager, DeletedChannels deleted) : INotificationHandler
{
    /// <summary>
    /// Returns whether a notification causes a reconciliation: any except the frequent ones, so that the purge of a channel that failed is
    /// repeated soon.
    /// </summary>
    public bool Handles(DatabaseNotification notification) =>
        notification.Table is not ("stream_events" or "session_owners" or "webhook_deliveries");

    /// <inheritdoc/>
    public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken) => notifications.Any(n => n.Table is "stream_keys" or "channels")
            ? ReloadAsync(connection, cancellationToken) : deleted.PurgeAsync(connection, cancellationToken);

    /// <inheritdoc/>
    public async Task ReloadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var inUse = sessionManager.KeysInUse();
        sessionManager.DisconnectInvalidKeys(await StreamKeyCache.FilterValidAsync(connection, inUse, cancellationToken), inUse);
        var windows = await connection.QueryAsync<(long Id, int Window)>(new CommandDefinition(
            "SELECT id, reconnect_window_seconds FROM channels WHERE id = ANY (@ids) AND deleted_at IS NULL",
            new { ids = sessionManager.ChannelsInUse() }, cancellationToken: cancellationToken));
        foreach (var (id, window) in windows)
        {
            sessionManager.SetWindow(id, TimeSpan.FromSeconds(window));
        }

        await deleted.PurgeAsync(connection, cancellationToken);
    }
}
