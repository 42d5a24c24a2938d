using System.Data;
using Broadcast.Chat.Moderation;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Chat.Reports;

/// <summary>Statistics and exports from the database.</summary>
internal sealed class ChatReports(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time) : IChatReports
{
    /// <inheritdoc/>
    public async Task<ChatStatistics> GetStatisticsAsync(ChannelName channel, SessionId? session,
        CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var id = await FindChannelAsync(connection, transaction, channel, cancellationToken);
        var found = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            """
            SELECT session_id FROM chat_sessions WHERE channel_id = @id AND (@session::text IS NULL OR session_id = @session)
            ORDER BY session_id DESC LIMIT 1
            """, new { id, session = session?.Value }, transaction, cancellationToken: cancellationToken));
        if (found is null)
        {
            return session is null ? new(null)
                : throw new OperationException(OperationErrorCode.NotFound, $"The channel has no chat messages of session '{session}'.");
        }

        var messages = await CountAsync<ChatMessageState>(
            $"SELECT {ModeratedRow.StateSql} AS key, count(*) FROM chat_messages m WHERE {OfSession} AND kind = 'message' GROUP BY 1");
        var minutes = await QueryAsync<MinuteRow>(
            $"""
            SELECT date_trunc('minute', sent_at) AS minute, count(*) AS messages FROM chat_messages
            WHERE {OfSession} AND kind = 'message' GROUP BY 1 ORDER BY 1
            """);
        var mostActive = await QueryAsync<ParticipantRow>(
            $"""
            SELECT identity_id AS participant, (array_agg(name ORDER BY sent_at DESC))[1] AS name, count(*) AS messages FROM chat_messages
            WHERE {OfSession} AND kind = 'message' GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT {ChatStatistics.MaxParticipants}
            """);
        var numbers = (await QueryAsync<NumbersRow>(
            $"""
            SELECT (SELECT count(DISTINCT identity_id) FROM chat_messages WHERE {OfSession} AND kind = 'message') AS participants,
                (SELECT count(*) FROM chat_messages WHERE {OfSession} AND kind = 'announcement') AS announcements,
                (SELECT count(*) FROM chat_polls WHERE {OfSession}) AS polls,
                (SELECT coalesce(sum(v), 0)::bigint FROM chat_polls, unnest(votes) v WHERE {OfSession}) AS pollVotes
            """)).Single();
        var reactions = await QueryAsync<KeyRow>(
            $"""
            SELECT r.key, sum(r.value::bigint)::bigint AS count FROM chat_changes, jsonb_each_text(change->'Reactions') r
            WHERE {OfSession} AND jsonb_typeof(change->'Reactions') = 'object' GROUP BY 1 ORDER BY 2 DESC, 1
            """);
        return new(found)
        {
            Participants = numbers.Participants, Announcements = numbers.Announcements, Polls = numbers.Polls,
            PollVotes = numbers.PollVotes, Messages = messages,
            Minutes = [.. minutes.TakeLast(ChatStatistics.MaxMinutes).Select(row => row.ToCount())],
            BusiestMinute = minutes.MaxBy(row => row.Messages)?.ToCount(),
            MostActive = [.. mostActive.Select(row => new ChatParticipantCount(row.Participant, row.Name, row.Messages))],
            Reactions = reactions.ToDictionary(row => row.Key, row => row.Count, StringComparer.Ordinal),
            Questions = await CountAsync<ChatQuestionState>(
                $"SELECT state AS key, count(*) FROM chat_questions WHERE {OfSession} GROUP BY 1"),
            Actions = await CountAsync<ChatActionKind>(
                $"""
                SELECT action AS key, count(*) FROM chat_actions WHERE channel_id = @id AND {OfSession} AND undone_at IS NULL GROUP BY 1
                """),
        };

        async Task<List<T>> QueryAsync<T>(string sql) => (await connection.QueryAsync<T>(new CommandDefinition(sql,
            new { id, session = found }, transaction, cancellationToken: cancellationToken))).AsList();

        async Task<Dictionary<TKey, long>> CountAsync<TKey>(string sql)
            where TKey : struct, Enum =>
            (await QueryAsync<KeyRow>(sql)).ToDictionary(row => Enum.Parse<TKey>(row.Key, ignoreCase: true), row => row.Count);
    }

    /// <inheritdoc/>
    public async Task ExportAsync(ChannelName channel, string participant, Func<Stream> open, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var id = await FindChannelAsync(connection, transaction, channel, cancellationToken);
        var export = new ParticipantExport(connection, transaction, id, participant, cancellationToken);
        if (!await export.HasRowsAsync())
        {
            throw new OperationException(OperationErrorCode.NotFound, "The chat of this channel has nothing of this participant.");
        }

        await export.WriteAsync(open(), channel, time.GetUtcNow());
    }

    private const string OfSession = "session_id = @session";

    private static async Task<long> FindChannelAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, ChannelName channel,
        CancellationToken cancellationToken) =>
        await connection.ExecuteScalarAsync<long?>(new CommandDefinition(
            "SELECT id FROM channels WHERE name = @channel AND deleted_at IS NULL", new { channel = channel.Value }, transaction,
            cancellationToken: cancellationToken)) ?? throw OperationException.NoChannel(channel.Value);

    private sealed record KeyRow(string Key, long Count);

    private sealed record MinuteRow(DateTimeOffset Minute, long Messages)
    {
        public ChatMinuteCount ToCount() => new(Minute, Messages);
    }

    private sealed record ParticipantRow(string Participant, string Name, long Messages);

    private sealed record NumbersRow(long Participants, long Announcements, long Polls, long PollVotes);
}
