using Broadcast.Media;
using Broadcast.Transcoder.Encoders;

namespace Broadcast.Transcoder.Ladder;

/// <summary>
/// A re-encoded source for sources that cannot pass through: a rung of the same size and frame rate, with the source's name
/// (<c>docs/decisions/0015</c>).
/// </summary>
internal static class SourceReencode
{
    /// <summary>Name of the source's rendition, passed through or re-encoded.</summary>
    public const string Name = "source";

    /// <summary>Frame rate from which more bits are needed.</summary>
    private const double HighFrameRate = 45;

    /// <summary>Bits per second for <see cref="ReferencePixels"/> at 30 fps, as in <see cref="LadderPlan"/>.</summary>
    private const double ReferenceBitrate = 4_500_000;

    /// <summary>1920x1080.</summary>
    private const double ReferencePixels = 1920 * 1080;

    private const int MinSide = 16;

    private const int MinBitrate = 200_000;

    private const int MaxBitrate = 20_000_000;

    /// <summary>Returns whether a rung is a re-encoded source.</summary>
    public static bool Is(Rung rung) => rung.Name == Name;

    /// <summary>
    /// Plans it. <see langword="null"/> if the size is unknown, the source is HDR without tone mapping (colors would be wrong), or the size
    /// is too small for an encoder.
    /// </summary>
    /// <param name="source">The source.</param>
    /// <param name="canToneMap">Whether HDR video can be tone-mapped.</param>
    public static Rung? Of(Track source, bool canToneMap)
    {
        if (source.Config.VideoFormat is not { } format || (!canToneMap && ToneMapping.IsNeeded(source.Color)))
        {
            return null;
        }

        // The re-encoded source has square pixels.
        var (width, height) = (format.DisplayWidth / 2 * 2, format.Height / 2 * 2);
        if (Math.Min(width, height) < MinSide)
        {
            return null;
        }

        // Twice the pixels, or twice the frames, need less than twice the bits.
        var pixels = width * (double)height * (format.FramesPerSecond >= HighFrameRate ? 2 : 1);
        var bits = Math.Round(ReferenceBitrate * Math.Pow(pixels / ReferencePixels, 0.75) / 50_000) * 50_000;
        return new Rung(Name, width, height, IsHalfRate: false, (int)Math.Clamp(bits, MinBitrate, MaxBitrate));
    }
}
