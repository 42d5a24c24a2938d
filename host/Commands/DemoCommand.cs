using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Broadcast.Control;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Publisher;

namespace Broadcast.Host.Commands;

/// <summary>
/// <c>demo</c>: publishes generated video with a running clock and a beep to a channel of the running server, with a temporary stream key.
/// </summary>
internal static class DemoCommand
{
    private const string Label = "demo";

    public static Command Create()
    {
        var channel = new Option<string?>("--channel") { Description =
            $"Channel to publish to ({ControlOptions.FirstChannel}, or the first one)", HelpName = "NAME" };
        var seconds = new Option<double?>("--seconds") { Description = "Duration in seconds (default: until Ctrl-C)", HelpName = "N" };
        var command = new Command("demo", "Publish generated video with a clock and a beep, to try the server without an encoder") {
            channel, seconds };
        command.SetAction(CommandOutput.HandleErrors(async (parsed, cancellationToken) =>
        {
            var folder = CommandOutput.DataFolderOf(parsed);
            var server = DataFolderLock.Find(folder)
                ?? throw new StartException(
                    $"No server is running on {folder.Path}. Start one with ./broadcast up in another terminal, or pass its folder with "
                    + "--data DIR.");
            if (parsed.GetValue(seconds) is { } length && !(length > 0 && length < 1e7))
            {
                throw new StartException("--seconds must be greater than 0.");
            }

            using var actorScope = CommandDatabase.ActAsCommand(parsed);
            await using var database = await CommandDatabase.OpenAsync(folder, cancellationToken);
            var name = parsed.GetValue(channel)
                ?? await new ChannelRepository(database, TimeProvider.System).DefaultAsync(cancellationToken)
                ?? throw new StartException("No channels exist. Create one: ./broadcast channel create NAME");
            var keys = new StreamKeys(database, TimeProvider.System);
            var key = await keys.CreateAsync(name, StreamKeyRole.Guest, Label, TimeProvider.System.GetUtcNow().AddMinutes(5),
                cancellationToken);
            try
            {
                var rtmpUrl = new Uri(server.Rtmp
                    ?? throw new StartException("The server on this data folder has not the role ingest. Use the folder of one that has."));
                await PublishAsync(new RtmpTarget(rtmpUrl.Host, rtmpUrl.Port, "live", key.StreamKey), name, server,
                    parsed.GetValue(seconds), cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // Ctrl-C is the normal end of a demo.
            }
            catch (RtmpPublishException e)
            {
                throw new StartException($"The server rejected the demo: {e.Message}", e);
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
            {
                throw new StartException($"The server closed the connection: {e.Message}", e);
            }
            finally
            {
                await keys.RevokeAsync(name, key.Key.Id, CancellationToken.None);
            }

            return 0;
        }));
        return command;
    }

    /// <summary>
    /// ffmpeg arguments: test video with a burnt-in clock, a beep every second, FLV on standard output. No key appears on a command line.
    /// </summary>
    internal static IReadOnlyList<string> Arguments(double? seconds, string? font)
    {
        var clock = font is null
            ? ""
            : $",drawtext=fontfile={font}:text='%{{localtime\\:%H\\\\\\:%M\\\\\\:%S}}':fontsize=120:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=24:x=(w-text_w)/2:y=(h-text_h)/2";
        List<string> arguments =
        [
            "-nostdin", "-hide_banner", "-v", "error",
            "-re", "-f", "lavfi", "-i", $"testsrc2=size=1280x720:rate=30{clock}",
            "-re", "-f", "lavfi", "-i", "sine=frequency=440:beep_factor=2:sample_rate=48000",
            "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-b:v", "2500k", "-maxrate", "2500k",
            "-bufsize", "2500k",
            "-g", "60", "-keyint_min", "60", "-sc_threshold", "0",
            "-c:a", "aac", "-b:a", "128k", "-ac", "2",
        ];
        if (seconds is { } length)
        {
            arguments.AddRange(["-t", length.ToString("0.###", CultureInfo.InvariantCulture)]);
        }

        arguments.AddRange(["-flvflags", "no_duration_filesize", "-f", "flv", "-"]);
        return arguments;
    }

    private static async Task PublishAsync(RtmpTarget target, string channel, ServerUrls server, double? seconds,
        CancellationToken cancellationToken)
    {
        await using var publisher = await RtmpPublisher.ConnectAsync(target, cancellationToken: cancellationToken);
        using var ffmpeg = Start(Arguments(seconds, FindFont()));
        var errors = ffmpeg.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            Console.Out
                .WriteLine(
                    $"Publishing test video to '{channel}'. Watch it "
                    + $"at {server.Http}/watch/{channel}{(seconds is null ? "  (Ctrl-C to stop)" : "")}");
            await foreach (var tag in FlvStreamReader.ReadAsync(ffmpeg.StandardOutput.BaseStream, cancellationToken))
            {
                if (publisher.Completion.IsCompleted)
                {
                    await publisher.Completion;
                    throw new IOException("closed by the server.");
                }

                await publisher.SendAsync(tag, cancellationToken);
            }

            await publisher.CloseAsync(cancellationToken);
            Console.Out.WriteLine("The demo has ended.");
        }
        finally
        {
            if (!ffmpeg.HasExited)
            {
                ffmpeg.Kill();
            }

            await ffmpeg.WaitForExitAsync(CancellationToken.None);
        }

        if (ffmpeg.ExitCode != 0)
        {
            throw new StartException($"ffmpeg failed: {(await errors).Trim()}");
        }
    }

    private static Process Start(IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("ffmpeg") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new StartException("ffmpeg is not installed. Run apt-get install ffmpeg, or ./broadcast up, which does so.", e);
        }
    }

    private static string? FindFont() => new[] { "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf" }.FirstOrDefault(File.Exists);
}
