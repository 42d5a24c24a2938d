namespace Broadcast.Transcoder.Encoders.Vendors;

/// <summary>NVIDIA: NVDEC decodes, CUDA scales, NVENC encodes.</summary>
internal sealed class NvencParts : VendorParts
{
    private static readonly string[] Presets = ["p4", "p2", "p1"];

    private NvencParts()
    {
    }

    public static NvencParts Instance { get; } = new();

    public override string Name => "NVENC";

    public override string Word => "nvenc";

    public override IReadOnlyList<string> Decode => ["-hwaccel", "cuda", "-hwaccel_device", Device, "-hwaccel_output_format", "cuda"];

    /// <summary>It takes pictures from the processor's memory by itself.</summary>
    public override string Form => "format=yuv420p";

    public override IReadOnlyList<string> Open(string? node, bool staysOnDevice) => staysOnDevice ? ["-init_hw_device", $"cuda={Device}"] : [];

    public override string Scale(int width, int height) => FormattableString.Invariant($"scale_cuda={width}:{height}:interp_algo=bicubic:format=nv12");

    /// <summary>
    /// <c>-delay 0</c>: otherwise it keeps as many pictures back as it has room for. Without <c>-forced-idr</c> a forced keyframe is an I picture that later ones may refer beyond. Looking ahead, it would add
    /// keyframes at cuts (<c>-no-scenecut</c>) and choose B pictures (<c>-b_adapt</c>).
    /// </summary>
    public override IReadOnlyList<string> Encode(string codec, RungOrder order) =>
    [
        "-c:v", $"{codec}_nvenc", "-preset", Presets[order.Haste], "-tune", order.IsHurried ? "ll" : "hq",
        .. (IEnumerable<string>)(codec == "h264" ? ["-profile:v", "high"] : []),
        "-rc", "vbr", "-bf", "0", "-delay", "0",
        .. (IEnumerable<string>)(order.IsHurried ? ["-zerolatency", "1"] : ["-rc-lookahead", Text(RungOrder.LookAhead), "-no-scenecut", "1", .. codec == "h264" ? (string[])["-b_adapt", "0"] : []]),
        "-g", "100000", "-forced-idr", "1", .. Rate(order),
    ];
}
