using System.Globalization;

namespace Broadcast.Media;

/// <summary>A rung as a channel asks for it. What comes of it depends on the source, whose shape and rate of pictures it keeps.</summary>
/// <param name="Width">Pixels across of the box that the picture has to fit in, even; 0 where only its shorter side is asked for.</param>
/// <param name="Height">Pixels down of that box, or the picture's shorter side; even.</param>
/// <param name="FramesPerSecond">Pictures a second; 0 for those of the source.</param>
/// <param name="BitsPerSecond">Bits a second on average, whole thousands.</param>
public sealed record WantedRung(int Width, int Height, int FramesPerSecond, int BitsPerSecond)
{
    /// <summary>What its rendition is called in URLs, whatever the source is: <c>1280x720</c>, <c>720p</c>, <c>720p30</c>. Unique in a ladder.</summary>
    public string Name => (Width, FramesPerSecond) switch
    {
        (0, 0) => Text($"{Height}p"),
        (0, _) => Text($"{Height}p{FramesPerSecond}"),
        (_, 0) => Text($"{Width}x{Height}"),
        _ => Text($"{Width}x{Height}p{FramesPerSecond}"),
    };

    /// <summary>The shorter side that is asked for.</summary>
    internal int Side => Width == 0 ? Height : Math.Min(Width, Height);

    /// <summary>The longer one; that of 16:9 where only the shorter is asked for.</summary>
    internal int LongSide => Width == 0 ? Height * 16 / 9 : Math.Max(Width, Height);

    /// <summary>The size of a picture in it: in the picture's shape, even, never larger than the picture.</summary>
    /// <param name="width">Pixels across of the picture, at least 1; pixels are square.</param>
    /// <param name="height">Pixels down.</param>
    public (int Width, int Height) Fit(int width, int height)
    {
        var wanted = Width == 0 ? Height / (double)Math.Min(width, height) : Math.Min(Width / (double)width, Height / (double)height);
        var scale = Math.Min(1, wanted);
        return (Scaled(width), Scaled(height));

        int Scaled(int length) => Math.Max(2, Math.Min(length / 2 * 2, (int)Math.Round(length * scale / 2) * 2));
    }

    /// <summary>As it is written in a ladder: <c>1280x720p30@2500k</c>.</summary>
    public override string ToString() => Text($"{Name}@{BitsPerSecond / 1000}k");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
