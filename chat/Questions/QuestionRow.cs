using System.Text.Json;
using Broadcast.Chat.Identities;
using Broadcast.Chat.Messages;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;

namespace Broadcast.Chat.Questions;

/// <summary>Row of a question.</summary>
internal sealed record QuestionRow(string Id, string Session, string Identity, string Name, string Text, string State, int Votes,
    DateTimeOffset MediaTime, DateTimeOffset SentAt, DateTimeOffset? AnsweredAt)
{
    /// <summary>Columns, as SQL.</summary>
    public const string ColumnsSql = """
        q.id, q.session_id AS session, q.identity_id AS identity, q.name, q.text, q.state, q.votes, q.media_time AS mediaTime,
        q.sent_at AS sentAt, q.answered_at AS answeredAt
        """;

    /// <summary>Name of a state in the database and the API.</summary>
    public static string NameOf(ChatQuestionState state) => state.ToString().ToLowerInvariant();

    /// <summary>Creates the question.</summary>
    public ChatQuestion ToQuestion() =>
        new(Id, Session, Identity, PublicId, Name, Text, Enum.Parse<ChatQuestionState>(State, ignoreCase: true),
        Votes, MediaTime, SentAt, AnsweredAt);

    /// <summary>Renders the questions that viewers see as UTF-8 JSON.</summary>
    public static byte[] ToJson(IEnumerable<QuestionRow> rows) => JsonSerializer.SerializeToUtf8Bytes(
        new Document(
            [.. rows.Select(row =>
                new QuestionItem(row.Id, row.PublicId, row.Name, row.Text, row.State, row.Votes, row.MediaTime.UtcDateTime,
            row.AnsweredAt?.UtcDateTime))]), BatchJson.Relaxed.QuestionDocument);

    private string PublicId => ChatIdentity.PublicIdOf(Ulid.TryParse(Identity, out var id) ? id : default);

    internal sealed record Document(IReadOnlyList<QuestionItem> Questions);

    internal sealed record QuestionItem(string Id, string From, string Name, string Text, string State, int Votes, DateTime Time,
        DateTime? AnsweredAt);
}
