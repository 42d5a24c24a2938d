using System.Net;
using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Blocking reloads of playlists (draft-pantos-hls-rfc8216bis, 6.2.5.2 and B.1).</summary>
public class BlockingReloadTests
{
    private const string Source = "/live/demo/01JN8E0000000000000000000A/source.m3u8";
    private const string Audio = "/live/demo/01JN8E0000000000000000000A/audio.m3u8";

    [Theory]
    [InlineData("", 200, "public, max-age=1, stale-if-error=3")]
    [InlineData("?_HLS_msn=1", 200, "public, max-age=18, stale-if-error=3")]
    [InlineData("?_HLS_msn=2&_HLS_part=0", 200, "public, max-age=18, stale-if-error=3")]
    [InlineData("?_HLS_msn=0", 200, "public, max-age=1, stale-if-error=3")]
    [InlineData("?_HLS_skip=YES&other=1", 200, "public, max-age=1, stale-if-error=3")]
    [InlineData("?_HLS_msn=4", 400, "max-age=1")]
    [InlineData("?_HLS_msn=2&_HLS_part=90", 400, "max-age=1")]
    [InlineData("?_HLS_part=0", 400, "max-age=1")]
    [InlineData("?_HLS_msn=x", 400, "max-age=1")]
    public async Task Immediate_answers_are_sent_at_once_with_their_cache_lifetime(string query, int status, string caching)
    {
        await using var server = (await OriginServer.StartAsync()).Hear(Low().Parts("source", 6).Close("source").Part("source"));
        using var response = await server.SendAsync(Source + query);

        ((int)response.StatusCode).ShouldBe(status);
        response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe(caching);
        response.Headers.NonValidated["Access-Control-Allow-Origin"].ToString().ShouldBe("*");
    }

    [Fact]
    public async Task Request_is_held_until_its_part_exists()
    {
        var broadcaster = Low().Audio().Parts("source", 6).Parts("audio", 6).Close("source").Close("audio").Part("source").Part("audio");
        await using var server = (await OriginServer.StartAsync()).Hear(broadcaster);
        var segment = server.SendAsync(Source + "?_HLS_msn=2");
        var part = server.SendAsync(Source + "?_HLS_part=2&_HLS_msn=2&_HLS_skip=YES");
        var next = server.SendAsync(Source + "?_HLS_msn=2&_HLS_part=1");
        var other = server.SendAsync(Audio + "?_HLS_msn=2&_HLS_part=1");

        server.Hear(broadcaster.Part("source"));
        using (var answer = await next)
        {
            (await answer.Content.ReadAsStringAsync()).ShouldContain("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"source/2.2.m4s\"");
            answer.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("public, max-age=18, stale-if-error=3");
        }

        (segment.IsCompleted, part.IsCompleted, other.IsCompleted).ShouldBe((false, false, false));
        // Part 1 was the last: part 2 of segment 2 is part 0 of segment 3.
        server.Hear(broadcaster.Close("source"));
        (await (await segment).Content.ReadAsStringAsync()).ShouldContain(
            "source/2.m4s\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"source/3.0.m4s\"\n");
        part.IsCompleted.ShouldBeFalse();
        server.Hear(broadcaster.Part("source").Part("audio"));
        (await (await part).Content.ReadAsStringAsync()).ShouldContain("URI=\"source/3.0.m4s\",INDEPENDENT=YES");
        (await other).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Held_requests_continue_when_the_session_moves_to_another_server_and_back()
    {
        var broadcaster = Low().Parts("source", 6).Close("source").Part("source");
        await using var server = (await OriginServer.StartAsync()).Hear(broadcaster);
        var playlist = server.SendAsync(Source + "?_HLS_msn=2&_HLS_part=1");
        var media = server.SendAsync("/live/demo/01JN8E0000000000000000000A/source/2.1.m4s");
        await server.HeldAsync(2);

        var own = server.Directory.FindChannel(ChannelName.Parse("demo"))!.Find(FakePackager.First).ShouldNotBeNull();
        server.Directory.Demote(ChannelName.Parse("demo"), FakePackager.First);
        var mirror = own.Newest;
        (own.IsReplaced, mirror.IsMirror, mirror.IsReplaced).ShouldBe((true, true, false));
        server.Directory.Append(ChannelName.Parse("demo"), FakePackager.First, [.. broadcaster.Events]);
        own.Newest.ShouldBeSameAs(mirror.Newest);
        (mirror.IsReplaced, own.Newest.IsMirror).ShouldBe((true, false));
        (playlist.IsCompleted, media.IsCompleted).ShouldBe((false, false));

        server.Hear(broadcaster.Part("source"));

        using var answer = await playlist;
        (await answer.Content.ReadAsStringAsync()).ShouldContain("source/2.2.m4s");
        (await media).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Session_end_answers_all_held_requests()
    {
        var broadcaster = Low().Parts("source", 6).Close("source").Part("source");
        await using var server = (await OriginServer.StartAsync()).Hear(broadcaster);
        var held = server.SendAsync(Source + "?_HLS_msn=3&_HLS_part=0");

        await server.HeldAsync(1);
        server.Hear(broadcaster.End());

        using var answer = await held;
        (await answer.Content.ReadAsStringAsync()).ShouldEndWith("#EXT-X-ENDLIST\n");
        using var later = await server.SendAsync(Source + "?_HLS_msn=99&_HLS_part=99&_HLS_skip=YES");
        later.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Input_loss_answers_held_requests_with_503_and_plain_requests_with_the_playlist()
    {
        var broadcaster = Low().Parts("source", 6).Close("source").Part("source");
        await using var server = (await OriginServer.StartAsync()).Hear(broadcaster);
        var held = server.SendAsync(Source + "?_HLS_msn=2&_HLS_part=1");
        await server.HeldAsync(1);

        server.Time.Advance(TimeSpan.FromSeconds(6.1));
        await Poll.UntilAsync(() => IsAnswered(server, held));
        using (var answer = await held)
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            answer.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
            answer.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("max-age=1");
        }

        using (var again = await server.SendAsync(Source + "?_HLS_msn=2&_HLS_part=1"))
        {
            again.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        }

        using (var plain = await server.SendAsync(Source))
        {
            (await plain.Content.ReadAsStringAsync()).ShouldContain("CAN-BLOCK-RELOAD=YES");
        }

        server.Hear(broadcaster.Part("source"));
        using var back = await server.SendAsync(Source + "?_HLS_msn=2&_HLS_part=1");
        back.StatusCode.ShouldBe(HttpStatusCode.OK);
        await server.HeldAsync(0);
    }

    [Fact]
    public async Task Request_held_for_a_stalled_rendition_gets_503_after_three_target_durations()
    {
        var broadcaster = Low().Audio().Parts("source", 6).Parts("audio", 6).Close("source").Close("audio");
        await using var server = (await OriginServer.StartAsync()).Hear(broadcaster);
        var held = server.SendAsync(Audio + "?_HLS_msn=2&_HLS_part=0");
        await server.HeldAsync(1);

        for (var i = 0; i < 3; i++)
        {
            server.Time.Advance(TimeSpan.FromSeconds(2.9));
            server.Hear(broadcaster.Part("source"));
        }

        IsAnswered(server, held).ShouldBeFalse();
        server.Time.Advance(TimeSpan.FromSeconds(0.4));
        await Poll.UntilAsync(() => IsAnswered(server, held));
        (await held).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task Server_stop_releases_all_held_requests()
    {
        await using var server = (await OriginServer.StartAsync()).Hear(Low().Parts("source", 6).Close("source"));
        var held = server.SendAsync(Source + "?_HLS_msn=2");
        await server.HeldAsync(1);
        server.Held.Release();

        (await held).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await server.SendAsync(Source + "?_HLS_msn=2")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task Disconnected_viewers_request_is_no_longer_held()
    {
        await using var server = (await OriginServer.StartAsync()).Hear(Low().Parts("source", 6).Close("source"));
        using var gone = new CancellationTokenSource();
        var held = server.Client.GetAsync(Source + "?_HLS_msn=2", gone.Token);
        await server.HeldAsync(1);

        await gone.CancelAsync();
        await held.ShouldThrowAsync<OperationCanceledException>();
        await server.HeldAsync(0);
    }

    [Fact]
    public async Task Request_beyond_the_limit_of_held_requests_gets_503_with_Retry_After()
    {
        var broadcaster = Low().Parts("source", 6).Close("source");
        await using var server = (await OriginServer.StartAsync(("Origin:MaxHeldRequests", "1"))).Hear(broadcaster);
        var held = server.SendAsync(Source + "?_HLS_msn=2");
        await server.HeldAsync(1);

        using (var second = await server.SendAsync(Source + "?_HLS_msn=2"))
        {
            second.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            second.Headers.RetryAfter.ShouldNotBeNull();
        }

        server.Hear(broadcaster.Part("source").Close("source"));
        (await held).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Directives_are_ignored_where_parts_are_not_offered()
    {
        await using var server = (await OriginServer.StartAsync()).Hear(new FakePackager().Video().Segments(3));
        var plain = await server.Client.GetStringAsync(Source);

        foreach (var query in new[] { "?_HLS_msn=99", "?_HLS_part=1", "?_HLS_msn=x", "?_HLS_skip=YES" })
        {
            (await server.Client.GetStringAsync(Source + query)).ShouldBe(plain);
        }
    }

    [Fact]
    public async Task Ten_thousand_held_requests_share_one_rendering_and_little_memory()
    {
        const int crowd = 10_000;
        var broadcaster = Low().Parts("source", 6).Close("source");
        var session = broadcaster.Listen();
        var now = new ManualTimeProvider(FakePackager.Start.AddSeconds(10)).GetTimestamp();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var going = new CancellationTokenSource();
        var waiting = new Task<Document?>[crowd];
        for (var i = 0; i < crowd; i++)
        {
            waiting[i] = WaitAsync();
        }

        ((GC.GetTotalMemory(forceFullCollection: true) - before) / crowd).ShouldBeLessThan(2048);
        waiting.ShouldAllBe(task => !task.IsCompleted);
        broadcaster.Part("source").NotifyTo(session);

        var answers = await Task.WhenAll(waiting);
        answers.Distinct().ShouldHaveSingleItem().Text().ShouldContain("URI=\"source/2.0.m4s\"");

        async Task<Document?> WaitAsync()
        {
            while (session.Evaluate("source", new DeliveryDirectives(2, 0, false), now, out var more) == ReloadDecision.Hold)
            {
                await more.WaitAsync(going.Token);
            }

            return session.Manifests.MediaPlaylist("source");
        }
    }

    /// <summary>Checks the held requests, as the server's timer does, and returns whether a request has been answered.</summary>
    private static bool IsAnswered(OriginServer server, Task held)
    {
        server.Held.CheckSessions();
        return held.IsCompleted;
    }

    private static FakePackager Low() => new FakePackager(latency: LatencyProfile.Low).Video();
}
