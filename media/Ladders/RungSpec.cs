using System.Globalization;

namespace Broadcast.Media.Ladders;

/// <summary>
/// A rung that a channel requests. The encoded size and frame rate also depend on the source, whose aspect ratio is kept.
/// </summary>
/// <param name="Width">Width of the bounding box in pixels, even; 0 when only the shorter side is given.</param>
/// <param name="Height">Height of the bounding box, or the shorter side, in pixels; even.</param>
/// <param name="FramesPerSecond">Frame rate; 0 for that of the source.</param>
/// <param name="BitsPerSecond">Average bitrate in bits per second, a multiple of 1000.</param>
public sealed record RungSpec(int Width, int Height, int FramesPerSecond, int BitsPerSecond)
{
    /// <summary>
    /// Rendition name in URLs, independent of the source: <c>1280x720</c>, <c>720p</c>, <c>720p30</c>. Unique in a ladder.
    /// </summary>
    public string Name => (Width, FramesPerSecond) switch
    {
        (0, 0) => Text($"{Height}p"),
        (0, _) => Text($"{Height}p{FramesPerSecond}"),
        (_, 0) => Text($"{Width}x{Height}"),
        _ => Text($"{Width}x{Height}p{FramesPerSecond}"),
    };

    /// <summary>The shorter requested side.</summary>
    internal int Side => Width == 0 ? Height : Math.Min(Width, Height);

    /// <summary>The longer requested side; that of 16:9 when only the shorter side is given.</summary>
    internal int LongSide => Width == 0 ? Height * 16 / 9 : Math.Max(Width, Height);

    /// <summary>Output size for a source: the source's aspect ratio, even, and never larger than the source.</summary>
    /// <param name="width">Width of the source in pixels, at least 1, with square pixels.</param>
    /// <param name="height">Height of the source in pixels.</param>
    public (int Width, int Height) Fit(int width, int height)
    {
        var requested = Width == 0 ? Height / (double)Math.Min(width, height) : Math.Min(Width / (double)width, Height / (double)height);
        var scale = Math.Min(1, requested);
        return (Scaled(width), Scaled(height));

        int Scaled(int length) => Math.Max(2, Math.Min(length / 2 * 2, (int)Math.Round(length * scale / 2) * 2));
    }

    /// <summary>The text of the rung in a ladder: <c>1280x720p30@2500k</c>.</summary>
    public override string ToString() => Text($"{Name}@{BitsPerSecond / 1000}k");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
