using System.Text.Json;
using System.Text.Json.Serialization;
using Broadcast.Media;
using Dapper;
using Npgsql;

namespace Broadcast.Chat.Messages;

/// <summary>Change that a batch tells pages and servers.</summary>
/// <param name="Removed">Id of a message that is no longer shown.</param>
/// <param name="Shown">Id of a message of an earlier batch that is now shown.</param>
/// <param name="State">Whether the state of the chat has changed (<see cref="ChatState"/>).</param>
/// <param name="Reactions">Number of reactions by emoji.</param>
internal sealed record BatchChange(string? Removed = null, string? Shown = null, bool State = false,
    IReadOnlyDictionary<string, long>? Reactions = null)
{
    private static readonly JsonSerializerOptions Options = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };

    /// <summary>Reads a stored change.</summary>
    public static BatchChange Parse(string json) => JsonSerializer.Deserialize<BatchChange>(json, Options)!;

    /// <summary>Formats the change for the database.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);
}

/// <summary>Steps of the transactions that add a batch to a session.</summary>
internal static class SessionBatches
{
    /// <summary>Locks a session, and takes its next number.</summary>
    /// <returns>The number; <see langword="null"/> when the session has no messages yet.</returns>
    public static Task<long?> TakeNumberAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, SessionId session,
        CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<long?>(new CommandDefinition(
            "UPDATE chat_sessions SET last_batch = last_batch + 1 WHERE session_id = @session RETURNING last_batch",
            new { session = session.Value }, transaction, cancellationToken: cancellationToken));

    /// <summary>Stores the changes of a batch, and notifies the servers.</summary>
    public static async Task AddChangesAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, SessionId session, long number,
        IEnumerable<BatchChange> changes, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO chat_changes (session_id, batch, position, change)
            SELECT @session, @number, (c.ordinal - 1)::integer, c.change::jsonb
            FROM unnest(@changes) WITH ORDINALITY AS c (change, ordinal)
            """,
            new { session = session.Value, number, changes = changes.Select(change => change.ToJson()).ToArray() }, transaction,
            cancellationToken: cancellationToken));
        await NotifyAsync(connection, transaction, session, number, cancellationToken);
    }

    /// <summary>Notifies the servers of a batch, when the transaction is committed.</summary>
    public static Task NotifyAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, SessionId session, long number,
        CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition("SELECT pg_notify(@channel, @payload)",
            new { channel = ChatStore.Notifications, payload = ChatNotification.Format(session, number) }, transaction,
            cancellationToken: cancellationToken));

    /// <summary>Adds a batch to the session on air, which tells servers to read the state of the chat again.</summary>
    /// <returns>The session; <see langword="null"/> when the channel is not live.</returns>
    public static async Task<SessionId?> AddStateChangeAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string channel,
        CancellationToken cancellationToken)
    {
        var row = await connection.QueryFirstOrDefaultAsync<(string Session, long Number)?>(new CommandDefinition(
            """
            INSERT INTO chat_sessions (session_id, channel_id, last_batch)
            SELECT s.id, c.id, 1 FROM sessions s JOIN channels c ON c.id = s.channel_id WHERE c.name = @channel AND s.ended_at IS NULL
            ON CONFLICT (session_id) DO UPDATE SET last_batch = chat_sessions.last_batch + 1 RETURNING session_id, last_batch
            """, new { channel }, transaction, cancellationToken: cancellationToken));
        if (row is { } open && SessionId.TryParse(open.Session, out var session))
        {
            await AddChangesAsync(connection, transaction, session, open.Number, [new(State: true)], cancellationToken);
            return session;
        }

        return null;
    }
}
