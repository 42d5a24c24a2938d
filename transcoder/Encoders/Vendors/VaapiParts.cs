namespace Broadcast.Transcoder.Encoders.Vendors;

/// <summary>VAAPI: AMD's and Intel's encoders as Linux offers them.</summary>
internal sealed class VaapiParts : VendorParts
{
    private VaapiParts()
    {
    }

    public static VaapiParts Instance { get; } = new();

    public override string Name => "VAAPI";

    public override string Word => "vaapi";

    public override IReadOnlyList<string> Decode => ["-hwaccel", "vaapi", "-hwaccel_device", Device, "-hwaccel_output_format", "vaapi", "-extra_hw_frames", "16"];

    public override string Form => "format=nv12";

    public override string Upload => "hwupload";

    public override IReadOnlyList<string> Open(string? node, bool staysOnDevice) => ["-init_hw_device", $"vaapi={Device}:{node}", "-filter_hw_device", Device];

    public override string Scale(int width, int height) => FormattableString.Invariant($"scale_vaapi=w={width}:h={height}:format=nv12");

    /// <summary>
    /// It makes IDR pictures of all that are forced (<c>-idr_interval 0</c>), and no others before a group is full. With a cap above the average it chooses a variable rate where the driver has one. Drivers
    /// name their presets by numbers, each in its own way, so none is asked for.
    /// </summary>
    public override IReadOnlyList<string> Encode(string codec, RungOrder order) =>
    [
        "-c:v", $"{codec}_vaapi",
        .. (IEnumerable<string>)(codec == "h264" ? ["-profile:v", "high"] : []),
        "-bf", "0", "-async_depth", order.IsHurried ? "1" : "2", "-g", "65535", "-idr_interval", "0", .. Rate(order),
    ];
}
