using System.Globalization;
using System.Text;
using System.Text.Json;
using Broadcast.Chat.Filters;
using Broadcast.Chat.Messages;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Chat.Settings;

/// <summary>Chat settings in the database.</summary>
public sealed class ChatSettingsStore(ServerDatabase database, IChangeLog changes,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time) : IChatSettings
{
    /// <summary>Columns of <see cref="SettingsRow"/>, as SQL.</summary>
    internal const string ColumnsSql = "s.enabled, s.slow_seconds AS slowSeconds, s.members_only AS membersOnly, s.frozen, "
        + "s.hold_all AS holdAll, s.reactions, s.questions";

    /// <summary>
    /// Channels as <c>c</c> with the settings in effect as <c>s</c>, as SQL: those of the channel, or of its event in preview or on air.
    /// </summary>
    internal const string InEffectSql = "chat_settings_in_effect s JOIN channels c ON c.id = s.channel_id";

    /// <inheritdoc/>
    public async Task<ChatSettings> GetAsync(ChannelName channel, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var row = await connection.QueryFirstOrDefaultAsync<SettingsRow>(new CommandDefinition(
            $"SELECT {ColumnsSql} FROM chat_settings s JOIN channels c ON c.id = s.channel_id WHERE c.name = @channel",
            new { channel = channel.Value }, cancellationToken: cancellationToken));
        var settings = row is not null ? row.ToSettings()
            : await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
                "SELECT EXISTS (SELECT FROM channels WHERE name = @channel AND deleted_at IS NULL)", new { channel = channel.Value },
                cancellationToken: cancellationToken))
                ? new ChatSettings(false) : throw OperationException.NoChannel(channel.Value);
        return settings with { Event = await FindEventAsync(connection, null, channel, cancellationToken) };
    }

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> GetFiltersAsync(ChannelName channel, CancellationToken cancellationToken = default)
    {
        await GetAsync(channel, cancellationToken);   // the channel exists
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var json = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "SELECT s.filters::text FROM chat_settings s JOIN channels c ON c.id = s.channel_id WHERE c.name = @channel",
            new { channel = channel.Value }, cancellationToken: cancellationToken)) ?? "{}";
        return FilterSettings.ParseStored(Encoding.UTF8.GetBytes(json)).ToJson();
    }

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> SetFiltersAsync(ChannelName channel, ReadOnlyMemory<byte> json,
        CancellationToken cancellationToken = default)
    {
        var filters = Parse(json.Span);
        var text = filters.ToJson();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO chat_settings AS s (channel_id, enabled, filters)
            SELECT id, false, @filters::jsonb FROM channels WHERE name = @channel AND deleted_at IS NULL
            ON CONFLICT (channel_id) DO UPDATE SET filters = excluded.filters
            """, new { channel = channel.Value, filters = Encoding.UTF8.GetString(text) }, transaction,
            cancellationToken: cancellationToken)) != 1)
        {
            throw OperationException.NoChannel(channel.Value);
        }

        await changes.RecordAsync(connection, transaction, time.GetUtcNow(), "chat.filter", $"channel/{channel.Value}",
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["heldWords"] = filters.Words.Held.Count.ToString(CultureInfo.InvariantCulture),
                ["rejectedWords"] = filters.Words.Rejected.Count.ToString(CultureInfo.InvariantCulture),
                ["links"] = filters.Links.Action.ToString().ToLowerInvariant(),
            }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return text;
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
    public async Task<ChatSettings> ChangeAsync(ChannelName channel, ChatSettingsChange change,
        CancellationToken cancellationToken = default)
    {
        if (change.SlowSeconds is < 0 or > ChatSettings.MaxSlowSeconds)
        {
            throw new OperationException([new("slowSeconds", $"'slowSeconds' must be 0 to {ChatSettings.MaxSlowSeconds}.")]);
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await connection.QueryFirstOrDefaultAsync<SettingsRow>(new CommandDefinition(
            $"""
            INSERT INTO chat_settings AS s (channel_id, enabled, slow_seconds, members_only, frozen, hold_all, reactions,
                questions)
            SELECT id, coalesce(@enabled, false), coalesce(@slowSeconds, 0), coalesce(@membersOnly, false), coalesce(@frozen, false),
                coalesce(@holdAll, false), coalesce(@reactions, true), coalesce(@questions, false) FROM channels WHERE name = @channel
                    AND deleted_at IS NULL
            ON CONFLICT (channel_id) DO UPDATE SET enabled = coalesce(@enabled, s.enabled),
                slow_seconds = coalesce(@slowSeconds, s.slow_seconds), members_only = coalesce(@membersOnly, s.members_only),
                frozen = coalesce(@frozen, s.frozen), hold_all = coalesce(@holdAll, s.hold_all),
                reactions = coalesce(@reactions, s.reactions), questions = coalesce(@questions, s.questions)
            RETURNING {ColumnsSql}
            """,
            new { channel = channel.Value, change.Enabled, change.SlowSeconds, change.MembersOnly, change.Frozen, change.HoldAll,
                change.Reactions, change.Questions }, transaction, cancellationToken: cancellationToken))
                    ?? throw OperationException.NoChannel(channel.Value);
        await changes.RecordAsync(connection, transaction, time.GetUtcNow(), "chat.change", $"channel/{channel.Value}", DetailOf(change),
            cancellationToken);
        await SessionBatches.AddStateChangeAsync(connection, transaction, channel.Value, cancellationToken);
        var current = await FindEventAsync(connection, transaction, channel, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.ToSettings() with { Event = current };
    }

    private static Task<ChatEvent?> FindEventAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, ChannelName channel,
        CancellationToken cancellationToken) =>
        connection.QueryFirstOrDefaultAsync<ChatEvent>(new CommandDefinition(
            """
            SELECT e.id, e.title, e.chat FROM events e JOIN channels c ON c.id = e.channel_id
            WHERE c.name = @channel AND e.kind <> 'series' AND e.state IN ('preview', 'live') AND e.chat IS NOT NULL
            ORDER BY e.state = 'live' DESC, e.starts_at DESC LIMIT 1
            """, new { channel = channel.Value }, transaction, cancellationToken: cancellationToken));

    private static FilterSettings Parse(ReadOnlySpan<byte> json)
    {
        FilterSettings filters;
        try
        {
            filters = FilterSettings.Parse(json);
        }
        catch (JsonException invalid)
        {
            // The message of the exception has names of the implementation.
            var reason = invalid.Path is { Length: > 0 } path ? $"'{path}' is unknown, or has a value of another type."
                : "The text is not valid JSON.";
            throw new OperationException([new("filters", $"{reason} A request for the filters shows their form.")]);
        }

        return filters.Validate() is { Count: > 0 } errors
            ? throw new OperationException([.. errors.Select(error => new ValidationError("filters", error))]) : filters;
    }

    private static Dictionary<string, string> DetailOf(ChatSettingsChange change)
    {
        var detail = new Dictionary<string, string>(StringComparer.Ordinal);
        Add("enabled", change.Enabled);
        Add("slowSeconds", change.SlowSeconds);
        Add("membersOnly", change.MembersOnly);
        Add("frozen", change.Frozen);
        Add("holdAll", change.HoldAll);
        Add("reactions", change.Reactions);
        Add("questions", change.Questions);
        return detail;

        void Add(string name, object? value)
        {
            if (value is not null)
            {
                detail[name] = value is bool isOn ? (isOn ? "true" : "false") : Convert.ToString(value, CultureInfo.InvariantCulture)!;
            }
        }
    }
}
