using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>The viewers' timeline continues across restarts and interruptions.</summary>
[LongRunning]
public sealed class ContinuityTests
{
    /// <summary>Without the slate that follows a restart while the encoder is absent.</summary>
    private static readonly Dictionary<string, string?> NoSlate = new() { ["BROADCAST__Slate__Enabled"] = "false" };

    [Fact]
    public async Task Reconnecting_encoder_continues_the_same_playlists_after_a_discontinuity()
    {
        // Without a slate, which would be first on a busy machine.
        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?> { ["BROADCAST__Slate__Enabled"] = "false" });
        var channel = await server.AddChannelAsync("main");
        HlsView before;
        await using (var encoder = FfmpegTool.Publish(server.PublishUrl(channel)))
        {
            before = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 2, "two segments");
            encoder.Kill();
        }

        await using var again = FfmpegTool.Publish(server.PublishUrl(channel));
        var after = await HlsView.WaitAsync(server, "main", v => v.Last >= before.Last + 3, "three more segments");

        ShouldContinue(before, after);
        (await FfmpegTool.DecodeAsync(server.Dash("main").ToString(), 2)).ShouldBeEmpty();
        var mpd = await server.Client.GetStringAsync($"/live/main/{after.Session}/manifest.mpd");
        mpd.Split("<Period ").Length.ShouldBe(3, "a new Period begins where the encoder came back");
    }

    [Fact]
    public async Task Server_killed_mid_stream_continues_the_same_playlists_with_higher_sequence_numbers()
    {
        await using var server = await BroadcastServer.StartAsync(environment: NoSlate);
        var channel = await server.AddChannelAsync("main");
        HlsView before;
        IReadOnlyDictionary<string, IReadOnlyList<string>> shown;
        await using (FfmpegTool.Publish(server.PublishUrl(channel)))
        {
            before = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 3, "three segments");
            shown = await DecodedFrames.ReadAsync(server, "main", before, new TestSource().FrameRate);
            await server.Kill();
        }

        await server.RestartAsync();

        var recovered = (await HlsView.ReadAsync(server, "main")).ShouldNotBeNull(
            "announced media are playable as soon as the server is back");
        recovered.Last.ShouldBeGreaterThanOrEqualTo(before.Last);
        (await DecodedFrames.ReadAsync(server, "main", recovered, new TestSource().FrameRate)).ShouldShowTheSameAs(shown, atLeast: 3);

        await using (FfmpegTool.Publish(server.PublishUrl(channel)))
        {
            var after = await HlsView.WaitAsync(server, "main", v => v.Last >= recovered.Last + 2, "two more segments");
            ShouldContinue(before, after);
            (await FfmpegTool.DecodeAsync(server.Hls("main").ToString(), 2)).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Restart_keeps_channels_keys_and_the_session()
    {
        await using var server = await BroadcastServer.StartAsync(environment: NoSlate);
        var channel = await server.AddChannelAsync("main");
        HlsView before;
        await using (FfmpegTool.Publish(server.PublishUrl(channel)))
        {
            before = await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 2, "two segments");
            (await server.StopAsync()).ShouldBe(0);
        }

        await server.RestartAsync();
        await using var again = FfmpegTool.Publish(server.PublishUrl(channel));
        var after = await HlsView.WaitAsync(server, "main", v => v.Last >= before.Last + 2, "two more segments");
        ShouldContinue(before, after);
    }

    [Fact]
    public async Task Blocking_reload_gets_503_at_server_stop_and_the_next_server_answers_it()
    {
        // No slate: no media may arrive while the encoder is suspended.
        await using var server = await BroadcastServer.StartAsync(
            environment: new Dictionary<string, string?> { ["BROADCAST__Slate__Enabled"] = "false" });
        var channel = await server.AddChannelAsync("main", new { latency = "low" });
        HlsView before;
        string address;
        await using (var encoder = FfmpegTool.Publish(server.PublishUrl(channel)))
        {
            await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 2, "two segments");
            encoder.Signal(UnixSignal.Stop);

            // Media in flight arrives within a moment. If it were later, it would answer the requests below and fail the test.
            await Task.Delay(1000);
            before = (await HlsView.ReadAsync(server, "main"))!;
            address = $"/live/main/{before.Session}/source.m3u8?_HLS_msn={before.Last + 1}";
            var held = new[] { server.Client.GetAsync(address), server.Client.GetAsync(address) };
            await Task.Delay(500);
            held.ShouldAllBe(request => !request.IsCompleted);
            (await server.Front.StopAsync()).ShouldBe(0);
            foreach (var request in held)
            {
                using var answer = await request;
                answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.ServiceUnavailable);
                answer.Headers.RetryAfter.ShouldNotBeNull().Delta.ShouldNotBeNull().ShouldBeGreaterThan(TimeSpan.Zero);
            }
        }

        await server.Front.RestartAsync();
        (await HlsView.ReadAsync(server, "main")).ShouldNotBeNull("it was ready").Last.ShouldBeGreaterThanOrEqualTo(before.Last);
        await using var again = FfmpegTool.Publish(server.PublishUrl(channel));
        await Poll.UntilAsync(
            async () =>
            {
                using var answer = await server.Client.GetAsync(address);
                return answer.IsSuccessStatusCode
                    && (await answer.Content.ReadAsStringAsync()).Contains($"/{before.Last + 1}.m4s", StringComparison.Ordinal);
            },
            TimeSpan.FromSeconds(40),
            "the next server has what was waited for");
    }

    [Fact]
    public async Task Session_ends_after_its_reconnect_window_and_stays_playable_until_the_next_starts()
    {
        await using var server = await BroadcastServer.StartAsync();
        var channel = await server.AddChannelAsync("main", new { reconnectWindowSeconds = 1 });
        await using (FfmpegTool.Publish(server.PublishUrl(channel)))
        {
            await HlsView.WaitAsync(server, "main", v => v.Segments.Count >= 2, "two segments");
        }

        var ended = await HlsView.WaitAsync(server, "main", v => v.Ended, "the playlist has its end");
        (await server.Client.GetStringAsync("/live/main/manifest.mpd")).ShouldContain("type=\"static\"");
        (await FfmpegTool.DecodeAsync(server.Hls("main").ToString(), 2)).ShouldBeEmpty();

        await using var next = FfmpegTool.Publish(server.PublishUrl(channel));
        var fresh = await HlsView.WaitAsync(server, "main", v => !v.Ended && v.Segments.Count >= 1, "the next session");
        fresh.Session.ShouldNotBe(ended.Session);
        fresh.Segments[0].Address.ShouldEndWith("/1.m4s");
    }

    private static void ShouldContinue(HlsView before, HlsView after)
    {
        after.Session.ShouldBe(before.Session);
        after.Sequence.ShouldBeGreaterThanOrEqualTo(before.Sequence);
        (after.DiscontinuitySequence + after.Segments.Count(s => s.Discontinuity)).ShouldBe(before.DiscontinuitySequence
            + before.Segments.Count(s => s.Discontinuity) + 1);
        foreach (var (earlier, later) in before.Segments.Zip(after.Segments.Skip((int)Math.Max(0, before.Sequence - after.Sequence))))
        {
            later.Address.ShouldBe(earlier.Address);
            later.Duration.ShouldBe(earlier.Duration);
            later.WallClock.ShouldBe(earlier.WallClock);
        }

        after.Segments.Zip(after.Segments.Skip(1)).ShouldAllBe(pair => pair.First.WallClock < pair.Second.WallClock);
    }
}
