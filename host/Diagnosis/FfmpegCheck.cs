using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Broadcast.Host.Diagnosis;

/// <summary>Looks for ffmpeg, and proves encoders by really encoding a few frames: a list of names says nothing about the machine.</summary>
internal static class FfmpegCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly (string Name, string Encoder, string[] Device, string[] Filter)[] Candidates =
    [
        ("x264", "libx264", [], []),
        ("NVENC", "h264_nvenc", [], []),
        ("Quick Sync", "h264_qsv", [], []),
        ("VAAPI", "h264_vaapi", ["-vaapi_device", "/dev/dri/renderD128"], ["-vf", "format=nv12,hwupload"]),
    ];

    public static async IAsyncEnumerable<Check> ExamineAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (version, found) = await RunAsync(["-hide_banner", "-version"], cancellationToken);
        if (version is null)
        {
            yield return new Check("ffmpeg", Finding.Bad, "not found", "Install it: apt-get install ffmpeg (./broadcast up does it for you).");
            yield break;
        }

        yield return new Check("ffmpeg", Finding.Good, found.Split('\n')[0].Trim());
        foreach (var (name, encoder, device, filter) in Candidates)
        {
            var (exit, errors) = await RunAsync(
                ["-nostdin", "-v", "error", .. device, "-f", "lavfi", "-i", "color=black:s=256x256:r=25:d=0.2", .. filter, "-frames:v", "3", "-c:v", encoder, "-f", "null", "-"],
                cancellationToken);
            yield return exit == 0
                ? new Check($"encoder {name}", Finding.Good, "encodes")
                : name == "x264"
                    ? new Check($"encoder {name}", Finding.Bad, FirstLine(errors), "This ffmpeg cannot encode H.264; install Debian's: apt-get install ffmpeg.")
                    : new Check($"encoder {name}", Finding.Good, $"not on this machine ({FirstLine(errors)})");
        }
    }

    private static string FirstLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? "no reason given";

    private static async Task<(int? Exit, string Output)> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("ffmpeg") { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        Process? process;
        try
        {
            process = Process.Start(start);
        }
        catch (Win32Exception)
        {
            return (null, "");
        }

        using (process!)
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            patience.CancelAfter(Patience);
            process!.StandardInput.Close();
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(patience.Token);
                var errors = process.StandardError.ReadToEndAsync(patience.Token);
                await process.WaitForExitAsync(patience.Token);
                return (process.ExitCode, await output + await errors);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
                return (-1, $"no answer within {Patience.TotalSeconds:0} s");
            }
        }
    }
}
