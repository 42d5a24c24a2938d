using Broadcast.Chat.Identities;
using Broadcast.Media;

namespace Broadcast.Chat.Messages;

/// <summary>Row of a message that viewers see (<see cref="ChatStore.ColumnsSql"/>).</summary>
internal sealed record MessageRow(long Batch, int Position, string Identity, string Name, string Text, string? ReplyTo,
    DateTimeOffset MediaTime, string? Role, string Kind)
{
    /// <summary>Creates the message.</summary>
    public ChatMessage ToMessage() => new(new(Batch, Position),
        ChatIdentity.PublicIdOf(Ulid.TryParse(Identity, out var id) ? id : default), Name, Text,
        MessageId.TryParse(ReplyTo, out var reply) ? reply : null, MediaTime, ChatIdentity.RoleOf(Role),
        Kind == "announcement");
}
