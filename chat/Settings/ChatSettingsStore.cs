using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;
using Dapper;

namespace Broadcast.Chat.Settings;

/// <summary>Chat settings in the database.</summary>
public sealed class ChatSettingsStore(ServerDatabase database) : IChatSettings
{
    /// <inheritdoc/>
    public async Task<ChatSettings> GetAsync(ChannelName channel, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return new(await connection.ExecuteScalarAsync<bool?>(new CommandDefinition(
            "SELECT s.enabled FROM chat_settings s JOIN channels c ON c.id = s.channel_id WHERE c.name = @channel",
            new { channel = channel.Value }, cancellationToken: cancellationToken)) ?? false);
    }

    /// <summary>Lists the names of the channels with chat.</summary>
    public async Task<IReadOnlySet<string>> ListEnabledAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var names = await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT c.name FROM chat_settings s JOIN channels c ON c.id = s.channel_id WHERE s.enabled",
            cancellationToken: cancellationToken));
        return names.ToHashSet(StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public async Task<bool> SetAsync(ChannelName channel, ChatSettings settings, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO chat_settings (channel_id, enabled)
            SELECT id, @enabled FROM channels WHERE name = @channel AND deleted_at IS NULL
            ON CONFLICT (channel_id) DO UPDATE SET enabled = excluded.enabled
            """,
            new { channel = channel.Value, enabled = settings.Enabled }, cancellationToken: cancellationToken)) == 1;
    }
}
