using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Broadcast.Transcoder;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Probing;

namespace Broadcast.Host.Diagnostics;

/// <summary>Checks ffmpeg, and probes the encoders as the server does at startup.</summary>
internal static class FfmpegCheck
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    public static async IAsyncEnumerable<Check> ExamineAsync(IConfiguration configuration, TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var options = configuration.GetSection(EncodingOptions.Section).Get<EncodingOptions>() ?? new EncodingOptions();
        var version = await VersionAsync(options.Ffmpeg, cancellationToken);
        if (version is null)
        {
            yield return new Check("ffmpeg", CheckOutcome.Bad, "not found",
                "Install it with apt-get install ffmpeg, run ./broadcast up, which does so, or set Encoding:Ffmpeg to its path.");
            yield break;
        }

        yield return new Check("ffmpeg", CheckOutcome.Good, version);
        var encoders = TranscoderModule.CreateEncoderStatuses(options, time);
        using var disposal = encoders as IDisposable;
        yield return encoders.IsSandboxed
            ? encoders.SandboxGaps is { } gaps ? new Check("encoder sandbox", CheckOutcome.Warning, encoders.Sandbox, gaps)
                : new Check("encoder sandbox", CheckOutcome.Good, encoders.Sandbox)
            : new Check("encoder sandbox", CheckOutcome.Warning, encoders.Sandbox,
                "Install them: apt-get install util-linux. Without a sandbox, a stream that exploits ffmpeg gets the server's permissions.");
        var statuses = await encoders.ProbeAsync(cancellationToken);
        foreach (var status in statuses)
        {
            yield return CheckOf(status);
        }

        var used = statuses.FirstOrDefault(s => s is { IsForRungs: true, Works: true }
            && (options.Encoder == "auto" || options.Encoder == s.Vendor || s.Vendor == "x264"));
        yield return used is null
            ? new Check("rungs", CheckOutcome.Bad, "no working H.264 encoder",
                "Channels deliver the source only. Install Debian's ffmpeg: apt-get install ffmpeg.")
            : options.Encoder != "auto" && used.Vendor != options.Encoder
                ? new Check("rungs", CheckOutcome.Warning, $"encoded with {used.Encoder}, although Encoding:Encoder is {options.Encoder}",
                    "Fix the problem of that encoder shown above, or set Encoding:Encoder to auto.")
                : new Check("rungs", CheckOutcome.Good, $"encoded with {used.Encoder}");
    }

    private static Check CheckOf(EncoderStatus status) =>
        new($"encoder {status.Encoder}", CheckOutcome.Good, status.Works ? string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"works (first frames after {status.Duration.TotalMilliseconds:0} ms)") : $"not available: {status.Error}");

    private static async Task<string?> VersionAsync(string program, CancellationToken cancellationToken)
    {
        Process? process;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, ["-hide_banner", "-version"]) { UseShellExecute = false,
                RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true });
        }
        catch (Win32Exception)
        {
            return null;
        }

        using (process!)
        using (var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            timeout.CancelAfter(Timeout);
            process!.StandardInput.Close();
            try
            {
                var errors = process.StandardError.ReadToEndAsync(timeout.Token);
                var output = await process.StandardOutput.ReadToEndAsync(timeout.Token);
                await errors;
                await process.WaitForExitAsync(timeout.Token);
                return process.ExitCode == 0 ? output.Split('\n')[0].Trim() : null;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
                return null;
            }
        }
    }
}
