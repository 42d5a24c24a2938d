using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Two servers on one database: each serves the channels that are on air at the other.</summary>
[SingleServer("Starts its own cluster.")]
public sealed partial class MirrorTests
{
    private const int Compared = 12;

    private static readonly TestSource Source = new()
    {
        Width = 320, Height = 180, FrameRate = 15, KeyframeSeconds = 1, VideoBitRate = 200_000, Audio = false,
    };

    [Fact]
    public async Task Viewers_at_another_server_get_the_same_bytes_and_503_only_while_the_owner_is_away()
    {
        await using var database = await BroadcastServer.StartAsync();
        await using var owner = await StartAsync(database);
        await using var other = await StartAsync(database);
        using var api = new HttpClient { BaseAddress = owner.Http };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", database.AdminToken);
        var main = await AddChannelAsync(api, "main", "public");
        var members = await AddChannelAsync(api, "members", "token");
        await using var encoder = FfmpegTool.Publish(owner.PublishUrl(main), Source);
        await using var secondEncoder = FfmpegTool.Publish(owner.PublishUrl(members), Source);
        var before = await HlsView.WaitAsync(owner, "main", view => view.Segments.Count >= 3, "three segments before the mirror");

        var view = await HlsView.WaitAsync(other, "main", view => view.Last > before.Last, "the other server plays the channel");
        view.Session.ShouldBe(before.Session);
        await CompareReloadsAsync(owner, other, view);
        await CompareManifestsAsync(owner, other, "/live/main/manifest.mpd");
        await CompareMediaAsync(owner, other, before, view);
        await CompareStatusAsync(owner, other);
        (await other.MetricAsync("broadcast_cluster_mirrors")).ShouldBe(1);
        (await owner.MetricAsync("broadcast_cluster_mirrors")).ShouldBe(0);
        await CompareAccessAsync(owner, other, api);
        await CompareApiAsync(owner, other, database.AdminToken);

        await LoseOwnerAsync(owner, other, main, view.Session);
    }

    /// <summary>
    /// Requests the next parts at both servers at once. A busy machine may answer one request a part later, so that playlists are compared
    /// by their newest part.
    /// </summary>
    private static async Task CompareReloadsAsync(BroadcastServer owner, BroadcastServer other, HlsView view)
    {
        var path = $"/live/main/{view.Session}/source.m3u8";
        var text = await other.Client.GetStringAsync(path);
        var (atOwner, atOther) = (new Dictionary<string, string>(), new Dictionary<string, string>());
        await Poll.UntilAsync(
            async () =>
            {
                var hint = Hint().Match(text);
                var (segment, part) = (long.Parse(hint.Groups["segment"].Value), int.Parse(hint.Groups["part"].Value));
                var reload = $"{path}?_HLS_msn={segment}&_HLS_part={part}";
                var answers = await Task.WhenAll(owner.Client.GetStringAsync(reload), other.Client.GetStringAsync(reload));
                atOwner[StateOf(answers[0])] = answers[0];
                atOther[StateOf(answers[1])] = answers[1];
                text = answers[1];
                return atOwner.Keys.Count(atOther.ContainsKey) >= Compared;
            },
            TimeSpan.FromSeconds(30),
            "both servers answer blocking reloads");
        foreach (var state in atOwner.Keys.Where(atOther.ContainsKey))
        {
            atOther[state].ShouldBe(atOwner[state]);
        }

        static string StateOf(string playlist) => $"{Hint().Match(playlist).Value} {Regex.Count(playlist, "#EXTINF")}";
    }

    /// <summary>Compares MPDs that state the same time of publication. It changes only with the cadence of segments.</summary>
    private static async Task CompareManifestsAsync(BroadcastServer owner, BroadcastServer other, string path)
    {
        var (atOwner, atOther) = (new Dictionary<string, string>(), new Dictionary<string, string>());
        await Poll.UntilAsync(
            async () =>
            {
                var answers = await Task.WhenAll(owner.Client.GetStringAsync(path), other.Client.GetStringAsync(path));
                atOwner[PublishTime().Match(answers[0]).Value] = answers[0];
                atOther[PublishTime().Match(answers[1]).Value] = answers[1];
                return atOwner.Keys.Any(atOther.ContainsKey);
            },
            TimeSpan.FromSeconds(30),
            "both servers publish the same version of the MPD");
        foreach (var known in atOwner.Keys.Where(atOther.ContainsKey))
        {
            atOther[known].ShouldBe(atOwner[known]);
        }
    }

    /// <summary>Compares init segments, segments from before and after the mirror began, parts and a range of a segment.</summary>
    private static async Task CompareMediaAsync(BroadcastServer owner, BroadcastServer other, HlsView before, HlsView view)
    {
        var playlist = await other.Client.GetStringAsync($"/live/main/{view.Session}/source.m3u8");
        var parts = Part().Matches(playlist).Select(match => match.Groups["uri"].Value).ToList();
        parts.ShouldNotBeEmpty();
        string[] names =
        [
            .. before.Segments.Concat(view.Segments).Select(segment => segment.Address).Distinct(StringComparer.Ordinal), .. parts,
            Map().Match(playlist).Groups["uri"].Value,
        ];
        foreach (var name in names)
        {
            var address = new Uri(new Uri($"http://any/live/main/{view.Session}/"), name).AbsolutePath;
            using var here = await owner.Client.GetAsync(address);
            using var there = await other.Client.GetAsync(address);
            there.StatusCode.ShouldBe(here.StatusCode, name);
            here.StatusCode.ShouldBe(HttpStatusCode.OK, name);
            there.Headers.ETag.ShouldBe(here.Headers.ETag, name);
            var bytes = await here.Content.ReadAsByteArrayAsync();
            bytes.ShouldNotBeEmpty(name);
            (await there.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(bytes).ShouldBeTrue(name);

            using var request = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { Range = new(10, 19) } };
            using var range = await other.Client.SendAsync(request);
            (await range.Content.ReadAsByteArrayAsync()).ShouldBe(bytes[10..20], name);
        }
    }

    private static async Task CompareStatusAsync(BroadcastServer owner, BroadcastServer other)
    {
        var here = await owner.Client.GetFromJsonAsync<JsonElement>("/live/main/status.json");
        var there = await other.Client.GetFromJsonAsync<JsonElement>("/live/main/status.json");
        foreach (var name in new[] { "state", "session" }.Where(name => here.TryGetProperty(name, out _)))
        {
            there.GetProperty(name).GetRawText().ShouldBe(here.GetProperty(name).GetRawText(), name);
        }

        there.GetProperty("state").GetString().ShouldBe("live");
    }

    /// <summary>Asks both servers for the state of a channel, and disconnects its encoder through the one that does not have it.</summary>
    private static async Task CompareApiAsync(BroadcastServer owner, BroadcastServer other, string token)
    {
        using var here = new HttpClient { BaseAddress = owner.Http };
        using var there = new HttpClient { BaseAddress = other.Http };
        here.DefaultRequestHeaders.Authorization = there.DefaultRequestHeaders.Authorization = new("Bearer", token);
        foreach (var path in new[] { "/api/v1/channels/members", "/api/v1/channels/members/health" })
        {
            var list = path.EndsWith("health", StringComparison.Ordinal) ? "sources" : "inputs";
            var (known, answer) = (await here.GetFromJsonAsync<JsonElement>(path), await there.GetFromJsonAsync<JsonElement>(path));
            answer.GetProperty(list).GetArrayLength().ShouldBe(1, path);
            (Since(answer), Since(known)).ShouldSatisfyAllConditions(since => since.Item1.ShouldBe(since.Item2));

            string? Since(JsonElement body) => body.GetProperty(list)[0].GetProperty("since").GetString();
        }

        using var kicked = await there.PostAsync("/api/v1/channels/members/kick", null);
        (await kicked.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("encoders").GetInt32().ShouldBe(1);
        using var plain = new HttpClient { BaseAddress = owner.Internal };
        plain.DefaultRequestHeaders.Authorization = new("Bearer", token);
        using var refused = await plain.GetAsync("/api/v1/channels/members");
        refused.StatusCode.ShouldBe(HttpStatusCode.NotFound, "without the certificate of a server");
    }

    private static async Task CompareAccessAsync(BroadcastServer owner, BroadcastServer other, HttpClient api)
    {
        using var made = await api.PostAsJsonAsync("/api/v1/channels/members/viewer-tokens", new { label = "a viewer" });
        made.EnsureSuccessStatusCode();
        var token = (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString();
        foreach (var server in new[] { owner, other })
        {
            await Poll.UntilAsync(
                async () => (await server.Client.GetAsync($"/t/{token}/live/members/index.m3u8")).StatusCode == HttpStatusCode.OK,
                description: "the channel is on air for viewers with a token");
            (await server.Client.GetAsync("/live/members/index.m3u8")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            (await server.Client.GetAsync("/t/1.forged/live/members/index.m3u8")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        await CompareManifestsAsync(owner, other, $"/t/{token}/live/members/manifest.mpd");
    }

    private static async Task LoseOwnerAsync(BroadcastServer owner, BroadcastServer other, CreatedChannel channel, string session)
    {
        var path = $"/live/main/{session}/source.m3u8";
        var last = (await HlsView.ReadAsync(other, "main"))!;
        var segment = new Uri(new Uri($"http://any/live/main/{session}/"), last.Segments[^1].Address).AbsolutePath;
        var bytes = await other.Client.GetByteArrayAsync(segment);
        await owner.Kill();

        await Poll.UntilAsync(async () => (await other.Client.GetAsync(path)).StatusCode == HttpStatusCode.ServiceUnavailable,
            description: "the owner is lost");
        foreach (var manifest in new[] { "/live/main/index.m3u8", "/live/main/manifest.mpd" })
        {
            (await other.Client.GetAsync(manifest)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, manifest);
        }

        (await other.Client.GetByteArrayAsync(segment)).ShouldBe(bytes, "it is in memory");
        (await other.MetricAsync("broadcast_cluster_mirrors_lost")).ShouldBeGreaterThan(0);

        await owner.RestartAsync();
        var back = await HlsView.WaitAsync(other, "main", view => view.Segments.Count > 0, "the owner is back");
        back.Session.ShouldBe(session);
        back.Sequence.ShouldBeGreaterThanOrEqualTo(last.Sequence);
        await using var encoder = FfmpegTool.Publish(owner.PublishUrl(channel), Source);
        var sequence = back.Sequence;
        await HlsView.WaitAsync(other, "main", view =>
        {
            view.Session.ShouldBe(session);
            view.Sequence.ShouldBeGreaterThanOrEqualTo(sequence, "the media sequence never goes back");
            sequence = view.Sequence;
            return view.Last > Math.Max(last.Last, back.Last) + 2;
        }, "the session continues");
        await CompareManifestsAsync(owner, other, "/live/main/manifest.mpd");
    }

    private static Task<BroadcastServer> StartAsync(BroadcastServer database) => BroadcastServer.StartAsync(
        environment: new Dictionary<string, string?>
        {
            ["BROADCAST__Database__ConnectionString"] =
                $"Host={Path.Combine(database.Data, "postgres")};Username=broadcast;Database=broadcast",
            ["BROADCAST__Cluster__MirrorLost"] = "00:00:02",
            ["BROADCAST__Slate__Enabled"] = "false",
            ["BROADCAST__Thumbnails__Enabled"] = "false",
        });

    private static async Task<CreatedChannel> AddChannelAsync(HttpClient api, string name, string access)
    {
        using var made = await api.PostAsJsonAsync("/api/v1/channels", new { name, ladder = "passthrough", latency = "low", access });
        made.EnsureSuccessStatusCode();
        return new(name, (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("streamKey").GetString()!);
    }

    [GeneratedRegex("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"[^\"]*?(?<segment>\\d+)\\.(?<part>\\d+)\\.[a-z0-9]+\"")]
    private static partial Regex Hint();

    [GeneratedRegex("#EXT-X-PART:[^\n]*URI=\"(?<uri>[^\"]+)\"")]
    private static partial Regex Part();

    [GeneratedRegex("#EXT-X-MAP:[^\n]*URI=\"(?<uri>[^\"]+)\"")]
    private static partial Regex Map();

    [GeneratedRegex("publishTime=\"[^\"]+\"")]
    private static partial Regex PublishTime();
}
