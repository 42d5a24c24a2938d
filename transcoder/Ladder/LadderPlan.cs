using System.Globalization;
using Broadcast.Media.Codecs;
using Broadcast.Media.Ladders;

namespace Broadcast.Transcoder.Ladder;

/// <summary>One encoding of the source.</summary>
/// <param name="Name">
/// Rendition name: the shorter side, as in <c>720p</c>, or the name from the channel's custom ladder (<see cref="RungSpec.Name"/>).
/// </param>
/// <param name="Width">Width in pixels, even; pixels are square.</param>
/// <param name="Height">Height in pixels, even.</param>
/// <param name="IsHalfRate">Whether every second source frame is dropped.</param>
/// <param name="BitsPerSecond">Average bits per second; the maximum over one second is 1.5 times that.</param>
internal sealed record Rung(string Name, int Width, int Height, bool IsHalfRate, int BitsPerSecond);

/// <summary>
/// Plans the rungs from the source's format and the channel's ladder. Pure. The source itself passes through, so every rung is smaller:
/// there is no upscaling, no higher frame rate, and the aspect ratio is kept.
/// </summary>
internal static class LadderPlan
{
    /// <inheritdoc cref="LadderSpec.MaxRungs"/>
    public const int MaxRungs = LadderSpec.MaxRungs;

    /// <summary>The ladder that encodes nothing.</summary>
    public const string Passthrough = "passthrough";

    /// <summary>Rungs larger than this share of the source are omitted: the source is nearly as small.</summary>
    private const double MaxSizeRatio = 0.85;

    /// <summary>Frame rate from which small rungs use half the frames.</summary>
    private const double HighFrameRate = 45;

    /// <summary>Minimum shorter side of rungs that keep a high frame rate.</summary>
    private const int MinHighFrameRateSide = 720;

    /// <summary>Minimum side length of a rung.</summary>
    internal const int MinSide = LadderSpec.MinSide;

    /// <summary>Transfer characteristics of HDR (ITU-T H.273, 8.2).</summary>
    internal const byte PerceptualQuantizer = 16;

    /// <inheritdoc cref="PerceptualQuantizer"/>
    internal const byte HybridLogGamma = 18;

    /// <summary>Shorter sides of rungs, and bits per second at 30 fps and 16:9.</summary>
    private static readonly (int Side, int BitsPerSecond)[] StandardRungs =
        [(2160, 14_000_000), (1440, 8_000_000), (1080, 4_500_000), (720, 2_500_000), (480, 1_200_000), (360, 700_000), (240, 350_000)];

    /// <summary>
    /// Plans the rungs, largest first, or the channel's custom rungs (<see cref="CustomRungs"/>). No rungs for <see cref="Passthrough"/>,
    /// for sources smaller than every rung, and for HDR sources without tone mapping, because colors would be wrong.
    /// </summary>
    /// <param name="ladder">The channel's ladder as text (<see cref="LadderSpec"/>); invalid text counts as <c>auto</c>.</param>
    /// <param name="source">The source's video format.</param>
    /// <param name="color">Color description of the source, or <see langword="null"/> if not declared.</param>
    /// <param name="canToneMap">Whether HDR video can be tone-mapped.</param>
    public static IReadOnlyList<Rung> For(string ladder, VideoFormat source, ColorDescription? color = null, bool canToneMap = false)
    {
        if (ladder == Passthrough || (!canToneMap && Broadcast.Transcoder.Encoders.ToneMapping.IsNeeded(color)))
        {
            return [];
        }

        if (LadderSpec.TryParse(ladder, out var requested, out _) && requested.Preset is null)
        {
            return CustomRungs.Plan(requested.Rungs, source);
        }

        var (width, height) = (source.DisplayWidth, source.Height);
        var side = Math.Min(width, height);
        var isHighFrameRate = FrameRateOf(source) >= HighFrameRate;
        return
        [
            .. StandardRungs
                .Where(step => step.Side <= CeilingOf(ladder) && step.Side <= side * MaxSizeRatio)
                .Where(step => Scaled(Math.Max(width, height), step.Side, side) >= MinSide)
                .Take(MaxRungs)
                .Select(step => RungOf(step.Side, step.BitsPerSecond, width, height, isHighFrameRate)),
        ];
    }

    /// <summary>
    /// Frame rate of a source; 0 if it is missing or implausible. The source then counts as 30 fps, and no frames are dropped.
    /// </summary>
    internal static double FrameRateOf(VideoFormat source) =>
        source.FramesPerSecond is > 0 and <= LadderSpec.MaxFramesPerSecond ? source.FramesPerSecond : 0;

    private static Rung RungOf(int side, int bits, int width, int height, bool isHighFrameRate)
    {
        var shorter = Math.Min(width, height);
        var (across, down) = (Scaled(width, side, shorter), Scaled(height, side, shorter));
        var isHalfRate = isHighFrameRate && side < MinHighFrameRateSide;

        // Twice the frames, or twice the pixels, need less than twice the bits.
        var pixels = across * (double)down * (isHighFrameRate && !isHalfRate ? 2 : 1) / (side * (double)side * 16 / 9);
        var rate = Math.Max(200_000, Math.Round(bits * Math.Pow(pixels, 0.75) / 50_000) * 50_000);
        return new Rung(string.Create(CultureInfo.InvariantCulture, $"{side}p"), across, down, isHalfRate, (int)rate);
    }

    private static int Scaled(int length, int requested, int side) =>
        Math.Max(2, (int)Math.Round((double)length * requested / side / 2) * 2);

    private static int CeilingOf(string ladder) => ladder switch
    {
        "720p" => 720,
        "4k" => 2160,
        _ => 1080,
    };
}
