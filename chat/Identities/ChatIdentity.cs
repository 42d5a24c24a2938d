using System.Security.Cryptography;
using System.Text;
using Broadcast.Media;

namespace Broadcast.Chat.Identities;

/// <summary>Role of a participant.</summary>
internal enum ChatRole
{
    /// <summary>Anonymous: has chosen a name.</summary>
    Guest,

    /// <summary>User, or viewer with a viewer token.</summary>
    Member,

    /// <summary>User who moderates. Modes and filters do not apply.</summary>
    Moderator,
}

/// <summary>A participant of the chat of one channel.</summary>
/// <param name="Id">Id, which only the participant and moderators know.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Name">Displayed name, cleaned.</param>
/// <param name="Role">The role.</param>
internal sealed record ChatIdentity(Ulid Id, ChannelName Channel, string Name, ChatRole Role = ChatRole.Guest)
{
    /// <summary>Id that everybody sees. The displayed name can be used by several participants; this id cannot.</summary>
    public string PublicId => PublicIdOf(Id);

    /// <summary>Public form of an id: ten characters of its hash.</summary>
    public static string PublicIdOf(Ulid id)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.ASCII.GetBytes(id.Value), hash);
        return Convert.ToHexStringLower(hash[..5]);
    }

    /// <summary>Name of a role in tokens, the database and batches; <see langword="null"/> for guests.</summary>
    public static string? NameOf(ChatRole role) => role switch
    {
        ChatRole.Member => "member",
        ChatRole.Moderator => "moderator",
        _ => null,
    };

    /// <summary>Role with a name.</summary>
    public static ChatRole RoleOf(string? name) => name switch
    {
        "member" => ChatRole.Member,
        "moderator" => ChatRole.Moderator,
        _ => ChatRole.Guest,
    };
}
