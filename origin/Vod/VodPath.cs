using Broadcast.Media.Recordings;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Vod;

/// <summary>Resource types under <c>/vod/{recording}/</c>.</summary>
internal enum VodPathKind
{
    /// <summary><c>index.m3u8</c></summary>
    MultivariantPlaylist,

    /// <summary><c>{rendition}.m3u8</c></summary>
    MediaPlaylist,

    /// <summary><c>manifest.mpd</c></summary>
    Mpd,

    /// <summary><c>thumbnails.vtt</c></summary>
    Thumbnails,

    /// <summary><c>poster.jpg</c></summary>
    Poster,

    /// <summary><c>download.mp4</c></summary>
    Download,
}

/// <summary>A parsed URL path under <c>/vod/</c>. Each resource has one spelling; anything else is rejected.</summary>
/// <param name="Kind">The resource type.</param>
/// <param name="Recording">The recording.</param>
/// <param name="Rendition">The rendition of a media playlist; otherwise empty.</param>
internal readonly record struct VodPath(VodPathKind Kind, RecordingId Recording, string Rendition)
{
    /// <summary>Common prefix of the paths.</summary>
    public const string Root = "/vod/";

    private const string Playlist = ".m3u8";

    /// <summary>Parses a decoded path; <see langword="false"/> when it names no known resource.</summary>
    public static bool TryParse(string? path, out VodPath result)
    {
        result = default;
        if (path is null || !path.StartsWith(Root, StringComparison.Ordinal))
        {
            return false;
        }

        var slash = path.IndexOf('/', Root.Length);
        if (slash < 0 || !RecordingId.TryParse(path[Root.Length..slash], out var recording))
        {
            return false;
        }

        var file = path.AsSpan(slash + 1);
        VodPathKind? kind = file switch
        {
            "index.m3u8" => VodPathKind.MultivariantPlaylist,
            "manifest.mpd" => VodPathKind.Mpd,
            "thumbnails.vtt" => VodPathKind.Thumbnails,
            "poster.jpg" => VodPathKind.Poster,
            "download.mp4" => VodPathKind.Download,
            _ when file.EndsWith(Playlist, StringComparison.Ordinal) && LivePath.IsRenditionName(file[..^Playlist.Length]) => VodPathKind.MediaPlaylist,
            _ => null,
        };
        result = new VodPath(kind ?? default, recording, kind == VodPathKind.MediaPlaylist ? file[..^Playlist.Length].ToString() : "");
        return kind is not null;
    }
}
