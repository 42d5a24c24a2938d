namespace Broadcast.Control.Multitrack;

/// <summary>
/// H.264 encoder by OBS Studio's name, with its settings. All players support H.264, so every viewer can play the tracks that are not
/// transcoded.
/// </summary>
/// <param name="Name">OBS' id of the encoder.</param>
/// <param name="Vendor">PCI vendor of the required GPU; 0 for none.</param>
/// <param name="PixelRate">Pixels per second that it encodes beside a game or scene, for all tracks together; for the software encoder, per
/// physical core.</param>
/// <param name="Settings">Settings besides bit rate, rate control and keyframe interval.</param>
internal sealed record VideoEncoder(string Name, uint Vendor, double PixelRate, IReadOnlyList<(string Name, object Value)> Settings)
{
    private const uint Nvidia = 0x10DE;
    private const uint Amd = 0x1002;
    private const uint Intel = 0x8086;
    private const double FullHd60 = 1920 * 1080 * 60;

    /// <summary>Software encoder, part of every OBS Studio. Its rate leaves half the cores to other work.</summary>
    private static readonly VideoEncoder Software = new("obs_x264", 0, 15_000_000, [("preset", "veryfast"), ("profile", "high")]);

    /// <summary>Encoders in order of preference. NVIDIA's has two names and sets of settings, because OBS 31 renamed it.</summary>
    private static readonly VideoEncoder[] All =
    [
        new("obs_nvenc_h264_tex", Nvidia, 3 * FullHd60,
            [("preset", "p5"), ("tune", "hq"), ("multipass", "qres"), ("profile", "high"), ("bf", 2), ("lookahead", false),
                ("adaptive_quantization", true)]),
        new("jim_nvenc", Nvidia, 3 * FullHd60,
            [("preset2", "p5"), ("tune", "hq"), ("multipass", "qres"), ("profile", "high"), ("bf", 2), ("lookahead", false),
                ("psycho_aq", true)]),
        new("h264_texture_amf", Amd, 2 * FullHd60, [("preset", "quality"), ("profile", "high"), ("bf", 0)]),
        new("obs_qsv11_v2", Intel, 2 * FullHd60, [("target_usage", "TU4"), ("profile", "high"), ("bframes", 0)]),
        new("com.apple.videotoolbox.videoencoder.ave.avc", 0, 2 * FullHd60, [("profile", "high"), ("bframes", false)]),
        Software,
    ];

    /// <summary>Selects the best encoder of a client: among those that it reports, or else the one of its GPU.</summary>
    public static VideoEncoder For(StreamingClient client)
    {
        if (client.Encoders.Count > 0)
        {
            // Clients report built-in encoders, possibly including those of another GPU vendor.
            return Array.Find(All, e => client.Encoders.Contains(e.Name, StringComparer.Ordinal)
                && (e.Vendor == 0 || client.GpuVendor == 0 || e.Vendor == client.GpuVendor)) ?? Software;
        }

        var renamed = client.Version >= 31;
        return Array.Find(All, e => e.Vendor != 0 && e.Vendor == client.GpuVendor
            && e.Name != (renamed ? "jim_nvenc" : "obs_nvenc_h264_tex")) ?? Software;
    }

    /// <summary>Pixels per second that this client can encode.</summary>
    public double PixelsPerSecond(StreamingClient client) => this == Software ? PixelRate * client.Cores : PixelRate;
}
