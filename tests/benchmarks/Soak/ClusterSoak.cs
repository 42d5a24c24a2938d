using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>soak --cluster MINUTES</c>: servers that share a database and a bucket are killed, suspended, drained, cut off and restarted, and the
/// database fails over, while a channel of each latency profile is on air. Its encoder has a list of the servers' addresses, and a strict
/// player follows it at each server.
/// </summary>
internal static class ClusterSoak
{
    private static readonly TimeSpan SteadyTimeout = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan EndTimeout = TimeSpan.FromMinutes(3);
    private static readonly string[] Profiles = ["low", "standard"];

    /// <summary>Runs the soak test.</summary>
    /// <returns>0 if nothing was lost, went back, or was announced differently by two servers.</returns>
    public static async Task<int> RunAsync(ClusterSoakPlan plan, Action<string> say)
    {
        await using var folder = TempFolder.Create();
        var file = folder.Sub("source.flv");
        say("making the source: 360p25 H.264 at 800 kbit/s, keyframes every 2 s, AAC at 128 kbit/s");
        await FfmpegTool.MakeFileAsync(file, new TestSource { FrameRate = 25, Seconds = 60 });
        await using var network = plan.Network ? await ClusterNetwork.CreateAsync(plan.Servers) : null;
        var address = network?.Address ?? "127.0.0.1";
        await using var ceph = await CephServer.StartAsync(address);
        await using var cluster = await BroadcastCluster.StartAsync(
            await PostgresServer.StartAsync(address, network?.Range ?? "127.0.0.1/32", hasStandby: plan.Failovers > 0),
            network, plan.Servers, OptionsOf(plan, address, ceph, await ceph.CreateBucketAsync()));
        await using var edges = plan.Edges ? await ClusterEdges.StartAsync(cluster.Servers, address) : null;
        var findings = new Findings(say);
        var channels = new List<SoakedChannel>();
        foreach (var profile in Profiles)
        {
            channels.Add(
                await SoakedChannel.StartAsync(cluster, profile, file, firstServer: channels.Count % plan.Servers, findings, edges));
        }

        await using var viewers = plan.Browser ? await ClusterViewers.StartAsync(edges!.Http, Profiles[0], findings, say) : null;
        var results = await DisruptAsync(plan, cluster, channels, viewers, findings, say);
        await (viewers?.StopAsync() ?? Task.CompletedTask);
        foreach (var channel in channels)
        {
            await channel.StopAsync();
        }

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture,
            $"### {plan.Length.TotalMinutes:0.#} minutes, {plan.Servers} servers (seed {plan.Seed})\n\n");
        text.Append("| | Count | Longest freeze, median, s | Longest, s |");
        text.Append(plan.Edges ? " At Varnish, median, s | Longest, s |\n|---|---:|---:|---:|---:|---:|\n" : "\n|---|---:|---:|---:|\n");
        foreach (var kind in results.GroupBy(result => (result.Profile, result.Name)).OrderBy(group => group.Key))
        {
            var freezes = kind.Select(result => result.Freeze.TotalSeconds).ToList();
            text.Append(CultureInfo.InvariantCulture, $"| latency {kind.Key.Profile}, {kind.Key.Name} | {freezes.Count} | ");
            text.Append(CultureInfo.InvariantCulture, $"{Sample.Median(freezes):0.0} | {freezes.Max():0.0} |");
            var behind = kind.Select(result => result.AtEdge.TotalSeconds).ToList();
            text.Append(plan.Edges
                ? string.Create(CultureInfo.InvariantCulture, $" {Sample.Median(behind):0.0} | {behind.Max():0.0} |\n") : "\n");
        }

        viewers?.AppendTo(text);
        text.Append("\n| what | figure |\n|---|---:|\n");
        foreach (var channel in channels)
        {
            await ConcludeAsync(cluster, channel, findings, text, say);
        }

        text.Append(CultureInfo.InvariantCulture, $"| **announced media lost, or with two contents** | {findings.Lost.Count} |\n");
        text.Append(CultureInfo.InvariantCulture, $"| **playlists that went back** | {findings.Back.Count} |\n");
        text.Append(CultureInfo.InvariantCulture, $"| other violated rules | {findings.Wrong.Count} |\n");
        foreach (var finding in findings.Lost.Concat(findings.Back).Concat(findings.Wrong))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n- {finding}");
        }

        for (var i = 0; i < cluster.Servers.Count; i++)
        {
            plan.Save(cluster.Servers[i], i + 1);
        }

        if (edges is not null)
        {
            plan.Save("haproxy", edges.Balancer);
            plan.Save("varnish", edges.Cache);
        }

        Console.WriteLine(text);
        return findings.IsClean && channels.TrueForAll(channel => channel.Segments.Count > 0) ? 0 : 1;
    }

    private static Dictionary<string, string?> OptionsOf(ClusterSoakPlan plan, string address, CephServer ceph, string bucket)
    {
        var options = StorageBenchmark.Environment(ceph, bucket);
        foreach (var (name, value) in plan.Edges ? ClusterEdges.Environment(address) : [])
        {
            options[name] = value;
        }

        return options;
    }

    private static async Task<List<(string Profile, string Name, TimeSpan Freeze, TimeSpan AtEdge)>> DisruptAsync(ClusterSoakPlan plan,
        BroadcastCluster cluster, List<SoakedChannel> channels, ClusterViewers? viewers, Findings findings, Action<string> say)
    {
        var random = new Random(plan.Seed);
        var disruptions = Disruption.Of(plan, random);
        var (time, start, count) = (TimeProvider.System, TimeProvider.System.GetTimestamp(), disruptions.Count);
        var results = new List<(string, string, TimeSpan, TimeSpan)>();
        for (var i = 1; time.GetElapsedTime(start) < plan.Length; i++)
        {
            await SteadyAsync(channels, findings);
            var due = plan.Length * ((i - 0.75 + (random.NextDouble() / 2)) / Math.Max(1, count));
            if (!disruptions.TryDequeue(out var next))
            {
                (due, next) = (plan.Length, null);
            }

            if (due - time.GetElapsedTime(start) is var wait && wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time);
            }

            channels.ForEach(channel => channel.TakeFreezes());
            viewers?.TakeLongest(null);
            if (next is null)
            {
                continue;
            }

            var target = random.Next(plan.Servers);
            var held = string.Join(", ", channels.Where(channel => channel.Encoder.Current == target).Select(channel => channel.Name));
            say($"{i} of {count}: {next.Name}, server {target + 1}"
                + (plan.Edges ? "" : $", which holds the encoders: {(held.Length > 0 ? held : "none")}"));
            try
            {
                await next.Happen(new(cluster, target, random, () => plan.Save(cluster.Servers[target], target + 1)));
            }
            catch (InvalidOperationException error)
            {
                findings.AddWrong($"{next.Name} of server {target + 1}: {error.Message}");
            }

            await SteadyAsync(channels, findings, more: 2);
            foreach (var channel in channels)
            {
                var (freeze, atEdge) = channel.TakeFreezes();
                results.Add((channel.Name, next.Name, freeze, atEdge));
                say($"{channel.Name}: frozen for {freeze.TotalSeconds:0.0} s"
                    + (plan.Edges ? $", at Varnish for {atEdge.TotalSeconds:0.0} s" : ""));
            }

            viewers?.TakeLongest(next.Name);
        }

        return results;
    }

    /// <summary>Waits until every server serves the newest segments of all channels, and some more than now.</summary>
    private static async Task SteadyAsync(List<SoakedChannel> channels, Findings findings, int more = 0)
    {
        var (start, needed) = (TimeProvider.System.GetTimestamp(), channels.ConvertAll(channel => channel.Segments.Newest + more));
        while (!channels.Zip(needed).All(pair => pair.First.IsSteady && pair.First.Followers.All(f => f.Newest >= pair.Second)))
        {
            if (TimeProvider.System.GetElapsedTime(start) > SteadyTimeout)
            {
                findings.AddWrong(
                    $"after {SteadyTimeout.TotalSeconds:0} s: {string.Join("; ", channels.Select(channel => channel.State))}");
                return;
            }

            await Task.Delay(100, CancellationToken.None);
        }
    }

    /// <summary>Ends the session, and compares its recording with what was announced.</summary>
    private static async Task ConcludeAsync(BroadcastCluster cluster, SoakedChannel channel, Findings findings, StringBuilder text,
        Action<string> say)
    {
        var (gaps, missing) = channel.Segments.Conclude();
        var api = cluster.Servers[0].Api;
        say($"ending the session of {channel.Name} and checking its recording");
        using var ended = await api.PostAsync($"/api/v1/channels/{channel.Name}/end", null);
        ended.EnsureSuccessStatusCode();
        foreach (var list in new[] { "sessions", "recordings" })
        {
            var ids = (await api.GetFromJsonAsync<JsonElement>($"/api/v1/channels/{channel.Name}/{list}")).EnumerateArray()
                .Select(item => item.GetProperty("id").GetString()).ToList();
            if (ids.Count != 1 || ids[0] != channel.Segments.Session)
            {
                findings.AddWrong($"{channel.Name} has the {list} {string.Join(", ", ids)} instead of {channel.Segments.Session}");
            }
        }

        var (seconds, holes) = (0.0, 0);
        foreach (var server in cluster.Servers)
        {
            (seconds, holes) = await RecordingAsync(server, channel, findings);
        }

        Row("segments announced", channel.Segments.Count);
        Row("parts read, at all servers", channel.Segments.Parts);
        Row("playlists read, at all servers", channel.Followers.Sum(follower => follower.Playlists));
        Row("playlists answered with 503", channel.Followers.Sum(follower => follower.Refused));
        Row("connections of the encoder", channel.Encoder.Connections);
        Row("segments announced as gaps", gaps);
        Row("seconds missing between segments", missing);
        Row("seconds in the recording", seconds);
        Row("gaps in the recording", holes);

        void Row(string what, double figure) =>
            text.Append(CultureInfo.InvariantCulture, $"| latency {channel.Name}: {what} | {figure:0.#} |\n");
    }

    /// <summary>Reads the recording at a server: it must contain what was announced, with the same bytes.</summary>
    private static async Task<(double Seconds, int Gaps)> RecordingAsync(BroadcastServer server, SoakedChannel channel,
        Findings findings)
    {
        var address = new Uri(server.Http, $"/vod/{channel.Segments.Session}/source.m3u8");
        HlsPlaylist? playlist = null;
        try
        {
            await Poll.UntilAsync(
                async () =>
                {
                    using var answer = await server.Client.GetAsync(address);
                    playlist = answer.IsSuccessStatusCode ? HlsPlaylist.Parse(address, await answer.Content.ReadAsStringAsync()) : null;
                    return playlist is { IsEnded: true };
                },
                EndTimeout / 4,
                "the recording is complete");
        }
        catch (TimeoutException error)
        {
            findings.AddWrong($"{channel.Name}: {error.Message}");
            return (0, 0);
        }

        var recorded = playlist!.Segments.Where(segment => !segment.IsGap).ToDictionary(segment => segment.Number);
        foreach (var (number, hash) in channel.Segments.Hashes)
        {
            if (!recorded.TryGetValue(number, out var segment))
            {
                findings.AddLost($"{channel.Name}: segment {number} is not in the recording at {server.Http.Authority}");
                continue;
            }

            using var answer = await server.Client.GetAsync(segment.Address);
            if (!answer.IsSuccessStatusCode)
            {
                findings.AddLost(
                    $"{channel.Name}: {server.Http.Authority} answers segment {number} of the recording with {(int)answer.StatusCode}");
            }
            else if (!SHA256.HashData(await answer.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(hash))
            {
                findings.AddLost($"{channel.Name}: segment {number} has other bytes in the recording at {server.Http.Authority}");
            }
        }

        return (recorded.Values.Sum(segment => segment.Duration), playlist.Segments.Count(segment => segment.IsGap));
    }
}

/// <summary>A channel of <see cref="ClusterSoak"/>: its encoder, and a strict player at each server and at Varnish.</summary>
/// <param name="Name">Name of the channel, and its latency profile.</param>
/// <param name="Encoder">The encoder.</param>
/// <param name="Segments">What the servers announced.</param>
/// <param name="Followers">The players: one for each server, and one for Varnish if it runs.</param>
internal sealed record SoakedChannel(string Name, RoamingEncoder Encoder, AnnouncedSegments Segments,
    IReadOnlyList<ServerFollower> Followers)
{
    private const string Edge = "Varnish";
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _stop = new();
    private Task _following = Task.CompletedTask;

    /// <summary>Indicates whether all servers serve the newest segments, and these are new.</summary>
    public bool IsSteady => Segments.Newest >= 2 && Segments.Standing < Recent
        && Followers.All(follower => follower.Silence < Recent && follower.Newest >= Segments.Newest - 1);

    /// <summary>State of the servers, for messages.</summary>
    public string State => string.Create(CultureInfo.InvariantCulture,
        $"{Name}: newest segment {Segments.Newest}, nothing new for {Math.Min(Segments.Standing.TotalSeconds, 999):0} s, at the servers ")
        + string.Join(", ", Followers.Select(follower => string.Create(CultureInfo.InvariantCulture,
            $"{follower.Newest} ({Math.Min(follower.Silence.TotalSeconds, 999):0} s ago)")));

    /// <summary>Creates the channel and starts to publish and to follow.</summary>
    public static async Task<SoakedChannel> StartAsync(BroadcastCluster cluster, string profile, string file, int firstServer,
        Findings findings, ClusterEdges? edges)
    {
        var created = await cluster.Servers[0].AddChannelAsync(profile, new { latency = profile, reconnectWindowSeconds = 300 });
        List<string> addresses = edges is null ? [.. cluster.Servers.Select(server => server.PublishUrl(created))]
            : [$"{edges.Rtmp}/live/{created.StreamKey}"];
        var segments = new AnnouncedSegments(profile, findings);
        var channel = new SoakedChannel(profile, new RoamingEncoder(file, addresses, firstServer), segments,
            [
                .. cluster.Servers.Select((server, i) => new ServerFollower($"server {i + 1}", server.Hls(profile), segments, findings)),
                .. edges is null ? Array.Empty<ServerFollower>() : [new ServerFollower(Edge, edges.Hls(profile), segments, findings)],
            ]);
        channel._following = Task.WhenAll(channel.Followers.Select(follower => follower.RunAsync(channel._stop.Token)));
        return channel;
    }

    /// <summary>Returns the longest times without anything new since the last call: at all servers, and at Varnish.</summary>
    public (TimeSpan Anywhere, TimeSpan AtEdge) TakeFreezes() => (Segments.TakeFreeze(), Followers[^1].TakeFreeze());

    /// <summary>Stops publishing and following, and reads again what is listed.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _following;
        foreach (var follower in Followers)
        {
            await follower.ReadAgainAsync();
            follower.Dispose();
        }

        await Encoder.StopAsync();
        _stop.Dispose();
    }
}
