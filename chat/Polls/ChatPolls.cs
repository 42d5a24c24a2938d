using Broadcast.Chat.Messages;
using Broadcast.Chat.Questions;
using Broadcast.Chat.Text;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Chat.Polls;

/// <summary>Polls and questions in the database, for the hosts.</summary>
internal sealed class ChatPolls(ServerDatabase database, IChangeLog changes, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
    : IChatPolls
{
    private const int MaxOptionLength = 100;
    private const int MaxPolls = 100;
    private const int MaxQuestions = 500;
    private static readonly TimeSpan MaxDuration = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public async Task<ChatPoll> CreateAsync(ChannelName channel, NewChatPoll poll, CancellationToken cancellationToken = default)
    {
        var errors = new List<ValidationError>();
        if (ChatText.TryCleanMessage(poll.Question, out var question) is { } error)
        {
            errors.Add(new("question", error.Replace("'text'", "'question'", StringComparison.Ordinal)));
        }

        List<string> options = [];
        foreach (var raw in poll.Options ?? [])
        {
            if (ChatText.TryCleanMessage(raw, out var option) is not null || option.EnumerateRunes().Count() > MaxOptionLength)
            {
                errors.Add(new("options", $"Each option must have 1 to {MaxOptionLength} characters."));
                break;
            }

            options.Add(option);
        }

        if (errors.Count == 0 && (options.Count is < 2 or > NewChatPoll.MaxOptions
            || options.Distinct(StringComparer.Ordinal).Count() != options.Count))
        {
            errors.Add(new("options", $"A poll has 2 to {NewChatPoll.MaxOptions} different options."));
        }

        if (poll.Duration is { } duration && (duration < TimeSpan.FromSeconds(5) || duration > MaxDuration))
        {
            errors.Add(new("seconds", $"'seconds' must be 5 to {(long)MaxDuration.TotalSeconds}."));
        }

        if (errors.Count > 0)
        {
            throw new OperationException(errors);
        }

        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Takes the lock of the session, and makes pages read the state.
        var session = await SessionBatches.AddStateChangeAsync(connection, transaction, channel.Value, cancellationToken)
            ?? throw await NoSessionAsync(connection, channel, cancellationToken);
        var row = await connection.QuerySingleAsync<PollRow>(new CommandDefinition(
            $"""
            INSERT INTO chat_polls AS p (id, session_id, question, options, votes, created_at, ends_at)
            VALUES (@id, @session, @question, @options, @votes, @now, @endsAt) RETURNING {PollRow.ColumnsSql}
            """,
            new
            {
                id = Ulid.New(now).Value, session = session.Value, question, options = options.ToArray(), votes = new long[options.Count],
                now,
                endsAt = now + poll.Duration,
            }, transaction, cancellationToken: cancellationToken));
        await RecordAsync(connection, transaction, channel, "poll.create", row.Id, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.ToPoll();
    }

    /// <inheritdoc/>
    public async Task<ChatPoll> EndAsync(ChannelName channel, string poll, bool isHidden, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ChangeStateAsync(connection, transaction, channel, "chat_polls", poll, cancellationToken);
        var row = await connection.QueryFirstOrDefaultAsync<PollRow>(new CommandDefinition(
            $"""
            UPDATE chat_polls p SET ends_at = least(p.ends_at, @now), hidden_at = CASE WHEN @isHidden THEN coalesce(p.hidden_at, @now)
                ELSE p.hidden_at END
            FROM chat_sessions s JOIN channels c ON c.id = s.channel_id
            WHERE s.session_id = p.session_id AND c.name = @channel AND p.id = @poll RETURNING {PollRow.ColumnsSql}
            """,
            new { channel = channel.Value, poll, isHidden, now = time.GetUtcNow() }, transaction, cancellationToken: cancellationToken))
            ?? throw NotFound;
        await RecordAsync(connection, transaction, channel, isHidden ? "poll.hide" : "poll.end", row.Id, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.ToPoll();
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ChatPoll>> ListAsync(ChannelName channel, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<PollRow>(new CommandDefinition(
            $"""
            SELECT {PollRow.ColumnsSql} FROM chat_polls p JOIN chat_sessions s ON s.session_id = p.session_id
            JOIN channels c ON c.id = s.channel_id WHERE c.name = @channel ORDER BY p.id DESC LIMIT {MaxPolls}
            """, new { channel = channel.Value }, cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToPoll())];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ChatQuestion>> ListQuestionsAsync(ChannelName channel, ChatQuestionState? state,
        CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<QuestionRow>(new CommandDefinition(
            $"""
            SELECT {QuestionRow.ColumnsSql} FROM chat_questions q
            WHERE q.session_id = (SELECT s.session_id FROM chat_sessions s JOIN channels c ON c.id = s.channel_id WHERE c.name = @channel
                ORDER BY s.session_id DESC LIMIT 1) AND (@state::text IS NULL OR q.state = @state)
            ORDER BY q.votes DESC, q.id LIMIT {MaxQuestions}
            """, new { channel = channel.Value, state = state is { } only ? QuestionRow.NameOf(only) : null },
            cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToQuestion())];
    }

    /// <inheritdoc/>
    public async Task<ChatQuestion> ChangeQuestionAsync(ChannelName channel, string question, ChatQuestionState state,
        DateTimeOffset? answeredAt, CancellationToken cancellationToken = default)
    {
        if (state is ChatQuestionState.Held or ChatQuestionState.Muted)
        {
            throw new OperationException([new("state", "'state' must be open, picked, answered or removed.")]);
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ChangeStateAsync(connection, transaction, channel, "chat_questions", question, cancellationToken);
        var row = await connection.QueryFirstOrDefaultAsync<QuestionRow>(new CommandDefinition(
            $"""
            UPDATE chat_questions q SET state = @state, answered_at = CASE WHEN @state = 'answered' THEN @answeredAt END
            FROM chat_sessions s JOIN channels c ON c.id = s.channel_id
            WHERE s.session_id = q.session_id AND c.name = @channel AND q.id = @question RETURNING {QuestionRow.ColumnsSql}
            """,
            new { channel = channel.Value, question, state = QuestionRow.NameOf(state), answeredAt = answeredAt ?? time.GetUtcNow() },
            transaction, cancellationToken: cancellationToken))
            ?? throw NotFound;
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE chat_sessions SET questions_version = questions_version + 1 WHERE session_id = @session", new { session = row.Session },
            transaction, cancellationToken: cancellationToken));
        await RecordAsync(connection, transaction, channel, state == ChatQuestionState.Removed ? "question.remove" : "question.change",
            row.Id, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.ToQuestion();
    }

    private static async Task<OperationException> NoSessionAsync(NpgsqlConnection connection, ChannelName channel,
        CancellationToken cancellationToken) =>
        await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "SELECT EXISTS (SELECT FROM channels WHERE name = @channel AND deleted_at IS NULL)", new { channel = channel.Value },
            cancellationToken: cancellationToken))
            ? new OperationException(OperationErrorCode.Conflict, "The channel is not live.") : OperationException.NoChannel(channel.Value);

    private static OperationException NotFound =>
        new(OperationErrorCode.NotFound, "The channel has no poll or question with this id.");

    /// <summary>
    /// Adds the batch that makes pages read the state. It locks the session before a poll or question is changed, in the order of servers
    /// that store votes.
    /// </summary>
    private static async Task ChangeStateAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, ChannelName channel,
        string table, string id, CancellationToken cancellationToken)
    {
        var found = await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            $"""
            SELECT s.session_id FROM {table} t JOIN chat_sessions s ON s.session_id = t.session_id JOIN channels c ON c.id = s.channel_id
            WHERE c.name = @channel AND t.id = @id
            """, new { channel = channel.Value, id }, transaction, cancellationToken: cancellationToken));
        if (!SessionId.TryParse(found, out var session)
            || await SessionBatches.TakeNumberAsync(connection, transaction, session, cancellationToken) is not { } number)
        {
            throw NotFound;
        }

        await SessionBatches.AddChangesAsync(connection, transaction, session, number, [new(State: true)], cancellationToken);
    }

    private Task RecordAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, ChannelName channel, string action, string id,
        CancellationToken cancellationToken) =>
        changes.RecordAsync(connection, transaction, time.GetUtcNow(), action, $"channel/{channel.Value}",
            new Dictionary<string, string>(StringComparer.Ordinal) { ["id"] = id }, cancellationToken);
}
