using System.Collections.Frozen;
using System.Text;
using Broadcast.Chat.Filters;
using Broadcast.Database;
using Broadcast.Media;
using Dapper;
using Npgsql;

namespace Broadcast.Chat.Settings;

/// <summary>
/// Channels with chat and their filters, in memory. The last known settings stay in effect while the database is unavailable.
/// </summary>
internal sealed class ChatSettingsCache : INotificationHandler
{
    private const string Table = "chat_settings";
    private const string NoFilters = "{}";
    private volatile FrozenDictionary<string, Entry> _enabled = FrozenDictionary<string, Entry>.Empty;

    /// <summary>Returns whether a channel has chat.</summary>
    public bool IsEnabled(ChannelName channel) => _enabled.ContainsKey(channel.Value);

    /// <summary>Filter of a channel.</summary>
    public MessageFilter FilterOf(ChannelName channel) =>
        _enabled.TryGetValue(channel.Value, out var entry) ? entry.Filter : MessageFilter.None;

    /// <inheritdoc/>
    public bool Handles(DatabaseNotification notification) => notification.Table == Table;

    /// <inheritdoc/>
    public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken) => LoadAsync(connection, cancellationToken);

    /// <inheritdoc/>
    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var rows = await connection.QueryAsync<(string Name, string Filters)>(new CommandDefinition(
            $"SELECT c.name, s.filters::text FROM {ChatSettingsStore.InEffectSql} WHERE s.enabled",
            cancellationToken: cancellationToken));
        var known = _enabled;
        _enabled = rows.ToFrozenDictionary(row => row.Name,
            row => known.TryGetValue(row.Name, out var entry) && entry.Json == row.Filters ? entry : new(row.Filters, Compile(row.Filters)),
            StringComparer.Ordinal);
    }

    private static MessageFilter Compile(string json) =>
        json == NoFilters ? MessageFilter.None : new(FilterSettings.ParseStored(Encoding.UTF8.GetBytes(json)));

    private sealed record Entry(string Json, MessageFilter Filter);
}
