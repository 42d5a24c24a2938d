using System.Text.RegularExpressions;

namespace Broadcast.Benchmarks;

/// <summary>Arguments of a running worker, read from its process, so that a bare ffmpeg gets the same.</summary>
/// <param name="Arguments">Arguments without the program's name.</param>
internal sealed partial record WorkerCommand(IReadOnlyList<string> Arguments)
{
    /// <summary>Returns the only worker of this process.</summary>
    /// <exception cref="InvalidOperationException">No worker is running, or its arguments have an unknown format.</exception>
    public static WorkerCommand OfRunning()
    {
        var words = ChildrenMeter.Running()
            .Select(p => File.ReadAllText($"/proc/{p}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(w => w.Contains("-filter_complex")) ?? throw new InvalidOperationException("No worker is running.");
        return new WorkerCommand(words[(Array.FindIndex(words, w => Path.GetFileName(w) == "ffmpeg") + 1)..]);
    }

    /// <summary>Sizes of its rungs, the largest first, as <c>W:H</c>.</summary>
    public IReadOnlyList<string> Sizes => [.. Scale().Matches(After("-filter_complex")).Select(m => m.Groups[1].Value)];

    /// <summary>The same command with a file as input, decoded once, and each rung written to the null output.</summary>
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
            else if (IsAddress(word) && told[^1] == "-i")
            {
                told.Add(file);
            }
            else if (IsAddress(word))
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

    /// <summary>
    /// One process per rung that decodes the source, scales it and encodes one rung, like nginx-rtmp's <c>exec</c> lines, but from a file
    /// to the null output instead of RTMP.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<string>> OneByOne(string file) =>
        [.. Sizes.Select((size, i) => (IReadOnlyList<string>)["-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning", "-copyts",
            "-i", file, "-map", "0:v:0", "-vf", $"scale={size}:flags=bicubic", .. Encoder(i), "-f", "null", "-"])];

    /// <summary>Encoding options of a rung: those between its <c>-map</c> and its output format.</summary>
    /// <param name="rung">Index of the rung.</param>
    public IReadOnlyList<string> Encoder(int rung)
    {
        var words = Arguments.ToList();
        var begin = words.IndexOf($"[out{rung}]") + 1;
        var end = words.FindIndex(begin, IsAddress);
        return begin > 0 && end > begin
            ? words[begin..words.LastIndexOf("-f", end)]
            : throw new InvalidOperationException($"The worker's command has no rung {rung}: {string.Join(' ', words)}");
    }

    private static bool IsAddress(string word) =>
        word.StartsWith("pipe:", StringComparison.Ordinal) || word.StartsWith("unix:", StringComparison.Ordinal);

    private string After(string option) => Arguments.SkipWhile(a => a != option).Skip(1).First();

    [GeneratedRegex(@"scale=(\d+:\d+)")]
    private static partial Regex Scale();
}
