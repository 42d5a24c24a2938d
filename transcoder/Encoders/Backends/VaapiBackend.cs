namespace Broadcast.Transcoder.Encoders.Backends;

/// <summary>VAAPI: encoders of AMD and Intel on Linux.</summary>
internal sealed class VaapiBackend : EncoderBackend
{
    private VaapiBackend()
    {
    }

    public static VaapiBackend Instance { get; } = new();

    public override string Name => "VAAPI";

    public override string OptionName => "vaapi";

    public override IReadOnlyList<string> Decode =>
        ["-hwaccel", "vaapi", "-hwaccel_device", Device, "-hwaccel_output_format", "vaapi", "-extra_hw_frames", "16"];

    public override string PixelFormatFilter => "format=nv12";

    public override string Upload => "hwupload";

    public override IReadOnlyList<string> Open(string? renderNode, bool staysOnDevice) =>
        ["-init_hw_device", $"vaapi={Device}:{renderNode}", "-filter_hw_device", Device];

    public override string Scale(int width, int height) => FormattableString.Invariant($"scale_vaapi=w={width}:h={height}:format=nv12");

    /// <summary>
    /// All forced keyframes are IDR pictures (<c>-idr_interval 0</c>); others occur only when a GOP is full. A cap above the average
    /// selects a variable bitrate if the driver supports it. Preset numbers differ between drivers, so none is set.
    /// </summary>
    public override IReadOnlyList<string> Encode(string codec, RungEncodeSettings settings) =>
    [
        "-c:v", $"{codec}_vaapi",
        .. (IEnumerable<string>)(codec == "h264" ? ["-profile:v", "high"] : []),
        "-bf", "0", "-async_depth", settings.IsLowLatency ? "1" : "2", "-g", "65535", "-idr_interval", "0", .. Rate(settings),
    ];
}
