using Broadcast.Media.Timeline;

namespace Broadcast.Origin.Hls;

/// <summary>
/// Compares the expected visual quality of renditions of one source, by resolution, frame rate, bitrate and codec efficiency.
/// </summary>
internal static class CodecEfficiency
{
    /// <summary>Frame rates that differ by less than this factor count as equal.</summary>
    private const double SameRate = 1.2;

    /// <summary>
    /// The codec family of a <c>CODECS</c> value, without profile; both sample entry names of a codec give the same family.
    /// </summary>
    public static string FamilyOf(string codecs) => codecs.Split('.')[0] switch
    {
        "avc1" or "avc3" => "avc",
        "hvc1" or "hev1" => "hevc",
        "vp09" => "vp9",
        "av01" => "av1",
        var other => other,
    };

    /// <summary>Compares two renditions.</summary>
    /// <param name="one">A rendition and its bitrate in bits per second.</param>
    /// <param name="other">The rendition to compare with, and its bitrate.</param>
    /// <returns>Below 0 when <paramref name="one"/> has the lower expected quality.</returns>
    public static int Compare((RenditionFormat Format, long Bits) one, (RenditionFormat Format, long Bits) other)
    {
        var bySize = ((long)one.Format.Width * one.Format.Height).CompareTo((long)other.Format.Width * other.Format.Height);
        if (bySize != 0)
        {
            return bySize;
        }

        var (rate, otherRate) = (one.Format.FrameRate, other.Format.FrameRate);
        return rate > otherRate * SameRate ? 1 : otherRate > rate * SameRate ? -1 : QualityBits(one).CompareTo(QualityBits(other));
    }

    /// <summary>Bitrate that H.264 would need for the same quality, by commonly quoted factors; good enough for sorting.</summary>
    private static double QualityBits((RenditionFormat Format, long Bits) rendition) =>
        rendition.Bits * FamilyOf(rendition.Format.Codecs) switch
    {
        "av1" => 2.0,
        "hevc" => 1.6,
        "vp9" => 1.5,
        _ => 1,
    };
}
