namespace Broadcast.Transcoder.Encoders.Vendors;

/// <summary>
/// Intel's Quick Sync. Where pictures stay on the device, they are decoded over VAAPI and handed to Quick Sync in place: ffmpeg's own decoders then say which pictures are keyframes, which those of Quick Sync
/// say for H.264 only.
/// </summary>
internal sealed class QuickSyncParts : VendorParts
{
    /// <summary>What it is opened over.</summary>
    private const string Below = "va";

    private static readonly string[] Presets = ["fast", "faster", "veryfast"];

    private QuickSyncParts()
    {
    }

    public static QuickSyncParts Instance { get; } = new();

    public override string Name => "Quick Sync";

    public override string Word => "qsv";

    public override IReadOnlyList<string> Decode => ["-hwaccel", "vaapi", "-hwaccel_device", Below, "-hwaccel_output_format", "vaapi", "-extra_hw_frames", "16"];

    public override string Enter => "hwmap=derive_device=qsv,format=qsv,";

    /// <summary>It takes pictures from the processor's memory by itself.</summary>
    public override string Form => "format=nv12";

    public override IReadOnlyList<string> Open(string? node, bool staysOnDevice) =>
        ["-init_hw_device", $"vaapi={Below}:{node}", "-init_hw_device", $"qsv={Device}@{Below}", "-filter_hw_device", Device];

    public override string Scale(int width, int height) => FormattableString.Invariant($"vpp_qsv=w={width}:h={height}:format=nv12");

    /// <summary>
    /// An I picture is an IDR picture only where <c>-forced_idr</c> says so. Its groups have 65,535 pictures at most. It keeps <c>-async_depth</c> pictures back. Placing I and B pictures by itself
    /// (<c>-adaptive_i</c>, <c>-adaptive_b</c>) is off.
    /// </summary>
    public override IReadOnlyList<string> Encode(string codec, RungOrder order) =>
    [
        "-c:v", $"{codec}_qsv", "-preset", Presets[order.Haste],
        .. (IEnumerable<string>)(codec == "h264" ? ["-profile:v", "high"] : []),
        "-bf", "0", "-async_depth", order.IsHurried ? "1" : "4",
        .. (IEnumerable<string>)(codec == "h264" ? ["-adaptive_i", "0", "-adaptive_b", "0"] : []),
        "-g", "65535", "-forced_idr", "1", .. Rate(order),
    ];
}
