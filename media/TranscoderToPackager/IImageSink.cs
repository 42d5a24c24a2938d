using System.Text.Json.Serialization;

namespace Broadcast.Media.TranscoderToPackager;

/// <summary>Layout of a sprite sheet: tiles of equal size in rows, from left to right, earliest first.</summary>
/// <param name="Columns">Tiles per row, 1 or more.</param>
/// <param name="Rows">Number of rows, 1 or more.</param>
/// <param name="TileWidth">Tile width in pixels.</param>
/// <param name="TileHeight">Tile height in pixels.</param>
public readonly record struct SpriteSheetLayout(int Columns, int Rows, int TileWidth, int TileHeight)
{
    /// <summary>Number of tiles in the sheet.</summary>
    [JsonIgnore]
    public int Tiles => Columns * Rows;
}

/// <summary>An image generated from a session's announced media. JPEG; the bytes are immutable.</summary>
/// <param name="Jpeg">The JPEG file.</param>
public abstract record SessionImage(ReadOnlyMemory<byte> Jpeg)
{
    /// <summary>A poster, shown before playback and in lists. The newest one replaces earlier ones.</summary>
    /// <param name="Time">Media time of the image in the session.</param>
    /// <param name="Width">Width in pixels.</param>
    /// <param name="Height">Height in pixels.</param>
    /// <param name="Jpeg">The JPEG file.</param>
    public sealed record Poster(MediaTime Time, int Width, int Height, ReadOnlyMemory<byte> Jpeg) : SessionImage(Jpeg);

    /// <summary>A sprite sheet whose tiles have equal durations.</summary>
    /// <param name="Start">Start of the first tile, in whole milliseconds.</param>
    /// <param name="Duration">Total duration of all tiles, in whole milliseconds.</param>
    /// <param name="Layout">Layout of the tiles.</param>
    /// <param name="Jpeg">The JPEG file.</param>
    public sealed record SpriteSheet(MediaTime Start, MediaTime Duration, SpriteSheetLayout Layout, ReadOnlyMemory<byte> Jpeg)
        : SessionImage(Jpeg);
}

/// <summary>
/// Destination of a session's images, from the transcoder to the packager, which adds them to the timeline once they are written.
/// </summary>
public interface IImageSink
{
    /// <summary>
    /// Offers an image; sprite sheets must come in order of their start. Never blocks. Images of unknown sessions, late images and images
    /// that cannot be written are discarded.
    /// </summary>
    void Offer(ChannelName channel, SessionId session, SessionImage image);
}
