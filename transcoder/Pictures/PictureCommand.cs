using System.Globalization;
using System.Text;
using Broadcast.Media;

namespace Broadcast.Transcoder.Pictures;

/// <summary>
/// What ffmpeg is asked to do for one <see cref="PictureJob"/>: NUT of pictures that stand alone comes in through a pipe, a second a tile and the poster's behind them, and NUT of JPEGs goes out through another. A value, so that it
/// can be tested without a process.
/// </summary>
/// <param name="Source">The displayed format of what comes in.</param>
/// <param name="Sheet">How the sheet is divided, or <see langword="null"/> when none is wanted.</param>
/// <param name="Poster">Size of the poster, or <see langword="null"/> when none is wanted.</param>
internal sealed record PictureCommand(RenditionFormat Source, SheetLayout? Sheet, (int Width, int Height)? Poster)
{
    private const byte Bt601 = 6;
    private const byte Bt709 = 1;
    private const byte Bt2020 = 9;

    /// <summary>The second at which the poster's picture comes.</summary>
    public int PosterTime => Sheet?.Tiles ?? 0;

    /// <summary>The arguments, one by one; no shell reads them.</summary>
    public IReadOnlyList<string> Arguments() =>
    [
        "-nostdin", "-hide_banner", "-nostats", "-loglevel", "error",

        // It reads from its pipe and nothing else, whatever the source may contain. One thread: what comes in is a handful of pictures.
        "-protocol_whitelist", "pipe", "-threads", "1", "-flags", "low_delay", "-f", "nut", "-i", "pipe:0",
        "-filter_threads", "1", "-filter_complex_threads", "1", "-filter_complex", Filters(),
        .. (IEnumerable<string>)(Sheet is null ? [] : ["-map", "[sheet]"]),
        .. (IEnumerable<string>)(Poster is null ? [] : ["-map", "[poster]"]),
        "-fps_mode", "passthrough", "-c:v", "mjpeg", "-threads", "1", "-q:v", "5", "-f", "nut", "-write_index", "0", "pipe:1",
    ];

    /// <summary>Tiles whose picture is missing, or cannot be decoded, repeat the one before.</summary>
    private string Filters()
    {
        var text = new StringBuilder();
        if (Sheet is { } sheet)
        {
            var (width, height) = PictureSize.Within(Source.Width, Source.Height, sheet.TileWidth, sheet.TileHeight);
            text.Append("[0:v:0]").Append(Poster is null ? "" : "split[a][b];[a]");
            text.Append(Text($"fps=1:start_time=0:eof_action=pass,{Scale(width, height)},pad={sheet.TileWidth}:{sheet.TileHeight}:(ow-iw)/2:(oh-ih)/2,"));
            text.Append(Text($"tpad=stop={sheet.Tiles}:stop_mode=clone,trim=end_frame={sheet.Tiles},tile={sheet.Columns}x{sheet.Rows}[sheet]"));
        }

        if (Poster is { } poster)
        {
            text.Append(Sheet is null ? "[0:v:0]" : ";[b]").Append(Text($@"select=gte(t\,{PosterTime}),{Scale(poster.Width, poster.Height)}[poster]"));
        }

        return text.ToString();
    }

    /// <summary>JPEG files are of BT.601 and full range, whatever the source is of. What does not say so is of BT.709 where it is high, as players take it.</summary>
    private string Scale(int width, int height)
    {
        var matrix = Source.Color?.Matrix switch
        {
            Bt709 => "bt709",
            5 or Bt601 => "bt601",
            Bt2020 or 10 => "bt2020",
            _ => Source.Height >= PictureSize.GoodHeight ? "bt709" : "bt601",
        };
        return Text($"scale={width}:{height}:flags=area:in_color_matrix={matrix}:out_color_matrix=bt601:out_range=pc,setsar=1,format=yuvj420p");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
