namespace Broadcast.Control.Multitrack;

/// <summary>An H.264 encoder as OBS Studio names it, and how to set it. Every player takes H.264, so that no viewer is left without the tracks that are not encoded again.</summary>
/// <param name="Name">OBS' id of it.</param>
/// <param name="Vendor">PCI vendor of the GPU that it needs; 0 for none.</param>
/// <param name="PixelRate">Pixels a second that it encodes beside a game or a scene, all tracks together; for the software encoder, for each physical core.</param>
/// <param name="Settings">Its settings besides bitrate, rate control and keyframe interval.</param>
internal sealed record VideoEncoder(string Name, uint Vendor, double PixelRate, IReadOnlyList<(string Name, object Value)> Settings)
{
    private const uint Nvidia = 0x10DE;
    private const uint Amd = 0x1002;
    private const uint Intel = 0x8086;
    private const double FullHd60 = 1920 * 1080 * 60;

    /// <summary>In software; every OBS Studio has it. Half the cores are left to everything else.</summary>
    private static readonly VideoEncoder Software = new("obs_x264", 0, 15_000_000, [("preset", "veryfast"), ("profile", "high")]);

    /// <summary>The best first. NVIDIA's has two names: OBS 31 renamed it, and its settings.</summary>
    private static readonly VideoEncoder[] All =
    [
        new("obs_nvenc_h264_tex", Nvidia, 3 * FullHd60,
            [("preset", "p5"), ("tune", "hq"), ("multipass", "qres"), ("profile", "high"), ("bf", 2), ("lookahead", false), ("adaptive_quantization", true)]),
        new("jim_nvenc", Nvidia, 3 * FullHd60,
            [("preset2", "p5"), ("tune", "hq"), ("multipass", "qres"), ("profile", "high"), ("bf", 2), ("lookahead", false), ("psycho_aq", true)]),
        new("h264_texture_amf", Amd, 2 * FullHd60, [("preset", "quality"), ("profile", "high"), ("bf", 0)]),
        new("obs_qsv11_v2", Intel, 2 * FullHd60, [("target_usage", "TU4"), ("profile", "high"), ("bframes", 0)]),
        new("com.apple.videotoolbox.videoencoder.ave.avc", 0, 2 * FullHd60, [("profile", "high"), ("bframes", false)]),
        Software,
    ];

    /// <summary>The best encoder that a client has: of those it names, or else the one that goes with its GPU.</summary>
    public static VideoEncoder For(StreamingClient client)
    {
        if (client.Encoders.Count > 0)
        {
            // It names what is built in, so one of another vendor's GPU may be among them.
            return Array.Find(All, e => client.Encoders.Contains(e.Name, StringComparer.Ordinal) && (e.Vendor == 0 || client.GpuVendor == 0 || e.Vendor == client.GpuVendor)) ?? Software;
        }

        var renamed = client.Version >= 31;
        return Array.Find(All, e => e.Vendor != 0 && e.Vendor == client.GpuVendor && e.Name != (renamed ? "jim_nvenc" : "obs_nvenc_h264_tex")) ?? Software;
    }

    /// <summary>Pixels a second that this client encodes.</summary>
    public double PixelsPerSecond(StreamingClient client) => this == Software ? PixelRate * client.Cores : PixelRate;
}
