using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Broadcast.Transcoder;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Encoders.Proof;

namespace Broadcast.Host.Diagnosis;

/// <summary>Looks for ffmpeg, and proves the encoders in the way that the server does at its start.</summary>
internal static class FfmpegCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async IAsyncEnumerable<Check> ExamineAsync(IConfiguration configuration, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var options = configuration.GetSection(EncodingOptions.Section).Get<EncodingOptions>() ?? new EncodingOptions();
        var version = await VersionAsync(options.Ffmpeg, cancellationToken);
        if (version is null)
        {
            yield return new Check("ffmpeg", Finding.Bad, "not found", "Install it: apt-get install ffmpeg (./broadcast up does it for you), or say where it is with Encoding:Ffmpeg.");
            yield break;
        }

        yield return new Check("ffmpeg", Finding.Good, version);
        var encoders = TranscoderModule.Encoders(options, time);
        using var disposal = encoders as IDisposable;
        yield return encoders.IsConfined
            ? new Check("encoder processes", Finding.Good, encoders.Confinement)
            : new Check("encoder processes", Finding.Warning, encoders.Confinement, "Install them: apt-get install util-linux. Without them a stream that breaks into ffmpeg has the server's rights.");
        var standings = await encoders.ProveAsync(cancellationToken);
        foreach (var standing in standings)
        {
            yield return CheckOf(standing);
        }

        var used = standings.FirstOrDefault(s => s is { IsForRungs: true, Works: true } && (options.Encoder == "auto" || options.Encoder == s.Vendor || s.Vendor == "x264"));
        yield return used is null
            ? new Check("rungs", Finding.Bad, "no encoder for H.264 works", "Channels have their source only. Install Debian's ffmpeg: apt-get install ffmpeg.")
            : options.Encoder != "auto" && used.Vendor != options.Encoder
                ? new Check("rungs", Finding.Warning, $"encoded with {used.Encoder}, though Encoding:Encoder is {options.Encoder}", "Mend what is said of that encoder above, or set Encoding:Encoder to auto.")
                : new Check("rungs", Finding.Good, $"encoded with {used.Encoder}");
    }

    private static Check CheckOf(EncoderStanding standing) =>
        new($"encoder {standing.Encoder}", Finding.Good, standing.Works ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"encodes (first pictures after {standing.Took.TotalMilliseconds:0} ms)") : $"not here: {standing.Refusal}");

    private static async Task<string?> VersionAsync(string program, CancellationToken cancellationToken)
    {
        Process? process;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, ["-hide_banner", "-version"]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true });
        }
        catch (Win32Exception)
        {
            return null;
        }

        using (process!)
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            patience.CancelAfter(Patience);
            process!.StandardInput.Close();
            try
            {
                var errors = process.StandardError.ReadToEndAsync(patience.Token);
                var output = await process.StandardOutput.ReadToEndAsync(patience.Token);
                await errors;
                await process.WaitForExitAsync(patience.Token);
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
