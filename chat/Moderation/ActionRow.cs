using Broadcast.Chat.Identities;
using Broadcast.Chat.Messages;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;

namespace Broadcast.Chat.Moderation;

/// <summary>Row of an action.</summary>
internal sealed record ActionRow(string Id, string? Session, string Action, string Moderator, string ModeratorName, string? Identity,
    string? Name, string? Message, string Reason, DateTimeOffset CreatedAt, DateTimeOffset? EndsAt, bool WithNetwork,
    DateTimeOffset? UndoneAt, string? UndoneBy)
{
    /// <summary>Columns, as SQL.</summary>
    public const string ColumnsSql = """
        a.id, a.session_id AS session, a.action, a.moderator, a.moderator_name AS moderatorName, a.identity_id AS identity, a.name,
        a.message, a.reason, a.created_at AS createdAt, a.ends_at AS endsAt, a.with_network AS withNetwork, a.undone_at AS undoneAt,
        a.undone_by AS undoneBy
        """;

    /// <summary>Name of a kind in the database and the API.</summary>
    public static string NameOf(ChatActionKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>Creates the action.</summary>
    public ChatAction ToAction() => new(Ulid.TryParse(Id, out var id) ? id : default, Enum.Parse<ChatActionKind>(Action, ignoreCase: true),
        new(Moderator, ModeratorName), Reason, CreatedAt)
    {
        Session = Session, Message = Message, Participant = Identity, Name = Name, EndsAt = EndsAt, IncludesNetwork = WithNetwork,
        UndoneAt = UndoneAt, UndoneBy = UndoneBy,
    };
}

/// <summary>Row of a message as moderators see it.</summary>
internal sealed record ModeratedRow(string Session, long Batch, int Position, string Identity, string Name, string Text, string? ReplyTo,
    DateTimeOffset MediaTime, DateTimeOffset SentAt, string State, string? HeldBy)
{
    /// <summary>State of a message, as SQL.</summary>
    public const string StateSql =
        "CASE WHEN m.removed_at IS NOT NULL THEN 'removed' WHEN m.shown THEN 'shown' ELSE coalesce(m.hidden, 'sampled') END";

    /// <summary>Condition of messages in a state, as SQL that indexes support.</summary>
    public static string ConditionSql(ChatMessageState state) => state switch
    {
        ChatMessageState.Removed => "m.removed_at IS NOT NULL",
        ChatMessageState.Shown => ChatStore.IsVisibleSql,
        ChatMessageState.Held => "m.hidden = 'held' AND m.removed_at IS NULL",
        ChatMessageState.Denied => "m.hidden = 'denied' AND m.removed_at IS NULL",
        ChatMessageState.Muted => "m.hidden = 'muted' AND m.removed_at IS NULL",
        _ => "NOT m.shown AND m.hidden IS NULL AND m.removed_at IS NULL",
    };

    /// <summary>Columns, as SQL.</summary>
    public const string ColumnsSql = $"""
        m.session_id AS session, m.batch, m.position, m.identity_id AS identity, m.name, m.text, m.reply_to AS replyTo,
        m.media_time AS mediaTime, m.sent_at AS sentAt, {StateSql} AS state, m.held_by AS heldBy
        """;

    /// <summary>Creates the message.</summary>
    public ModeratedMessage ToMessage() => new(Session, $"{Batch}-{Position}", Identity,
        ChatIdentity.PublicIdOf(Ulid.TryParse(Identity, out var id) ? id : default), Name, Text, MediaTime, SentAt,
        Enum.Parse<ChatMessageState>(State, ignoreCase: true))
    {
        ReplyTo = ReplyTo, HeldBy = HeldBy,
    };
}
