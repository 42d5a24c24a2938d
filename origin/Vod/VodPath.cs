using Broadcast.Media;
using Broadcast.Media.Objects;
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

    /// <summary><c>chat.json</c></summary>
    ChatSpan,

    /// <summary><c>chat/{minute}.json</c>: messages of a minute of program date-time, counted since 1970.</summary>
    ChatMinute,
}

/// <summary>A parsed URL path under <c>/vod/</c>. Each resource has one spelling; anything else is rejected.</summary>
/// <param name="Kind">The resource type.</param>
/// <param name="Recording">The recording.</param>
/// <param name="Rendition">The rendition of a media playlist; otherwise empty.</param>
internal readonly record struct VodPath(VodPathKind Kind, RecordingId Recording, string Rendition)
{
    private const string ChatFile = "chat.json";
    private const string ChatFolder = "chat/";

    /// <summary>The minute of chat messages; otherwise 0.</summary>
    public long Minute { get; private init; }

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

        var file = path.AsSpan(slash + 1);
        if (file.StartsWith(ChatFolder, StringComparison.Ordinal))
        {
            result = new VodPath(VodPathKind.ChatMinute, recording, "");
            if (!LivePath.TryParseChatFile(file[ChatFolder.Length..], out var minute))
            {
                return false;
            }

            result = result with { Minute = minute };
            return true;
        }

        VodPathKind? kind = file switch
        {
            MediaUrls.ThumbnailsFile => VodPathKind.Thumbnails,
            MediaUrls.PosterFile => VodPathKind.Poster,
            MediaUrls.DownloadFile => VodPathKind.Download,
            ChatFile => VodPathKind.ChatSpan,
            _ => null,
        };
        result = new VodPath(kind ?? default, recording, "");
        return kind is not null;
    }
}
