using Broadcast.Chat.Identities;
using Broadcast.Chat.Messages;
using Broadcast.Chat.Questions;
using Broadcast.Chat.Reactions;
using Broadcast.Media;
using Broadcast.Media.ControlToChat;
using Broadcast.Media.OriginToChat;

namespace Broadcast.Chat.Moderation;

/// <summary>Kind of a <see cref="Sanction"/>, in the order of severity.</summary>
internal enum SanctionKind
{
    /// <summary>Others do not see the messages of the participant, who is not told.</summary>
    Mute,

    /// <summary>The participant cannot write until the end.</summary>
    Timeout,

    /// <summary>The participant cannot write.</summary>
    Ban,
}

/// <summary>A sanction in effect.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Identity">Id of the participant.</param>
/// <param name="Network">Hash of the network to which it applies, too; <see langword="null"/> for none.</param>
/// <param name="EndsAt">Its end; <see langword="null"/> for none.</param>
internal sealed record Sanction(SanctionKind Kind, Ulid Identity, byte[]? Network, DateTimeOffset? EndsAt)
{
    /// <summary>Returns whether it applies to a message.</summary>
    public bool AppliesTo(Submission message) => message.Identity == Identity
        || (Network is not null && message.Network is { } network && (network.Today.AsSpan().SequenceEqual(Network)
            || network.Yesterday.AsSpan().SequenceEqual(Network)));
}

/// <summary>Decision about a message before it is stored.</summary>
internal enum Decision
{
    /// <summary>Show it to viewers.</summary>
    Show,

    /// <summary>Wait for a moderator.</summary>
    Hold,

    /// <summary>Store it, and show it to its sender only.</summary>
    Mute,

    /// <summary>Do not store it.</summary>
    Reject,
}

/// <summary>
/// Decides about the messages of one batch with the settings of the channel and the sanctions in effect, all read in the transaction that
/// stores the batch: no message is stored after a ban has been committed, on any server.
/// </summary>
/// <param name="settings">Settings of the channel.</param>
/// <param name="sanctions">Sanctions in effect that can apply.</param>
/// <param name="lastSent">Time of the last message of each participant, as far as slow mode needs it.</param>
/// <param name="now">Current time.</param>
internal sealed class MessageDecider(ChatSettings settings, IReadOnlyList<Sanction> sanctions,
    IReadOnlyDictionary<Ulid, DateTimeOffset> lastSent, DateTimeOffset now)
{
    private readonly Dictionary<Ulid, DateTimeOffset> _lastSent = new(lastSent);

    /// <summary>Decides about the next message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="rejection">Answer to the sender of a rejected message.</param>
    public Decision Decide(Submission message, out ChatAnswer rejection)
    {
        rejection = default;
        if (message.Role == ChatRole.Moderator)
        {
            return Decision.Show;
        }

        var sanction = sanctions.Where(sanction => sanction.AppliesTo(message)).MaxBy(sanction => (sanction.Kind, sanction.EndsAt));
        if (RejectionOf(message, sanction) is { } answer)
        {
            rejection = answer;
            return Decision.Reject;
        }

        if (message.IsText)
        {
            _lastSent[message.Identity] = message.SentAt;
        }

        return sanction is not null ? Decision.Mute
            : message.IsText && (settings.HoldAll || message.HeldBy is not null) ? Decision.Hold : Decision.Show;
    }

    private ChatAnswer? RejectionOf(Submission message, Sanction? sanction)
    {
        switch (sanction?.Kind)
        {
            case SanctionKind.Ban:
                return new(ChatOutcome.Denied, "You can no longer write in this chat.");
            case SanctionKind.Timeout:
                var left = sanction.EndsAt is { } end ? end - now : TimeSpan.Zero;
                return new(ChatOutcome.Denied, "A moderator has paused your messages.", left);
        }

        if (settings.Frozen)
        {
            return new(ChatOutcome.Denied, "The chat is closed at the moment.");
        }

        if (settings.MembersOnly && message.Role == ChatRole.Guest)
        {
            return new(ChatOutcome.Denied, "Only members can write at the moment.");
        }

        if (message switch { NewReactions => !settings.Reactions, NewQuestion or NewQuestionVote => !settings.Questions, _ => false })
        {
            return new(ChatOutcome.Denied, message is NewReactions ? "Reactions are switched off." : "Questions are switched off.");
        }

        return message.IsText && settings.SlowSeconds > 0 && _lastSent.TryGetValue(message.Identity, out var last)
            && last + TimeSpan.FromSeconds(settings.SlowSeconds) - message.SentAt is var wait && wait > TimeSpan.Zero
            ? new(ChatOutcome.TooMany, $"Slow mode: one message every {settings.SlowSeconds} seconds.", wait) : null;
    }
}
