using Broadcast.Media;

namespace Broadcast.Origin.Hls;

/// <summary>Which displays can show pictures, by their transfer characteristics (ITU-T H.273, 8.2).</summary>
internal static class VideoRange
{
    /// <summary>Standard range.</summary>
    public const string Standard = "SDR";

    /// <summary>Hybrid log-gamma: a display of standard range shows something like it.</summary>
    public const string Hlg = "HLG";

    /// <summary>Perceptual quantizer.</summary>
    public const string Pq = "PQ";

    /// <summary>The value of <c>VIDEO-RANGE</c> (draft-pantos-hls-rfc8216bis, 4.4.6.2); <see langword="null"/> when it is not known.</summary>
    public static string? Of(CodedColor? color) => color?.Transfer switch
    {
        1 or 6 or 13 or 14 or 15 => Standard,
        16 => Pq,
        18 => Hlg,
        _ => null,
    };
}
