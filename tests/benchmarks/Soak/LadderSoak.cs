using System.Text.RegularExpressions;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>soak --ladder MINUTES [--hours N] [--kills N]</c>: compares the rungs of a real encoder on a real server with the source, frame by
/// frame, as a player receives them; then runs hours of video through the transcoder alone, as fast as possible. Exit code 1 if a rung's
/// sync samples differ from those of the source.
/// </summary>
internal static partial class LadderSoak
{
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(20);

    /// <summary>Runs both parts.</summary>
    /// <param name="length">Duration on the server.</param>
    /// <param name="hours">Hours of video through the transcoder.</param>
    /// <param name="kills">Number of workers to kill on the server, evenly spaced.</param>
    /// <param name="say">Receives progress messages.</param>
    public static async Task<int> RunAsync(TimeSpan length, double hours, int kills, Action<string> say)
    {
        var tallies = new List<LadderTally>();
        if (length > TimeSpan.Zero)
        {
            tallies.AddRange(await ServeAsync(length, kills, say));
        }

        if (hours > 0)
        {
            await using var folder = TempFolder.Create();
            tallies.AddRange(await LadderHours.RunAsync(folder.Path, hours, say));
        }

        Console.WriteLine(LadderTally.Render(tallies));

        // A replacement worker begins with a sync sample. Each killed worker has one replacement. After three in a row that ran for less
        // than a minute the quality is lowered, and raising it again takes one more.
        return tallies.Count > 0 && tallies.TrueForAll(t => t.SyncMissing == 0 && t.Frames > 0)
            && tallies.Sum(t => t.SyncExtra) <= tallies.Count(t => t.IsServed) * (kills + (kills / 3)) ? 0 : 1;
    }

    private static async Task<IEnumerable<LadderTally>> ServeAsync(TimeSpan length, int kills, Action<string> say)
    {
        await using var folder = TempFolder.Create();
        var file = folder.Sub("source.flv");
        say("making the source: 480p30 H.264 at 1.5 Mbit/s, keyframes every 2 s, AAC");
        await FfmpegTool.MakeFileAsync(file, new TestSource { Width = 854, Height = 480, VideoBitRate = 1_500_000, Seconds = 120 });
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.CreateChannelAsync("ladder", "--ladder", "auto", "--record", "off");
        using var stop = new CancellationTokenSource();
        var encoder = SoakEncoder.RunAsync(file, server.PublishUrl(channel), stop.Token);
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        var address = server.Hls(channel.Name);
        var names = await Poll.ForAsync(async () => Names(await client.GetStringAsync(address)), Warm * 3,
            "the playlist lists source and rungs");
        say($"{length.TotalMinutes:0.#} min on the server with {string.Join(", ", names)}, {kills} kills of the worker");
        var follower = new LadderFollower(client, [.. names.Select(n => new Uri(address, n))]);
        var began = TimeProvider.System.GetTimestamp();
        var killed = 0;
        while (TimeProvider.System.GetElapsedTime(began) < length)
        {
            await follower.StepAsync();
            if (killed < kills && TimeProvider.System.GetElapsedTime(began) > Warm + ((length - Warm) * killed / Math.Max(1, kills)))
            {
                killed++;
                await KillWorkerAsync(server, say);
            }

            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
        }

        await stop.CancelAsync();
        await encoder;
        return follower.Tallies;
    }

    private static async Task KillWorkerAsync(BroadcastServer server, Action<string> say)
    {
        foreach (var process in ChildrenMeter.Of(server.Process.Id)
            .Where(p => File.ReadAllText($"/proc/{p}/cmdline").Contains("-filter_complex", StringComparison.Ordinal)))
        {
            await ChildProcess.RunAsync("kill", ["-KILL", $"{process}"]);
            say($"killed worker {process}");
        }
    }

    /// <summary>Returns the addresses of the video playlists, the source first; <see langword="null"/> until there are rungs.</summary>
    private static List<string>? Names(string master)
    {
        var found = Frame().Matches(master).Select(m => m.Value).Distinct(StringComparer.Ordinal)
            .OrderByDescending(n => n.EndsWith("/source.m3u8", StringComparison.Ordinal)).ToList();
        return found.Count > 1 ? found : null;
    }

    [GeneratedRegex(@"[0-9A-Z]{26}/(source|[0-9]+p)\.m3u8")]
    private static partial Regex Frame();
}
