using System.Collections.Frozen;
using Broadcast.Database;
using Broadcast.Media;
using Dapper;
using Npgsql;

namespace Broadcast.Chat.Settings;

/// <summary>Channels with chat, in memory. The last known settings stay in effect while the database is unavailable.</summary>
internal sealed class ChatSettingsCache : INotificationHandler
{
    private const string Table = "chat_settings";
    private volatile FrozenSet<string> _enabled = [];

    /// <summary>Returns whether a channel has chat.</summary>
    public bool IsEnabled(ChannelName channel) => _enabled.Contains(channel.Value);

    /// <inheritdoc/>
    public bool Handles(DatabaseNotification notification) => notification.Table == Table;

    /// <inheritdoc/>
    public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken) => LoadAsync(connection, cancellationToken);

    /// <inheritdoc/>
    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var names = await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT c.name FROM chat_settings s JOIN channels c ON c.id = s.channel_id WHERE s.enabled",
            cancellationToken: cancellationToken));
        _enabled = names.ToFrozenSet(StringComparer.Ordinal);
    }
}
