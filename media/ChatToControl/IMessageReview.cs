namespace Broadcast.Media.ChatToControl;

/// <summary>A message or question to review before it is stored.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="Session">Session on air.</param>
/// <param name="Participant">Id of the participant, as the moderation API shows it.</param>
/// <param name="Name">Displayed name.</param>
/// <param name="Role"><c>member</c>; <see langword="null"/> for a guest.</param>
/// <param name="IsQuestion">Indicates whether it is a question to the hosts.</param>
/// <param name="Text">The text, cleaned.</param>
/// <param name="MediaTime">Program date-time that the sender was watching.</param>
public sealed record ReviewedMessage(ChannelName Channel, SessionId Session, Ulid Participant, string Name, string? Role, bool IsQuestion,
    string Text, DateTimeOffset MediaTime)
{
    /// <summary>Returns a text without the message.</summary>
    public override string ToString() => $"message in {Channel}";
}

/// <summary>Decision of the review.</summary>
public enum ReviewAction
{
    /// <summary>Other rules decide about the message.</summary>
    Allow,

    /// <summary>The message waits for a moderator.</summary>
    Hold,

    /// <summary>The message is not stored.</summary>
    Deny,
}

/// <summary>Result of the review.</summary>
/// <param name="Action">The decision.</param>
/// <param name="Text">Replacement of the text, not checked; <see langword="null"/> for none.</param>
/// <param name="Reason">
/// For <see cref="ReviewAction.Deny"/>, the reason for the sender; for <see cref="ReviewAction.Hold"/>, that for moderators;
/// <see langword="null"/> for none.
/// </param>
public readonly record struct ReviewResult(ReviewAction Action, string? Text = null, string? Reason = null)
{
    /// <summary>Returns the decision, without texts.</summary>
    public override string ToString() => Action.ToString();
}

/// <summary>Review of messages by the review webhook, before anybody sees them. Thread-safe.</summary>
public interface IMessageReview
{
    /// <summary>Indicates whether messages are reviewed.</summary>
    bool IsEnabled { get; }

    /// <summary>
    /// Reviews a message, within a limited time. Without a valid response, the configured default is the result.
    /// </summary>
    Task<ReviewResult> ReviewAsync(ReviewedMessage message, CancellationToken cancellationToken);

    /// <summary>Configured result for messages without a valid response.</summary>
    ReviewResult Failed { get; }
}
