using System.Text.RegularExpressions;

namespace Broadcast.Transcoder.Encoders.Proof;

/// <summary>What an encoder's last lines mean, in plain words. Pure.</summary>
internal static partial class Refusal
{
    /// <summary>What is found in a line, and what that means; the first that is found counts.</summary>
    private static readonly (string Found, string Meaning)[] Meanings =
    [
        ("OpenEncodeSessionEx failed: out of memory", "the NVIDIA driver lets nobody encode more at once"),
        ("OpenEncodeSessionEx failed: incompatible client key", "the NVIDIA driver lets nobody encode more at once"),
        ("Cannot load libcuda", "no NVIDIA driver"),
        ("Cannot load libnvidia-encode", "the NVIDIA driver is there without its encoder library"),
        ("Driver does not support the required nvenc API version", "the NVIDIA driver is too old for this ffmpeg"),
        ("minimum required Nvidia driver", "the NVIDIA driver is too old for this ffmpeg"),
        ("cuInit(0) failed", "the NVIDIA driver is there, but no GPU that works"),
        ("no CUDA-capable device", "the NVIDIA driver is there, but no GPU"),
        ("OpenEncodeSessionEx failed", "the NVIDIA GPU has no encoder"),
        ("Codec not supported", "the GPU does not encode this"),
        ("No capable devices found", "no NVIDIA GPU here can encode this"),
        ("No NVENC capable devices found", "no NVIDIA GPU here can encode this"),
        ("Permission denied", "this user may not open the render node (its group is mostly 'render' or 'video')"),
        ("No VA display found", "the render node has no VAAPI driver"),
        ("Failed to initialise VAAPI connection", "the render node has no VAAPI driver that works"),
        ("No usable encoding profile found", "the GPU does not encode this"),
        ("No usable encoding entrypoint found", "the GPU does not encode this"),
        ("MFX session", "no Intel GPU that Quick Sync can use"),
        ("libmfx", "no Intel GPU that Quick Sync can use"),
        ("Unrecognized option", "this ffmpeg does not know an option that we need"),
        ("Unknown encoder", "not built into this ffmpeg"),
        ("Device creation failed", "the device cannot be opened"),
    ];

    /// <summary>Why nothing came out.</summary>
    /// <param name="lines">What the process said last, oldest first.</param>
    /// <param name="exit">Its exit code.</param>
    public static string Tell(IReadOnlyList<string> lines, int exit)
    {
        foreach (var (found, meaning) in Meanings)
        {
            if (lines.FirstOrDefault(l => l.Contains(found, StringComparison.OrdinalIgnoreCase)) is { } line)
            {
                return $"{meaning}: {Plain(line)}";
            }
        }

        return lines.Select(Plain).FirstOrDefault(l => l.Length > 0) is { } first ? first : exit == 0 ? "it ended without a picture" : $"it ended with exit code {exit} and said nothing";
    }

    /// <summary>Whether hardware that works refused another session, because it has as many as it may have.</summary>
    /// <param name="said">What the process said.</param>
    public static bool IsSessionCap(string said) =>
        said.Contains("OpenEncodeSessionEx failed: out of memory", StringComparison.OrdinalIgnoreCase) || said.Contains("OpenEncodeSessionEx failed: incompatible client key", StringComparison.OrdinalIgnoreCase);

    /// <summary>Which output could not be opened, counted from 0; those before it could. <see langword="null"/> when that is not said.</summary>
    /// <param name="said">What the process said, in the words of ffmpeg 5 (<c>output stream #2:0</c>) or 7 (<c>[vost#2:0/h264_nvenc @ …]</c>).</param>
    public static int? FailedOutput(string said) => Output().Match(said) is { Success: true } match && int.TryParse(match.Groups["index"].ValueSpan, out var index) ? index : null;

    /// <summary>Without the part of ffmpeg that says it, and where in memory that lies.</summary>
    private static string Plain(string line) => Speaker().Replace(line, "").Trim();

    [GeneratedRegex(@"^(?:\[[^\]]* @ [^\]]*\]\s*)+")]
    private static partial Regex Speaker();

    [GeneratedRegex(@"(?:opening encoder for output stream #|\[vost#)(?<index>[0-9]{1,3}):", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Output();
}
