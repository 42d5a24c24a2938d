using Broadcast.Media;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.BucketLists;

/// <summary>A list as it is to lie in the bucket.</summary>
/// <param name="Name">The object's name, which is the path that the origin has it under.</param>
/// <param name="Document">The text.</param>
/// <param name="IsIndex">Whether it names other lists, and so comes after them.</param>
internal sealed record BucketList(ObjectName Name, Document Document, bool IsIndex)
{
    /// <summary>Name of a session's MPD.</summary>
    public static ObjectName MpdOf(ChannelName channel, SessionId session) => ObjectName.Parse($"live/{channel}/{session}/manifest.mpd");

    /// <summary>Name of a rendition's media playlist.</summary>
    public static ObjectName PlaylistOf(ChannelName channel, SessionId session, string rendition) => ObjectName.Parse($"live/{channel}/{session}/{rendition}.m3u8");
}
