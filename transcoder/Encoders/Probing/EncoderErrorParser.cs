using System.Text.RegularExpressions;

namespace Broadcast.Transcoder.Encoders.Probing;

/// <summary>Turns an encoder's last output lines into a readable error. Pure.</summary>
internal static partial class EncoderErrorParser
{
    /// <summary>Search strings with their meanings; the first match wins.</summary>
    private static readonly (string Found, string Meaning)[] Meanings =
    [
        ("OpenEncodeSessionEx failed: out of memory", "the NVIDIA driver's session limit is reached"),
        ("OpenEncodeSessionEx failed: incompatible client key", "the NVIDIA driver's session limit is reached"),
        ("Cannot load libcuda", "no NVIDIA driver"),
        ("Cannot load libnvidia-encode", "the NVIDIA driver lacks its encoder library"),
        ("Driver does not support the required nvenc API version", "the NVIDIA driver is too old for this ffmpeg"),
        ("minimum required Nvidia driver", "the NVIDIA driver is too old for this ffmpeg"),
        ("cuInit(0) failed", "the NVIDIA driver found no working GPU"),
        ("no CUDA-capable device", "the NVIDIA driver found no GPU"),
        ("OpenEncodeSessionEx failed", "the NVIDIA GPU has no encoder"),
        ("Codec not supported", "the GPU cannot encode this codec"),
        ("No capable devices found", "no NVIDIA GPU can encode this codec"),
        ("No NVENC capable devices found", "no NVIDIA GPU can encode this codec"),
        ("Permission denied", "no permission to open the render node (its group is usually 'render' or 'video')"),
        ("No VA display found", "the render node has no VAAPI driver"),
        ("Failed to initialise VAAPI connection", "the render node has no working VAAPI driver"),
        ("No usable encoding profile found", "the GPU cannot encode this codec"),
        ("No usable encoding entrypoint found", "the GPU cannot encode this codec"),
        ("MFX session", "no Intel GPU with Quick Sync"),
        ("libmfx", "no Intel GPU with Quick Sync"),
        ("Unrecognized option", "this ffmpeg lacks a required option"),
        ("Unknown encoder", "not included in this ffmpeg build"),
        ("Device creation failed", "the device cannot be opened"),
    ];

    /// <summary>Describes why there was no output.</summary>
    /// <param name="lines">The last output lines, oldest first.</param>
    /// <param name="exit">The exit code.</param>
    public static string Describe(IReadOnlyList<string> lines, int exit)
    {
        foreach (var (found, meaning) in Meanings)
        {
            if (lines.FirstOrDefault(l => l.Contains(found, StringComparison.OrdinalIgnoreCase)) is { } line)
            {
                return $"{meaning}: {StripComponent(line)}";
            }
        }

        return lines.Select(StripComponent).FirstOrDefault(l => l.Length > 0) is { } first ? first
            : exit == 0 ? "ffmpeg exited without a frame" : $"exit code {exit}, without output";
    }

    /// <summary>Returns whether working hardware rejected a session because its limit is reached.</summary>
    /// <param name="output">The process's output.</param>
    public static bool IsSessionCap(string output) =>
        output.Contains("OpenEncodeSessionEx failed: out of memory", StringComparison.OrdinalIgnoreCase)
        || output.Contains("OpenEncodeSessionEx failed: incompatible client key", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Index from 0 of the output that could not be opened; <see langword="null"/> if not reported. Earlier outputs were opened.
    /// </summary>
    /// <param name="output">
    /// The process's output, in the format of ffmpeg 5 (<c>output stream #2:0</c>) or 7 (<c>[vost#2:0/h264_nvenc @ …]</c>).
    /// </param>
    public static int? FailedOutput(string output) => FailedOutputPattern().Match(output) is { Success: true } match
        && int.TryParse(match.Groups["index"].ValueSpan, out var index) ? index : null;

    /// <summary>Removes the name and address of the ffmpeg component.</summary>
    private static string StripComponent(string line) => Component().Replace(line, "").Trim();

    [GeneratedRegex(@"^(?:\[[^\]]* @ [^\]]*\]\s*)+")]
    private static partial Regex Component();

    [GeneratedRegex(@"(?:opening encoder for output stream #|\[vost#)(?<index>[0-9]{1,3}):",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex FailedOutputPattern();
}
