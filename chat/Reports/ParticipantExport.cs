using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Broadcast.Chat.Moderation;
using Broadcast.Media;
using Dapper;
using Npgsql;

namespace Broadcast.Chat.Reports;

/// <summary>
/// Export of everything that is stored about a participant of a channel. It reads row by row in one transaction, and needs little memory,
/// however much the participant has written.
/// </summary>
internal sealed class ParticipantExport(NpgsqlConnection connection, NpgsqlTransaction transaction, long channelId, string participant,
    CancellationToken cancellationToken)
{
    private const int FlushAt = 32 * 1024;

    // Names and texts in any script stay readable.
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    private const string InChannel = "session_id IN (SELECT session_id FROM chat_sessions WHERE channel_id = @channelId)";

    private object Parameters => new { channelId, participant };

    /// <summary>Checks for rows of the participant.</summary>
    public Task<bool> HasRowsAsync() => connection.ExecuteScalarAsync<bool>(new CommandDefinition(
        $"""
        SELECT EXISTS (SELECT FROM chat_messages WHERE identity_id = @participant AND {InChannel})
            OR EXISTS (SELECT FROM chat_questions WHERE identity_id = @participant AND {InChannel})
            OR EXISTS (SELECT FROM chat_actions WHERE identity_id = @participant AND channel_id = @channelId)
            OR EXISTS (SELECT FROM chat_votes v JOIN chat_polls p ON p.id = v.poll_id WHERE v.identity_id = @participant AND p.{InChannel})
            OR EXISTS (SELECT FROM chat_question_votes v JOIN chat_questions q ON q.id = v.question_id
                WHERE v.identity_id = @participant AND q.{InChannel})
        """, Parameters, transaction, cancellationToken: cancellationToken));

    /// <summary>Writes the export.</summary>
    /// <param name="output">Receives it as UTF-8.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="now">Time of the export.</param>
    public async Task WriteAsync(Stream output, ChannelName channel, DateTimeOffset now)
    {
        await using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        json.WriteString("channel", channel.Value);
        json.WriteString("participant", participant);
        json.WriteString("exportedAt", now);
        await WriteAsync<ModeratedRow>(json, "messages",
            $"""
            SELECT {ModeratedRow.ColumnsSql} FROM chat_messages m WHERE m.identity_id = @participant AND m.{InChannel}
            ORDER BY m.session_id, m.batch, m.position
            """,
            row =>
            {
                json.WriteString("session", row.Session);
                json.WriteString("id", $"{row.Batch}-{row.Position}");
                json.WriteString("name", row.Name);
                json.WriteString("text", row.Text);
                WriteIfAny(json, "replyTo", row.ReplyTo);
                json.WriteString("time", row.MediaTime);
                json.WriteString("sentAt", row.SentAt);
                json.WriteString("state", row.State);
            });
        await WriteAsync<QuestionRow>(json, "questions",
            $"""
            SELECT session_id AS session, id, name, text, state, votes, media_time AS mediaTime, sent_at AS sentAt,
                answered_at AS answeredAt FROM chat_questions WHERE identity_id = @participant AND {InChannel} ORDER BY id
            """,
            row =>
            {
                json.WriteString("session", row.Session);
                json.WriteString("id", row.Id);
                json.WriteString("name", row.Name);
                json.WriteString("text", row.Text);
                json.WriteNumber("votes", row.Votes);
                json.WriteString("time", row.MediaTime);
                json.WriteString("sentAt", row.SentAt);
                json.WriteString("state", row.State);
                WriteIfAny(json, "answeredAt", row.AnsweredAt);
            });
        await WriteAsync<VoteRow>(json, "pollVotes",
            $"""
            SELECT p.session_id AS session, p.id AS poll, p.question, p.options[v.choice + 1] AS option
            FROM chat_votes v JOIN chat_polls p ON p.id = v.poll_id WHERE v.identity_id = @participant AND p.{InChannel} ORDER BY p.id
            """,
            row =>
            {
                json.WriteString("session", row.Session);
                json.WriteString("poll", row.Poll);
                json.WriteString("question", row.Question);
                json.WriteString("option", row.Option);
            });
        await WriteAsync<QuestionVoteRow>(json, "questionVotes",
            $"""
            SELECT q.session_id AS session, q.id AS question FROM chat_question_votes v JOIN chat_questions q ON q.id = v.question_id
            WHERE v.identity_id = @participant AND q.{InChannel} ORDER BY q.id
            """,
            row =>
            {
                json.WriteString("session", row.Session);
                json.WriteString("question", row.Question);
            });
        await WriteAsync<ActionRow>(json, "actions",
            $"""
            SELECT {ActionRow.ColumnsSql} FROM chat_actions a WHERE a.channel_id = @channelId AND a.identity_id = @participant ORDER BY a.id
            """,
            row =>
            {
                json.WriteString("id", row.Id);
                json.WriteString("action", row.Action);
                WriteIfAny(json, "session", row.Session);
                WriteIfAny(json, "message", row.Message);
                json.WriteString("reason", row.Reason);
                json.WriteString("at", row.CreatedAt);
                WriteIfAny(json, "endsAt", row.EndsAt);
                WriteIfAny(json, "undoneAt", row.UndoneAt);
            });
        json.WriteEndObject();
        await json.FlushAsync(cancellationToken);
    }

    private async Task WriteAsync<T>(Utf8JsonWriter json, string name, string sql, Action<T> write)
    {
        json.WriteStartArray(name);
        await foreach (var row in connection.QueryUnbufferedAsync<T>(sql, Parameters, transaction).WithCancellation(cancellationToken))
        {
            json.WriteStartObject();
            write(row);
            json.WriteEndObject();
            if (json.BytesPending > FlushAt)
            {
                await json.FlushAsync(cancellationToken);
            }
        }

        json.WriteEndArray();
    }

    private static void WriteIfAny(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteIfAny(Utf8JsonWriter json, string name, DateTimeOffset? value)
    {
        if (value is { } time)
        {
            json.WriteString(name, time);
        }
    }

    private sealed record QuestionRow(string Session, string Id, string Name, string Text, string State, int Votes,
        DateTimeOffset MediaTime, DateTimeOffset SentAt, DateTimeOffset? AnsweredAt);

    private sealed record VoteRow(string Session, string Poll, string Question, string Option);

    private sealed record QuestionVoteRow(string Session, string Question);
}
