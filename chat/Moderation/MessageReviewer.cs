using System.Diagnostics.CodeAnalysis;
using Broadcast.Chat.Identities;
using Broadcast.Chat.Messages;
using Broadcast.Chat.Questions;
using Broadcast.Chat.Text;
using Broadcast.Media;
using Broadcast.Media.ChatToControl;
using Broadcast.Media.OriginToChat;

namespace Broadcast.Chat.Moderation;

/// <summary>
/// Lets the review webhook decide about messages and questions before they are stored. Those of moderators are not reviewed. Thread-safe.
/// </summary>
/// <param name="review">The review webhook; <see langword="null"/> for none.</param>
internal sealed class MessageReviewer(IMessageReview? review)
{
    /// <summary>Maximum messages that wait for the webhook. Further ones are rejected, and their senders can try again.</summary>
    public const int MaxWaiting = 1000;

    private int _waiting;

    /// <summary>Result of a review.</summary>
    /// <param name="Submission">The message to store; <see langword="null"/> when it is rejected.</param>
    /// <param name="Rejection">Answer to the sender of a rejected message.</param>
    public readonly record struct Result(Submission? Submission, ChatAnswer Rejection)
    {
        /// <summary>Indicates whether the message is rejected.</summary>
        [MemberNotNullWhen(false, nameof(Submission))]
        public bool IsRejected => Submission is null;
    }

    /// <summary>Reviews a message.</summary>
    public async Task<Result> ReviewAsync(ChannelName channel, SessionId session, ChatIdentity identity, Submission message,
        CancellationToken cancellationToken)
    {
        if (review is not { IsEnabled: true } || message.Role == ChatRole.Moderator || message.Content is not { } content)
        {
            return new(message, default);
        }

        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return new(null, new(ChatOutcome.TooMany, "The chat is too busy. Try again in a moment.", TimeSpan.FromSeconds(1)));
        }

        try
        {
            return Apply(message, content, await review.ReviewAsync(new(channel, session, identity.Id, identity.Name,
                ChatIdentity.NameOf(identity.Role), message is NewQuestion, content, MediaTimeOf(message)), cancellationToken));
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private Result Apply(Submission message, string content, ReviewResult result)
    {
        var text = content;
        if (result.Text is not null && ChatText.TryCleanMessage(result.Text, out text) is not null)
        {
            // Empty or too long. The original text must not be shown instead.
            (result, text) = (review!.Failed, content);
        }

        return result.Action switch
        {
            ReviewAction.Deny => new(null, new(ChatOutcome.Denied, result.Reason ?? "This message is not allowed here.")),
            ReviewAction.Hold =>
                new(WithText(message, text) with { HeldBy = message.HeldBy ?? result.Reason ?? "Review webhook" }, default),
            _ => new(WithText(message, text), default),
        };
    }

    private static Submission WithText(Submission message, string text) => message switch
    {
        NewMessage chatMessage => chatMessage with { Text = text },
        NewQuestion question => question with { Text = text },
        _ => message,
    };

    private static DateTimeOffset MediaTimeOf(Submission message) => message switch
    {
        NewMessage chatMessage => chatMessage.MediaTime,
        NewQuestion question => question.MediaTime,
        _ => message.SentAt,
    };
}
