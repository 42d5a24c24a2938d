using Broadcast.Media;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Recordings;

/// <summary>What an address under <c>/vod/{recording}/</c> names.</summary>
internal enum ReplayPathKind
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

/// <summary>An address under <c>/vod/</c>, taken apart. Each thing has one spelling; whatever is not exactly that is nothing.</summary>
/// <param name="Kind">What it names.</param>
/// <param name="Recording">The recording.</param>
/// <param name="Rendition">The rendition of a media playlist; otherwise empty.</param>
internal readonly record struct ReplayPath(ReplayPathKind Kind, RecordingId Recording, string Rendition)
{
    /// <summary>What all of them begin with.</summary>
    public const string Root = "/vod/";

    private const string Playlist = ".m3u8";

    /// <summary>Takes a decoded path apart; <see langword="false"/> when it names nothing we know.</summary>
    public static bool TryParse(string? path, out ReplayPath result)
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
        ReplayPathKind? kind = file switch
        {
            "index.m3u8" => ReplayPathKind.MultivariantPlaylist,
            "manifest.mpd" => ReplayPathKind.Mpd,
            "thumbnails.vtt" => ReplayPathKind.Thumbnails,
            "poster.jpg" => ReplayPathKind.Poster,
            "download.mp4" => ReplayPathKind.Download,
            _ when file.EndsWith(Playlist, StringComparison.Ordinal) && LivePath.IsRenditionName(file[..^Playlist.Length]) => ReplayPathKind.MediaPlaylist,
            _ => null,
        };
        result = new ReplayPath(kind ?? default, recording, kind == ReplayPathKind.MediaPlaylist ? file[..^Playlist.Length].ToString() : "");
        return kind is not null;
    }
}
