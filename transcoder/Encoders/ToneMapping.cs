using Broadcast.Media;
using Broadcast.Transcoder.Ladder;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Makes pictures of high dynamic range into such as every screen shows: BT.709 with 8 bits, and marked so. The processor does it, with ffmpeg's <c>zscale</c> and <c>tonemap</c>, on the largest rung, from which the
/// others are scaled.
/// </summary>
internal static class ToneMapping
{
    /// <summary>
    /// From linear light, where 1 is 100 cd/m², to BT.709. What is dark stays as it is, what is brighter than such a display can show is bent below its white (a Möbius transform): a white of 100 cd/m² comes out at
    /// four fifths of it, one of 1000 cd/m² at all of it.
    /// </summary>
    public const string Filters =
        "format=yuv420p10le,zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p";

    /// <summary>Pictures that a trial draws.</summary>
    public const int TrialPictures = 2;

    /// <summary>Whether colors are of high dynamic range.</summary>
    public static bool IsNeeded(CodedColor? color) => color is { Transfer: LadderPlan.PerceptualQuantizer or LadderPlan.HybridLogGamma };

    /// <summary>Marks pictures as what their encoder says of them, which need not stand in them.</summary>
    public static string Before(CodedColor color)
    {
        var matrix = color.Matrix switch { 1 => "bt709", 10 => "bt2020c", _ => "bt2020nc" };
        return $"setparams=color_primaries={PrimariesOf(color)}:color_trc={(color.Transfer == LadderPlan.HybridLogGamma ? "arib-std-b67" : "smpte2084")}:colorspace={matrix}:range={(color.FullRange ? "pc" : "tv")}";
    }

    /// <summary>Maps a few pictures that ffmpeg draws itself, and writes a line for each that came out.</summary>
    public static IReadOnlyList<string> Trial() =>
    [
        "-nostdin", "-hide_banner", "-nostats", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=30:d=1", "-frames:v", $"{TrialPictures}",
        "-vf", Before(new CodedColor(9, LadderPlan.PerceptualQuantizer, 9, FullRange: false)) + "," + Filters, "-f", "framecrc", "-",
    ];

    private static string PrimariesOf(CodedColor color) => color.Primaries switch { 1 => "bt709", 12 => "smpte432", _ => "bt2020" };
}
