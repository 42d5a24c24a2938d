using System.Globalization;
using Broadcast.Chat.Identities;
using Broadcast.Chat.Limits;
using Broadcast.Media;

namespace Broadcast.Chat.Messages;

/// <summary>Id of a message in its session: the numbers of the batch and of the message in it, as text <c>batch-position</c>.</summary>
/// <param name="Batch">Number of the batch, from 1.</param>
/// <param name="Position">Position in the batch, from 0.</param>
internal readonly record struct MessageId(long Batch, int Position)
{
    /// <summary>Parses an id; <see langword="false"/> when it is invalid. Each id has one spelling.</summary>
    public static bool TryParse(string? text, out MessageId id)
    {
        id = default;
        return text is { Length: <= 32 } && text.IndexOf('-', StringComparison.Ordinal) is var dash and > 0
            && long.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out var batch) && batch > 0
            && int.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            && new MessageId(batch, position).ToString() == text
            && Accept(new(batch, position), out id);
    }

    /// <summary>The text form.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Batch}-{Position}");

    private static bool Accept(MessageId parsed, out MessageId id)
    {
        id = parsed;
        return true;
    }
}

/// <summary>A message, vote or other request of a participant, before it is stored.</summary>
/// <param name="Identity">Id of the participant.</param>
/// <param name="SentAt">Time of receipt.</param>
internal abstract record Submission(Ulid Identity, DateTimeOffset SentAt)
{
    /// <summary>Role of the participant.</summary>
    public ChatRole Role { get; init; }

    /// <summary>Network of the sender; <see langword="null"/> when it is unknown.</summary>
    public NetworkHash? Network { get; init; }

    /// <summary>Rule of the filter, or reason of the review webhook, that holds it; <see langword="null"/> when none does.</summary>
    public string? HeldBy { get; init; }

    /// <summary>Text that others read: slow mode, filters and review apply; <see langword="null"/> for none.</summary>
    public virtual string? Content => null;

    /// <summary>Indicates whether there is a text that others read.</summary>
    public bool IsText => Content is not null;
}

/// <summary>A message that a participant has sent and that has no number yet.</summary>
/// <param name="Identity">Id of the participant.</param>
/// <param name="Name">Displayed name.</param>
/// <param name="Text">The text, cleaned.</param>
/// <param name="ReplyTo">The message to which it replies; <see langword="null"/> for none.</param>
/// <param name="MediaTime">Program date-time that the sender was watching.</param>
/// <param name="SentAt">Time of receipt.</param>
internal sealed record NewMessage(
    Ulid Identity, string Name, string Text, MessageId? ReplyTo, DateTimeOffset MediaTime, DateTimeOffset SentAt)
    : Submission(Identity, SentAt)
{
    /// <summary>Indicates whether pages highlight it.</summary>
    public bool IsAnnouncement { get; init; }

    /// <inheritdoc/>
    public override string? Content => Text;
}

/// <summary>A stored message that viewers see.</summary>
/// <param name="Id">The id.</param>
/// <param name="From">Public id of the participant.</param>
/// <param name="Name">Displayed name.</param>
/// <param name="Text">The text, cleaned.</param>
/// <param name="ReplyTo">The message to which it replies; <see langword="null"/> for none.</param>
/// <param name="MediaTime">Program date-time that the sender was watching.</param>
/// <param name="Role">Role of the participant.</param>
/// <param name="IsAnnouncement">Indicates whether pages highlight it.</param>
internal sealed record ChatMessage(MessageId Id, string From, string Name, string Text, MessageId? ReplyTo, DateTimeOffset MediaTime,
    ChatRole Role = ChatRole.Guest, bool IsAnnouncement = false)
{
    /// <summary>Creates the message from one that has been stored.</summary>
    public static ChatMessage Of(MessageId id, NewMessage message) => new(id, ChatIdentity.PublicIdOf(message.Identity), message.Name,
        message.Text, message.ReplyTo, message.MediaTime, message.Role, message.IsAnnouncement);
}
