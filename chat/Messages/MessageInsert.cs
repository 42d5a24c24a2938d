using Broadcast.Chat.Identities;
using Broadcast.Media;
using Dapper;
using Npgsql;

namespace Broadcast.Chat.Messages;

/// <summary>A message to store.</summary>
/// <param name="Message">The message.</param>
/// <param name="IsShown">Whether viewers see it.</param>
/// <param name="Hidden">Reason why they do not: <c>held</c> or <c>muted</c>; <see langword="null"/> for none.</param>
internal readonly record struct StoredMessage(NewMessage Message, bool IsShown, string? Hidden);

/// <summary>Insertion of the messages of a batch.</summary>
internal static class MessageInsert
{
    /// <summary>Inserts the messages of a batch. Their positions are those in the list.</summary>
    public static Task ExecuteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, SessionId session, long number,
        IReadOnlyList<StoredMessage> messages, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO chat_messages (session_id, batch, position, shown, identity_id, name, text, reply_to, media_time, sent_at, kind,
                role,
                hidden, held_by, network)
            SELECT @session, @number, (m.ordinal - 1)::integer, m.shown, m.identity, m.name, m.text, m.reply, m.media_time, m.sent_at,
                m.kind,
                m.role, m.hidden, m.held_by, m.network
            FROM unnest(@shown, @identities, @names, @texts, @replies, @mediaTimes, @sentAt, @kinds, @roles, @hidden, @heldBy, @networks)
                WITH ORDINALITY AS m (shown, identity, name, text, reply, media_time, sent_at, kind, role, hidden, held_by, network,
                    ordinal)
            """,
            new
            {
                session = session.Value, number,
                shown = messages.Select(row => row.IsShown).ToArray(),
                identities = messages.Select(row => row.Message.Identity.Value).ToArray(),
                names = messages.Select(row => row.Message.Name).ToArray(),
                texts = messages.Select(row => row.Message.Text).ToArray(),
                replies = messages.Select(row => row.Message.ReplyTo?.ToString()).ToArray(),
                mediaTimes = messages.Select(row => row.Message.MediaTime.UtcDateTime).ToArray(),
                sentAt = messages.Select(row => row.Message.SentAt.UtcDateTime).ToArray(),
                kinds = messages.Select(row => row.Message.IsAnnouncement ? "announcement" : "message").ToArray(),
                roles = messages.Select(row => ChatIdentity.NameOf(row.Message.Role)).ToArray(),
                hidden = messages.Select(row => row.Hidden).ToArray(),
                heldBy = messages.Select(row => row.Message.HeldBy).ToArray(),
                networks = messages.Select(row => row.Message.Network?.Today).ToArray(),
            }, transaction, cancellationToken: cancellationToken));
}
