namespace Broadcast.Pipeline.Tests;

/// <summary>Sessions over time: windows, ends, restarts, concurrent sessions. The clock is the test's.</summary>
public sealed class SessionLifecycleTests : PipelineTest
{
    /// <summary>A short window that moves within little media.</summary>
    private static readonly LatencyProfile Brief = LatencyProfile.Standard
        with { Window = TimeSpan.FromSeconds(12), PartTarget = TimeSpan.FromMilliseconds(500) };

    [Fact]
    public async Task Window_moves_and_removed_segments_are_deleted_once_no_viewer_can_be_reading_them()
    {
        var session = PipelineHarness.Session(_time, latency: Brief);
        var camera = _line.Connect(session);
        await camera.SendAsync(14);
        var early = await _line.ReachAsync(session, 6);
        await camera.SendAsync(14);

        var late = await _line.ReachAsync(session, 13);
        early.Sequence.ShouldBe(1);
        late.Sequence.ShouldBeGreaterThan(5);
        late.Entries.Sum(e => e.Duration).ShouldBeInRange(11.9, 14.1);
        await _line.WatchAsync(session);
        var gone = late.Sequence - 1;
        (await _line.MediaAsync(session, $"source/{gone}.m4s")).Length
            .ShouldBeGreaterThan(100, "segments that just left the window are still readable");
        await _line.UploadedAsync();
        (await _line.StoredAsync()).ShouldContain($"live/main/{session.Id}/source/{gone}.m4s");

        await camera.SendAsync(20);
        await _line.ReachAsync(session, 23);
        await _line.GoneFromStoreAsync($"/{gone}.m4s");
        var stored = await _line.StoredAsync();
        stored.Count(n => n.EndsWith(".m4s", StringComparison.Ordinal)).ShouldBeLessThan(40, "two windows of two renditions");
        using var answer = await _line.Client.GetAsync($"/live/main/{session.Id}/source/{gone}.m4s");
        answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
        await _line.WatchAsync(session, "audio");
    }

    [Fact]
    public async Task Ended_session_stays_until_the_next_is_playable_and_is_deleted_one_window_later()
    {
        var session = PipelineHarness.Session(_time, latency: Brief);
        var camera = _line.Connect(session);
        await camera.SendAsync(7);
        await camera.GoneAsync();
        await _line.EndAsync(session);

        var over = await _line.WatchAsync(session);
        over.Playlist.Ended.ShouldBeTrue();
        over.Payloads.ShouldBe(camera.Frames, "the last frames are there too");
        (await _line.MpdAsync(session)).Type.ShouldBe("static");
        _time.Advance(TimeSpan.FromMinutes(10));
        (await _line.Client.GetStringAsync("/live/main/index.m3u8")).ShouldContain(session.Id.Value);

        var next = PipelineHarness.Session(_time, latency: Brief);
        var again = _line.Connect(next);
        await again.SendAsync(5);
        await Poll.UntilAsync(() => _line.Sessions.Any(s => s.Session == next.Id && s.LastSegment >= 3));
        await _line.ReachAsync(next, 2);
        (await _line.Client.GetStringAsync("/live/main/index.m3u8")).ShouldContain(next.Id.Value);
        (await _line.PlaylistAsync(next)).Sequence.ShouldBe(1);
        (await _line.PlaylistAsync(session)).Ended.ShouldBeTrue("viewers of the old session can finish it");

        await again.SendAsync(13);
        await _line.ReachAsync(next, 8);
        await _line.GoneFromStoreAsync(session.Id.Value);
        await _line.GoneFromStoreAsync(session.Id.Value, "journal/");
        using var answer = await _line.Client.GetAsync($"/live/main/{session.Id}/source.m3u8");
        answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
        await _line.WatchAsync(next);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Restarted_pipeline_continues_from_the_state_in_its_folder(bool killed)
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Connect(session);
        await camera.SendAsync(7.2);
        string folder;
        Watched before;
        if (killed)
        {
            await _line.UploadedAsync();
            before = await _line.WatchAsync(session);
            folder = await _line.KilledImageAsync(_folder);
        }
        else
        {
            await camera.GoneAsync();
            before = await _line.WatchAsync(session);
            await _line.StopAsync();
            folder = _line.Folder;
        }

        _time.Advance(TimeSpan.FromSeconds(3));
        await using var other = await PipelineHarness.StartAsync(folder, _time);
        var recovered = await other.WatchAsync(session);
        recovered.Playlist.Entries.Take(before.Playlist.Entries.Count).ShouldBe(before.Playlist.Entries);
        recovered.Payloads.Take(before.Payloads.Count).ShouldBe(before.Payloads);

        var again = other.Connect(session);
        await again.SendAsync(5);
        await again.GoneAsync();
        foreach (var rendition in new[] { "source", "audio" })
        {
            var after = await other.WatchAsync(session, rendition);
            after.Playlist.Sequence.ShouldBe(1);
            after.Playlist.Entries.Where(e => e.Discontinuity).Select(e => e.Number).ShouldBe([recovered.Playlist.Last + 1]);
            after.Playlist.Entries.Select(e => e.Map).Distinct().Count().ShouldBe(1);
            (await other.MpdAsync(session)).ShouldList(after, rendition);
        }

        (await other.WatchAsync(session)).Payloads.ShouldBe([.. recovered.Payloads, .. again.Frames]);
        (await other.MpdAsync(session)).Periods.Count.ShouldBe(2);
        other.Sessions.ShouldHaveSingleItem().Session.ShouldBe(session.Id);
    }

    [Fact]
    public async Task Ended_session_is_still_ended_after_a_restart()
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Connect(session);
        await camera.SendAsync(5);
        await camera.GoneAsync();
        await _line.EndAsync(session);
        var before = await _line.WatchAsync(session);
        await _line.StopAsync();

        await using var other = await PipelineHarness.StartAsync(_line.Folder, _time);
        var after = await other.WatchAsync(session);
        after.Playlist.Ended.ShouldBeTrue();
        after.Playlist.Entries.ShouldBe(before.Playlist.Entries);
        after.Payloads.ShouldBe(before.Payloads);
        (await other.MpdAsync(session)).Type.ShouldBe("static");
    }

    [Fact]
    public async Task Channels_do_not_affect_each_other()
    {
        var (calm, wild) = (PipelineHarness.Session(_time, "calm"), PipelineHarness.Session(_time, "wild"));
        var steady = _line.Connect(calm);
        for (var round = 0; round < 4; round++)
        {
            var nervous = _line.Connect(wild);
            nervous.IsReconfigured = round % 2 == 1;
            nervous.HasAudio = round != 2;
            await nervous.SendAsync(1.3);
            await steady.SendAsync(2.5);
            await nervous.GoneAsync();
        }

        await _line.EndAsync(wild);
        await steady.SendAsync(2);
        await steady.GoneAsync();

        var (video, audio) = (await _line.WatchAsync(calm), await _line.WatchAsync(calm, "audio"));
        video.Payloads.ShouldBe(steady.Frames);
        audio.Payloads.ShouldBe(steady.AudioFrames);
        video.Playlist.Entries.ShouldAllBe(e => !e.Discontinuity && e.Map == "source/init-1.mp4");
        video.Playlist.Ended.ShouldBeFalse();
        (await _line.WatchAsync(wild)).Playlist.Ended.ShouldBeTrue();
    }
}
