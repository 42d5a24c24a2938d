using Broadcast.Transcoder.Encoders.Backends;

namespace Broadcast.Transcoder.Encoders.Probing;

/// <summary>An encoder that may be available.</summary>
/// <param name="Vendor">The vendor.</param>
/// <param name="Codec">Output codec: <c>h264</c>, <c>hevc</c> or <c>av1</c>.</param>
/// <param name="Encoder">The encoder's name in ffmpeg.</param>
internal sealed record EncoderCandidate(EncoderVendor Vendor, string Codec, string Encoder)
{
    /// <summary>Codec of rungs.</summary>
    public const string RungCodec = "h264";

    /// <summary>All candidates; those for rungs first, best first.</summary>
    public static IReadOnlyList<EncoderCandidate> All { get; } =
    [
        new(EncoderVendor.Nvenc, "h264", "h264_nvenc"),
        new(EncoderVendor.QuickSync, "h264", "h264_qsv"),
        new(EncoderVendor.Vaapi, "h264", "h264_vaapi"),
        new(EncoderVendor.Software, "h264", "libx264"),
        new(EncoderVendor.Nvenc, "hevc", "hevc_nvenc"),
        new(EncoderVendor.QuickSync, "hevc", "hevc_qsv"),
        new(EncoderVendor.Vaapi, "hevc", "hevc_vaapi"),
        new(EncoderVendor.Software, "hevc", "libx265"),
        new(EncoderVendor.Nvenc, "av1", "av1_nvenc"),
        new(EncoderVendor.QuickSync, "av1", "av1_qsv"),
        new(EncoderVendor.Vaapi, "av1", "av1_vaapi"),
        new(EncoderVendor.Software, "av1", "libsvtav1"),
    ];

    /// <summary>Indicates whether it can encode rungs.</summary>
    public bool IsForRungs => Codec == RungCodec;

    /// <summary>Indicates whether it is opened through a kernel render node.</summary>
    public bool NeedsRenderNode => Vendor is EncoderVendor.QuickSync or EncoderVendor.Vaapi;

    /// <summary>
    /// Arguments of the probe: encodes a few generated frames with the options of a rung, and prints one line per output frame.
    /// </summary>
    /// <param name="node">Path of the render node.</param>
    public IReadOnlyList<string> ProbeArguments(string? node)
    {
        var backend = EncoderBackend.Of(Vendor);
        return
        [
            "-nostdin", "-hide_banner", "-nostats", "-loglevel", "error", .. backend.Open(node, staysOnDevice: false),
            "-f", "lavfi", "-i", "testsrc2=s=320x240:r=30:d=1", "-frames:v", $"{EncoderProbe.FrameCount}", "-vf",
            backend.PixelFormatFilter + (backend.Upload.Length > 0 ? "," + backend.Upload : ""),
            .. backend.Encode(Codec, new RungEncodeSettings(500_000, SpeedLevel: 0, IsLowLatency: false)), "-f", "framecrc", "-",
        ];
    }
}
