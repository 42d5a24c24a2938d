using System.Globalization;
using System.Text;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Thumbnails;

/// <summary>
/// Thumbnails as WebVTT (W3C, 2019). Each cue is one tile: the sprite sheet's URL with the tile's position as a media fragment
/// (<c>#xywh=</c>; W3C Media Fragments 1.0, 4.2.2). Players with a seek bar read this format. Times are session times, as in the MPD.
/// </summary>
internal static class ThumbnailVtt
{
    /// <summary>Writes the file.</summary>
    /// <param name="sheets">The sprite sheets in ascending order of start.</param>
    /// <param name="end">End of the session's media; later tiles show nothing.</param>
    /// <param name="folder">Prefix of sprite sheet URLs: the session's folder relative to the file, empty or ending in a slash.</param>
    /// <param name="timeZero">Session time of the file's time zero. A tile that starts earlier is shortened to the part after it.</param>
    public static Document Render(IReadOnlyList<TimelineSpriteSheet> sheets, TimeSpan end, string folder, TimeSpan timeZero = default)
    {
        var text = new StringBuilder("WEBVTT\n");
        foreach (var sheet in sheets)
        {
            var layout = sheet.Layout;
            var start = sheet.Start.ToTimeSpan();
            var length = sheet.Duration.ToTimeSpan() / layout.Tiles;
            for (var tile = 0; tile < layout.Tiles; tile++)
            {
                var from = start + (length * tile);
                if (from >= end)
                {
                    break;
                }

                if (from + length <= timeZero)
                {
                    continue;
                }

                var (x, y) = (tile % layout.Columns * layout.TileWidth, tile / layout.Columns * layout.TileHeight);
                text.Append(CultureInfo.InvariantCulture,
                    $"\n{Time(from > timeZero ? from - timeZero : TimeSpan.Zero)} --> {Time(from + length - timeZero)}\n");
                text.Append(CultureInfo.InvariantCulture,
                    $"{folder}{ThumbnailTrack.UriOf(sheet)}#xywh={x},{y},{layout.TileWidth},{layout.TileHeight}\n");
            }
        }

        return new Document(Encoding.UTF8.GetBytes(text.ToString()), ContentTypes.WebVtt);
    }

    private static string Time(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{(long)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}.{time.Milliseconds:000}");
}
