using Broadcast.Media.Codecs;

namespace Broadcast.Origin.Hls;

/// <summary>Dynamic range of video, by its transfer characteristics (ITU-T H.273, 8.2).</summary>
internal static class VideoRange
{
    /// <summary>Standard dynamic range.</summary>
    public const string Standard = "SDR";

    /// <summary>Hybrid log-gamma, which SDR displays show acceptably.</summary>
    public const string Hlg = "HLG";

    /// <summary>Perceptual quantizer.</summary>
    public const string Pq = "PQ";

    /// <summary>The <c>VIDEO-RANGE</c> value (draft-pantos-hls-rfc8216bis, 4.4.6.2); <see langword="null"/> when unknown.</summary>
    public static string? Of(ColorDescription? color) => color?.Transfer switch
    {
        1 or 6 or 13 or 14 or 15 => Standard,
        16 => Pq,
        18 => Hlg,
        _ => null,
    };
}
