using System.Globalization;
using System.Text;
using Broadcast.Media;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// What ffmpeg is asked to do for one session: decode once, scale each rung from the one above it, and encode all of them with x264. A value, so that it can be tested without a
/// process. Sync samples are where the source has them and nowhere else, groups of pictures are closed, and times go through unchanged, so that every rung can be cut where the source is.
/// </summary>
/// <param name="Input">Path of the Unix socket that the source comes from, as NUT.</param>
/// <param name="Effort">What to encode, the largest first, at least one; and how hard to try.</param>
/// <param name="Outputs">Path of the Unix socket that each rung goes to, as NUT.</param>
/// <param name="IsHurried">Whether frames come out as soon as they went in, for the price of quality; else the encoder looks ahead by a third of a second.</param>
/// <param name="From">Presentation time, in ticks of the input, before which pictures are decoded but not encoded: another worker has done that. The first one after it becomes a sync sample.</param>
internal sealed record EncodeCommand(string Input, Effort Effort, IReadOnlyList<string> Outputs, bool IsHurried, long From = 0)
{
    /// <summary>Pictures that x264 may look ahead by where it is not hurried.</summary>
    private const int LookAhead = 10;

    /// <summary>A group of pictures that is longer than any source's, so that the encoder adds no keyframes.</summary>
    private const int LongestGroup = 100_000;

    /// <summary>The arguments, one by one; no shell reads them.</summary>
    public IReadOnlyList<string> Arguments()
    {
        List<string> arguments =
        [
            "-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning",

            // It reads from that socket and nothing else, whatever the source may contain.
            "-protocol_whitelist", "unix",
            "-copyts", "-analyzeduration", "500000", "-fpsprobesize", "0", "-f", "nut", "-i", "unix:" + Input,
            "-filter_complex", Filters(),
        ];
        for (var i = 0; i < Effort.Rungs.Count; i++)
        {
            arguments.AddRange(Output(i));
        }

        return arguments;
    }

    private IEnumerable<string> Output(int index)
    {
        var bits = Effort.Rungs[index].BitsPerSecond;
        return
        [
            "-map", Text($"[out{index}]"), "-fps_mode", "passthrough", "-enc_time_base", Text($"1:{MediaTime.VideoTimescale}"),
            "-c:v", "libx264", "-preset", Effort.Preset, "-profile:v", "high", "-pix_fmt", "yuv420p", "-bf", "0",
            .. (IEnumerable<string>)(IsHurried ? ["-tune", "zerolatency"] : ["-rc-lookahead", Text($"{LookAhead}")]),
            "-g", Text($"{LongestGroup}"), "-sc_threshold", "0", "-force_key_frames", "source", "-forced-idr", "1", "-flags", "+cgop",
            "-b:v", Text($"{bits}"), "-maxrate", Text($"{bits * 3L / 2}"), "-bufsize", Text($"{bits * 3L / 2}"),
            "-f", "nut", "-write_index", "0", "-flush_packets", "1", "unix:" + Outputs[index],
        ];
    }

    /// <summary>A cascade: what a rung is scaled to is also what the next one is scaled from. Left-out pictures are never those that the source could begin with.</summary>
    private string Filters()
    {
        var text = new StringBuilder();
        var (from, isHalfRate) = ("0:v:0", false);
        for (var i = 0; i < Effort.Rungs.Count; i++)
        {
            var rung = Effort.Rungs[i];
            text.Append(text.Length > 0 ? ";" : "").Append('[').Append(from).Append(']');
            if (i == 0 && From > 0)
            {
                text.Append(Text($@"select=gte(pts\,{From}),"));
            }

            if ((rung.IsHalfRate || Effort.IsHalfRate) && !isHalfRate)
            {
                text.Append(@"select=isnan(prev_selected_n)+key+gte(n-prev_selected_n\,2),");
                isHalfRate = true;
            }

            text.Append(Text($"scale={rung.Width}:{rung.Height}:flags=bicubic,setsar=1,format=yuv420p"));
            from = Text($"next{i}");
            text.Append(i < Effort.Rungs.Count - 1 ? Text($",split=2[out{i}][{from}]") : Text($"[out{i}]"));
        }

        return text.ToString();
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
