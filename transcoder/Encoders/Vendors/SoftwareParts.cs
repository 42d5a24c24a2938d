using System.Diagnostics;

namespace Broadcast.Transcoder.Encoders.Vendors;

/// <summary>The processor: x264, and for what it is proved to do, x265 and SVT-AV1.</summary>
internal sealed class SoftwareParts : VendorParts
{
    private static readonly string[] Presets = ["veryfast", "superfast", "ultrafast"];

    private SoftwareParts()
    {
    }

    public static SoftwareParts Instance { get; } = new();

    public override string Name => "x264";

    public override string Word => "x264";

    public override string Form => "format=yuv420p";

    public override IReadOnlyList<string> Encode(string codec, RungOrder order) => codec switch
    {
        "h264" =>
        [
            "-c:v", "libx264", "-preset", Presets[order.Haste], "-profile:v", "high", "-pix_fmt", "yuv420p", "-bf", "0",
            .. (IEnumerable<string>)(order.Threads > 0 ? ["-threads", Text(order.Threads)] : []),
            .. (IEnumerable<string>)(order.IsHurried ? ["-tune", "zerolatency"] : ["-rc-lookahead", Text(RungOrder.LookAhead)]),
            "-g", "100000", "-sc_threshold", "0", "-forced-idr", "1", "-flags", "+cgop", .. Rate(order),
        ],
        "hevc" => ["-c:v", "libx265", "-preset", Presets[order.Haste], "-pix_fmt", "yuv420p", "-x265-params", "log-level=error", .. Rate(order)],

        // It has a rate, but no cap in this mode of its.
        "av1" => ["-c:v", "libsvtav1", "-preset", "10", "-pix_fmt", "yuv420p", "-b:v", Text(order.BitsPerSecond)],
        _ => throw new UnreachableException(),
    };
}
