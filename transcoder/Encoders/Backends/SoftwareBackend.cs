using System.Diagnostics;

namespace Broadcast.Transcoder.Encoders.Backends;

/// <summary>Software encoders: x264; x265 and SVT-AV1 for probes only.</summary>
internal sealed class SoftwareBackend : EncoderBackend
{
    private static readonly string[] Presets = ["veryfast", "superfast", "ultrafast"];

    private SoftwareBackend()
    {
    }

    public static SoftwareBackend Instance { get; } = new();

    public override string Name => "x264";

    public override string OptionName => "x264";

    public override string PixelFormatFilter => "format=yuv420p";

    public override IReadOnlyList<string> Encode(string codec, RungEncodeSettings settings) => codec switch
    {
        "h264" =>
        [
            "-c:v", "libx264", "-preset", Presets[settings.SpeedLevel], "-profile:v", "high", "-pix_fmt", "yuv420p", "-bf", "0",
            .. (IEnumerable<string>)(settings.Threads > 0 ? ["-threads", Text(settings.Threads)] : []),
            .. (IEnumerable<string>)(settings.IsLowLatency ? ["-tune", "zerolatency"]
                : ["-rc-lookahead", Text(RungEncodeSettings.LookAhead)]),
            "-g", "100000", "-sc_threshold", "0", "-forced-idr", "1", "-flags", "+cgop", .. Rate(settings),
        ],
        "hevc" => ["-c:v", "libx265", "-preset", Presets[settings.SpeedLevel], "-pix_fmt", "yuv420p", "-x265-params", "log-level=error",
            .. Rate(settings)],

        // It supports a target bitrate, but no cap in this mode.
        "av1" => ["-c:v", "libsvtav1", "-preset", "10", "-pix_fmt", "yuv420p", "-b:v", Text(settings.BitsPerSecond)],
        _ => throw new UnreachableException(),
    };
}
