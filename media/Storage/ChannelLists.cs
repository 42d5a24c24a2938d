namespace Broadcast.Media;

/// <summary>Names of a channel's own lists in a store that has lists: where the channel's newest session is, and after it the next one.</summary>
public static class ChannelLists
{
    /// <summary>The multivariant playlist.</summary>
    public static ObjectName IndexOf(ChannelName channel) => ObjectName.Parse($"live/{channel}/index.m3u8");

    /// <summary>The MPD.</summary>
    public static ObjectName MpdOf(ChannelName channel) => ObjectName.Parse($"live/{channel}/manifest.mpd");

    /// <summary>Both.</summary>
    public static IReadOnlyList<ObjectName> Of(ChannelName channel) => [IndexOf(channel), MpdOf(channel)];
}
