using System.Text.Json;
using Broadcast.Chat.Identities;
using Broadcast.Database;
using Broadcast.Media;
using Dapper;
using Npgsql;

namespace Broadcast.Chat.Messages;

/// <summary>
/// Messages in the database. The row of a session in <c>chat_sessions</c> orders the batches of all servers: a batch gets its number under
/// the lock of that row, so batches become visible in the order of their numbers.
/// </summary>
internal sealed class ChatStore(ServerDatabase database)
{
    /// <summary>PostgreSQL channel of notifications about new batches: <c>session:number</c>.</summary>
    public const string Notifications = "broadcast_chat";

    private const string NoPartition = "no partition of relation";

    /// <summary>Stores messages as the next batch of a session, and notifies the other servers.</summary>
    /// <param name="channel">The channel. It exists.</param>
    /// <param name="session">The session.</param>
    /// <param name="messages">Messages in their order, with those that viewers see first; at least one.</param>
    /// <param name="shown">Number of messages that viewers see.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The batch with the shown messages.</returns>
    public async Task<ChatBatch> AddAsync(ChannelName channel, SessionId session, IReadOnlyList<NewMessage> messages, int shown,
        CancellationToken cancellationToken)
    {
        try
        {
            return await TryAddAsync(channel, session, messages, shown, cancellationToken);
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.CheckViolation
            && missing.MessageText.StartsWith(NoPartition, StringComparison.Ordinal))
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            foreach (var at in messages.Select(message => message.SentAt).DistinctBy(at => (at.UtcDateTime.Year, at.UtcDateTime.Month)))
            {
                await connection.ExecuteAsync(new CommandDefinition("SELECT create_chat_partition(@at)", new { at },
                    cancellationToken: cancellationToken));
            }

            return await TryAddAsync(channel, session, messages, shown, cancellationToken);
        }
    }

    /// <summary>Removes a message, and tells pages with a batch.</summary>
    /// <returns>Number of that batch; <see langword="null"/> when the message does not exist or was removed before.</returns>
    public async Task<long?> RemoveAsync(SessionId session, MessageId message, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var batch = await connection.ExecuteScalarAsync<long?>(new CommandDefinition(
            """
            WITH removed AS (
                UPDATE chat_messages SET removed_at = @now
                WHERE session_id = @session AND batch = @batch AND position = @position AND removed_at IS NULL RETURNING 1)
            UPDATE chat_sessions SET last_batch = last_batch + 1 WHERE session_id = @session AND EXISTS (SELECT FROM removed)
            RETURNING last_batch
            """,
            new { session = session.Value, batch = message.Batch, position = message.Position, now }, transaction,
            cancellationToken: cancellationToken));
        if (batch is { } number)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO chat_changes (session_id, batch, position, change) VALUES (@session, @number, 0, @change::jsonb)",
                new { session = session.Value, number, change = JsonSerializer.Serialize(new Change(message.ToString())) }, transaction,
                cancellationToken: cancellationToken));
            await NotifyAsync(connection, transaction, session, number, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return batch;
    }

    /// <summary>Number of the last batch of a session; 0 when there is none.</summary>
    public async Task<long> FindLastAsync(SessionId session, CancellationToken cancellationToken)
    {
        await using var connection = await database.LookupSource.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long?>(new CommandDefinition(
            "SELECT last_batch FROM chat_sessions WHERE session_id = @session", new { session = session.Value },
            cancellationToken: cancellationToken)) ?? 0;
    }

    /// <summary>Reads a batch.</summary>
    /// <returns><see langword="null"/> when the batch does not exist.</returns>
    public async Task<ChatBatch?> ReadAsync(SessionId session, long batch, CancellationToken cancellationToken)
    {
        await using var connection = await database.LookupSource.OpenConnectionAsync(cancellationToken);
        var parameters = new { session = session.Value, batch };
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            """
            SELECT 1 FROM chat_sessions WHERE session_id = @session AND last_batch >= @batch;
            SELECT position, identity_id AS identity, name, text, reply_to AS replyTo, media_time AS mediaTime FROM chat_messages
                WHERE session_id = @session AND batch = @batch AND shown AND removed_at IS NULL ORDER BY position;
            SELECT change FROM chat_changes WHERE session_id = @session AND batch = @batch ORDER BY position;
            """, parameters, cancellationToken: cancellationToken));
        if (await results.ReadFirstOrDefaultAsync<int?>() is null)
        {
            return null;
        }

        List<ChatMessage> messages = [.. (await results.ReadAsync<Row>()).Select(row => row.ToMessage(batch))];
        var changes = (await results.ReadAsync<string>()).Select(text => JsonSerializer.Deserialize<Change>(text)!);
        return new(batch, messages, [.. changes.Select(change => MessageId.TryParse(change.Removed, out var id) ? id : (MessageId?)null)
            .OfType<MessageId>()]);
    }

    private async Task<ChatBatch> TryAddAsync(ChannelName channel, SessionId session, IReadOnlyList<NewMessage> messages, int shown,
        CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var number = await connection.ExecuteScalarAsync<long?>(new CommandDefinition(
            """
            INSERT INTO chat_sessions (session_id, channel_id, last_batch) SELECT @session, id, 1 FROM channels WHERE name = @channel
            ON CONFLICT (session_id) DO UPDATE SET last_batch = chat_sessions.last_batch + 1 RETURNING last_batch
            """, new { session = session.Value, channel = channel.Value }, transaction, cancellationToken: cancellationToken))
            ?? throw OperationException.NoChannel(channel.Value);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO chat_messages (session_id, batch, position, shown, identity_id, name, text, reply_to, media_time, sent_at)
            SELECT @session, @number, (m.ordinal - 1)::integer, m.ordinal <= @shown, m.identity, m.name, m.text, m.reply, m.media_time,
                m.sent_at
            FROM unnest(@identities, @names, @texts, @replies, @mediaTimes, @sentAt)
                WITH ORDINALITY AS m (identity, name, text, reply, media_time, sent_at, ordinal)
            """,
            new
            {
                session = session.Value, number, shown,
                identities = messages.Select(message => message.Identity.Value).ToArray(),
                names = messages.Select(message => message.Name).ToArray(),
                texts = messages.Select(message => message.Text).ToArray(),
                replies = messages.Select(message => message.ReplyTo?.ToString()).ToArray(),
                mediaTimes = messages.Select(message => message.MediaTime.UtcDateTime).ToArray(),
                sentAt = messages.Select(message => message.SentAt.UtcDateTime).ToArray(),
            }, transaction, cancellationToken: cancellationToken));
        await NotifyAsync(connection, transaction, session, number, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new(number,
            [.. messages.Take(shown).Select((message, position) => new ChatMessage(new(number, position),
                ChatIdentity.PublicIdOf(message.Identity), message.Name, message.Text, message.ReplyTo, message.MediaTime))], []);
    }

    private static Task NotifyAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, SessionId session, long number,
        CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition("SELECT pg_notify(@channel, @payload)",
            new { channel = Notifications, payload = ChatNotification.Format(session, number) }, transaction,
            cancellationToken: cancellationToken));

    private sealed record Change(string? Removed);

    private sealed record Row(int Position, string Identity, string Name, string Text, string? ReplyTo, DateTimeOffset MediaTime)
    {
        public ChatMessage ToMessage(long batch) => new(new(batch, Position),
            ChatIdentity.PublicIdOf(Ulid.TryParse(Identity, out var id) ? id : default), Name, Text,
            MessageId.TryParse(ReplyTo, out var reply) ? reply : null, MediaTime);
    }
}
