namespace Broadcast.Transcoder.Encoders.Backends;

/// <summary>NVIDIA: NVDEC decodes, CUDA scales, NVENC encodes.</summary>
internal sealed class NvencBackend : EncoderBackend
{
    private static readonly string[] Presets = ["p4", "p2", "p1"];

    private NvencBackend()
    {
    }

    public static NvencBackend Instance { get; } = new();

    public override string Name => "NVENC";

    public override string OptionName => "nvenc";

    public override IReadOnlyList<string> Decode => ["-hwaccel", "cuda", "-hwaccel_device", Device, "-hwaccel_output_format", "cuda"];

    /// <summary>NVENC accepts frames from system memory directly.</summary>
    public override string PixelFormatFilter => "format=yuv420p";

    public override IReadOnlyList<string> Open(string? renderNode, bool staysOnDevice) =>
        staysOnDevice ? ["-init_hw_device", $"cuda={Device}"] : [];

    public override string Scale(int width, int height) =>
        FormattableString.Invariant($"scale_cuda={width}:{height}:interp_algo=bicubic:format=nv12");

    /// <summary>
    /// <c>-delay 0</c>: NVENC otherwise buffers as many frames as it can. Without <c>-forced-idr</c>, a forced keyframe is an I-frame that
    /// later frames may refer beyond. With lookahead it would add keyframes at scene cuts (<c>-no-scenecut</c>) and choose B-frames
    /// (<c>-b_adapt</c>).
    /// </summary>
    public override IReadOnlyList<string> Encode(string codec, RungEncodeSettings settings) =>
    [
        "-c:v", $"{codec}_nvenc", "-preset", Presets[settings.SpeedLevel], "-tune", settings.IsLowLatency ? "ll" : "hq",
        .. (IEnumerable<string>)(codec == "h264" ? ["-profile:v", "high"] : []),
        "-rc", "vbr", "-bf", "0", "-delay", "0",
        .. (IEnumerable<string>)(settings.IsLowLatency ? ["-zerolatency", "1"] : ["-rc-lookahead", Text(RungEncodeSettings.LookAhead),
            "-no-scenecut", "1", .. codec == "h264" ? (string[])["-b_adapt", "0"] : []]),
        "-g", "100000", "-forced-idr", "1", .. Rate(settings),
    ];
}
