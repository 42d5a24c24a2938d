using System.Text.Json.Serialization;

namespace Broadcast.Media;

/// <summary>How a sheet of thumbnails is divided: tiles of one size, in rows from left to right, the earliest first.</summary>
/// <param name="Columns">Tiles in a row, 1 or more.</param>
/// <param name="Rows">Rows, 1 or more.</param>
/// <param name="TileWidth">Pixels of a tile across.</param>
/// <param name="TileHeight">Pixels of a tile down.</param>
public readonly record struct SheetLayout(int Columns, int Rows, int TileWidth, int TileHeight)
{
    /// <summary>Tiles in a sheet.</summary>
    [JsonIgnore]
    public int Tiles => Columns * Rows;
}

/// <summary>A still picture of a session, made from what was announced of it. JPEG; the bytes are never written to again.</summary>
/// <param name="Jpeg">The file.</param>
public abstract record SessionPicture(ReadOnlyMemory<byte> Jpeg)
{
    /// <summary>One picture, to be shown before playing and in lists. The newest replaces those before.</summary>
    /// <param name="Time">When it is in the session.</param>
    /// <param name="Width">Pixels across.</param>
    /// <param name="Height">Pixels down.</param>
    /// <param name="Jpeg">The file.</param>
    public sealed record Poster(MediaTime Time, int Width, int Height, ReadOnlyMemory<byte> Jpeg) : SessionPicture(Jpeg);

    /// <summary>A sheet of thumbnails, all of one length of time.</summary>
    /// <param name="Start">Where its first tile begins, whole milliseconds.</param>
    /// <param name="Duration">How long all tiles are together, whole milliseconds.</param>
    /// <param name="Layout">How it is divided.</param>
    /// <param name="Jpeg">The file.</param>
    public sealed record Sheet(MediaTime Start, MediaTime Duration, SheetLayout Layout, ReadOnlyMemory<byte> Jpeg) : SessionPicture(Jpeg);
}

/// <summary>transcoder → packager: pictures made beside the media. They join the session's timeline when they are written.</summary>
public interface IPictureSink
{
    /// <summary>Offers a picture, sheets by rising start. Never waits: one of a session that is gone, or that comes too late, or that the disk refuses, is left out.</summary>
    void Offer(ChannelName channel, SessionId session, SessionPicture picture);
}
