using Broadcast.Media;

namespace Broadcast.Transcoder.Pictures;

/// <summary>A coded picture that can be decoded alone, by where it was announced: the first sample of a part.</summary>
/// <param name="Time">When the part begins in the session.</param>
/// <param name="Init">The init segment it needs.</param>
/// <param name="Object">The segment's object.</param>
/// <param name="Offset">Where in it the part begins.</param>
/// <param name="Length">The part's bytes.</param>
internal sealed record Shot(MediaTime Time, TimelineInit Init, ObjectName Object, long Offset, int Length);

/// <summary>A sheet of thumbnails to be made.</summary>
/// <param name="Start">Where its first tile begins.</param>
/// <param name="Duration">How long all its tiles are together.</param>
/// <param name="Layout">How it is divided.</param>
/// <param name="Shots">At least one shot and the tile each is for, from 0, by rising tiles. A tile without one shows what the tile before it shows; those before the first show the first.</param>
internal sealed record SheetJob(MediaTime Start, MediaTime Duration, SheetLayout Layout, IReadOnlyList<(int Tile, Shot Shot)> Shots);

/// <summary>What one process makes of one session: a sheet, a poster, or both. All shots need the same init segment.</summary>
/// <param name="Sheet">The sheet, or <see langword="null"/>.</param>
/// <param name="Poster">What the poster shows, or <see langword="null"/>.</param>
internal sealed record PictureJob(SheetJob? Sheet, Shot? Poster)
{
    /// <summary>The init segment that all of it needs.</summary>
    public TimelineInit Init => (Poster ?? Sheet!.Shots[0].Shot).Init;
}

/// <summary>How large pictures are.</summary>
internal static class PictureSize
{
    private const int PosterWidth = 1280;
    private const int PosterHeight = 720;
    private const int TileWidth = 320;
    private const int TileHeight = 180;

    /// <summary>Lowest picture that a good poster can be made of.</summary>
    public const int GoodHeight = PosterHeight;

    /// <summary>The poster of a picture, displayed: as large as it is, in 1280x720 at most.</summary>
    public static (int Width, int Height) OfPoster(int width, int height) => Within(width, height, PosterWidth, PosterHeight);

    /// <summary>The thumbnail of a picture, displayed: in 320x180 at most.</summary>
    public static (int Width, int Height) OfTile(int width, int height) => Within(width, height, TileWidth, TileHeight);

    /// <summary>The largest picture of the same shape, with even sides, that is no larger than itself and a box.</summary>
    public static (int Width, int Height) Within(int width, int height, int boxWidth, int boxHeight)
    {
        var scale = Math.Min(1.0, Math.Min((double)boxWidth / width, (double)boxHeight / height));
        return (Even(width * scale, boxWidth), Even(height * scale, boxHeight));
    }

    private static int Even(double length, int box) => Math.Clamp((int)Math.Round(length / 2) * 2, 2, Math.Max(2, box / 2 * 2));
}
