using Broadcast.Chat.Messages;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;
using Dapper;
using Npgsql;

namespace Broadcast.Chat.Moderation;

/// <summary>
/// Steps of the transaction of an action. Changes that pages must learn are collected, and stored as one batch at the end.
/// </summary>
internal sealed class ModerationStep(NpgsqlConnection connection, NpgsqlTransaction transaction, ChannelName channel, DateTimeOffset now,
    CancellationToken cancellationToken)
{
    private readonly List<BatchChange> _changes = [];
    private long _channelId;
    private long? _number;
    private readonly List<RemovedMessage> _removed = [];
    private bool _hasMessage;

    /// <summary>Connection of the transaction.</summary>
    public NpgsqlConnection Connection => connection;

    /// <summary>The transaction.</summary>
    public NpgsqlTransaction Transaction => transaction;

    /// <summary>The channel.</summary>
    public ChannelName Channel => channel;

    /// <summary>Time of the action.</summary>
    public DateTimeOffset Now => now;

    /// <summary>Cancels the action.</summary>
    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>Locked session; <see langword="null"/> when the channel has none with messages.</summary>
    public SessionId? Session { get; private set; }

    /// <summary>Messages that viewers saw, and that this step has removed or deleted.</summary>
    public IReadOnlyList<RemovedMessage> Removed => _removed;

    /// <summary>Finds the channel.</summary>
    /// <exception cref="OperationException">It does not exist.</exception>
    public async Task FindChannelAsync() =>
        _channelId = await ScalarAsync<long?>("SELECT id FROM channels WHERE name = @channel AND deleted_at IS NULL",
            new { channel = channel.Value }) ?? throw OperationException.NoChannel(channel.Value);

    /// <summary>Locks a session, or the newest one of the channel.</summary>
    /// <exception cref="OperationException">The given session has no messages, or belongs to another channel.</exception>
    public async Task LockAsync(SessionId? session)
    {
        var found = await ScalarAsync<string?>(
            """
            SELECT session_id FROM chat_sessions WHERE channel_id = @id AND (@session::text IS NULL OR session_id = @session)
            ORDER BY session_id DESC LIMIT 1
            """, new { id = _channelId, session = session?.Value });
        if (found is null)
        {
            Session = session is null ? null
                : throw new OperationException(OperationErrorCode.NotFound, $"The channel has no chat messages of session '{session}'.");
            return;
        }

        Session = SessionId.Parse(found);
        await ExecuteAsync("SELECT FROM chat_sessions WHERE session_id = @session FOR UPDATE", new { session = found });
    }

    /// <summary>Finds the sender of a message of the locked session.</summary>
    public Task<Sender?> FindSenderAsync(MessageId message) => FirstAsync<Sender>(
        "SELECT identity_id AS identity, name FROM chat_messages WHERE session_id = @session AND batch = @batch AND position = @position",
        Of(message));

    /// <summary>Finds the last name of a participant; <see langword="null"/> when the participant has written nothing.</summary>
    public Task<string?> FindNameAsync(string participant) => ScalarAsync<string?>(
        """
        SELECT m.name FROM chat_messages m JOIN chat_sessions s ON s.session_id = m.session_id
        WHERE s.channel_id = @id AND m.identity_id = @participant ORDER BY m.sent_at DESC LIMIT 1
        """, new { id = _channelId, participant });

    /// <summary>Removes a message.</summary>
    /// <returns><see langword="false"/> when it has been removed before.</returns>
    public async Task<bool> RemoveAsync(MessageId message, Ulid action)
    {
        var removed = await QueryAsync<RemovedRow>(
            $"""
            UPDATE chat_messages m SET removed_at = @now, removed_by = @action
            WHERE session_id = @session AND batch = @batch AND position = @position AND removed_at IS NULL
            RETURNING {RemovedRow.ColumnsSql}, false AS wasRemoved
            """,
            new { session = Session?.Value, batch = message.Batch, position = message.Position, now, action = action.Value });
        await RemovedAsync(removed);
        return removed.Count > 0;
    }

    /// <summary>Removes the messages of a participant from the locked session, the newest ones first, and the questions.</summary>
    public async Task RemoveAllOfAsync(string participant, Ulid action, int max)
    {
        var removed = await QueryAsync<RemovedRow>(
            $"""
            UPDATE chat_messages m SET removed_at = @now, removed_by = @action FROM (
                SELECT batch, position FROM chat_messages WHERE session_id = @session AND identity_id = @participant AND removed_at IS NULL
                ORDER BY batch DESC, position DESC LIMIT @max) n
            WHERE m.session_id = @session AND m.batch = n.batch AND m.position = n.position
            RETURNING {RemovedRow.ColumnsSql}, false AS wasRemoved
            """, new { session = Session?.Value, participant, now, action = action.Value, max });
        await RemovedAsync(removed);
        await QuestionsChangedAsync(await ExecuteAsync(
            """
            UPDATE chat_questions SET state = 'removed', removed_by = @action, state_before = state
            WHERE session_id = @session AND identity_id = @participant AND state IN ('open', 'held', 'picked')
            """, new { session = Session?.Value, participant, action = action.Value }));
    }

    /// <summary>Shows again what an action has removed.</summary>
    public async Task RestoreAsync(Ulid action)
    {
        var restored = await QueryAsync<(long Batch, int Position, bool Shown)>(
            """
            UPDATE chat_messages SET removed_at = NULL, removed_by = NULL WHERE removed_by = @action AND session_id = @session
            RETURNING batch, position, shown
            """, new { session = Session?.Value, action = action.Value });
        _changes.AddRange(restored.Where(row => row.Shown).OrderBy(row => (row.Batch, row.Position))
            .Select(row => new BatchChange(Shown: new MessageId(row.Batch, row.Position).ToString())));
        await QuestionsChangedAsync(await ExecuteAsync(
            """
            UPDATE chat_questions SET state = coalesce(state_before, 'held'), removed_by = NULL, state_before = NULL
            WHERE removed_by = @action AND session_id = @session AND state = 'removed'
            """,
            new { session = Session?.Value, action = action.Value }));
    }

    /// <summary>Decides about a message that is held.</summary>
    /// <returns><see langword="false"/> when it is not held.</returns>
    public async Task<bool> ReviewAsync(MessageId message, bool isApproved)
    {
        var changed = await ExecuteAsync(
            """
            UPDATE chat_messages SET shown = @isApproved, hidden = CASE WHEN @isApproved THEN NULL ELSE 'denied' END
            WHERE session_id = @session AND batch = @batch AND position = @position AND hidden = 'held' AND removed_at IS NULL
            """, new { session = Session?.Value, batch = message.Batch, position = message.Position, isApproved });
        if (changed == 1 && isApproved)
        {
            _changes.Add(new(Shown: message.ToString()));
        }

        return changed == 1;
    }

    /// <summary>Holds a message for review again.</summary>
    public async Task HoldAgainAsync(string message, bool isShown)
    {
        if (MessageId.TryParse(message, out var id) && await ExecuteAsync(
            """
            UPDATE chat_messages SET shown = false, hidden = 'held'
            WHERE session_id = @session AND batch = @batch AND position = @position AND removed_at IS NULL AND shown = @isShown
            """, new { session = Session?.Value, batch = id.Batch, position = id.Position, isShown }) == 1 && isShown)
        {
            _changes.Add(new(Removed: message));
            await PinAsync(null, onlyIf: message);
        }
    }

    /// <summary>Pins a message.</summary>
    /// <param name="message">The message; <see langword="null"/> to pin none.</param>
    /// <param name="onlyIf">Message that must be pinned now; <see langword="null"/> for any.</param>
    /// <returns><see langword="false"/> when viewers do not see the message, or another one is pinned.</returns>
    public async Task<bool> PinAsync(string? message, string? onlyIf)
    {
        if (message is not null && !(MessageId.TryParse(message, out var id) && await ScalarAsync<bool>(
            $"""
            SELECT EXISTS (SELECT FROM chat_messages m WHERE m.session_id = @session AND m.batch = @batch AND m.position = @position
                AND {ChatStore.IsVisibleSql})
            """, Of(id))))
        {
            return false;
        }

        var changed = await ExecuteAsync(
            "UPDATE chat_sessions SET pinned = @message WHERE session_id = @session AND (@onlyIf::text IS NULL OR pinned = @onlyIf)",
            new { session = Session?.Value, message, onlyIf });
        if (changed == 1)
        {
            _changes.Add(new(State: true));
        }

        return changed == 1;
    }

    /// <summary>Unpins the pinned message.</summary>
    /// <returns>Its id; <see langword="null"/> when none is pinned.</returns>
    public async Task<string?> UnpinAsync()
    {
        var pinned = await ScalarAsync<string?>("SELECT pinned FROM chat_sessions WHERE session_id = @session",
            new { session = Session?.Value });
        return pinned is not null && await PinAsync(null, onlyIf: pinned) ? pinned : null;
    }

    /// <summary>Adds a message.</summary>
    /// <exception cref="OperationException">The channel has no session with messages yet, and is not live.</exception>
    public async Task<MessageId> AddAsync(NewMessage message)
    {
        if (Session is null || !await IsOpenAsync())
        {
            Session = await OpenSessionAsync() ?? throw new OperationException(OperationErrorCode.Conflict, "The channel is not live.");
            await ExecuteAsync(
                """
                INSERT INTO chat_sessions (session_id, channel_id, last_batch) VALUES (@session, @id, 0)
                ON CONFLICT (session_id) DO UPDATE SET last_batch = chat_sessions.last_batch
                """, new { session = Session?.Value, id = _channelId });
        }

        await ExecuteAsync("SELECT create_chat_partition(@now)", new { now });
        var number = await NumberAsync();
        await MessageInsert.ExecuteAsync(connection, transaction, Session!.Value, number, [new(message, true, null)], cancellationToken);
        _hasMessage = true;
        return new(number, 0);
    }

    /// <summary>Deletes the messages, questions and votes of a participant from the locked session. Numbers of votes stay.</summary>
    public async Task<int> EraseAsync(string participant)
    {
        var deleted = await QueryAsync<RemovedRow>(
            $"""
            DELETE FROM chat_messages m WHERE session_id = @session AND identity_id = @participant
            RETURNING {RemovedRow.ColumnsSql}, m.removed_at IS NOT NULL AS wasRemoved
            """, new { session = Session?.Value, participant });
        await RemovedAsync(deleted);
        await ExecuteAsync(
            """
            WITH questions AS (DELETE FROM chat_questions WHERE session_id = @session AND identity_id = @participant RETURNING 1),
                votes AS (DELETE FROM chat_votes v USING chat_polls p
                    WHERE p.id = v.poll_id AND p.session_id = @session AND v.identity_id = @participant),
                question_votes AS (DELETE FROM chat_question_votes v USING chat_questions q
                    WHERE q.id = v.question_id AND q.session_id = @session AND v.identity_id = @participant)
            UPDATE chat_sessions SET questions_version = questions_version + 1 WHERE session_id = @session
                AND EXISTS (SELECT FROM questions)
            """, new { session = Session?.Value, participant });
        _changes.Add(new(State: true));
        return deleted.Count;
    }

    /// <summary>Finds an action.</summary>
    public async Task<ChatAction?> FindActionAsync(string id) => (await FirstAsync<ActionRow>(
        $"SELECT {ActionRow.ColumnsSql} FROM chat_actions a WHERE a.channel_id = @channelId AND a.id = @id",
        new { channelId = _channelId, id }))?.ToAction();

    /// <summary>Marks an action as undone.</summary>
    /// <returns><see langword="false"/> when it has been undone before.</returns>
    public async Task<bool> MarkUndoneAsync(ChatAction action, ChatModerator moderator, string reason) => await ExecuteAsync(
        "UPDATE chat_actions SET undone_at = @now, undone_by = @by, undone_reason = @reason WHERE id = @id AND undone_at IS NULL",
        new { id = action.Id.Value, now, by = moderator.Id, reason }) == 1;

    /// <summary>Stores an action.</summary>
    public Task InsertActionAsync(ChatAction action) => ExecuteAsync(
        """
        INSERT INTO chat_actions (id, channel_id, session_id, action, moderator, moderator_name, identity_id, name, message, reason,
            created_at,
            ends_at, with_network)
        VALUES (@id, @channelId, @session, @kind, @moderator, @moderatorName, @participant, @name, @message, @reason, @at, @endsAt,
            @network)
        """,
        new
        {
            id = action.Id.Value, channelId = _channelId, session = action.Session, kind = ActionRow.NameOf(action.Kind),
            moderator = action.Moderator.Id, moderatorName = action.Moderator.Name, participant = action.Participant, name = action.Name,
            message = action.Message, reason = action.Reason, at = action.At, endsAt = action.EndsAt, network = action.IncludesNetwork,
        });

    /// <summary>Stores the sanction of an action.</summary>
    public Task InsertSanctionAsync(ChatAction action) => ExecuteAsync(
        """
        INSERT INTO chat_sanctions (id, channel_id, kind, identity_id, network, ends_at)
        VALUES (@id, @channelId, @kind, @participant, CASE WHEN @withNetwork THEN (SELECT network FROM chat_messages
            WHERE session_id = @session AND batch = @batch AND position = @position) END, @endsAt)
        """,
        new
        {
            id = action.Id.Value, channelId = _channelId, kind = ActionRow.NameOf(action.Kind), participant = action.Participant,
            withNetwork = action.IncludesNetwork, session = action.Session, endsAt = action.EndsAt,
            batch = MessageId.TryParse(action.Message, out var id) ? id.Batch : 0, position = id.Position,
        });

    /// <summary>Ends the sanction of an action.</summary>
    public Task LiftAsync(Ulid action) =>
        ExecuteAsync("UPDATE chat_sanctions SET lifted_at = @now WHERE id = @id AND lifted_at IS NULL", new { id = action.Value, now });

    /// <summary>Stores the batch with the changes, and commits.</summary>
    public async Task CommitAsync()
    {
        if (_changes.Count > 0 || _hasMessage)
        {
            await SessionBatches.AddChangesAsync(connection, transaction, Session!.Value, await NumberAsync(), _changes, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private async Task QuestionsChangedAsync(int count)
    {
        if (count > 0)
        {
            await ExecuteAsync("UPDATE chat_sessions SET questions_version = questions_version + 1 WHERE session_id = @session",
                new { session = Session?.Value });
            _changes.Add(new(State: true));
        }
    }

    private async Task RemovedAsync(IEnumerable<RemovedRow> rows)
    {
        foreach (var row in rows.Where(row => row.Shown))
        {
            var id = new MessageId(row.Batch, row.Position);
            _removed.Add(new(id, row.Identity, row.SentAt));
            if (!row.WasRemoved)
            {
                _changes.Add(new(Removed: id.ToString()));
                await PinAsync(null, onlyIf: id.ToString());
            }
        }
    }

    private async ValueTask<long> NumberAsync() => _number ??=
        await SessionBatches.TakeNumberAsync(connection, transaction, Session!.Value, cancellationToken)
        ?? throw new InvalidOperationException("The session was locked before.");

    private async Task<bool> IsOpenAsync() => await OpenSessionAsync() is { } open && open == Session;

    private async Task<SessionId?> OpenSessionAsync() => SessionId.TryParse(await ScalarAsync<string?>(
        "SELECT id FROM sessions WHERE channel_id = @id AND ended_at IS NULL ORDER BY id DESC LIMIT 1", new { id = _channelId }),
            out var id)
        ? id : null;

    private object Of(MessageId message) => new { session = Session?.Value, batch = message.Batch, position = message.Position };

    private Task<int> ExecuteAsync(string sql, object parameters) =>
        connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellationToken));

    private Task<T?> ScalarAsync<T>(string sql, object parameters) =>
        connection.ExecuteScalarAsync<T>(new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellationToken));

    private Task<T?> FirstAsync<T>(string sql, object parameters) =>
        connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellationToken));

    private async Task<List<T>> QueryAsync<T>(string sql, object parameters) =>
        (await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, transaction,
            cancellationToken: cancellationToken))).AsList();

    /// <summary>A message that viewers saw, and that was removed.</summary>
    internal sealed record RemovedMessage(MessageId Id, string Identity, DateTimeOffset SentAt);

    private sealed record RemovedRow(long Batch, int Position, bool Shown, string Identity, DateTimeOffset SentAt, bool WasRemoved)
    {
        public const string ColumnsSql = "m.batch, m.position, m.shown, m.identity_id AS identity, m.sent_at AS sentAt";
    }

    /// <summary>Sender of a message.</summary>
    internal sealed record Sender(string Identity, string Name);
}
