using System.Globalization;
using Broadcast.Media;

namespace Broadcast.Transcoder.Ladder;

/// <summary>One quality that is encoded from the source.</summary>
/// <param name="Name">Its rendition's name: the shorter side of its picture, as in <c>720p</c>, or what the channel's own ladder calls it (<see cref="WantedRung.Name"/>).</param>
/// <param name="Width">Pixels across, even; pixels are square.</param>
/// <param name="Height">Pixels down, even.</param>
/// <param name="IsHalfRate">Whether every second picture of the source is left out.</param>
/// <param name="BitsPerSecond">Bits a second on average; over a second it may be half as much again.</param>
internal sealed record Rung(string Name, int Width, int Height, bool IsHalfRate, int BitsPerSecond);

/// <summary>
/// From what a source is and what its channel asks for to the qualities that make sense. Pure. The source itself is always passed through, so no rung is as large as it is: nothing is scaled
/// up, no rung has more pictures than the source, and the picture keeps its shape.
/// </summary>
internal static class LadderPlan
{
    /// <inheritdoc cref="WantedLadder.MaxRungs"/>
    public const int MaxRungs = WantedLadder.MaxRungs;

    /// <summary>The ladder that encodes nothing.</summary>
    public const string Passthrough = "passthrough";

    /// <summary>A rung with more of the source's size than this is left out: the source is nearly as small.</summary>
    private const double LeastStep = 0.85;

    /// <summary>From this many pictures a second on, half of them are enough for a small picture.</summary>
    private const double HighRate = 45;

    /// <summary>Shorter sides of rungs that keep a high rate of pictures.</summary>
    private const int HighRateSide = 720;

    /// <summary>Sides of a rung are at least this long.</summary>
    internal const int LeastSide = WantedLadder.MinSide;

    /// <summary>Transfer characteristics of high dynamic range (ITU-T H.273, 8.2).</summary>
    internal const byte PerceptualQuantizer = 16;

    /// <inheritdoc cref="PerceptualQuantizer"/>
    internal const byte HybridLogGamma = 18;

    /// <summary>Shorter sides of rungs, and bits a second with 30 pictures a second of 16:9.</summary>
    private static readonly (int Side, int BitsPerSecond)[] Steps =
        [(2160, 14_000_000), (1440, 8_000_000), (1080, 4_500_000), (720, 2_500_000), (480, 1_200_000), (360, 700_000), (240, 350_000)];

    /// <summary>
    /// Plans the rungs, the largest first: the channel's own where it has some (<see cref="OwnRungs"/>). None for <see cref="Passthrough"/>, for sources so small that no rung is smaller, and for those of high
    /// dynamic range where their tones cannot be mapped: their rungs would have wrong colors.
    /// </summary>
    /// <param name="ladder">The channel's ladder as text (<see cref="WantedLadder"/>); one that is not understood counts as <c>auto</c>.</param>
    /// <param name="source">The source's pictures.</param>
    /// <param name="color">How its colors are coded, or <see langword="null"/> when that is not said.</param>
    /// <param name="mapsTones">Whether high dynamic range can be mapped to what rungs have.</param>
    public static IReadOnlyList<Rung> For(string ladder, PictureFormat source, CodedColor? color = null, bool mapsTones = false)
    {
        if (ladder == Passthrough || (!mapsTones && Encoders.ToneMapping.IsNeeded(color)))
        {
            return [];
        }

        if (WantedLadder.TryParse(ladder, out var wanted, out _) && wanted.Preset is null)
        {
            return OwnRungs.Plan(wanted.Rungs, source);
        }

        var (width, height) = (source.DisplayWidth, source.Height);
        var side = Math.Min(width, height);
        var isFast = RateOf(source) >= HighRate;
        return
        [
            .. Steps
                .Where(step => step.Side <= CeilingOf(ladder) && step.Side <= side * LeastStep)
                .Where(step => Scaled(Math.Max(width, height), step.Side, side) >= LeastSide)
                .Take(MaxRungs)
                .Select(step => RungOf(step.Side, step.BitsPerSecond, width, height, isFast)),
        ];
    }

    /// <summary>Pictures a second of a source; 0 where it does not say, or says what nobody can believe. Such a one counts as one of 30, and nothing of it is left out.</summary>
    internal static double RateOf(PictureFormat source) => source.FramesPerSecond is > 0 and <= WantedLadder.MaxFramesPerSecond ? source.FramesPerSecond : 0;

    private static Rung RungOf(int side, int bits, int width, int height, bool isFast)
    {
        var shorter = Math.Min(width, height);
        var (across, down) = (Scaled(width, side, shorter), Scaled(height, side, shorter));
        var isHalfRate = isFast && side < HighRateSide;

        // Twice the pictures, or twice the pixels, need less than twice the bits.
        var pixels = across * (double)down * (isFast && !isHalfRate ? 2 : 1) / (side * (double)side * 16 / 9);
        var rate = Math.Max(200_000, Math.Round(bits * Math.Pow(pixels, 0.75) / 50_000) * 50_000);
        return new Rung(string.Create(CultureInfo.InvariantCulture, $"{side}p"), across, down, isHalfRate, (int)rate);
    }

    private static int Scaled(int length, int wanted, int side) => Math.Max(2, (int)Math.Round((double)length * wanted / side / 2) * 2);

    private static int CeilingOf(string ladder) => ladder switch
    {
        "720p" => 720,
        "4k" => 2160,
        _ => 1080,
    };
}
