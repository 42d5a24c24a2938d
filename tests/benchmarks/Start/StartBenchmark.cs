using System.Diagnostics;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// Latencies of startup: start of the server, accepted publication, first playable playlist, and delay from the arrival of media to their
/// availability.
/// </summary>
internal static class StartBenchmark
{
    /// <summary>Bit rate of the file created by <see cref="SourceFile"/>.</summary>
    private const double KeyframeMilliseconds = 2000;

    public static async Task<IReadOnlyList<Report>> RunAsync(int rounds, string shared, SourceFile source, Action<string> progress)
    {
        var media = source.Media;
        var times = new Report("Startup and reaction times", "milliseconds", ["median", "maximum"]);
        var data = Path.Combine(shared, "broadcast");

        progress("start with an existing data folder");
        List<double> starts = [];
        for (var round = 0; round <= rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            Directory.CreateDirectory(data);
            await using var process = ChildProcess.Start("dotnet",
                [Repository.ServerProgram(), "serve", "--data", data, "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0", "--rtmps",
                    "127.0.0.1:0", "--internal", "127.0.0.1:0", "--json"]);
            await process.WaitForJsonAsync(TimeSpan.FromSeconds(60));
            if (round > 0)
            {
                starts.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
            else
            {
                times.Add("first start, with an empty data folder", Stopwatch.GetElapsedTime(began).TotalMilliseconds, null);
            }

            await process.TerminateAsync(TimeSpan.FromSeconds(15));
        }

        times.Add("serve to listening", Sample.Median(starts), starts.Max());

        await using var server = await BroadcastUnderTest.StartAsync(data);
        await using var nginx = await NginxRtmp.StartAsync(shared);
        var targets = await server.TargetsAsync(rounds + 1);
        progress("connect to publish accepted");
        var (ours, theirs) = (await AcceptAsync(targets[0], 60),
            await AcceptAsync(new RtmpTarget("127.0.0.1", nginx.RtmpPort, "live", "accept"), 60));
        times.Add("connect to publish accepted", Sample.Median(ours), ours.Max());
        times.Add("connect to publish accepted, nginx-rtmp", Sample.Median(theirs), theirs.Max());

        List<double> first = [], delay = [], firstTheirs = [];
        for (var round = 0; round < rounds; round++)
        {
            progress($"first playable playlist, round {round + 1} of {rounds}");
            var (a, b) = await FirstAsync(targets[round + 1], media, new Uri(server.Http, $"/live/bench-{round + 2}/"), isOurs: true);
            first.Add(a);
            delay.AddRange(b);
            firstTheirs.Add((await FirstAsync(new RtmpTarget("127.0.0.1", nginx.RtmpPort, "live", $"first{round}"), media,
                new Uri($"http://127.0.0.1:{nginx.HttpPort}/hls/first{round}.m3u8"), isOurs: false)).First);
        }

        times.Add("first media byte to first playable playlist (keyframes every 2 s)", Sample.Median(first), first.Max());
        times.Add("the same, nginx-rtmp", Sample.Median(firstTheirs), firstTheirs.Max());
        times.Add("segment's end sent to segment playable, including connecting", Sample.Median(delay), delay.Max());
        return [times];
    }

    /// <summary>
    /// Publishes and closes in sequence and returns the milliseconds from connecting to the accepted publication, without the first five.
    /// </summary>
    internal static async Task<List<double>> AcceptAsync(RtmpTarget target, int count)
    {
        List<double> times = [];
        for (var i = 0; i < count; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await using var publisher = await RtmpPublisher.ConnectAsync(target);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            await publisher.CloseAsync();
            await Task.Delay(20);
        }

        return times[5..];
    }

    /// <summary>Publishes in real time and waits for the first playlist, then for each new segment.</summary>
    private static async Task<(double First, List<double> Delays)> FirstAsync(RtmpTarget target, FlvFile media, Uri address, bool isOurs)
    {
        using var http = new HttpClient();
        using var stop = new CancellationTokenSource();
        var began = Stopwatch.GetTimestamp();
        var load = new LoadPublisher(new LoadPlan([target], media, TimeSpan.FromSeconds(20)), TimeProvider.System).RunAsync(stop.Token);
        double? first = null;
        List<double> delays = [];
        string? playlist = isOurs ? null : address.ToString();
        var (lastSeen, giveUp) = ("", Stopwatch.GetTimestamp() + (20 * Stopwatch.Frequency));
        while (Stopwatch.GetTimestamp() < giveUp && (first is null || (isOurs && delays.Count < 4)))
        {
            await Task.Delay(2);
            if (playlist is null)
            {
                var master = await http.GetAsync(new Uri(address, "index.m3u8"));
                if (!master.IsSuccessStatusCode)
                {
                    continue;
                }

                var line = (await master.Content.ReadAsStringAsync()).Split('\n')
                    .First(l => l.EndsWith("source.m3u8", StringComparison.Ordinal));
                playlist = new Uri(address, line).ToString();
            }

            var answer = await http.GetAsync(playlist);
            if (!answer.IsSuccessStatusCode)
            {
                continue;
            }

            var lines = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            var newest = lines.LastOrDefault(l => !l.StartsWith('#'));
            if (newest is null || newest == lastSeen)
            {
                continue;
            }

            (await http.GetAsync(new Uri(new Uri(playlist), newest))).EnsureSuccessStatusCode();
            first ??= Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            if (isOurs && lastSeen.Length > 0)
            {
                // Segment n ends when its following keyframe is sent, n keyframe intervals after the first one.
                var number = long.Parse(lines.First(l => l.StartsWith("#EXT-X-MEDIA-SEQUENCE:", StringComparison.Ordinal))[22..],
                    System.Globalization.CultureInfo.InvariantCulture)
                    + lines.Count(l => !l.StartsWith('#')) - 1;
                delays.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds - (number * KeyframeMilliseconds));
            }

            lastSeen = newest;
        }

        await stop.CancelAsync();
        await load;
        return (first ?? throw new InvalidOperationException($"Nothing was playable at {address}."), delays);
    }
}
