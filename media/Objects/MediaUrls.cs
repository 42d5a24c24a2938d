namespace Broadcast.Media.Objects;

/// <summary>
/// URL paths of media that other modules link to, starting with a slash. The path of an object is its name (<see cref="ObjectNames"/>); the
/// other resources are rendered on request and have no object.
/// </summary>
public static class MediaUrls
{
    /// <summary>File name of the poster of a channel or recording.</summary>
    public const string PosterFile = "poster.jpg";

    /// <summary>File name of the WebVTT thumbnail track of a channel, session or recording.</summary>
    public const string ThumbnailsFile = $"{SessionObjectNames.SpriteSheetFolder}.vtt";

    /// <summary>File name of a recording as one MP4 file.</summary>
    public const string DownloadFile = "download.mp4";

    /// <summary>Common prefix of the paths of channels and sessions.</summary>
    public const string LiveRoot = $"/{ObjectNames.LiveRoot}";

    /// <summary>Common prefix of the paths of recordings.</summary>
    public const string VodRoot = $"/{ObjectNames.VodRoot}";

    /// <summary>Path of requests to write in the chat.</summary>
    public const string ChatRoot = "/chat/";

    /// <summary>Prefix of the token in the paths of viewers with one: <c>/t/{token}/live/…</c>.</summary>
    public const string TokenRoot = "/t/";

    /// <summary>Path of an object.</summary>
    public static string Of(ObjectName name) => $"/{name}";

    /// <summary>Path of an object for viewers with a token.</summary>
    public static string WithToken(string token, ObjectName name) => $"{TokenRoot}{token}/{name}";

    /// <summary>Path of a session's folder, ending in <c>/</c>.</summary>
    public static string SessionFolder(ChannelName channel, SessionId session) => $"/{ObjectNames.Of(channel, session).MediaFolder}";

    /// <summary>Path of a channel's poster.</summary>
    public static string ChannelPoster(ChannelName channel) => $"/{ObjectNames.ChannelFolder(channel)}{PosterFile}";

    /// <summary>Path of a recording's poster.</summary>
    public static string VodPoster(RecordingId recording) => $"/{ObjectNames.VodFolder(recording)}{PosterFile}";

    /// <summary>Path of a recording's thumbnail track.</summary>
    public static string VodThumbnails(RecordingId recording) => $"/{ObjectNames.VodFolder(recording)}{ThumbnailsFile}";

    /// <summary>Path of a recording as one MP4 file.</summary>
    public static string VodDownload(RecordingId recording) => $"/{ObjectNames.VodFolder(recording)}{DownloadFile}";
}
