using Broadcast.Chat.Messages;
using Broadcast.Chat.Settings;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToChat;
using Dapper;

namespace Broadcast.Chat.History;

/// <summary>
/// Reads messages by media time. Few statements run at a time, so that viewers who seek do not take the connections of other lookups.
/// </summary>
internal sealed class ChatHistory(ServerDatabase database, ChatSettingsCache settings) : IChatHistory, IDisposable
{
    /// <summary>Maximum number of statements at a time.</summary>
    public const int MaxRunning = 2;

    // Every n-th message of the range, in whole numbers: the n-th is chosen when n * max / total is a new number.
    private const string ReadSql = $"""
        SELECT m.batch, m.position, m.identity, m.name, m.text, m.replyTo, m.mediaTime, m.role, m.kind FROM (
            SELECT {ChatStore.ColumnsSql}, row_number() OVER (ORDER BY m.media_time, m.batch, m.position) AS n, count(*) OVER () AS total
            FROM chat_messages m
            WHERE m.session_id = @session AND m.media_time >= @from AND m.media_time < @to AND {ChatStore.IsVisibleSql}) m
        WHERE m.total <= @max OR m.n * @max / m.total > (m.n - 1) * @max / m.total
        ORDER BY m.n
        """;

    private const string InRangeSql = $"""
        m.session_id = @session AND m.media_time >= @from AND m.media_time < coalesce(@to, 'infinity'::timestamptz)
            AND {ChatStore.IsVisibleSql}
        """;

    private const string SpanSql = $"""
        SELECT (SELECT m.media_time FROM chat_messages m WHERE {InRangeSql} ORDER BY m.media_time LIMIT 1) AS first,
            (SELECT m.media_time FROM chat_messages m WHERE {InRangeSql} ORDER BY m.media_time DESC LIMIT 1) AS last
        """;

    private readonly SemaphoreSlim _running = new(MaxRunning, MaxRunning);

    /// <inheritdoc/>
    public async ValueTask<byte[]?> ReadAsync(ChannelName channel, SessionId session, DateTimeOffset from, DateTimeOffset to,
        CancellationToken cancellationToken)
    {
        if (!settings.IsEnabled(channel))
        {
            return null;
        }

        var rows = await QueryAsync<MessageRow>(ReadSql,
            new { session = session.Value, from = from.UtcDateTime, to = to.UtcDateTime, max = (long)IChatHistory.MaxMessages },
            cancellationToken);
        return ChatBatch.ToJson(rows.Select(row => row.ToMessage()));
    }

    /// <inheritdoc/>
    public async ValueTask<ChatSpan?> FindAsync(ChannelName channel, SessionId session, DateTimeOffset from, DateTimeOffset? to,
        CancellationToken cancellationToken)
    {
        if (!settings.IsEnabled(channel))
        {
            return null;
        }

        var rows = await QueryAsync<SpanRow>(SpanSql, new { session = session.Value, from = from.UtcDateTime, to = to?.UtcDateTime },
            cancellationToken);
        return rows is [{ First: { } first, Last: { } last }] ? new(first, last) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _running.Dispose();

    // Only the wait for a turn is canceled. While the database hangs, canceling a statement blocks a thread.
    private async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object parameters, CancellationToken cancellationToken)
    {
        await _running.WaitAsync(cancellationToken);
        try
        {
            await using var connection = await database.LookupSource.OpenConnectionAsync(CancellationToken.None);
            return [.. await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: CancellationToken.None))];
        }
        catch (Exception error) when (ServerDatabase.IsUnavailable(error))
        {
            throw new ChatUnavailableException(error);
        }
        finally
        {
            _running.Release();
        }
    }

    private sealed record SpanRow(DateTimeOffset? First, DateTimeOffset? Last);
}
