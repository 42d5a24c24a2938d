using Broadcast.Media.Recordings;

namespace Broadcast.Media.Storage;

/// <summary>
/// Object names of the manifests of recordings and clips in the object store. They match the URL paths, so that relative URLs lead to the
/// media.
/// </summary>
public static class VodManifestNames
{
    /// <summary>Common prefix of all names.</summary>
    public const string Root = "vod/";

    /// <summary>Folder of a recording's manifests, ending in a slash. It contains nothing else.</summary>
    public static string FolderOf(RecordingId recording) => $"{Root}{recording}/";

    /// <summary>Name of the multivariant playlist.</summary>
    public static ObjectName MultivariantPlaylistOf(RecordingId recording) => ObjectName.Parse($"{FolderOf(recording)}index.m3u8");

    /// <summary>Name of the MPD.</summary>
    public static ObjectName MpdOf(RecordingId recording) => ObjectName.Parse($"{FolderOf(recording)}manifest.mpd");

    /// <summary>Name of a rendition's media playlist.</summary>
    public static ObjectName PlaylistOf(RecordingId recording, string rendition) => ObjectName.Parse($"{FolderOf(recording)}{rendition}.m3u8");
}
