namespace Broadcast.Media.ControlToChat;

/// <summary>Kind of an action of a moderator.</summary>
public enum ChatActionKind
{
    /// <summary>Removes a message.</summary>
    Remove,

    /// <summary>Shows a message that was held.</summary>
    Approve,

    /// <summary>Decides that a message that was held is not shown.</summary>
    Deny,

    /// <summary>Removes the messages of a participant, who cannot write for a time.</summary>
    Timeout,

    /// <summary>Removes the messages of a participant, who can no longer write.</summary>
    Ban,

    /// <summary>Hides further messages of a participant from everybody else. The participant is not told.</summary>
    Mute,

    /// <summary>Shows a message above the others until another one is pinned.</summary>
    Pin,

    /// <summary>Ends the display of the pinned message.</summary>
    Unpin,

    /// <summary>Writes a message that pages highlight.</summary>
    Announce,
}

/// <summary>State of a message.</summary>
public enum ChatMessageState
{
    /// <summary>Viewers see it.</summary>
    Shown,

    /// <summary>Viewers do not see it, because there were more than they can read.</summary>
    Sampled,

    /// <summary>Waits for a moderator.</summary>
    Held,

    /// <summary>A moderator, or the review webhook, has decided that it is not shown.</summary>
    Denied,

    /// <summary>Its sender was muted.</summary>
    Muted,

    /// <summary>A moderator has removed it.</summary>
    Removed,
}

/// <summary>A moderator.</summary>
/// <param name="Id">Kind and name, such as <c>user/jane</c>; up to 300 characters.</param>
/// <param name="Name">Displayed name; up to 200 characters.</param>
public sealed record ChatModerator(string Id, string Name);

/// <summary>Request for an action.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Moderator">The moderator.</param>
/// <param name="Kind">Kind of action.</param>
/// <param name="Reason">Reason, up to <see cref="MaxReason"/> characters; may be empty.</param>
public sealed record ChatActionRequest(ChannelName Channel, ChatModerator Moderator, ChatActionKind Kind, string Reason)
{
    /// <summary>Maximum length of a reason in characters.</summary>
    public const int MaxReason = 300;

    /// <summary>Maximum duration of a timeout or ban with an end.</summary>
    public static readonly TimeSpan MaxDuration = TimeSpan.FromDays(366);

    /// <summary>Session of the message; <see langword="null"/> for the newest one with messages.</summary>
    public SessionId? Session { get; init; }

    /// <summary>Id of the message, to which the action applies, or whose sender it concerns.</summary>
    public string? Message { get; init; }

    /// <summary>Id of the participant, when no message is given.</summary>
    public string? Participant { get; init; }

    /// <summary>Duration of a timeout, ban or mute; <see langword="null"/> for a ban or mute without end.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Indicates whether a ban applies to the network of the message, too. It ends there when the salt of the day is
    /// deleted.</summary>
    public bool IncludesNetwork { get; init; }

    /// <summary>Text of an announcement.</summary>
    public string? Text { get; init; }
}

/// <summary>An action of a moderator.</summary>
/// <param name="Id">The id. Ids sort by time.</param>
/// <param name="Kind">Kind of action.</param>
/// <param name="Moderator">The moderator.</param>
/// <param name="Reason">Reason; may be empty.</param>
/// <param name="At">Time of the action.</param>
public sealed record ChatAction(Ulid Id, ChatActionKind Kind, ChatModerator Moderator, string Reason, DateTimeOffset At)
{
    /// <summary>Session of the message, if any.</summary>
    public string? Session { get; init; }

    /// <summary>Id of the message, if any.</summary>
    public string? Message { get; init; }

    /// <summary>Id of the participant, if any.</summary>
    public string? Participant { get; init; }

    /// <summary>Displayed name of the participant at that time.</summary>
    public string? Name { get; init; }

    /// <summary>End of a timeout, or of a ban or mute that has one.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    /// <summary>Indicates whether a ban applies to the network, too.</summary>
    public bool IncludesNetwork { get; init; }

    /// <summary>Time at which the action was undone.</summary>
    public DateTimeOffset? UndoneAt { get; init; }

    /// <summary>Id of the moderator who has undone it.</summary>
    public string? UndoneBy { get; init; }
}

/// <summary>A message as moderators see it.</summary>
/// <param name="Session">The session.</param>
/// <param name="Id">Id in the session.</param>
/// <param name="Participant">Id of the participant.</param>
/// <param name="From">Id of the participant that everybody sees.</param>
/// <param name="Name">Displayed name.</param>
/// <param name="Text">The text.</param>
/// <param name="MediaTime">Program date-time that the sender was watching.</param>
/// <param name="SentAt">Time of receipt.</param>
/// <param name="State">The state.</param>
public sealed record ModeratedMessage(
    string Session, string Id, string Participant, string From, string Name, string Text, DateTimeOffset MediaTime, DateTimeOffset SentAt,
    ChatMessageState State)
{
    /// <summary>Message to which it replies, if any.</summary>
    public string? ReplyTo { get; init; }

    /// <summary>Rule of the filter that held it, if any.</summary>
    public string? HeldBy { get; init; }
}

/// <summary>Filter of messages. Messages are listed newest first.</summary>
/// <param name="Channel">The channel.</param>
public sealed record ChatMessageFilter(ChannelName Channel)
{
    /// <summary>Maximum messages of a page.</summary>
    public const int MaxPage = 200;

    /// <summary>Only messages of this session; <see langword="null"/> for all.</summary>
    public SessionId? Session { get; init; }

    /// <summary>Only messages of this participant.</summary>
    public string? Participant { get; init; }

    /// <summary>Only messages in this state.</summary>
    public ChatMessageState? State { get; init; }

    /// <summary>Only messages before this one, as <c>session/id</c>, for paging.</summary>
    public string? Before { get; init; }

    /// <summary>Maximum number of messages, 1 to <see cref="MaxPage"/>.</summary>
    public int Limit { get; init; } = 50;
}

/// <summary>A chat token of a user.</summary>
/// <param name="Token">The token. A secret.</param>
/// <param name="Name">Displayed name.</param>
/// <param name="From">Id of the participant that everybody sees.</param>
public sealed record IssuedChatToken(string Token, string Name, string From)
{
    /// <summary>Omits the token.</summary>
    public override string ToString() => $"chat token of {Name}";
}

/// <summary>
/// Moderation of the chat. Failures are those of the database, or say what is wrong with the request: an unknown channel, message,
/// participant or action, or a conflict with an earlier action.
/// </summary>
public interface IChatModeration
{
    /// <summary>Maximum actions of a page.</summary>
    const int MaxPage = 200;

    /// <summary>Acts: all servers apply the action, and pages show it.</summary>
    /// <returns>The action, with the id with which it can be undone.</returns>
    Task<ChatAction> ActAsync(ChatActionRequest request, CancellationToken cancellationToken = default);

    /// <summary>Undoes an action: messages that it removed are shown again, and its sanction ends.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="moderator">The moderator who undoes it.</param>
    /// <param name="action">Id of the action.</param>
    /// <param name="reason">Reason, up to <see cref="ChatActionRequest.MaxReason"/> characters; may be empty.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<ChatAction> UndoAsync(ChannelName channel, ChatModerator moderator, string action, string reason,
        CancellationToken cancellationToken = default);

    /// <summary>Lists actions, newest first.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="participant">Only actions that concern this participant; <see langword="null"/> for all.</param>
    /// <param name="inEffect">Only timeouts, bans and mutes that are in effect.</param>
    /// <param name="before">Only actions before this one, for paging.</param>
    /// <param name="limit">Maximum number of actions, 1 to <see cref="MaxPage"/>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<IReadOnlyList<ChatAction>> ListActionsAsync(ChannelName channel, string? participant, bool inEffect, string? before, int limit,
        CancellationToken cancellationToken = default);

    /// <summary>Lists messages, newest first, including those that viewers do not see.</summary>
    Task<IReadOnlyList<ModeratedMessage>> ListMessagesAsync(ChatMessageFilter filter, CancellationToken cancellationToken = default);

    /// <summary>Deletes the messages of a participant for good, also from the history of moderators (GDPR, article 17).</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="participant">Id of the participant.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Number of deleted messages.</returns>
    Task<int> EraseAsync(ChannelName channel, string participant, CancellationToken cancellationToken = default);

    /// <summary>Issues the chat token of a user, or of a program with an API token.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="user">Kind and name, such as <c>user/jane</c>, which identify the participant.</param>
    /// <param name="displayName">Displayed name; the name of <paramref name="user"/> when it is invalid.</param>
    /// <param name="isModerator">Whether messages of the token carry the role of a moderator.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<IssuedChatToken> IssueTokenAsync(ChannelName channel, string user, string displayName, bool isModerator,
        CancellationToken cancellationToken = default);
}
