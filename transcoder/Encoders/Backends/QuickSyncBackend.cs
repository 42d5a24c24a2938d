namespace Broadcast.Transcoder.Encoders.Backends;

/// <summary>
/// Intel Quick Sync. If frames stay on the device, they are decoded through VAAPI and mapped to Quick Sync: ffmpeg's own decoders mark
/// keyframes, while those of Quick Sync do so for H.264 only.
/// </summary>
internal sealed class QuickSyncBackend : EncoderBackend
{
    /// <summary>Name of the VAAPI device below Quick Sync.</summary>
    private const string VaapiDevice = "va";

    private static readonly string[] Presets = ["fast", "faster", "veryfast"];

    private QuickSyncBackend()
    {
    }

    public static QuickSyncBackend Instance { get; } = new();

    public override string Name => "Quick Sync";

    public override string OptionName => "qsv";

    public override IReadOnlyList<string> Decode =>
        ["-hwaccel", "vaapi", "-hwaccel_device", VaapiDevice, "-hwaccel_output_format", "vaapi", "-extra_hw_frames", "16"];

    public override string MapToEncoder => "hwmap=derive_device=qsv,format=qsv,";

    /// <summary>Quick Sync accepts frames from system memory directly.</summary>
    public override string PixelFormatFilter => "format=nv12";

    public override IReadOnlyList<string> Open(string? renderNode, bool staysOnDevice) =>
        ["-init_hw_device", $"vaapi={VaapiDevice}:{renderNode}", "-init_hw_device", $"qsv={Device}@{VaapiDevice}",
            "-filter_hw_device", Device];

    public override string Scale(int width, int height) => FormattableString.Invariant($"vpp_qsv=w={width}:h={height}:format=nv12");

    /// <summary>
    /// I-frames are IDR pictures only with <c>-forced_idr</c>. GOPs have 65,535 frames at most. The encoder buffers <c>-async_depth</c>
    /// frames. Automatic placement of I- and B-frames (<c>-adaptive_i</c>, <c>-adaptive_b</c>) is off.
    /// </summary>
    public override IReadOnlyList<string> Encode(string codec, RungEncodeSettings settings) =>
    [
        "-c:v", $"{codec}_qsv", "-preset", Presets[settings.SpeedLevel],
        .. (IEnumerable<string>)(codec == "h264" ? ["-profile:v", "high"] : []),
        "-bf", "0", "-async_depth", settings.IsLowLatency ? "1" : "4",
        .. (IEnumerable<string>)(codec == "h264" ? ["-adaptive_i", "0", "-adaptive_b", "0"] : []),
        "-g", "65535", "-forced_idr", "1", .. Rate(settings),
    ];
}
