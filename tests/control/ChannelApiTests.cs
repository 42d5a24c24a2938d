using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Channels over the API: their lifecycle, and the state of their encoders and rungs.</summary>
public sealed class ChannelApiTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Channel_API_creates_changes_reads_and_deletes_a_channel()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, states: new LiveStates());
        var admin = await server.TokenAsync(TokenRole.Admin);

        var (_, created, response) = await server.SendAsync("POST", "/api/v1/channels", admin,
            new { name = "demo", title = "Demo", latency = "low" });
        response.Headers.Location!.ToString().ShouldBe("/api/v1/channels/demo");
        var grant = ((PublishDecision.Granted)await server.AskAsync(created.GetProperty("streamKey").GetString()!)).Grant;
        (await server.SendAsync("POST", "/api/v1/channels", admin, new { name = "demo" })).Status.ShouldBe(409);

        var (_, channel, _) = await server.SendAsync("PATCH", "/api/v1/channels/demo", admin,
            new { title = "New", reconnectWindowSeconds = 5, takeover = "newest", takeoverAfterSeconds = 8, dvrWindow = "90m" });
        channel.GetProperty("title").GetString().ShouldBe("New");
        channel.GetProperty("latency").GetString().ShouldBe("low");
        channel.GetProperty("reconnectWindowSeconds").GetInt32().ShouldBe(5);
        channel.GetProperty("dvrWindow").GetString().ShouldBe("90m");
        channel.GetProperty("live").GetProperty("state").GetString().ShouldBe("live");
        (channel.GetProperty("takeover").GetString(), channel.GetProperty("takeoverAfterSeconds").GetInt32()).ShouldBe(("newest", 8));
        channel.GetProperty("inputs").EnumerateArray().Select(i => (i.GetProperty("role").GetString(), i.GetProperty("onAir").GetBoolean()))
            .ShouldBe([("primary", true), ("backup", false)]);

        var encoding = channel.GetProperty("encoding");
        (encoding.GetProperty("encoder").GetString(), encoding.GetProperty("degradationLevel").GetInt32(),
            encoding.GetProperty("reason").GetString()).ShouldBe(("x264", 4, "too slow"));
        encoding.GetProperty("rungs")[0].GetProperty("name").GetString().ShouldBe("480p");
        encoding.GetProperty("droppedRungs")[0].GetString().ShouldBe("720p");
        (encoding.GetProperty("lagSeconds").GetDouble(), encoding.GetProperty("restarts").GetInt32(),
            encoding.GetProperty("halfRate").GetBoolean()).ShouldBe((1.25, 3, true));

        await server.Get<SessionWriter>().FlushAsync(default);
        var (_, sessions, _) = await server.SendAsync("GET", "/api/v1/channels/demo/sessions?limit=1", admin);
        sessions[0].GetProperty("id").GetString().ShouldBe(grant.Session.Id.Value);
        (await server.SendAsync("GET", $"/api/v1/channels/demo/sessions?before={grant.Session.Id}", admin)).Body.GetArrayLength()
            .ShouldBe(0);
        (await server.SendAsync("GET", "/api/v1/channels/demo/sessions?before=x", admin)).Status.ShouldBe(400);
        (await server.SendAsync("GET", "/api/v1/channels/demo/sessions?limit=0", admin)).Status.ShouldBe(400);

        (await server.SendAsync("POST", "/api/v1/channels/demo/end", admin)).Body.GetProperty("session").GetString()
            .ShouldBe(grant.Session.Id.Value);
        await Broadcast.Testing.Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested);
        (await server.SendAsync("DELETE", "/api/v1/channels/demo", admin)).Status.ShouldBe(204);
        (await server.SendAsync("GET", "/api/v1/channels/demo", admin)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Health_of_a_channels_inputs_is_returned_with_advice()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, health: new OneSource());
        var admin = await server.TokenAsync(TokenRole.Admin);
        await server.SendAsync("POST", "/api/v1/channels", admin, new { name = "demo" });
        await server.SendAsync("POST", "/api/v1/channels", admin, new { name = "quiet" });
        var viewer = await server.TokenAsync(TokenRole.Viewer);

        var source = (await server.SendAsync("GET", "/api/v1/channels/demo/health", viewer)).Body.GetProperty("sources")[0];
        source.GetProperty("bitsPerSecond").GetInt64().ShouldBe(4_000_000);
        source.GetProperty("avSkewSeconds").GetDouble().ShouldBe(-0.25);
        source.GetProperty("timestampJumps").GetProperty("back").GetInt32().ShouldBe(2);
        source.GetProperty("video").GetProperty("keyframeIntervalSeconds").GetDouble().ShouldBe(8.3);
        source.GetProperty("audio").GetProperty("sampleRate").GetInt32().ShouldBe(48_000);
        var finding = source.GetProperty("issues")[0];
        finding.GetProperty("code").GetString().ShouldBe("keyframe_interval_long");
        finding.GetProperty("severity").GetString().ShouldBe("warning");
        finding.GetProperty("advice").GetString()!.ShouldContain("2 s");

        (await server.SendAsync("GET", "/api/v1/channels/quiet/health", viewer)).Body.GetProperty("sources").GetArrayLength().ShouldBe(0);
        (await server.SendAsync("GET", "/api/v1/channels/none/health", viewer)).Status.ShouldBe(404);
        (await server.SendAsync("GET", "/api/v1/channels/demo/health")).Status.ShouldBe(401);
    }

    private sealed class OneSource : ISourceHealth
    {
        public IReadOnlyList<SourceReport> Find(ChannelName channel) => channel.Value != "demo" ? [] :
        [
            new(
                SessionId.New(DateTimeOffset.UnixEpoch), Guid.NewGuid(), "OBS", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch,
                4_000_000, 3_900_000,
                new("avc1.64001f", 1280, 720, 29.97, 30, TimeSpan.FromSeconds(8.3), TimeSpan.FromSeconds(8.3)), new("mp4a.40.2", 48_000, 2),
                TimeSpan.FromMilliseconds(-250), 0, 2, 0, 0,
                [new("keyframe_interval_long", IssueSeverity.Warning, "Set it to 2 s.", DateTimeOffset.UnixEpoch)]),
        ];
    }

    private sealed class LiveStates : IChannelRuntimeStates
    {
        public ChannelRuntimeState? Find(ChannelName channel) => new(ChannelRunState.Live, null, null)
        {
            Encoding = new("x264", [new("480p", 854, 480, 1_200_000)], ["720p"], 2, HalfRate: true, 4, "too slow", 1.25, 3),
            Inputs = [new(InputRole.Primary, ChannelInputState.Good, OnAir: true, default, 4_000_000),
                new(InputRole.Backup, ChannelInputState.Good, OnAir: false, default, null)],
        };
    }
}
