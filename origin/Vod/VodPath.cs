using Broadcast.Media;
using Broadcast.Media.Objects;

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
    /// <summary>Parses a decoded path; <see langword="false"/> when it names no known resource.</summary>
    public static bool TryParse(string? path, out VodPath result)
    {
        result = default;
        if (path is null || !path.StartsWith(MediaUrls.VodRoot, StringComparison.Ordinal))
        {
            return false;
        }

        if (ObjectNames.TryParse(path[1..], out var name))
        {
            result = new VodPath(
                name.Kind switch
                {
                    ObjectKind.VodMultivariantPlaylist => VodPathKind.MultivariantPlaylist,
                    ObjectKind.VodMpd => VodPathKind.Mpd,
                    _ => VodPathKind.MediaPlaylist,
                },
                name.Recording,
                name.Rendition);
            return true;
        }

        var slash = path.IndexOf('/', MediaUrls.VodRoot.Length);
        if (slash < 0 || !RecordingId.TryParse(path[MediaUrls.VodRoot.Length..slash], out var recording))
        {
            return false;
        }

        VodPathKind? kind = path.AsSpan(slash + 1) switch
        {
            MediaUrls.ThumbnailsFile => VodPathKind.Thumbnails,
            MediaUrls.PosterFile => VodPathKind.Poster,
            MediaUrls.DownloadFile => VodPathKind.Download,
            _ => null,
        };
        result = new VodPath(kind ?? default, recording, "");
        return kind is not null;
    }
}
