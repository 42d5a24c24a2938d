namespace Broadcast.Media.Storage;

/// <summary>Object names of a channel's manifests in the object store. They describe the channel's newest session.</summary>
public static class ChannelManifestNames
{
    /// <summary>Name of the multivariant playlist.</summary>
    public static ObjectName MultivariantPlaylistOf(ChannelName channel) => ObjectName.Parse($"live/{channel}/index.m3u8");

    /// <summary>Name of the MPD.</summary>
    public static ObjectName MpdOf(ChannelName channel) => ObjectName.Parse($"live/{channel}/manifest.mpd");

    /// <summary>Names of both manifests.</summary>
    public static IReadOnlyList<ObjectName> Of(ChannelName channel) => [MultivariantPlaylistOf(channel), MpdOf(channel)];
}
