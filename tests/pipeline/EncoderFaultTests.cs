namespace Broadcast.Pipeline.Tests;

/// <summary>Rows F04 to F20 of the edge cases for viewers: errors of encoders, and the resulting playlists and media.</summary>
public sealed class EncoderFaultTests : PipelineTest
{
    /// <summary>A real 320x180 configuration: High profile, level 1.3.</summary>
    private static readonly byte[] SmallFrame =
        Convert.FromHexString("0164000DFFE1001A6764000DACD941419F9F0110000003001000000303C0F142996001000668EBE3CB22C0FDF8F800");

    private static readonly byte[] Stereo44100 = [0x12, 0x10];
    private static readonly byte[] Mono48000 = [0x11, 0x88];
    private static readonly string[] Both = ["source", "audio"];

    [Fact]
    public async Task F04_reconnect_with_another_resolution_has_a_new_init_segment_and_one_common_discontinuity()
    {
        var session = PipelineHarness.Session(_time);
        var first = await SentAsync(session, new FlvEncoder(_time), 5);
        var second = await SentAsync(session, new FlvEncoder(_time) { VideoRecord = SmallFrame }, 5);

        var watched = await ShouldChangeOnceAsync(session);
        watched["source"].Playlist.Entries.Select(e => e.Map).Distinct().ShouldBe(["source/init-1.mp4", "source/init-2.mp4"]);
        watched["audio"].Playlist.Entries.Select(e => e.Map).Distinct().ShouldBe(["audio/init-1.mp4"]);
        watched["source"].Payloads.ShouldBe([.. first.Frames, .. second.Frames]);
        watched["audio"].Payloads.ShouldBe([.. first.AudioFrames, .. second.AudioFrames]);
    }

    [Theory]
    [InlineData(44_100)]
    [InlineData(48_000)]
    public async Task F05_reconnect_with_another_audio_layout_has_a_new_init_segment_and_one_common_discontinuity(int rate)
    {
        var session = PipelineHarness.Session(_time);
        var first = await SentAsync(session, new FlvEncoder(_time), 5);
        var second =
            await SentAsync(session, new FlvEncoder(_time) { AudioRecord = rate == 44_100 ? Stereo44100 : Mono48000, AudioRate = rate }, 5);

        var watched = await ShouldChangeOnceAsync(session);
        watched["audio"].Playlist.Entries.Select(e => e.Map).Distinct().ShouldBe(["audio/init-1.mp4", "audio/init-2.mp4"]);
        watched["source"].Playlist.Entries.Select(e => e.Map).Distinct().ShouldBe(["source/init-1.mp4"]);
        watched["source"].Payloads.ShouldBe([.. first.Frames, .. second.Frames]);
        watched["audio"].Payloads.ShouldBe([.. first.AudioFrames, .. second.AudioFrames]);
    }

    [Fact]
    public async Task F05_mid_stream_audio_change_takes_effect_at_the_next_segment_boundary_of_all_renditions()
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Attach(new FlvEncoder(_time), session);
        await camera.SendAsync(5);
        camera.AudioRecord = Mono48000;
        camera.Configure();
        await camera.SendAsync(5);
        await camera.GoneAsync();

        var watched = await ShouldChangeOnceAsync(session);
        watched["source"].Payloads.ShouldBe(camera.Frames);
        watched["source"].Playlist.Entries.Select(e => e.Map).Distinct().ShouldBe(["source/init-1.mp4"]);
        watched["audio"].Playlist.Entries.Select(e => e.Map).Distinct().ShouldBe(["audio/init-1.mp4", "audio/init-2.mp4"]);
        (camera.AudioFrames.Count - watched["audio"].Payloads.Count).ShouldBeInRange(0, 2 * 48,
            "media are lost only up to the next segment boundary");
    }

    [Theory]
    [InlineData(700)]
    [InlineData(3_600_000)]
    [InlineData(-3_600_000)]
    public async Task F06_F07_F08_timestamp_jump_has_no_visible_effect(int jump)
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Attach(new FlvEncoder(_time) { FirstTimestamp = 10_000_000 }, session);
        await camera.SendAsync(5);
        camera.Jumped = jump;
        await camera.SendAsync(5);
        await camera.GoneAsync();

        foreach (var (rendition, sent) in new[] { ("source", camera.Frames), ("audio", camera.AudioFrames) })
        {
            var watched = await _line.WatchAsync(session, rendition);
            watched.Payloads.ShouldBe(sent);
            watched.Playlist.Entries.ShouldAllBe(e => !e.Discontinuity && Math.Abs(e.Duration - 2) < 0.04);
        }
    }

    [Fact]
    public async Task F14_audio_only_session_is_segmented_by_its_own_clock()
    {
        var session = PipelineHarness.Session(_time);
        var camera = await SentAsync(session, new FlvEncoder(_time) { HasVideo = false }, 12);
        var watched = await _line.WatchAsync(session, "audio");
        watched.Payloads.ShouldBe(camera.AudioFrames);
        watched.Playlist.Entries.SkipLast(1).ShouldAllBe(e => e.Duration >= 2 && e.Duration <= 3);
        watched.Playlist.Entries.ShouldAllBe(e => !e.Discontinuity);
    }

    [Fact]
    public async Task F19_viewers_get_audio_until_the_first_keyframe_arrives()
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Attach(new FlvEncoder(_time) { HidesKeyframes = true }, session);
        await camera.SendAsync(14);
        (await _line.ReachAsync(session, "audio", 2)).Entries.ShouldNotBeEmpty();
        camera.HidesKeyframes = false;
        await camera.SendAsync(8);
        await camera.GoneAsync();

        var (video, audio) = (await _line.WatchAsync(session), await _line.WatchAsync(session, "audio"));
        video.Segments[0].IsSync.ShouldBeTrue();
        video.Playlist.Last.ShouldBe(audio.Playlist.Last);
    }

    [Fact]
    public async Task F20_mid_stream_parameter_set_change_takes_effect_at_a_keyframe_in_all_renditions_losslessly()
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Attach(new FlvEncoder(_time), session);
        await camera.SendAsync(5);
        camera.Configure();
        camera.VideoRecord = SmallFrame;
        camera.Configure();
        await camera.SendAsync(5);
        camera.Configure();
        await camera.SendAsync(2);
        await camera.GoneAsync();

        var watched = await ShouldChangeOnceAsync(session);
        watched["source"].Payloads.ShouldBe(camera.Frames);
        watched["audio"].Payloads.ShouldBe(camera.AudioFrames);
        watched["source"].Playlist.Entries.Select(e => e.Map).Distinct().Count().ShouldBe(2);
        watched["source"].Segments.Single(s => s.Number == watched["source"].Playlist.Entries.Single(e => e.Discontinuity).Number)
            .IsSync.ShouldBeTrue();
    }

    private async Task<FlvEncoder> SentAsync(BroadcastSession session, FlvEncoder camera, double seconds)
    {
        _line.Attach(camera, session);
        await camera.SendAsync(seconds);
        await camera.GoneAsync();
        return camera;
    }

    /// <summary>Checks for one discontinuity, at the same segment in all renditions, and a separate period in the MPD.</summary>
    private async Task<Dictionary<string, Watched>> ShouldChangeOnceAsync(BroadcastSession session)
    {
        Dictionary<string, Watched> watched = [];
        foreach (var rendition in Both)
        {
            watched[rendition] = await _line.WatchAsync(session, rendition);
        }

        var at = watched["source"].Playlist.Entries.Single(e => e.Discontinuity).Number;
        watched["audio"].Playlist.Entries.Where(e => e.Discontinuity).Select(e => e.Number).ShouldBe([at]);
        var mpd = await _line.MpdAsync(session);
        mpd.Periods.Count.ShouldBe(2);
        foreach (var rendition in Both)
        {
            mpd.ShouldList(watched[rendition], rendition);
        }

        return watched;
    }
}
