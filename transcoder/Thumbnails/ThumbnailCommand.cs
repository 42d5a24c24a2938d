using System.Globalization;
using System.Text;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Thumbnails;

/// <summary>
/// The ffmpeg command for one <see cref="ThumbnailJob"/>. Input is NUT with keyframes: one second per tile, then the poster's keyframe.
/// Output is NUT with JPEG images. A value, so tests need no process.
/// </summary>
/// <param name="Source">Display format of the input.</param>
/// <param name="SpriteSheet">Sprite sheet layout, or <see langword="null"/> for none.</param>
/// <param name="Poster">Poster size, or <see langword="null"/> for none.</param>
internal sealed record ThumbnailCommand(RenditionFormat Source, SpriteSheetLayout? SpriteSheet, (int Width, int Height)? Poster)
{
    private const byte Bt601 = 6;
    private const byte Bt709 = 1;
    private const byte Bt2020 = 9;

    /// <summary>Time of the poster's keyframe, in seconds of the input.</summary>
    public int PosterTime => SpriteSheet?.Tiles ?? 0;

    /// <summary>The arguments, one per element; no shell parses them.</summary>
    public IReadOnlyList<string> Arguments() =>
    [
        "-nostdin", "-hide_banner", "-nostats", "-loglevel", "error",

        // One thread suffices for a few frames.
        "-threads", "1", "-flags", "low_delay", .. WorkerInput.VideoPipe.Arguments(),
        "-filter_threads", "1", "-filter_complex_threads", "1", "-filter_complex", Filters(),
        .. (IEnumerable<string>)(SpriteSheet is null ? [] : ["-map", "[sheet]"]),
        .. (IEnumerable<string>)(Poster is null ? [] : ["-map", "[poster]"]),
        "-fps_mode", "passthrough", "-c:v", "mjpeg", "-threads", "1", "-q:v", "5", "-f", "nut", "-write_index", "0", "pipe:1",
    ];

    /// <summary>Builds the filter graph. Tiles without a decodable keyframe repeat the previous one.</summary>
    private string Filters()
    {
        var text = new StringBuilder();
        if (SpriteSheet is { } spriteSheet)
        {
            var (width, height) = ImageSize.Within(Source.Width, Source.Height, spriteSheet.TileWidth, spriteSheet.TileHeight);
            text.Append("[0:v:0]").Append(Poster is null ? "" : "split[a][b];[a]");
            text.Append(
                Text(
                    $"fps=1:start_time=0:eof_action=pass,{Scale(width, height)},pad={spriteSheet.TileWidth}:{spriteSheet.TileHeight}:(ow-iw)/2:(oh-ih)/2,"));
            text.Append(
                Text(
                    $"tpad=stop={spriteSheet.Tiles}:stop_mode=clone,trim=end_frame={spriteSheet.Tiles},tile={spriteSheet.Columns}x{spriteSheet.Rows}[sheet]"));
        }

        if (Poster is { } poster)
        {
            text.Append(SpriteSheet is null ? "[0:v:0]" : ";[b]")
                .Append(Text($@"select=gte(t\,{PosterTime}),{Scale(poster.Width, poster.Height)}[poster]"));
        }

        return text.ToString();
    }

    /// <summary>
    /// JPEG uses BT.601 and full range. Sources without a declared matrix count as BT.709 if they are high enough, as in players.
    /// </summary>
    private string Scale(int width, int height)
    {
        var matrix = Source.Color?.Matrix switch
        {
            Bt709 => "bt709",
            5 or Bt601 => "bt601",
            Bt2020 or 10 => "bt2020",
            _ => Source.Height >= ImageSize.MinPosterSourceHeight ? "bt709" : "bt601",
        };
        return Text(
            $"scale={width}:{height}:flags=area:in_color_matrix={matrix}:out_color_matrix=bt601:out_range=pc,setsar=1,format=yuvj420p");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
