using System.Net;

namespace Broadcast.Media.OriginToChat;

/// <summary>Batches of chat messages of a session.</summary>
/// <param name="First">Number of the first batch, 1.</param>
/// <param name="Last">Number of the last batch; 0 when there is none yet.</param>
/// <param name="State">State of the chat, such as slow mode and the pinned message: a JSON object in UTF-8.</param>
public readonly record struct ChatBatches(long First, long Last, ReadOnlyMemory<byte> State);

/// <summary>Kind of what a participant sends.</summary>
public enum ChatPostKind
{
    /// <summary>A message.</summary>
    Message,

    /// <summary>Reactions, counted.</summary>
    Reactions,

    /// <summary>A vote in a poll.</summary>
    Vote,

    /// <summary>A question to the hosts.</summary>
    Question,

    /// <summary>A vote for a question.</summary>
    QuestionVote,
}

/// <summary>A message, or another thing, that a participant sends.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Session">Session on air.</param>
/// <param name="Token">Token of the participant; <see langword="null"/> when absent. Never logged.</param>
/// <param name="Text">Text of a message or question as received.</param>
/// <param name="ReplyTo">Id of the message to which it replies; <see langword="null"/> for none.</param>
/// <param name="MediaTime">Program date-time at which the sender's player is, already limited to the session.</param>
/// <param name="Client">Network of the sender (<see cref="ClientNetwork"/>); <see langword="null"/> when it is unknown.</param>
public sealed record ChatPost(
    ChannelName Channel, SessionId Session, string? Token, string? Text, string? ReplyTo, DateTimeOffset MediaTime, IPAddress? Client)
{
    /// <summary>Kind.</summary>
    public ChatPostKind Kind { get; init; }

    /// <summary>Number of reactions by emoji, as received.</summary>
    public IReadOnlyDictionary<string, int>? Reactions { get; init; }

    /// <summary>Id of the poll or question of a vote, as received.</summary>
    public string? Subject { get; init; }

    /// <summary>Index of the option of a vote, from 0.</summary>
    public int? Choice { get; init; }

    /// <summary>Returns a text without token and message.</summary>
    public override string ToString() => $"{Kind} to {Channel}";
}

/// <summary>Outcome of a request to the chat.</summary>
public enum ChatOutcome
{
    /// <summary>The request was accepted: the message is stored, or the participant has a token.</summary>
    Accepted,

    /// <summary>The message is stored, and others see it when a moderator approves it.</summary>
    Held,

    /// <summary>A value is invalid.</summary>
    Invalid,

    /// <summary>The token is missing, invalid or expired. The participant has to join.</summary>
    NoIdentity,

    /// <summary>The participant may not write, or the channel has no chat.</summary>
    Denied,

    /// <summary>The participant or its address has sent too much.</summary>
    TooMany,

    /// <summary>The database is unavailable. Nothing was stored.</summary>
    Unavailable,
}

/// <summary>Answer to a participant.</summary>
/// <param name="Outcome">The outcome.</param>
/// <param name="Value">Token of a participant that has joined, or id of a stored message; otherwise the reason, as a sentence.</param>
/// <param name="RetryAfter">Time after which the request may succeed; zero when it is unknown.</param>
public readonly record struct ChatAnswer(ChatOutcome Outcome, string Value, TimeSpan RetryAfter = default)
{
    /// <summary>Id of the participant that everybody sees, for one that has joined.</summary>
    public string? From { get; init; }

    /// <summary>Text of a stored message, if it is not the one that was sent.</summary>
    public string? Text { get; init; }

    /// <summary>Returns a text without the value, which can be a token.</summary>
    public override string ToString() => Outcome.ToString();
}

/// <summary>Chat of the viewers of a channel, which the origin delivers. Thread-safe.</summary>
public interface IChat
{
    /// <summary>Returns whether a channel has chat.</summary>
    bool IsEnabled(ChannelName channel);

    /// <summary>Finds the batches of a session.</summary>
    /// <returns><see langword="null"/> when the channel has no chat.</returns>
    /// <exception cref="ChatUnavailableException">The session is not in memory, and the database is unavailable.</exception>
    ValueTask<ChatBatches?> FindAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken);

    /// <summary>Task that completes when a session has a batch after a given one. Completed for a session that is not in memory.</summary>
    /// <param name="session">The session.</param>
    /// <param name="after">Number of the batch.</param>
    Task WhenAfter(SessionId session, long after);

    /// <summary>Reads a batch as JSON, without messages that have been removed.</summary>
    /// <returns>UTF-8 text; <see langword="null"/> when the batch does not exist.</returns>
    /// <exception cref="ChatUnavailableException">The batch is not in memory, and the database is unavailable.</exception>
    ValueTask<ReadOnlyMemory<byte>?> ReadAsync(ChannelName channel, SessionId session, long batch, CancellationToken cancellationToken);

    /// <summary>Reads the questions of a session as JSON: those that wait for an answer, by votes, and answered ones.</summary>
    /// <returns>UTF-8 text; <see langword="null"/> when the channel has no questions.</returns>
    /// <exception cref="ChatUnavailableException">The questions are not in memory, and the database is unavailable.</exception>
    ValueTask<ReadOnlyMemory<byte>?> ReadQuestionsAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken);

    /// <summary>Creates a participant: a member for a viewer with a viewer token, otherwise a guest.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="name">Name as received.</param>
    /// <param name="viewer">
    /// Identifies the viewer among those with viewer tokens of the channel, who is the same participant after joining again;
    /// <see langword="null"/> for others.
    /// </param>
    /// <param name="client">Network of the participant; <see langword="null"/> when it is unknown.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<ChatAnswer> JoinAsync(ChannelName channel, string? name, string? viewer, IPAddress? client, CancellationToken cancellationToken);

    /// <summary>
    /// Sends a message, reactions, a vote or a question. It is stored when the answer is <see cref="ChatOutcome.Accepted"/>.
    /// </summary>
    Task<ChatAnswer> SendAsync(ChatPost post, CancellationToken cancellationToken);
}

/// <summary>Failure of the chat because its database is unavailable.</summary>
public sealed class ChatUnavailableException(Exception inner) : Exception("The chat is unavailable.", inner);
