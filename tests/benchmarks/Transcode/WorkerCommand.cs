using System.Text.RegularExpressions;

namespace Broadcast.Benchmarks;

/// <summary>What a running worker was told, read from its process: so a bare ffmpeg is told the same, whatever that is by then.</summary>
/// <param name="Arguments">Its arguments, without the program's name.</param>
internal sealed partial record WorkerCommand(IReadOnlyList<string> Arguments)
{
    /// <summary>The one worker that this process has now.</summary>
    /// <exception cref="InvalidOperationException">There is none, or it was not told what is known here.</exception>
    public static WorkerCommand OfRunning()
    {
        var words = ChildrenMeter.Running().Select(p => File.ReadAllText($"/proc/{p}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(w => w.Contains("-filter_complex")) ?? throw new InvalidOperationException("There is no worker.");
        return new WorkerCommand(words[(Array.FindIndex(words, w => Path.GetFileName(w) == "ffmpeg") + 1)..]);
    }

    /// <summary>Sizes of its rungs, the largest first, as <c>W:H</c>.</summary>
    public IReadOnlyList<string> Sizes => [.. Scale().Matches(After("-filter_complex")).Select(m => m.Groups[1].Value)];

    /// <summary>The same from a file, once decoded, each rung to nothing.</summary>
    public IReadOnlyList<string> Bare(string file)
    {
        var told = new List<string>();
        for (var i = 0; i < Arguments.Count; i++)
        {
            var word = Arguments[i];
            if (word == "-protocol_whitelist")
            {
                i++;
            }
            else if (word.StartsWith("unix:", StringComparison.Ordinal) && told[^1] == "-i")
            {
                told.Add(file);
            }
            else if (word.StartsWith("unix:", StringComparison.Ordinal))
            {
                told.RemoveRange(told.LastIndexOf("-f"), told.Count - told.LastIndexOf("-f"));
                told.AddRange(["-f", "null", "-"]);
            }
            else
            {
                told.Add(word);
            }
        }

        return told;
    }

    /// <summary>A process for each rung, each of which decodes the source, scales it and encodes one: what <c>exec</c> lines of nginx-rtmp start, but from a file and to nothing, where theirs fetch and send by RTMP.</summary>
    public IReadOnlyList<IReadOnlyList<string>> OneByOne(string file) =>
        [.. Sizes.Select((size, i) => (IReadOnlyList<string>)["-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning", "-copyts", "-i", file, "-map", "0:v:0", "-vf", $"scale={size}:flags=bicubic", .. Encoder(i), "-f", "null", "-"])];

    /// <summary>How one rung is encoded: what stands between its <c>-map</c> and its output's format.</summary>
    /// <param name="rung">Its index.</param>
    public IReadOnlyList<string> Encoder(int rung)
    {
        var words = Arguments.ToList();
        var begin = words.IndexOf($"[out{rung}]") + 1;
        var end = words.FindIndex(begin, w => w.StartsWith("unix:", StringComparison.Ordinal));
        return begin > 0 && end > begin
            ? words[begin..words.LastIndexOf("-f", end)]
            : throw new InvalidOperationException($"The worker was not told of a rung {rung}: {string.Join(' ', words)}");
    }

    private string After(string option) => Arguments.SkipWhile(a => a != option).Skip(1).First();

    [GeneratedRegex(@"scale=(\d+:\d+)")]
    private static partial Regex Scale();
}
