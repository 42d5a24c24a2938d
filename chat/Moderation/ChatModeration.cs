using Broadcast.Chat.Identities;
using Broadcast.Chat.Messages;
using Broadcast.Chat.Text;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Chat.Moderation;

/// <summary>
/// Moderation in the database. Each action is one transaction with its batch, its entry of the audit log and its event. It locks the
/// session first, like a server that stores messages: a message is stored either before the action, and removed by it, or is subject to
/// it.
/// </summary>
internal sealed class ChatModeration(ServerDatabase database, ChatKeys keys, IChangeLog changes,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time) : IChatModeration
{
    /// <summary>Maximum messages that a timeout or ban removes from a session, newest first.</summary>
    public const int MaxRemoved = 2000;

    /// <inheritdoc/>
    public async Task<ChatAction> ActAsync(ChatActionRequest request, CancellationToken cancellationToken = default)
    {
        if (Validate(request).ToList() is { Count: > 0 } errors)
        {
            throw new OperationException(errors);
        }

        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var step = new ModerationStep(connection, transaction, request.Channel, now, cancellationToken);
        await step.FindChannelAsync();
        await step.LockAsync(request.Session);
        var action = await ApplyAsync(step, request, now);
        await step.InsertActionAsync(action);
        if (request.Kind is ChatActionKind.Timeout or ChatActionKind.Ban or ChatActionKind.Mute)
        {
            await step.InsertSanctionAsync(action);
        }

        await RecordAsync(step, action, isUndo: false, request.Moderator, request.Reason);
        await step.CommitAsync();
        return action;
    }

    /// <inheritdoc/>
    public async Task<ChatAction> UndoAsync(ChannelName channel, ChatModerator moderator, string action, string reason,
        CancellationToken cancellationToken = default)
    {
        if (reason.Length > ChatActionRequest.MaxReason)
        {
            throw new OperationException([ReasonError]);
        }

        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var step = new ModerationStep(connection, transaction, channel, now, cancellationToken);
        await step.FindChannelAsync();
        var found = await step.FindActionAsync(action)
            ?? throw new OperationException(OperationErrorCode.NotFound, $"There is no action '{Shorten(action)}' in this channel.");
        await step.LockAsync(SessionId.TryParse(found.Session, out var session) ? session : null);
        if (!await step.MarkUndoneAsync(found, moderator, reason))
        {
            throw new OperationException(OperationErrorCode.Conflict, "The action has already been undone.");
        }

        switch (found.Kind)
        {
            case ChatActionKind.Remove or ChatActionKind.Timeout or ChatActionKind.Ban:
                await step.RestoreAsync(found.Id);
                break;
            case ChatActionKind.Approve:
                await step.HoldAgainAsync(found.Message!, isShown: true);
                break;
            case ChatActionKind.Deny:
                await step.HoldAgainAsync(found.Message!, isShown: false);
                break;
            case ChatActionKind.Pin:
                await step.PinAsync(null, onlyIf: found.Message);
                break;
            case ChatActionKind.Unpin:
                await step.PinAsync(found.Message, onlyIf: null);
                break;
            case ChatActionKind.Announce:
                await step.RemoveAsync(MessageIdOf(found.Message), found.Id);
                break;
        }

        await step.LiftAsync(found.Id);
        var undone = found with { UndoneAt = now, UndoneBy = moderator.Id };
        await RecordAsync(step, undone, isUndo: true, moderator, reason);
        await step.CommitAsync();
        return undone;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ChatAction>> ListActionsAsync(ChannelName channel, string? participant, bool inEffect, string? before,
        int limit, CancellationToken cancellationToken = default)
    {
        CheckLimit(limit, IChatModeration.MaxPage);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await CheckChannelAsync(connection, channel, cancellationToken);
        var rows = await connection.QueryAsync<ActionRow>(new CommandDefinition(
            $"""
            SELECT {ActionRow.ColumnsSql} FROM chat_actions a JOIN channels c ON c.id = a.channel_id
            WHERE c.name = @channel AND (@participant::text IS NULL OR a.identity_id = @participant)
                AND (@before::text IS NULL OR a.id < @before)
                AND (NOT @inEffect OR EXISTS (SELECT FROM chat_sanctions n WHERE n.id = a.id AND n.lifted_at IS NULL
                    AND (n.ends_at IS NULL OR n.ends_at > @now)))
            ORDER BY a.id DESC LIMIT @limit
            """,
            new { channel = channel.Value, participant, inEffect, before, limit, now = time.GetUtcNow() },
            cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToAction())];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ModeratedMessage>> ListMessagesAsync(ChatMessageFilter filter,
        CancellationToken cancellationToken = default)
    {
        CheckLimit(filter.Limit, ChatMessageFilter.MaxPage);
        var before = filter.Before?.Split('/') is [var session, var id] && MessageId.TryParse(id, out var parsed)
            ? (Session: session, Id: parsed)
            : filter.Before is null ? ((string Session, MessageId Id)?)null
            : throw new OperationException([new("before", "'before' must be SESSION/ID of a message.")]);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await CheckChannelAsync(connection, filter.Channel, cancellationToken);
        var rows = await connection.QueryAsync<ModeratedRow>(new CommandDefinition(
            $"""
            SELECT {ModeratedRow.ColumnsSql} FROM chat_messages m JOIN chat_sessions s ON s.session_id = m.session_id
                JOIN channels c ON c.id = s.channel_id
            WHERE c.name = @channel AND (@session::text IS NULL OR m.session_id = @session)
                AND (@participant::text IS NULL OR m.identity_id = @participant)
                AND (@beforeSession::text IS NULL OR (m.session_id, m.batch, m.position) < (@beforeSession, @beforeBatch, @beforePosition))
                AND {(filter.State is { } state ? ModeratedRow.ConditionSql(state) : "true")}
            ORDER BY m.session_id DESC, m.batch DESC, m.position DESC LIMIT @limit
            """,
            new
            {
                channel = filter.Channel.Value, session = filter.Session?.Value, participant = filter.Participant,
                beforeSession = before?.Session, beforeBatch = before?.Id.Batch ?? 0, beforePosition = before?.Id.Position ?? 0,
                limit = filter.Limit,
            }, cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToMessage())];
    }

    /// <inheritdoc/>
    public async Task<int> EraseAsync(ChannelName channel, string participant, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await CheckChannelAsync(connection, channel, cancellationToken);
        var sessions = (await connection.QueryAsync<string>(new CommandDefinition(
            """
            SELECT s.session_id FROM chat_sessions s JOIN channels c ON c.id = s.channel_id WHERE c.name = @channel AND s.session_id IN (
                SELECT session_id FROM chat_messages WHERE identity_id = @participant
                UNION SELECT session_id FROM chat_questions WHERE identity_id = @participant
                UNION SELECT p.session_id FROM chat_polls p JOIN chat_votes v ON v.poll_id = p.id WHERE v.identity_id = @participant)
            """, new { channel = channel.Value, participant }, cancellationToken: cancellationToken))).ToList();
        var deleted = 0;
        foreach (var session in sessions)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var step = new ModerationStep(connection, transaction, channel, time.GetUtcNow(), cancellationToken);
            await step.FindChannelAsync();
            await step.LockAsync(SessionId.Parse(session));
            deleted += await step.EraseAsync(participant);
            await RemoveFromEventsAsync(step);
            await step.CommitAsync();
        }

        await using var last = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE chat_actions a SET name = NULL FROM channels c
            WHERE c.id = a.channel_id AND c.name = @channel AND a.identity_id = @participant
            """, new { channel = channel.Value, participant }, last, cancellationToken: cancellationToken));
        await changes.RecordAsync(connection, last, time.GetUtcNow(), "chat.erase", $"channel/{channel.Value}",
            new Dictionary<string, string>(StringComparer.Ordinal) { ["participant"] = participant, ["messages"] = $"{deleted}" },
            cancellationToken);
        await last.CommitAsync(cancellationToken);
        return deleted;
    }

    /// <inheritdoc/>
    public async Task<IssuedChatToken> IssueTokenAsync(ChannelName channel, string user, string displayName, bool isModerator,
        CancellationToken cancellationToken = default)
    {
        var tokens = await keys.GetTokensAsync(cancellationToken);
        var name = NameOf(displayName) ?? NameOfId(user) ?? "Moderator";
        var identity = new ChatIdentity(tokens.IdOf(channel, "user", user), channel, name,
            isModerator ? ChatRole.Moderator : ChatRole.Member);
        return new(tokens.Issue(identity, ChatTokens.UserLifetime), name, identity.PublicId);
    }

    private static ValidationError ReasonError => new("reason", $"'reason' must have up to {ChatActionRequest.MaxReason} characters.");

    private static string? NameOf(string raw) => ChatText.TryCleanName(raw, out var name) is null ? name : null;

    private static string? NameOfId(string id) => NameOf(id[(id.IndexOf('/', StringComparison.Ordinal) + 1)..]);

    private static string Shorten(string text) => text.Length <= Ulid.Length ? text : text[..Ulid.Length] + "…";

    private static MessageId MessageIdOf(string? text) => MessageId.TryParse(text, out var id) ? id
        : throw new OperationException([new("message", "'message' must be the id of a message, such as '58-0'.")]);

    private static void CheckLimit(int limit, int max)
    {
        if (limit < 1 || limit > max)
        {
            throw new OperationException([new("limit", $"A limit must be 1 to {max}.")]);
        }
    }

    private static async Task CheckChannelAsync(NpgsqlConnection connection, ChannelName channel, CancellationToken cancellationToken)
    {
        if (!await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "SELECT EXISTS (SELECT FROM channels WHERE name = @channel AND deleted_at IS NULL)", new { channel = channel.Value },
            cancellationToken: cancellationToken)))
        {
            throw OperationException.NoChannel(channel.Value);
        }
    }

    private static IEnumerable<ValidationError> Validate(ChatActionRequest request)
    {
        if (request.Reason.Length > ChatActionRequest.MaxReason)
        {
            yield return ReasonError;
        }

        var needsMessage = request.Kind is ChatActionKind.Remove or ChatActionKind.Approve or ChatActionKind.Deny or ChatActionKind.Pin;
        var isSanction = request.Kind is ChatActionKind.Timeout or ChatActionKind.Ban or ChatActionKind.Mute;
        if (needsMessage && request.Message is null)
        {
            yield return new("message", "'message' is missing.");
        }

        if (request.Message is { } message && !MessageId.TryParse(message, out _))
        {
            yield return new("message", "'message' must be the id of a message, such as '58-0'.");
        }

        if (isSanction && request.Message is null == request.Participant is null)
        {
            yield return new("participant", "Give either 'participant', or 'message' of the participant.");
        }

        if (request.Participant is { } participant && !Ulid.TryParse(participant, out _))
        {
            yield return new("participant", "'participant' must be the id of a participant, as the lists of messages and actions show it.");
        }

        if (request.Kind == ChatActionKind.Timeout && request.Duration is null)
        {
            yield return new("seconds", "'seconds' is missing.");
        }

        if (request.Duration is { } duration && (duration < TimeSpan.FromSeconds(1) || duration > ChatActionRequest.MaxDuration))
        {
            yield return new("seconds", $"'seconds' must be 1 to {(long)ChatActionRequest.MaxDuration.TotalSeconds}.");
        }

        if (request.IncludesNetwork && (request.Kind != ChatActionKind.Ban || request.Message is null))
        {
            yield return new("network", "'network' applies to a ban by 'message', which has the network.");
        }
    }

    private static async Task<ChatAction> ApplyAsync(ModerationStep step, ChatActionRequest request, DateTimeOffset now)
    {
        var action = new ChatAction(Ulid.New(now), request.Kind, request.Moderator, request.Reason, now) { Session = step.Session?.Value };
        MessageId? message = request.Message is { } text ? MessageIdOf(text) : null;
        if (message is { } id)
        {
            var sender = await step.FindSenderAsync(id)
                ?? throw new OperationException(OperationErrorCode.NotFound, $"There is no message '{id}' in this session.");
            action = action with { Message = id.ToString(), Participant = sender.Identity, Name = sender.Name };
        }
        else if (request.Participant is { } participant)
        {
            action = action with { Participant = participant, Name = await step.FindNameAsync(participant) };
        }

        switch (request.Kind)
        {
            case ChatActionKind.Remove when !await step.RemoveAsync(message!.Value, action.Id):
                throw new OperationException(OperationErrorCode.Conflict, "The message has already been removed.");
            case ChatActionKind.Approve when !await step.ReviewAsync(message!.Value, isApproved: true):
            case ChatActionKind.Deny when !await step.ReviewAsync(message!.Value, isApproved: false):
                throw new OperationException(OperationErrorCode.Conflict, "The message does not wait for review.");
            case ChatActionKind.Pin when !await step.PinAsync(message!.Value.ToString(), onlyIf: null):
                throw new OperationException(OperationErrorCode.Conflict, "Viewers do not see the message.");
            case ChatActionKind.Unpin:
                return action with
                {
                    Message = await step.UnpinAsync()
                        ?? throw new OperationException(OperationErrorCode.Conflict, "No message is pinned."),
                };
            case ChatActionKind.Announce:
                return await AnnounceAsync(step, request, action, now);
            case ChatActionKind.Timeout or ChatActionKind.Ban or ChatActionKind.Mute:
                if (request.Kind != ChatActionKind.Mute)
                {
                    await step.RemoveAllOfAsync(action.Participant!, action.Id, MaxRemoved);
                }

                return action with { EndsAt = request.Duration is { } duration ? now + duration : null,
                    IncludesNetwork = request.IncludesNetwork };
        }

        return action;
    }

    private static async Task<ChatAction> AnnounceAsync(ModerationStep step, ChatActionRequest request, ChatAction action,
        DateTimeOffset now)
    {
        if (ChatText.TryCleanMessage(request.Text, out var text) is { } error)
        {
            throw new OperationException([new("text", error)]);
        }

        var name = NameOf(request.Moderator.Name) ?? NameOfId(request.Moderator.Id) ?? "Moderator";
        var message = new NewMessage(Ulid.New(now), name, text, null, now, now)
        {
            Role = ChatRole.Moderator, IsAnnouncement = true,
        };
        return action with { Message = (await step.AddAsync(message)).ToString(), Participant = message.Identity.Value, Name = name };
    }

    /// <summary>Removes messages from events that webhooks have received: their text must not stay in the log of deliveries.</summary>
    private async Task RemoveFromEventsAsync(ModerationStep step)
    {
        foreach (var sender in step.Removed.GroupBy(message => message.Identity))
        {
            var ids = sender.Select(message => message.Id.ToString()).ToHashSet(StringComparer.Ordinal);
            var from = ChatIdentity.PublicIdOf(Ulid.TryParse(sender.Key, out var id) ? id : default);
            await changes.RemoveFromEventsAsync(step.Connection, step.Transaction, ChatEvents.Message, step.Channel.Value,
                sender.Min(message => message.SentAt), [step.Session!.Value.Value, from], "messages",
                (data, message) => (string?)data["session"] == step.Session.Value.Value && ids.Contains((string?)message["id"] ?? ""),
                step.CancellationToken);
        }
    }

    private async Task RecordAsync(ModerationStep step, ChatAction action, bool isUndo, ChatModerator moderator, string reason)
    {
        await RemoveFromEventsAsync(step);
        var name = ActionRow.NameOf(action.Kind);
        var detail = new Dictionary<string, string>(StringComparer.Ordinal) { ["action"] = action.Id.Value };
        Add("session", action.Session);
        Add("message", action.Message);
        Add("participant", action.Participant);
        Add("reason", reason.Length > 0 ? reason : null);
        await changes.RecordAsync(step.Connection, step.Transaction, step.Now, isUndo ? "chat.undo" : $"chat.{name}",
            $"channel/{step.Channel.Value}", detail, step.CancellationToken);
        await changes.PublishAsync(step.Connection, step.Transaction, step.Now, ChatEvents.Moderated, step.Channel.Value, new
        {
            action = name, id = action.Id.Value, undone = isUndo, session = action.Session, message = action.Message,
            participant = action.Participant, moderator = moderator.Id, reason, endsAt = action.EndsAt,
        }, isStreamed: true, step.CancellationToken);

        void Add(string member, string? value)
        {
            if (value is not null)
            {
                detail[member] = value;
            }
        }
    }
}
