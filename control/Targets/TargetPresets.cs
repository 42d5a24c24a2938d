namespace Broadcast.Control.Targets;

/// <summary>A platform to which users often publish, as data for forms.</summary>
/// <param name="Id">Short name.</param>
/// <param name="Name">Name of the platform.</param>
/// <param name="Url">Address; empty where each user has their own.</param>
/// <param name="KeyHelp">Place where the platform shows the stream key.</param>
/// <param name="MaxBitsPerSecond">Maximum bits per second of video and audio that the platform recommends or accepts.</param>
/// <param name="MaxHeight">Maximum height in pixels.</param>
/// <param name="MaxKeyframeSeconds">Maximum distance of keyframes in seconds.</param>
/// <param name="Codecs">Video codecs that the platform accepts over RTMP.</param>
public sealed record TargetPreset(string Id, string Name, string Url, string KeyHelp, int? MaxBitsPerSecond, int? MaxHeight,
    int? MaxKeyframeSeconds, IReadOnlyList<string> Codecs);

/// <summary>
/// Addresses and limits of large platforms, from their documentation of 2025. The platforms change them: their own pages decide.
/// </summary>
public static class TargetPresets
{
    private static readonly string[] H264 = ["h264"];

    /// <summary>All presets, the most used first.</summary>
    public static IReadOnlyList<TargetPreset> All { get; } =
    [
        new("youtube", "YouTube", "rtmps://a.rtmps.youtube.com/live2", "YouTube Studio → Create → Go live → Stream → Stream key",
            51_000_000, 2160, 4, ["h264", "hevc", "av1"]),
        new("twitch", "Twitch", "rtmps://ingest.global-contribute.live-video.net/app",
            "Creator Dashboard → Settings → Stream → Primary stream key", 6_000_000, 1080, 2, H264),
        new("facebook", "Facebook", "rtmps://live-api-s.facebook.com:443/rtmp",
            "facebook.com/live/producer → Streaming software → Stream key",
            9_000_000, 1080, 2, H264),
        new("instagram", "Instagram", "rtmps://live-upload.instagram.com:443/rtmp",
            "instagram.com → Create → Live video → Stream key; vertical video", 4_000_000, 1280, 2, H264),
        new("kick", "Kick", "", "Creator Dashboard → Settings → Stream URL and key; the address ends in /app", 8_000_000, 1080, 2, H264),
        new("x", "X", "", "Media Studio → Producer → Sources → RTMP URL and key", 12_000_000, 1080, 3, H264),
        new("vimeo", "Vimeo", "rtmps://rtmp-global.cloud.vimeo.com:443/live", "Event → Stream settings → RTMP → Stream key",
            20_000_000, 2160, 2, H264),
        new("linkedin", "LinkedIn", "", "linkedin.com → Live event → Custom stream (RTMP): URL and key", 6_000_000, 1080, 2, H264),
        new("restream", "Restream", "rtmps://live.restream.io:1937/live",
            "Dashboard → RTMP settings → Stream key", 15_000_000, 2160, 4, H264),
        new("broadcast", "Broadcast", "",
            "Channel page of the other server → Publish: its RTMPS address and a stream key", null, null, null,
            ["h264", "hevc", "av1"]),
        new("other", "Other RTMP server", "",
            "The operator of the server gives you the address and the stream key", null, null, null, H264),
    ];
}
