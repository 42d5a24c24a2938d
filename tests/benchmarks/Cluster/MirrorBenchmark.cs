using System.Globalization;
using System.Text.RegularExpressions;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// Age of parts at a mirror minus their age at the owner, and the share of playlists and MPDs that both servers render identically.
/// </summary>
internal static partial class MirrorBenchmark
{
    private const double AgeAim = 15;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>Measures all rounds.</summary>
    public static async Task RunAsync(ClusterPlan plan, FlvFile media, List<Report> reports, Action<string> progress)
    {
        var age = new Report("Parts at a mirror, later than at the owner", "milliseconds", ["p50", "p95", "maximum"]);
        var same = new Report("Manifests of the same state, rendered by owner and mirror", "count, percent",
            ["compared", "identical", "percent"]);
        reports.AddRange([age, same]);
        Dictionary<string, List<List<double>>> ages = [];
        Dictionary<string, (int Compared, int Identical)> counts = [];
        for (var round = 1; round <= plan.Rounds; round++)
        {
            await RoundAsync(plan, media, ages, counts, progress);
            progress($"round {round} of {plan.Rounds}: " + string.Join(", ", ages.Select(row => string.Create(CultureInfo.InvariantCulture,
                $"{row.Key} p95 {Sample.Percentile(row.Value[^1], 0.95):0.0} ms")))
                + $"; {counts.Values.Sum(c => c.Identical)} of {counts.Values.Sum(c => c.Compared)} manifests are identical");
        }

        foreach (var (row, rounds) in ages)
        {
            var p95 = Sample.Median(rounds.Select(values => Sample.Percentile(values, 0.95)));
            age.Add(row, Aim.AtMost(AgeAim, p95).For("p95"), Sample.Median(rounds.Select(values => Sample.Median(values))), p95,
                rounds.Max(values => values.Max()));
        }

        foreach (var (row, (compared, identical)) in counts)
        {
            var share = compared > 0 ? 100.0 * identical / compared : (double?)null;
            same.Add(row, Aim.AtLeast(100, share), compared, identical, share);
        }
    }

    private static async Task RoundAsync(ClusterPlan plan, FlvFile media, Dictionary<string, List<List<double>>> ages,
        Dictionary<string, (int Compared, int Identical)> counts, Action<string> progress)
    {
        await using var cluster = await BroadcastCluster.StartAsync(environment: ClusterBenchmark.Options);
        var (owner, mirror) = (cluster.Servers[0], cluster.Servers[1]);
        var low = await owner.AddChannelAsync("low", new { latency = "low", record = false });
        var standard = await owner.AddChannelAsync("standard", new { latency = "standard", record = false });
        await using var publisher = await PacedPublisher.StartAsync(LatencyBenchmark.TargetOf(owner, low), media);
        await using var second = await PacedPublisher.StartAsync(LatencyBenchmark.TargetOf(owner, standard), media);
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        PartFollower[] followers = [new(client, await ClusterBenchmark.PlaylistAsync(owner, "low")),
            new(client, await ClusterBenchmark.PlaylistAsync(mirror, "low"))];
        var path = (await ClusterBenchmark.PlaylistAsync(mirror, "standard")).AbsolutePath;
        await Task.Delay(Settling, TimeProvider.System);
        using var stop = new CancellationTokenSource(plan.Measured, TimeProvider.System);
        var running = Task.WhenAll(followers.Select(follower => follower.RunAsync(stop.Token)));
        await Task.WhenAll(running, ReloadAsync(owner, mirror, counts, progress, stop.Token),
            CompareAsync("Playlists, standard latency", path, SegmentsOf, owner, mirror, counts, progress, stop.Token),
            CompareAsync("MPDs, low latency", "/live/low/manifest.mpd", PublishTimeOf, owner, mirror, counts, progress, stop.Token),
            CompareAsync("MPDs, standard latency", "/live/standard/manifest.mpd", PublishTimeOf, owner, mirror, counts, progress,
                stop.Token));
        AddAges("Last byte of a part", followers[0].Loaded, followers[1].Loaded, ages);
        AddAges("Playlist with the part", followers[0].Listed, followers[1].Listed, ages);
    }

    private static void AddAges(string row, IReadOnlyList<Available> atOwner, IReadOnlyList<Available> atMirror,
        Dictionary<string, List<List<double>>> ages)
    {
        var known = atOwner.DistinctBy(part => part.Begin).ToDictionary(part => part.Begin);
        var values = atMirror.Where(part => known.ContainsKey(part.Begin))
            .Select(part => TimeProvider.System.GetElapsedTime(known[part.Begin].At, part.At).TotalMilliseconds).ToList();
        if (values.Count == 0)
        {
            throw new InvalidDataException($"{row}: none of {atMirror.Count} parts was read at both servers.");
        }

        ages.TryAdd(row, []);
        ages[row].Add(values);
    }

    /// <summary>Requests the next parts at both servers at once; both answers then have the same newest part, unless one is late.</summary>
    private static async Task ReloadAsync(BroadcastServer owner, BroadcastServer mirror, Dictionary<string, (int, int)> counts,
        Action<string> progress, CancellationToken stopping)
    {
        var path = (await ClusterBenchmark.PlaylistAsync(mirror, "low")).AbsolutePath;
        var text = await mirror.Client.GetStringAsync(path, stopping);
        await CollectAsync("Playlists, low latency", counts, async () =>
        {
            var hint = Hint().Match(text);
            var reload = $"{path}?_HLS_msn={hint.Groups["segment"].Value}&_HLS_part={hint.Groups["part"].Value}";
            var answers = await Task.WhenAll(owner.Client.GetStringAsync(reload, stopping), mirror.Client.GetStringAsync(reload, stopping));
            text = answers[1];
            return answers;
        }, StateOf, progress, stopping);
    }

    private static Task CompareAsync(string row, string path, Func<string, string> stateOf, BroadcastServer owner, BroadcastServer mirror,
        Dictionary<string, (int, int)> counts, Action<string> progress, CancellationToken stopping) => CollectAsync(row, counts, async () =>
        {
            await Task.Delay(PollInterval, TimeProvider.System, stopping);
            return await Task.WhenAll(owner.Client.GetStringAsync(path, stopping), mirror.Client.GetStringAsync(path, stopping));
        }, stateOf, progress, stopping);

    /// <summary>Compares the documents of both servers that have the same state.</summary>
    private static async Task CollectAsync(string row, Dictionary<string, (int Compared, int Identical)> counts, Func<Task<string[]>> read,
        Func<string, string> stateOf, Action<string> progress, CancellationToken stopping)
    {
        var (atOwner, atMirror) = (new Dictionary<string, string>(), new Dictionary<string, string>());
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                var answers = await read();
                atOwner.TryAdd(stateOf(answers[0]), answers[0]);
                atMirror.TryAdd(stateOf(answers[1]), answers[1]);
            }
        }
        catch (OperationCanceledException)
        {
            // The measurement is complete.
        }

        var common = atOwner.Keys.Where(atMirror.ContainsKey).ToList();
        if (common.Find(state => atOwner[state] != atMirror[state]) is { } different)
        {
            var (here, there) = (atOwner[different].Split('\n'), atMirror[different].Split('\n'));
            progress($"{row}, {different}: only the owner has {string.Join(" | ", here.Except(there).Take(3))}; only the mirror has "
                + string.Join(" | ", there.Except(here).Take(3)));
        }

        lock (counts)
        {
            var (compared, identical) = counts.GetValueOrDefault(row);
            counts[row] = (compared + common.Count, identical + common.Count(state => atOwner[state] == atMirror[state]));
        }
    }

    private static string PublishTimeOf(string manifest) => PublishTime().Match(manifest).Value;

    /// <summary>
    /// State of a low-latency playlist: its newest part, and those of the other renditions, which their reports state. The other renditions
    /// can have more parts by the time at which the other server answers.
    /// </summary>
    private static string StateOf(string playlist) => $"{Hint().Match(playlist).Value} {SegmentsOf(playlist)} "
        + string.Join(' ', Report().Matches(playlist).Select(report => report.Value));

    private static string SegmentsOf(string playlist) =>
        $"{Sequence().Match(playlist).Value} {Regex.Count(playlist, "#EXTINF")}";

    [GeneratedRegex("#EXT-X-RENDITION-REPORT:[^\n]*")]
    private static partial Regex Report();

    [GeneratedRegex("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"[^\"]*?(?<segment>\\d+)\\.(?<part>\\d+)\\.[a-z0-9]+\"")]
    private static partial Regex Hint();

    [GeneratedRegex("#EXT-X-MEDIA-SEQUENCE:\\d+")]
    private static partial Regex Sequence();

    [GeneratedRegex("publishTime=\"[^\"]+\"")]
    private static partial Regex PublishTime();
}
