using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Transcoder.Thumbnails;

/// <summary>Location of a keyframe: the first sample of a part.</summary>
/// <param name="Time">Start of the part in the session.</param>
/// <param name="Init">The init segment that it needs.</param>
/// <param name="Object">The segment's object.</param>
/// <param name="Offset">Byte offset of the part in the object.</param>
/// <param name="Length">Length of the part in bytes.</param>
internal sealed record KeyframeReference(MediaTime Time, TimelineInit Init, ObjectName Object, long Offset, int Length);

/// <summary>A sprite sheet to be made.</summary>
/// <param name="Start">Start of its first tile.</param>
/// <param name="Duration">Total duration of all tiles.</param>
/// <param name="Layout">Grid layout.</param>
/// <param name="Keyframes">
/// At least one keyframe with its tile index, in ascending order. A tile without a keyframe repeats the previous tile; tiles before the
/// first keyframe repeat the first.
/// </param>
internal sealed record SpriteSheetJob(MediaTime Start, MediaTime Duration, SpriteSheetLayout Layout,
    IReadOnlyList<(int Tile, KeyframeReference Keyframe)> Keyframes);

/// <summary>
/// The images that one process makes for a session: a sprite sheet, a poster, or both. All keyframes need the same init segment.
/// </summary>
/// <param name="SpriteSheet">The sprite sheet, or <see langword="null"/>.</param>
/// <param name="Poster">Keyframe of the poster, or <see langword="null"/>.</param>
internal sealed record ThumbnailJob(SpriteSheetJob? SpriteSheet, KeyframeReference? Poster)
{
    /// <summary>The init segment that all keyframes need.</summary>
    public TimelineInit Init => (Poster ?? SpriteSheet!.Keyframes[0].Keyframe).Init;
}

/// <summary>Image sizes.</summary>
internal static class ImageSize
{
    private const int PosterWidth = 1280;
    private const int PosterHeight = 720;
    private const int TileWidth = 320;
    private const int TileHeight = 180;

    /// <summary>Minimum source height for a good poster.</summary>
    public const int MinPosterSourceHeight = PosterHeight;

    /// <summary>Poster size for a display size: unscaled, at most 1280x720.</summary>
    public static (int Width, int Height) OfPoster(int width, int height) => Within(width, height, PosterWidth, PosterHeight);

    /// <summary>Thumbnail size for a display size: at most 320x180.</summary>
    public static (int Width, int Height) OfTile(int width, int height) => Within(width, height, TileWidth, TileHeight);

    /// <summary>Largest size with the same aspect ratio and even sides that fits both the source and a box.</summary>
    public static (int Width, int Height) Within(int width, int height, int boxWidth, int boxHeight)
    {
        var scale = Math.Min(1.0, Math.Min((double)boxWidth / width, (double)boxHeight / height));
        return (Even(width * scale, boxWidth), Even(height * scale, boxHeight));
    }

    private static int Even(double length, int box) => Math.Clamp((int)Math.Round(length / 2) * 2, 2, Math.Max(2, box / 2 * 2));
}
