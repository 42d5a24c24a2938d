using System.Globalization;
using System.Text.RegularExpressions;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>kill -9</c> of the owner of a session whose encoder is connected to the other server, which takes the session over. A strict player
/// follows both servers. After each kill, the killed server returns, and the encoder moves to it, so that the next kill hits the new owner.
/// </summary>
internal static partial class OwnerKills
{
    private static readonly TimeSpan SteadyTimeout = TimeSpan.FromSeconds(120);
    private static readonly string[] Profiles = ["low", "standard"];

    /// <summary>Measures all rounds.</summary>
    public static async Task RunAsync(ClusterPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var file = Path.Combine(shared, "kills.flv");
        await FfmpegTool.MakeFileAsync(file, new TestSource { FrameRate = 25, Seconds = 60, KeyframeSeconds = 1 });
        var report = new Report($"kill -9 of the owner, encoder at the other server, {plan.Rounds} × {plan.Kills} kills", "seconds, count",
            ["p50", "p95", "maximum"]);
        reports.Add(report);
        foreach (var profile in Profiles)
        {
            List<Kill> kills = [];
            var findings = new Findings(progress);
            for (var round = 1; round <= plan.Rounds; round++)
            {
                kills.AddRange(await RoundAsync(plan, profile, file, findings, progress));
            }

            Add("nothing new in playlists", kill => kill.Freeze);
            Add("stall of a player at the hold-back", kill => Math.Max(0, kill.Freeze - kill.HoldBack));
            Add("media missing between segments", kill => kill.Missing);
            report.Add($"Latency {profile}: announced segments and parts lost or changed, in all", Aim.AtMost(0, findings.Lost.Count), null,
                null, findings.Lost.Count);
            report.Add($"Latency {profile}: playlists that went back, other violated rules, in all",
                Aim.AtMost(0, findings.Back.Count + findings.Wrong.Count), null, null, findings.Back.Count + findings.Wrong.Count);
            var disconnected = kills.Count(kill => kill.IsDisconnected);
            report.Add($"Latency {profile}: encoders disconnected, in all", Aim.AtMost(0, disconnected), null, null, disconnected);

            void Add(string what, Func<Kill, double> figure) => report.Add($"Latency {profile}: {what}",
                Sample.Median(kills.Select(figure)), Sample.Percentile(kills.Select(figure), 0.95), kills.Max(figure));
        }
    }

    private static async Task<List<Kill>> RoundAsync(ClusterPlan plan, string profile, string file, Findings findings,
        Action<string> progress)
    {
        await using var cluster = await BroadcastCluster.StartAsync(environment: ClusterBenchmark.Options);
        var channel = await cluster.Servers[0].AddChannelAsync("show", new { latency = profile, reconnectWindowSeconds = 300 });
        var segments = new AnnouncedSegments($"latency {profile}", findings);
        List<ServerFollower> followers =
            [.. cluster.Servers.Select((server, i) => new ServerFollower($"server {i + 1}", server.Hls("show"), segments, findings))];
        using var stop = new CancellationTokenSource();
        var following = Task.WhenAll(followers.Select(follower => follower.RunAsync(stop.Token)));
        List<Kill> kills = [];
        await using (FfmpegTool.PublishFile(file, cluster.Servers[0].PublishUrl(channel), loop: true))
        {
            await SteadyAsync(segments, followers, 2);
        }

        for (var (i, owner) = (1, 0); i <= plan.Kills; i++, owner = 1 - owner)
        {
            var entry = cluster.Servers[1 - owner];
            await using var encoder = await StartAsync(file, entry.PublishUrl(channel));
            await SteadyAsync(segments, followers, segments.Newest + 3);
            var holdBack = HoldBackOf(await entry.Client.GetStringAsync(await ClusterBenchmark.PlaylistAsync(entry, "show")));
            var before = segments.Newest;
            segments.TakeFreeze();
            await cluster.Servers[owner].Kill();
            await SteadyAsync(segments, [followers[1 - owner]], segments.Newest + 3);
            var freeze = segments.TakeFreeze().TotalSeconds;
            kills.Add(new Kill(freeze, holdBack, segments.MissingAfter(before), encoder.HasExited));
            progress(string.Create(CultureInfo.InvariantCulture,
                $"latency {profile}, kill {i} of {plan.Kills}: nothing new for {freeze:0.0} s, {kills[^1].Missing:0.00} s missing"));
            await cluster.Servers[owner].RestartAsync();
            await SteadyAsync(segments, followers, segments.Newest + 1);
        }

        await stop.CancelAsync();
        await following;
        segments.Conclude();
        followers.ForEach(follower => follower.Dispose());
        return kills;
    }

    /// <summary>Starts an encoder; again, while the server has not detected yet that the previous one has left.</summary>
    private static async Task<ChildProcess> StartAsync(string file, string address)
    {
        for (var attempt = 1; ; attempt++)
        {
            var encoder = FfmpegTool.PublishFile(file, address, loop: true);
            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
            if (!encoder.HasExited || attempt == 20)
            {
                return encoder;
            }

            await encoder.DisposeAsync();
        }
    }

    /// <summary>Waits until servers serve a segment.</summary>
    private static Task SteadyAsync(AnnouncedSegments segments, List<ServerFollower> followers, long segment) => Poll.UntilAsync(
        () => segments.Newest >= segment && followers.TrueForAll(follower => follower.Newest >= segment), SteadyTimeout,
        $"segment {segment} at {followers.Count} servers");

    /// <summary>Distance of players from the live edge, in seconds.</summary>
    private static double HoldBackOf(string playlist) =>
        (PartHoldBack().Match(playlist) is { Success: true } parts ? parts : HoldBack().Match(playlist)) is { Success: true } found
            ? double.Parse(found.Groups["seconds"].ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex("PART-HOLD-BACK=(?<seconds>[0-9.]+)")]
    private static partial Regex PartHoldBack();

    [GeneratedRegex("[:,]HOLD-BACK=(?<seconds>[0-9.]+)")]
    private static partial Regex HoldBack();

    /// <summary>Effects of a kill.</summary>
    /// <param name="Freeze">Seconds without a new part or segment.</param>
    /// <param name="HoldBack">Seconds between the live edge and the position of a player.</param>
    /// <param name="Missing">Seconds missing between segments.</param>
    /// <param name="IsDisconnected">Whether the encoder lost its connection.</param>
    private sealed record Kill(double Freeze, double HoldBack, double Missing, bool IsDisconnected);
}
