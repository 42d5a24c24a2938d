using System.Diagnostics;

namespace Broadcast.Media.Tests.Bmff;

/// <summary>Runs ffmpeg and ffprobe. If they are missing, the test fails and names them.</summary>
internal static class Tool
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    public static async Task<byte[]> RunAsync(string file, params string[] arguments)
    {
        var start = new ProcessStartInfo(file)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new InvalidOperationException($"This test needs {file} on the path (Debian: apt-get install ffmpeg).", error);
        }

        using (process)
        {
            process.StandardInput.Close();
            using var ended = new CancellationTokenSource(Deadline);
            using var output = new MemoryStream();
            try
            {
                var errors = process.StandardError.ReadToEndAsync(ended.Token);
                await process.StandardOutput.BaseStream.CopyToAsync(output, ended.Token);
                await process.WaitForExitAsync(ended.Token);
                var text = await errors;
                return process.ExitCode == 0 && text.Length == 0
                    ? output.ToArray()
                    : throw new InvalidOperationException($"{file} {string.Join(' ', arguments)} ended with {process.ExitCode}: {text}");
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill();
                }
            }
        }
    }
}
