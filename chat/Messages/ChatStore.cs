using Broadcast.Chat.Identities;
using Broadcast.Chat.Moderation;
using Broadcast.Chat.Polls;
using Broadcast.Chat.Questions;
using Broadcast.Chat.Reactions;
using Broadcast.Chat.Settings;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;
using Broadcast.Media.OriginToChat;
using Dapper;
using Npgsql;

namespace Broadcast.Chat.Messages;

/// <summary>Answer to the sender of a message.</summary>
/// <param name="Id">Id of what was stored; <see langword="null"/> when it was rejected.</param>
/// <param name="IsHeld">Whether it waits for a moderator.</param>
/// <param name="Rejection">Answer to the sender of a rejected message.</param>
internal readonly record struct SentMessage(string? Id, bool IsHeld, ChatAnswer Rejection);

/// <summary>
/// Messages in the database. The row of a session in <c>chat_sessions</c> orders the batches of all servers: a batch gets its number under
/// the lock of that row, so batches become visible in the order of their numbers.
/// </summary>
internal sealed class ChatStore(ServerDatabase database, IChangeLog changes)
{
    /// <summary>PostgreSQL channel of notifications about new batches: <c>session:number</c>.</summary>
    public const string Notifications = "broadcast_chat";

    /// <summary>Condition of messages that viewers see, as SQL.</summary>
    public const string IsVisibleSql = "m.shown AND m.removed_at IS NULL";

    /// <summary>Columns of <see cref="MessageRow"/>, as SQL.</summary>
    public const string ColumnsSql = """
        m.batch, m.position, m.identity_id AS identity, m.name, m.text, m.reply_to AS replyTo, m.media_time AS mediaTime, m.role, m.kind
        """;

    /// <summary>Maximum messages of one event for webhooks, so that its body stays within the limit.</summary>
    private const int MaxPerEvent = 20;

    /// <summary>Maximum questions that pages show.</summary>
    private const int MaxQuestions = 100;

    private const string NoPartition = "no partition of relation";

    /// <summary>Stores messages as the next batch of a session, and notifies the other servers.</summary>
    /// <param name="channel">The channel. It exists.</param>
    /// <param name="session">The session.</param>
    /// <param name="messages">Messages in the order of arrival; at least one.</param>
    /// <param name="maxShown">Maximum number of messages that viewers see.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>
    /// The batch with the shown messages, <see langword="null"/> when all were rejected; and the answer to the sender of each message.
    /// </returns>
    public async Task<(ChatBatch? Batch, IReadOnlyList<SentMessage> Sent)> AddAsync(ChannelName channel, SessionId session,
        IReadOnlyList<Submission> messages, int maxShown, CancellationToken cancellationToken)
    {
        try
        {
            return await TryAddAsync(channel, session, messages, maxShown, cancellationToken);
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

            return await TryAddAsync(channel, session, messages, maxShown, cancellationToken);
        }
    }

    /// <summary>Reads the number of the last batch of a session, 0 when there is none, and the state of its chat.</summary>
    public async Task<(long Last, ChatState State)> ReadLastAsync(ChannelName channel, SessionId session,
        CancellationToken cancellationToken)
    {
        await using var connection = await database.LookupSource.OpenConnectionAsync(cancellationToken);
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            $"""
            SELECT last_batch FROM chat_sessions WHERE session_id = @session;
            SELECT {ChatSettingsStore.ColumnsSql} FROM {ChatSettingsStore.InEffectSql} WHERE c.name = @channel;
            SELECT {PollRow.ColumnsSql} FROM chat_polls p WHERE p.session_id = @session AND p.hidden_at IS NULL ORDER BY p.id DESC LIMIT 1;
            SELECT questions_version FROM chat_sessions WHERE session_id = @session;
            SELECT {ColumnsSql} FROM chat_messages m JOIN chat_sessions c ON c.session_id = m.session_id
                AND m.batch = split_part(c.pinned, '-', 1)::bigint AND m.position = split_part(c.pinned, '-', 2)::integer
                WHERE c.session_id = @session AND c.pinned IS NOT NULL AND {IsVisibleSql};
            """, new { channel = channel.Value, session = session.Value }, cancellationToken: cancellationToken));
        var last = await results.ReadFirstOrDefaultAsync<long?>() ?? 0;
        var settings = (await results.ReadFirstOrDefaultAsync<SettingsRow>())?.ToSettings();
        var poll = await results.ReadFirstOrDefaultAsync<PollRow>();
        var questions = await results.ReadFirstOrDefaultAsync<long?>() ?? 0;
        var pinned = (await results.ReadFirstOrDefaultAsync<MessageRow>())?.ToMessage();
        return (last, new(settings ?? ChatState.Default.Settings, pinned, poll, questions));
    }

    /// <summary>Reads a batch.</summary>
    /// <returns><see langword="null"/> when the batch does not exist.</returns>
    public async Task<ChatBatch?> ReadAsync(SessionId session, long batch, CancellationToken cancellationToken)
    {
        await using var connection = await database.LookupSource.OpenConnectionAsync(cancellationToken);
        var parameters = new { session = session.Value, batch };
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            $"""
            SELECT 1 FROM chat_sessions WHERE session_id = @session AND last_batch >= @batch;
            SELECT {ColumnsSql} FROM chat_messages m
                WHERE m.session_id = @session AND m.batch = @batch AND {IsVisibleSql} ORDER BY m.position;
            SELECT {ColumnsSql} FROM chat_changes c JOIN chat_messages m ON m.session_id = c.session_id
                AND m.batch = split_part(c.change ->> 'Shown', '-', 1)::bigint
                AND m.position = split_part(c.change ->> 'Shown', '-', 2)::integer
                WHERE c.session_id = @session AND c.batch = @batch AND c.change ->> 'Shown' IS NOT NULL AND {IsVisibleSql}
                ORDER BY c.position;
            SELECT change FROM chat_changes WHERE session_id = @session AND batch = @batch ORDER BY position;
            """, parameters, cancellationToken: cancellationToken));
        if (await results.ReadFirstOrDefaultAsync<int?>() is null)
        {
            return null;
        }

        List<MessageRow> rows = [.. await results.ReadAsync<MessageRow>(), .. await results.ReadAsync<MessageRow>()];
        List<BatchChange> read = [.. (await results.ReadAsync<string>()).Select(BatchChange.Parse)];
        return new(batch, [.. rows.Select(row => row.ToMessage())],
            [.. read.Select(change => MessageId.TryParse(change.Removed, out var id) ? id : (MessageId?)null).OfType<MessageId>()],
            read.Any(change => change.State), read.Select(change => change.Reactions).OfType<IReadOnlyDictionary<string, long>>()
                .FirstOrDefault());
    }

    /// <summary>Reads the questions that viewers see: those that wait for an answer, by votes, and answered ones.</summary>
    public async Task<IReadOnlyList<QuestionRow>> ReadQuestionsAsync(SessionId session, CancellationToken cancellationToken)
    {
        await using var connection = await database.LookupSource.OpenConnectionAsync(cancellationToken);
        return [.. await connection.QueryAsync<QuestionRow>(new CommandDefinition(
            $"""
            SELECT {QuestionRow.ColumnsSql} FROM chat_questions q
            WHERE q.session_id = @session AND q.state IN ('open', 'picked', 'answered')
            ORDER BY array_position(ARRAY['picked', 'open', 'answered'], q.state), q.votes DESC, q.id LIMIT {MaxQuestions}
            """, new { session = session.Value }, cancellationToken: cancellationToken))];
    }

    private static async Task<MessageDecider> ReadDeciderAsync(NpgsqlConnection connection, NpgsqlTransaction transaction,
        ChannelName channel,
        SessionId session, IReadOnlyList<Submission> messages, CancellationToken cancellationToken)
    {
        var now = messages.Max(message => message.SentAt);
        var parameters = new
        {
            channel = channel.Value, session = session.Value, now,
            identities = messages.Select(message => message.Identity.Value).Distinct().ToArray(),
            networks = messages.SelectMany(message =>
                new[] { message.Network?.Today, message.Network?.Yesterday }).OfType<byte[]>().ToArray(),
        };
        await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
            $"""
            SELECT {ChatSettingsStore.ColumnsSql} FROM {ChatSettingsStore.InEffectSql} WHERE c.name = @channel;
            SELECT n.kind, n.identity_id AS identity, n.network, n.ends_at AS endsAt FROM chat_sanctions n
                JOIN channels c ON c.id = n.channel_id
                WHERE c.name = @channel AND n.lifted_at IS NULL AND (n.ends_at IS NULL OR n.ends_at > @now)
                AND (n.identity_id = ANY (@identities) OR n.network = ANY (@networks));
            SELECT m.identity_id, max(m.sent_at) FROM chat_messages m
                JOIN chat_sessions c ON c.session_id = m.session_id
                JOIN chat_settings s ON s.channel_id = c.channel_id AND s.slow_seconds > 0
                WHERE m.session_id = @session AND m.identity_id = ANY (@identities)
                AND m.sent_at > @now - make_interval(secs => s.slow_seconds) GROUP BY m.identity_id;
            """, parameters, transaction, cancellationToken: cancellationToken));
        var settings = (await results.ReadFirstOrDefaultAsync<SettingsRow>())?.ToSettings() ?? ChatState.Default.Settings;
        var sanctions = (await results.ReadAsync<SanctionRow>()).Select(row => row.ToSanction()).ToList();
        var lastSent = (await results.ReadAsync<(string Identity, DateTimeOffset At)>())
            .ToDictionary(row => Ulid.TryParse(row.Identity, out var id) ? id : default, row => row.At);
        return new(settings, sanctions, lastSent, now);
    }

    private async Task<(ChatBatch? Batch, IReadOnlyList<SentMessage> Sent)> TryAddAsync(ChannelName channel, SessionId session,
        IReadOnlyList<Submission> messages, int maxShown, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var number = await connection.ExecuteScalarAsync<long?>(new CommandDefinition(
            """
            INSERT INTO chat_sessions (session_id, channel_id, last_batch) SELECT @session, id, 1 FROM channels WHERE name = @channel
            ON CONFLICT (session_id) DO UPDATE SET last_batch = chat_sessions.last_batch + 1 RETURNING last_batch
            """, new { session = session.Value, channel = channel.Value }, transaction, cancellationToken: cancellationToken))
            ?? throw OperationException.NoChannel(channel.Value);

        // Read after the lock of the session: a moderator's action that was committed before is in effect.
        var decider = await ReadDeciderAsync(connection, transaction, channel, session, messages, cancellationToken);
        var sent = new SentMessage[messages.Count];
        List<(int Index, Decision Decision)> accepted = [];
        for (var i = 0; i < messages.Count; i++)
        {
            var decision = decider.Decide(messages[i], out var rejection);
            if (decision == Decision.Reject)
            {
                sent[i] = new(null, false, rejection);
            }
            else
            {
                accepted.Add((i, decision));
            }
        }

        if (accepted.Count == 0)
        {
            await transaction.RollbackAsync(cancellationToken);
            return (null, sent);
        }

        var (batch, stored) = await AddMessagesAsync(connection, transaction, session, number, messages, accepted, maxShown, sent,
            cancellationToken);
        List<BatchChange> others = [];
        var reactions = NewReactions.Sum(accepted.Where(entry => entry.Decision == Decision.Show)
            .Select(entry => messages[entry.Index]).OfType<NewReactions>());
        if (reactions.Count > 0)
        {
            others.Add(new(Reactions: reactions));
        }

        var changesState = await AddVotesAsync(connection, transaction, session, messages, accepted, sent, cancellationToken)
            | await AddQuestionsAsync(connection, transaction, session, messages, accepted, sent, cancellationToken);
        if (changesState)
        {
            others.Add(new(State: true));
        }

        foreach (var (index, _) in accepted.Where(entry => messages[entry.Index] is NewReactions))
        {
            sent[index] = new("", false, default);
        }

        if (stored.Count == 0 && others.Count == 0)
        {
            await transaction.RollbackAsync(cancellationToken);
            return (null, sent);
        }

        await PublishAsync(connection, transaction, channel, session, batch, stored, cancellationToken);
        await SessionBatches.AddChangesAsync(connection, transaction, session, number, others, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (new(number, batch, [], changesState, reactions.Count > 0 ? reactions : null), sent);
    }

    private static async Task<(List<ChatMessage> Shown, List<StoredMessage> Stored)> AddMessagesAsync(NpgsqlConnection connection,
        NpgsqlTransaction transaction, SessionId session, long number, IReadOnlyList<Submission> all,
        IReadOnlyList<(int Index, Decision Decision)> accepted, int maxShown, SentMessage[] sent, CancellationToken cancellationToken)
    {
        List<(int Index, Decision Decision)> messages = [.. accepted.Where(entry => all[entry.Index] is NewMessage)];
        var (visible, shown) = MessageSampler.Choose([.. messages.Where(entry => entry.Decision == Decision.Show)],
            entry => all[entry.Index].Identity, maxShown, Random.Shared);
        List<(int Index, Decision Decision)> ordered = [.. visible, .. messages.Where(entry => entry.Decision != Decision.Show)];
        List<StoredMessage> stored = [.. ordered.Select((entry, position) =>
            new StoredMessage((NewMessage)all[entry.Index], position < shown, HiddenOf(entry.Decision)))];
        if (stored.Count > 0)
        {
            await MessageInsert.ExecuteAsync(connection, transaction, session, number, stored, cancellationToken);
        }

        for (var position = 0; position < ordered.Count; position++)
        {
            sent[ordered[position].Index] = new(new MessageId(number, position).ToString(), ordered[position].Decision == Decision.Hold,
                default);
        }

        return ([.. stored.Take(shown).Select((row, position) => ChatMessage.Of(new(number, position), row.Message))], stored);
    }

    /// <summary>Indices of the votes to count. A participant who is muted gets the same answer, and is not counted.</summary>
    private static List<int> CountedOf<T>(IReadOnlyList<Submission> all, IReadOnlyList<(int Index, Decision Decision)> accepted,
        SentMessage[] sent)
        where T : Submission
    {
        List<int> counted = [];
        foreach (var (index, decision) in accepted.Where(entry => all[entry.Index] is T))
        {
            sent[index] = new("", false, default);
            if (decision == Decision.Show)
            {
                counted.Add(index);
            }
        }

        return counted;
    }

    /// <summary>Counts votes in polls.</summary>
    /// <returns>Whether a poll has changed.</returns>
    private static async Task<bool> AddVotesAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, SessionId session,
        IReadOnlyList<Submission> all, IReadOnlyList<(int Index, Decision Decision)> accepted, SentMessage[] sent,
        CancellationToken cancellationToken)
    {
        var votes = CountedOf<NewVote>(all, accepted, sent);
        var rejected = await VoteCount.AddAsync(connection, transaction, session, [.. votes.Select(index => (NewVote)all[index])],
            cancellationToken);
        for (var i = 0; i < votes.Count; i++)
        {
            sent[votes[i]] = rejected.TryGetValue(i, out var rejection) ? new(null, false, rejection) : new("", false, default);
        }

        return votes.Count > rejected.Count;
    }

    /// <summary>Stores questions, and counts votes for questions.</summary>
    /// <returns>Whether viewers see a change.</returns>
    private static async Task<bool> AddQuestionsAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, SessionId session,
        IReadOnlyList<Submission> all, IReadOnlyList<(int Index, Decision Decision)> accepted, SentMessage[] sent,
        CancellationToken cancellationToken)
    {
        List<(int Index, Decision Decision)> questions = [.. accepted.Where(entry => all[entry.Index] is NewQuestion)];
        var fit = await QuestionBatch.AddAsync(connection, transaction, session,
            [.. questions.Select(entry => ((NewQuestion)all[entry.Index], entry.Decision))], cancellationToken);
        foreach (var (index, decision) in questions)
        {
            sent[index] = fit ? new(((NewQuestion)all[index]).Id.Value, decision == Decision.Hold, default)
                : new(null, false, new(ChatOutcome.Denied, "There are too many open questions. Vote for one of them."));
        }

        var votes = CountedOf<NewQuestionVote>(all, accepted, sent);
        var rejected = await QuestionBatch.AddVotesAsync(connection, transaction, session,
            [.. votes.Select(index => (NewQuestionVote)all[index])], cancellationToken);
        for (var i = 0; i < votes.Count; i++)
        {
            sent[votes[i]] = rejected.TryGetValue(i, out var rejection) ? new(null, false, rejection) : new("", false, default);
        }

        var changes = (fit && questions.Count > 0) || votes.Count > rejected.Count;
        if (changes)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "UPDATE chat_sessions SET questions_version = questions_version + 1 WHERE session_id = @session",
                new { session = session.Value }, transaction, cancellationToken: cancellationToken));
        }

        return changes;
    }

    private static string? HiddenOf(Decision decision) => decision switch
    {
        Decision.Hold => "held",
        Decision.Mute => "muted",
        _ => null,
    };

    private async Task PublishAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, ChannelName channel, SessionId session,
        IReadOnlyList<ChatMessage> shown, IReadOnlyList<StoredMessage> stored, CancellationToken cancellationToken)
    {
        if (stored.Count == 0)
        {
            return;
        }

        var at = stored.Max(row => row.Message.SentAt);
        foreach (var part in shown.Chunk(MaxPerEvent))
        {
            await changes.PublishAsync(connection, transaction, at, ChatEvents.Message, channel.Value,
                new { session = session.Value, messages = part.Select(ChatBatch.Item.Of).ToList() }, isStreamed: false, cancellationToken);
        }

        if (stored.Count(row => row.Hidden == "held") is var held and > 0)
        {
            await changes.PublishAsync(connection, transaction, at, ChatEvents.Held, channel.Value,
                new { session = session.Value, messages = held }, isStreamed: true, cancellationToken);
        }
    }

    private sealed record SanctionRow(string Kind, string Identity, byte[]? Network, DateTimeOffset? EndsAt)
    {
        public Sanction ToSanction() => new(
            Kind switch { "ban" => SanctionKind.Ban, "timeout" => SanctionKind.Timeout, _ => SanctionKind.Mute },
            Ulid.TryParse(Identity, out var id) ? id : default, Network, EndsAt);
    }
}
