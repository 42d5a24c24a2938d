using Broadcast.Media;
using Broadcast.Transcoder.Encoders;

namespace Broadcast.Transcoder.Ladder;

/// <summary>The encoded copy of a source that cannot be passed on: a rung as large as the source, with all of its pictures. It has the source's name, because it takes its place (<c>docs/decisions/0015</c>).</summary>
internal static class SourceCopy
{
    /// <summary>What the source's rendition is called, whichever of both it has.</summary>
    public const string Name = "source";

    /// <summary>From this many pictures a second on, more bits are needed.</summary>
    private const double HighRate = 45;

    /// <summary>Bits a second of <see cref="PixelsOfThat"/> with 30 pictures a second, as <see cref="LadderPlan"/> has it.</summary>
    private const double Bits = 4_500_000;

    /// <summary>1920x1080.</summary>
    private const double PixelsOfThat = 1920 * 1080;

    private const int LeastSide = 16;

    private const int LeastBits = 200_000;

    private const int MostBits = 20_000_000;

    /// <summary>Whether a rung is a copy.</summary>
    public static bool Is(Rung rung) => rung.Name == Name;

    /// <summary>Plans it. <see langword="null"/> where there can be none: pictures of a size not known, of high dynamic range where that cannot be mapped (their colors would be wrong), or too small for an encoder.</summary>
    /// <param name="source">The source.</param>
    /// <param name="mapsTones">Whether pictures of high dynamic range can be mapped to what a copy has.</param>
    public static Rung? Of(Track source, bool mapsTones)
    {
        if (source.Config.Picture is not { } picture || (!mapsTones && ToneMapping.IsNeeded(source.Color)))
        {
            return null;
        }

        // Pixels of a copy are square.
        var (width, height) = (picture.DisplayWidth / 2 * 2, picture.Height / 2 * 2);
        if (Math.Min(width, height) < LeastSide)
        {
            return null;
        }

        // Twice the pixels, or twice the pictures, need less than twice the bits.
        var pixels = width * (double)height * (picture.FramesPerSecond >= HighRate ? 2 : 1);
        var bits = Math.Round(Bits * Math.Pow(pixels / PixelsOfThat, 0.75) / 50_000) * 50_000;
        return new Rung(Name, width, height, IsHalfRate: false, (int)Math.Clamp(bits, LeastBits, MostBits));
    }
}
