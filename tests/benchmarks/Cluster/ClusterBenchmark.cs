using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// Two servers on one database: mirrors, forwarded encoders and takeovers; <see cref="ClusterPlan"/> selects the parts and their sizes.
/// </summary>
internal static class ClusterBenchmark
{
    /// <summary>Options without work that does not belong to the figures.</summary>
    public static Dictionary<string, string?> Options { get; } = new(StringComparer.Ordinal)
    {
        ["BROADCAST__Slate__Enabled"] = "false",
        ["BROADCAST__Thumbnails__Enabled"] = "false",
        ["BROADCAST__Control__WritesPerSecond"] = "0",
    };

    /// <summary>Runs the selected parts.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="shared">Folder on tmpfs.</param>
    /// <param name="reports">Receives each table when it is complete, so that a later failure does not lose it.</param>
    /// <param name="progress">Receives progress messages.</param>
    public static async Task RunAsync(ClusterPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var source = Path.Combine(shared, "cluster.flv");
        progress("making the source: 720p30 H.264 at 2.5 Mbit/s, keyframes every 2 s, AAC at 128 kbit/s");
        await FfmpegTool.MakeFileAsync(source, new TestSource { Width = 1280, Height = 720, VideoBitRate = 2_500_000, Seconds = 20 });
        var media = FlvFileReader.Read(await File.ReadAllBytesAsync(source));
        foreach (var part in plan.Parts)
        {
            await (part switch
            {
                "mirror" => MirrorBenchmark.RunAsync(plan, media, reports, progress),
                "relay" => RelayLatency.RunAsync(plan, media, reports, progress),
                "cost" => ClusterCost.RunAsync(plan, shared, new SourceFile(source, media), reports, progress),
                _ => OwnerKills.RunAsync(plan, shared, reports, progress),
            });
        }
    }

    /// <summary>Starts a publisher, while the server may not have detected yet that the previous one has left.</summary>
    public static async Task<T> RetryAsync<T>(Func<Task<T>> start)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await start();
            }
            catch (RtmpPublishException) when (attempt < 20)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
            }
        }
    }

    /// <summary>Waits until a server serves a channel, and returns the address of its video playlist there.</summary>
    public static async Task<Uri> PlaylistAsync(BroadcastServer server, string channel)
    {
        Uri? playlist = null;
        await Poll.UntilAsync(
            async () =>
            {
                using var answer = await server.Client.GetAsync(server.Hls(channel));
                var name = answer.IsSuccessStatusCode ? (await answer.Content.ReadAsStringAsync()).Split('\n', '"')
                    .FirstOrDefault(line => line.EndsWith("/source.m3u8", StringComparison.Ordinal)) : null;
                playlist = name is null ? null : new Uri(server.Hls(channel), name);
                return playlist is not null;
            },
            TimeSpan.FromSeconds(40), $"{channel} is on air");
        return playlist!;
    }
}
