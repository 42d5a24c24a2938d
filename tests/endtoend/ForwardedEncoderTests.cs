using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>Encoders that are connected to another server than the owner of their session, with real servers on one database.</summary>
[LongRunning]
[SingleServer("Starts its own cluster.")]
public sealed class ForwardedEncoderTests(ForwardedEncoderTests.Cluster cluster) : IClassFixture<ForwardedEncoderTests.Cluster>
{
    private const int Forwarding = 8013;
    private const int PublishingEnded = 1002;
    private const int TakenOver = 5182;
    private const int HandedOver = 5184;

    private static readonly TestSource Source = new()
    {
        Width = 320, Height = 180, FrameRate = 15, KeyframeSeconds = 1, VideoBitRate = 200_000, Audio = false,
    };

    private readonly BroadcastServer _owner = cluster.Servers[0];
    private readonly BroadcastServer _other = cluster.Servers[1];

    [Fact]
    public async Task Backup_encoder_at_another_server_than_the_primary_replaces_it()
    {
        var channel = await _owner.AddChannelAsync("pair", new { latency = "low" });
        using var created = await _owner.Api.PostAsJsonAsync("/api/v1/channels/pair/keys", new { role = "backup" });
        var key = (await created.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("streamKey").GetString()!;
        var segments = new AnnouncedSegments("pair");
        await using var primary = FfmpegTool.Publish(_owner.PublishUrl(channel), Source);
        await segments.FollowAsync(_owner, 2, "the primary is on air");
        await using var backup = FfmpegTool.Publish($"{_other.Rtmp}/live/{key}", Source);
        await Poll.UntilAsync(async () => await InputsAsync(_owner) is "primary on air good, backup good", description: "both are good");
        LinesOf(_other, Forwarding, "pair").ShouldHaveSingleItem();
        await segments.FollowAsync(_other, segments.Last + 1, "viewers of the other server");

        primary.Kill();
        await Poll.UntilAsync(async () => (await InputsAsync(_owner)).EndsWith("backup on air good", StringComparison.Ordinal),
            description: "the backup is on air");
        var last = segments.Last + 3;
        await segments.FollowAsync(_owner, last, "its media at the owner");
        await segments.FollowAsync(_other, last, "its media at the server that it is connected to");
        backup.HasExited.ShouldBeFalse(backup.Tail());
    }

    [Fact]
    public async Task Owner_killed_while_the_encoder_is_connected_to_another_server_is_replaced_without_a_trace_in_playlists()
    {
        var channel = await _owner.AddChannelAsync("main", new { latency = "low" });
        var segments = new AnnouncedSegments("main");
        await using (FfmpegTool.Publish(_owner.PublishUrl(channel), Source))
        {
            await segments.FollowAsync(_owner, 2, "the session begins");
        }

        await using var encoder = FfmpegTool.Publish(_other.PublishUrl(channel), Source);
        await Poll.UntilAsync(() => LinesOf(_other, Forwarding, "main").Any(), description: "the encoder is forwarded");
        var last = segments.Last + 3;
        await segments.FollowAsync(_owner, last, "its media at the owner");
        await segments.FollowAsync(_other, last, "and at the other server");

        await _owner.Kill();
        await segments.FollowAsync(_other, segments.Last + 4, "the other server continues the session");
        LinesOf(_other, TakenOver, "main").ShouldHaveSingleItem();

        await _owner.RestartAsync();
        await segments.FollowAsync(_owner, segments.Last + 2, "the former owner mirrors the session");
        await segments.ReadAgainAsync(_owner);
        await segments.ReadAgainAsync(_other);
        encoder.HasExited.ShouldBeFalse(encoder.Tail());
        LinesOf(_other, PublishingEnded, "main").ShouldBeEmpty("the encoder was never disconnected");
        _owner.Logged(TakenOver).ShouldBeEmpty();
        foreach (var list in new[] { "sessions", "recordings" })
        {
            var only = (await _owner.Api.GetFromJsonAsync<JsonElement>($"/api/v1/channels/main/{list}")).EnumerateArray().ToList();
            only.ShouldHaveSingleItem().GetProperty("id").GetString().ShouldBe(segments.Session, list);
        }
    }

    [Fact]
    public async Task Owner_that_is_drained_and_one_that_stops_hand_the_session_over_and_the_encoder_stays_connected()
    {
        var channel = await _owner.AddChannelAsync("moved", new { latency = "low" });
        var segments = new AnnouncedSegments("moved");
        await using var encoder = FfmpegTool.Publish(_owner.PublishUrl(channel), Source);
        await segments.FollowAsync(_owner, 2, "the session begins");
        await segments.FollowAsync(_other, segments.Last + 1, "and is mirrored");

        await DrainAsync("drain", () => LinesOf(_owner, HandedOver, "moved"));
        var last = segments.Last + 3;
        await segments.FollowAsync(_owner, last, "the former owner mirrors the session");
        await segments.FollowAsync(_other, last, "the other server continues it");
        (await JumpsAsync(_other, "moved")).ShouldAllBe(jump => Math.Abs(jump) < 5, "its clock is five minutes ahead");
        using (var ready = await _owner.Client.GetAsync(new Uri(_owner.Internal, "/readyz")))
        {
            ((int)ready.StatusCode).ShouldBe(503);
        }

        // The encoder is connected to the first server, to which the second one gives the session back before it stops.
        await DrainAsync("undrain", () => ["done"]);
        await Poll.UntilAsync(async () =>
        {
            using var ready = await _owner.Client.GetAsync(new Uri(_owner.Internal, "/readyz"));
            return ready.IsSuccessStatusCode;
        });
        await _other.StopAsync();
        await segments.FollowAsync(_owner, segments.Last + 4, "the first server continues the session");
        await segments.ReadAgainAsync(_owner);

        LinesOf(_other, HandedOver, "moved").ShouldHaveSingleItem();
        LinesOf(_owner, TakenOver, "moved").ShouldBeEmpty("nothing was lost");
        encoder.HasExited.ShouldBeFalse(encoder.Tail());
        (await _owner.Api.GetFromJsonAsync<JsonElement>("/api/v1/channels/moved/sessions")).EnumerateArray().ShouldHaveSingleItem()
            .GetProperty("id").GetString().ShouldBe(segments.Session);
        await _other.RestartAsync();

        async Task DrainAsync(string action, Func<IEnumerable<string>> done)
        {
            var number = (await _owner.Api.GetFromJsonAsync<JsonElement>("/api/v1/servers")).EnumerateArray()
                .Single(server => _owner.Internal.Authority == server.GetProperty("address").GetString()).GetProperty("number").GetInt32();
            using var reply = await _owner.Api.PostAsync($"/api/v1/servers/{number}/{action}", null);
            reply.EnsureSuccessStatusCode();
            await Poll.UntilAsync(() => done().Any(), description: action);
        }
    }

    private static IEnumerable<string> LinesOf(BroadcastServer server, int id, string channel) =>
        server.Logged(id).Where(line => line.Contains($"\"{channel}\"", StringComparison.Ordinal));

    private static async Task<string> InputsAsync(BroadcastServer server)
    {
        var channel = await server.Api.GetFromJsonAsync<JsonElement>("/api/v1/channels/pair");
        return string.Join(", ", channel.GetProperty("inputs").EnumerateArray().Select(input =>
        {
            var place = input.GetProperty("onAir").GetBoolean() ? " on air" : "";
            return $"{input.GetProperty("role").GetString()}{place} {input.GetProperty("state").GetString()}";
        }));
    }

    /// <summary>Seconds between the date-times of segments that the segments themselves do not account for.</summary>
    private static async Task<List<double>> JumpsAsync(BroadcastServer server, string channel)
    {
        var view = (await HlsView.ReadAsync(server, channel)).ShouldNotBeNull();
        return [.. view.Segments.Zip(view.Segments.Skip(1))
            .Select(pair => (pair.Second.WallClock - pair.First.WallClock).TotalSeconds - pair.First.Duration)];
    }

    /// <summary>Two servers, whose disks and clocks are their own.</summary>
    public sealed class Cluster : IAsyncLifetime
    {
        private BroadcastCluster? _cluster;

        /// <summary>The servers.</summary>
        public IReadOnlyList<BroadcastServer> Servers => _cluster!.Servers;

        public async ValueTask InitializeAsync() => _cluster = await BroadcastCluster.StartAsync(environment:
            new Dictionary<string, string?> { ["BROADCAST__Slate__Enabled"] = "false", ["BROADCAST__Thumbnails__Enabled"] = "false" },
            last: FakeTime.Ahead(300));

        public ValueTask DisposeAsync() => _cluster?.DisposeAsync() ?? default;
    }
}
