using Broadcast.Chat.Messages;
using Broadcast.Media;
using Broadcast.Media.OriginToChat;
using Dapper;
using Npgsql;

namespace Broadcast.Chat.Polls;

/// <summary>Counts votes in the transaction of a batch.</summary>
internal static class VoteCount
{
    /// <summary>Counts votes.</summary>
    /// <param name="connection">Connection of the batch.</param>
    /// <param name="transaction">Transaction of the batch.</param>
    /// <param name="session">The session.</param>
    /// <param name="votes">The votes.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The rejection of each vote that is not counted, by its index.</returns>
    public static async Task<IReadOnlyDictionary<int, ChatAnswer>> AddAsync(NpgsqlConnection connection, NpgsqlTransaction transaction,
        SessionId session, IReadOnlyList<NewVote> votes, CancellationToken cancellationToken)
    {
        var rejected = new Dictionary<int, ChatAnswer>();
        foreach (var poll in votes.Select((vote, index) => (Vote: vote, Index: index)).GroupBy(entry => entry.Vote.Poll))
        {
            var row = await connection.QueryFirstOrDefaultAsync<PollRow>(new CommandDefinition(
                $"SELECT {PollRow.ColumnsSql} FROM chat_polls p WHERE p.id = @id AND p.session_id = @session FOR UPDATE",
                new { id = poll.Key.Value, session = session.Value }, transaction, cancellationToken: cancellationToken));
            List<(NewVote Vote, int Index)> valid = [];
            foreach (var entry in poll)
            {
                if (row is null || row.HiddenAt is not null || (row.EndsAt is { } end && end <= entry.Vote.SentAt))
                {
                    rejected[entry.Index] = new(ChatOutcome.Denied, "The poll has ended.");
                }
                else if (entry.Vote.Choice < 0 || entry.Vote.Choice >= row.Options.Length)
                {
                    rejected[entry.Index] = new(ChatOutcome.Invalid, "'choice' is not the index of an option.");
                }
                else
                {
                    valid.Add(entry);
                }
            }

            if (row is null || valid.Count == 0)
            {
                continue;
            }

            var counted = (await connection.QueryAsync<string>(new CommandDefinition(
                """
                INSERT INTO chat_votes (poll_id, identity_id, choice) SELECT @id, v.identity, v.choice
                FROM (SELECT DISTINCT ON (identity) identity, choice FROM unnest(@identities, @choices) WITH ORDINALITY
                    AS u (identity, choice, ordinal) ORDER BY identity, ordinal) v
                ON CONFLICT DO NOTHING RETURNING identity_id
                """,
                new
                {
                    id = poll.Key.Value, identities = valid.Select(entry => entry.Vote.Identity.Value).ToArray(),
                    choices = valid.Select(entry => (short)entry.Vote.Choice).ToArray(),
                }, transaction, cancellationToken: cancellationToken))).ToHashSet(StringComparer.Ordinal);
            foreach (var (vote, index) in valid)
            {
                if (counted.Remove(vote.Identity.Value))
                {
                    row.Votes[vote.Choice]++;
                }
                else
                {
                    rejected[index] = new(ChatOutcome.Denied, "You have voted in this poll.");
                }
            }

            await connection.ExecuteAsync(new CommandDefinition("UPDATE chat_polls SET votes = @votes WHERE id = @id",
                new { id = poll.Key.Value, votes = row.Votes }, transaction, cancellationToken: cancellationToken));
        }

        return rejected;
    }
}
