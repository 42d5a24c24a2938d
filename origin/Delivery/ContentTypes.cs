using Broadcast.Media;

namespace Broadcast.Origin.Delivery;

/// <summary>Media types of responses.</summary>
internal static class ContentTypes
{
    /// <summary>HLS playlists (RFC 8216, 4).</summary>
    public const string Hls = "application/vnd.apple.mpegurl";

    /// <summary>MPDs (ISO/IEC 23009-1, annex C).</summary>
    public const string Dash = "application/dash+xml";

    /// <summary>MPD patches (ISO/IEC 23009-1, annex C).</summary>
    public const string DashPatch = "application/dash-patch+xml";

    /// <summary>JSON.</summary>
    public const string Json = "application/json";

    /// <summary>Plain text.</summary>
    public const string Text = "text/plain; charset=utf-8";

    /// <summary>WebVTT (W3C WebVTT, 9).</summary>
    public const string WebVtt = "text/vtt; charset=utf-8";

    /// <summary>JPEG.</summary>
    public const string Jpeg = "image/jpeg";

    /// <summary>ISO BMFF by track type (RFC 4337).</summary>
    public static string Of(TrackKind kind) => kind == TrackKind.Audio ? "audio/mp4" : "video/mp4";
}
