using Broadcast.Chat.Messages;
using Broadcast.Chat.Moderation;
using Broadcast.Media;
using Broadcast.Media.OriginToChat;
using Dapper;
using Npgsql;

namespace Broadcast.Chat.Questions;

/// <summary>Stores questions and votes for them in the transaction of a batch.</summary>
internal static class QuestionBatch
{
    /// <summary>Maximum questions of a session that wait for an answer. Further ones are rejected.</summary>
    public const int MaxOpen = 2000;

    /// <summary>Stores questions.</summary>
    /// <returns>Whether they fit; no question is stored otherwise.</returns>
    public static async Task<bool> AddAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, SessionId session,
        IReadOnlyList<(NewQuestion Question, Decision Decision)> questions, CancellationToken cancellationToken)
    {
        if (questions.Count == 0)
        {
            return true;
        }

        var open = await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "SELECT count(*) FROM chat_questions WHERE session_id = @session AND state IN ('open', 'held')",
            new { session = session.Value },
            transaction, cancellationToken: cancellationToken));
        if (open + questions.Count > MaxOpen)
        {
            return false;
        }

        await connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO chat_questions (id, session_id, identity_id, name, text, state, media_time, sent_at) "
            + "VALUES (@id, @session, @identity, @name, @text, @state, @mediaTime, @sentAt)",
            questions.Select(entry => new
            {
                id = entry.Question.Id.Value, session = session.Value, identity = entry.Question.Identity.Value, name = entry.Question.Name,
                text = entry.Question.Text, mediaTime = entry.Question.MediaTime, sentAt = entry.Question.SentAt,
                state = entry.Decision switch { Decision.Hold => "held", Decision.Mute => "muted", _ => "open" },
            }).ToList(), transaction, cancellationToken: cancellationToken));
        return true;
    }

    /// <summary>Counts votes for questions.</summary>
    /// <returns>The rejection of each vote that is not counted, by its index.</returns>
    public static async Task<IReadOnlyDictionary<int, ChatAnswer>> AddVotesAsync(NpgsqlConnection connection, NpgsqlTransaction transaction,
        SessionId session, IReadOnlyList<NewQuestionVote> votes, CancellationToken cancellationToken)
    {
        var rejected = new Dictionary<int, ChatAnswer>();
        if (votes.Count == 0)
        {
            return rejected;
        }

        var counted = (await connection.QueryAsync<(string Question, string Identity)>(new CommandDefinition(
            """
            WITH added AS (
                INSERT INTO chat_question_votes (question_id, identity_id)
                SELECT DISTINCT q.id, v.identity FROM unnest(@questions, @identities) AS v (question, identity)
                JOIN chat_questions q ON q.id = v.question AND q.session_id = @session AND q.state = 'open' AND q.identity_id <> v.identity
                ON CONFLICT DO NOTHING RETURNING question_id, identity_id
            ), counted AS (
                UPDATE chat_questions q SET votes = q.votes + a.count
                FROM (SELECT question_id, count(*)::integer AS count FROM added GROUP BY question_id) a WHERE q.id = a.question_id
            )
            SELECT question_id, identity_id FROM added
            """,
            new
            {
                session = session.Value, questions = votes.Select(vote => vote.Question.Value).ToArray(),
                identities = votes.Select(vote => vote.Identity.Value).ToArray(),
            }, transaction, cancellationToken: cancellationToken))).ToHashSet();
        for (var i = 0; i < votes.Count; i++)
        {
            if (!counted.Remove((votes[i].Question.Value, votes[i].Identity.Value)))
            {
                rejected[i] = new(ChatOutcome.Denied, "You have voted for this question, it is yours, or it is no longer open.");
            }
        }

        return rejected;
    }
}
