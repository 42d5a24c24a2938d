using Broadcast.Transcoder.Encoders.Vendors;

namespace Broadcast.Transcoder.Encoders.Proof;

/// <summary>An encoder that may be there.</summary>
/// <param name="Vendor">Whose it is.</param>
/// <param name="Codec">What comes out: <c>h264</c>, <c>hevc</c> or <c>av1</c>.</param>
/// <param name="Encoder">ffmpeg's name of it.</param>
internal sealed record EncoderCandidate(Vendor Vendor, string Codec, string Encoder)
{
    /// <summary>What rungs are coded with.</summary>
    public const string RungCodec = "h264";

    /// <summary>All there are: those for rungs first, the best of them first.</summary>
    public static IReadOnlyList<EncoderCandidate> All { get; } =
    [
        new(Vendor.Nvenc, "h264", "h264_nvenc"),
        new(Vendor.QuickSync, "h264", "h264_qsv"),
        new(Vendor.Vaapi, "h264", "h264_vaapi"),
        new(Vendor.Software, "h264", "libx264"),
        new(Vendor.Nvenc, "hevc", "hevc_nvenc"),
        new(Vendor.QuickSync, "hevc", "hevc_qsv"),
        new(Vendor.Vaapi, "hevc", "hevc_vaapi"),
        new(Vendor.Software, "hevc", "libx265"),
        new(Vendor.Nvenc, "av1", "av1_nvenc"),
        new(Vendor.QuickSync, "av1", "av1_qsv"),
        new(Vendor.Vaapi, "av1", "av1_vaapi"),
        new(Vendor.Software, "av1", "libsvtav1"),
    ];

    /// <summary>Whether rungs may be encoded with it.</summary>
    public bool IsForRungs => Codec == RungCodec;

    /// <summary>Whether it is opened through a render node of the kernel.</summary>
    public bool NeedsNode => Vendor is Vendor.QuickSync or Vendor.Vaapi;

    /// <summary>Encodes a few pictures that ffmpeg draws itself, with the same options as a rung, and writes a line for each that came out.</summary>
    /// <param name="node">Path of the render node.</param>
    public IReadOnlyList<string> Trial(string? node)
    {
        var parts = VendorParts.Of(Vendor);
        return
        [
            "-nostdin", "-hide_banner", "-nostats", "-loglevel", "error", .. parts.Open(node, staysOnDevice: false),
            "-f", "lavfi", "-i", "testsrc2=s=320x240:r=30:d=1", "-frames:v", $"{EncoderProof.Pictures}", "-vf", parts.Form + (parts.Upload.Length > 0 ? "," + parts.Upload : ""),
            .. parts.Encode(Codec, new RungOrder(500_000, Haste: 0, IsHurried: false)), "-f", "framecrc", "-",
        ];
    }
}
