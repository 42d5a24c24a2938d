using Broadcast.Media;

namespace Broadcast.Chat.Identities;

/// <summary>A participant of the chat of one channel.</summary>
/// <param name="Id">Id, which only the participant and moderators know.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Name">Displayed name, cleaned.</param>
internal sealed record ChatIdentity(Ulid Id, ChannelName Channel, string Name)
{
    /// <summary>Id that everybody sees. The displayed name can be used by several participants; this id cannot.</summary>
    public string PublicId => PublicIdOf(Id);

    /// <summary>Public form of an id: ten characters of its hash.</summary>
    public static string PublicIdOf(Ulid id)
    {
        Span<byte> hash = stackalloc byte[32];
        System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(id.Value), hash);
        return Convert.ToHexStringLower(hash[..5]);
    }
}
