namespace Broadcast.Media;

/// <summary>Names of the lists of recordings and clips in a store that has lists: those of their addresses, so that the same relative addresses lead to the media.</summary>
public static class ReplayLists
{
    /// <summary>What all of them begin with.</summary>
    public const string Root = "vod/";

    /// <summary>The folder of a recording's lists, ending in a slash. Nothing else is in it.</summary>
    public static string FolderOf(RecordingId recording) => $"{Root}{recording}/";

    /// <summary>The multivariant playlist.</summary>
    public static ObjectName IndexOf(RecordingId recording) => ObjectName.Parse($"{FolderOf(recording)}index.m3u8");

    /// <summary>The MPD.</summary>
    public static ObjectName MpdOf(RecordingId recording) => ObjectName.Parse($"{FolderOf(recording)}manifest.mpd");

    /// <summary>A rendition's media playlist.</summary>
    public static ObjectName PlaylistOf(RecordingId recording, string rendition) => ObjectName.Parse($"{FolderOf(recording)}{rendition}.m3u8");
}
