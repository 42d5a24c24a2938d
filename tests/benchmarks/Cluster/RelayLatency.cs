using System.Diagnostics;
using System.Globalization;
using Broadcast.Media.Bmff;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// Latency that forwarding adds: from sending a frame to the availability of the part that begins with it at the owner, with the encoder at
/// the owner and at the other server, minus the duration of the part.
/// </summary>
internal static class RelayLatency
{
    /// <summary>Frames whose sizes identify a place in the file.</summary>
    private const int Compared = 3;

    /// <summary>Bytes of a video tag before the coded frame: format, packet type, composition time.</summary>
    private const int TagHeader = 5;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    /// <summary>Measures all rounds.</summary>
    public static async Task RunAsync(ClusterPlan plan, FlvFile media, List<Report> reports, Action<string> progress)
    {
        var report = new Report("From sending a frame to the availability of its part at the owner", "milliseconds",
            ["p50", "p95", "maximum"]);
        reports.Add(report);
        List<List<double>> direct = [], forwarded = [];
        for (var round = 1; round <= plan.Rounds; round++)
        {
            await using var cluster = await BroadcastCluster.StartAsync(environment: ClusterBenchmark.Options);
            direct.Add(await MeasureAsync(plan, media, cluster.Servers[0], cluster.Servers[0], "direct"));
            forwarded.Add(await MeasureAsync(plan, media, cluster.Servers[0], cluster.Servers[1], "forwarded"));
            progress(string.Create(CultureInfo.InvariantCulture, $"round {round} of {plan.Rounds}: direct p50 ")
                + string.Create(CultureInfo.InvariantCulture,
                    $"{Sample.Median(direct[^1]):0.0} ms, forwarded p50 {Sample.Median(forwarded[^1]):0.0} ms"));
        }

        Add("Encoder at the owner", direct);
        Add("Encoder at the other server", forwarded);
        report.Add("Added by forwarding", Difference(direct, forwarded, 0.5), Difference(direct, forwarded, 0.95), null);

        void Add(string row, List<List<double>> rounds) => report.Add(row, At(rounds, 0.5), At(rounds, 0.95), rounds.Max(r => r.Max()));
    }

    private static double At(List<List<double>> rounds, double share) =>
        Sample.Median(rounds.Select(values => Sample.Percentile(values, share)));

    private static double Difference(List<List<double>> direct, List<List<double>> forwarded, double share) =>
        At(forwarded, share) - At(direct, share);

    private static async Task<List<double>> MeasureAsync(ClusterPlan plan, FlvFile media, BroadcastServer owner, BroadcastServer entry,
        string name)
    {
        var channel = await owner.AddChannelAsync(name, new { latency = "low", record = false });
        if (owner != entry)
        {
            await using var first = await PacedPublisher.StartAsync(LatencyBenchmark.TargetOf(owner, channel), media);
            await ClusterBenchmark.PlaylistAsync(owner, name);
        }

        await using var publisher = await ClusterBenchmark.RetryAsync(
            () => PacedPublisher.StartAsync(LatencyBenchmark.TargetOf(entry, channel), media));
        await Task.Delay(Settling, TimeProvider.System);
        if (owner != entry && (await MetricsPage.ReadAsync(entry.Internal)).Sum("broadcast_cluster_mirrors") < 1)
        {
            throw new InvalidDataException("The encoder is not forwarded.");
        }

        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        var follower = new PartFollower(client, await ClusterBenchmark.PlaylistAsync(owner, name));
        using var stop = new CancellationTokenSource(plan.Measured, TimeProvider.System);
        await follower.RunAsync(stop.Token);
        var frames = PlacesOf(media);
        List<double> values = [.. follower.Loaded.Select(part => frames.TryGetValue(part.Key, out var number)
            && publisher.SentLast(number, part.At) is { } sent
                ? Stopwatch.GetElapsedTime(sent, part.At).TotalMilliseconds - (part.Length * 1000) : (double?)null).OfType<double>()];
        return values.Count > 0 ? values
            : throw new InvalidDataException($"None of {follower.Loaded.Count} parts belongs to a sent frame.");
    }

    /// <summary>Numbers of the frames by the sizes of the frame and of those after it, where these are unique.</summary>
    private static Dictionary<string, int> PlacesOf(FlvFile media)
    {
        var sizes = media.Tags.Where(tag => tag.IsVideo && !tag.IsConfiguration).Select(tag => tag.Body.Length - TagHeader).ToList();
        return Enumerable.Range(0, sizes.Count)
            .GroupBy(i => Available.KeyOf(Enumerable.Range(i, Compared).Select(n => sizes[n % sizes.Count])))
            .Where(group => group.Count() == 1).ToDictionary(group => group.Key, group => group.First());
    }
}
