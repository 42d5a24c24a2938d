using Broadcast.Media;

namespace Broadcast.Origin.Hls;

/// <summary>Which of two renditions of the same pictures looks better: by size, by rate, and by what their bits are worth in their codecs.</summary>
internal static class CodecWorth
{
    /// <summary>Rates that look alike differ by less than this.</summary>
    private const double SameRate = 1.2;

    /// <summary>The codec without its profile: what <c>CODECS</c> begins with, names of the same codec as one.</summary>
    public static string FamilyOf(string codecs) => codecs.Split('.')[0] switch
    {
        "avc1" or "avc3" => "avc",
        "hvc1" or "hev1" => "hevc",
        "vp09" => "vp9",
        "av01" => "av1",
        var other => other,
    };

    /// <summary>Compares.</summary>
    /// <param name="one">A rendition, and its bits a second.</param>
    /// <param name="other">Another.</param>
    /// <returns>Below 0 when the first looks worse.</returns>
    public static int Compare((RenditionFormat Format, long Bits) one, (RenditionFormat Format, long Bits) other)
    {
        var bySize = ((long)one.Format.Width * one.Format.Height).CompareTo((long)other.Format.Width * other.Format.Height);
        if (bySize != 0)
        {
            return bySize;
        }

        var (rate, otherRate) = (one.Format.FrameRate, other.Format.FrameRate);
        return rate > otherRate * SameRate ? 1 : otherRate > rate * SameRate ? -1 : Worth(one).CompareTo(Worth(other));
    }

    /// <summary>Bits of H.264 that the same picture would take: commonly said factors, good enough to order by.</summary>
    private static double Worth((RenditionFormat Format, long Bits) rendition) => rendition.Bits * FamilyOf(rendition.Format.Codecs) switch
    {
        "av1" => 2.0,
        "hevc" => 1.6,
        "vp9" => 1.5,
        _ => 1,
    };
}
