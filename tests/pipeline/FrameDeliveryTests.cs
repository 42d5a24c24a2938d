using Broadcast.Publisher;

namespace Broadcast.Pipeline.Tests;

/// <summary>One encoder's bytes through every stage to the viewers.</summary>
public sealed class FrameDeliveryTests : PipelineTest
{
    [Fact]
    public async Task Every_published_video_and_audio_frame_is_delivered_once_in_order_and_on_time()
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Connect(session);
        await camera.SendAsync(10);
        await camera.GoneAsync();

        var video = await _line.WatchAsync(session);
        var audio = await _line.WatchAsync(session, "audio");
        camera.Dropped.ShouldBe(0);
        video.Payloads.ShouldBe(camera.Frames);
        audio.Payloads.ShouldBe(camera.AudioFrames);
        video.Segments.ShouldAllBe(s => s.IsSync);
        video.Playlist.Independent.ShouldBeTrue();
        video.Playlist.Entries.Select(e => e.Number).ShouldBe([1, 2, 3, 4, 5]);
        audio.Playlist.Entries.Select(e => e.Number).ShouldBe([1, 2, 3, 4, 5]);
        video.Playlist.Entries.ShouldAllBe(e => Math.Abs(e.Duration - 2) < 0.04 && !e.Discontinuity);
        foreach (var (frame, audioTrack) in video.Playlist.Entries.Zip(audio.Playlist.Entries))
        {
            var began = session.StartedAt + TimeSpan.FromSeconds(2 * (frame.Number - 1));
            Math.Abs((frame.WallClock - began).TotalSeconds).ShouldBeLessThan(0.02, "program date-time matches wall-clock time");
            Math.Abs((audioTrack.WallClock - began).TotalSeconds).ShouldBeLessThan(0.05);
        }

        var mpd = await _line.MpdAsync(session);
        mpd.Periods.Count.ShouldBe(1);
        mpd.ShouldList(video, "source");
        mpd.ShouldList(audio, "audio");
    }

    [Fact]
    public async Task Real_encoder_file_decodes_frame_by_frame_without_errors()
    {
        var path = _folder.Sub("real.flv");
        await FfmpegTool.MakeFileAsync(path, new TestSource { Seconds = 9, BFrames = 2, Width = 320, Height = 180 });
        var session = PipelineHarness.Session(_time);
        var camera = _line.Connect(session);
        await camera.SendAsync(FlvFileReader.Read(await File.ReadAllBytesAsync(path)));
        await camera.GoneAsync();

        foreach (var (rendition, frames) in new[] { ("source", 270), ("audio", 0) })
        {
            var playlist = await _line.PlaylistAsync(session, rendition);
            List<byte> bytes = [.. await _line.MediaAsync(session, playlist.Entries[0].Map)];
            foreach (var entry in playlist.Entries)
            {
                bytes.AddRange(await _line.MediaAsync(session, entry.Address));
            }

            var copy = _folder.Sub($"{rendition}.mp4");
            await File.WriteAllBytesAsync(copy, [.. bytes]);
            (await FfmpegTool.DecodeAsync(copy, 60)).ShouldBeEmpty();
            if (frames > 0)
            {
                var stream = (await FfmpegTool.ProbeAsync(copy, null, "-count_frames")).GetProperty("streams")[0];
                stream.GetProperty("nb_read_frames").GetString().ShouldBe("270");
            }
        }
    }

    [Fact]
    public async Task Reconnecting_encoder_continues_the_sequence_numbers_after_one_discontinuity_and_a_new_period()
    {
        var session = PipelineHarness.Session(_time);
        var first = _line.Connect(session);
        await first.SendAsync(7);
        await first.GoneAsync();
        var before = await _line.WatchAsync(session);
        _time.Advance(TimeSpan.FromSeconds(5));
        var second = _line.Connect(session);
        await second.SendAsync(6);
        await second.GoneAsync();

        foreach (var rendition in new[] { "source", "audio" })
        {
            var after = await _line.WatchAsync(session, rendition);
            after.Playlist.Entries.Select(e => e.Number).ShouldBe(Enumerable.Range(1, after.Playlist.Entries.Count).Select(n => (long)n));
            after.Playlist.Entries.Where(e => e.Discontinuity).Select(e => e.Number).ShouldBe([before.Playlist.Last + 1]);
            after.Playlist.Entries.Select(e => e.Map).Distinct().Count().ShouldBe(1, "the same configuration needs no second init segment");
            after.Playlist.Entries.Single(e => e.Discontinuity)
                .WallClock.ShouldBe(session.StartedAt.AddSeconds(12), TimeSpan.FromMilliseconds(50));
            after.Segments.Zip(after.Segments.Skip(1)).ShouldAllBe(pair => pair.First.Ended <= pair.Second.Began);
            (await _line.MpdAsync(session)).Periods.Count.ShouldBe(2);
            (await _line.MpdAsync(session)).ShouldList(after, rendition);
        }

        (await _line.WatchAsync(session)).Payloads.ShouldBe([.. first.Frames, .. second.Frames]);
        (await _line.PlaylistAsync(session)).Entries.Take(before.Playlist.Entries.Count).ShouldBe(before.Playlist.Entries);
    }

    [Fact]
    public async Task Wall_clock_never_goes_back_when_a_fast_encoder_reconnects_at_once()
    {
        var session = PipelineHarness.Session(_time);
        for (var run = 0; run < 3; run++)
        {
            var camera = _line.Attach(new FlvEncoder(_time) { Ahead = TimeSpan.FromSeconds(2) }, session);
            await camera.SendAsync(4.4);
            await camera.GoneAsync();
        }

        foreach (var rendition in new[] { "source", "audio" })
        {
            var watched = await _line.WatchAsync(session, rendition);
            watched.Playlist.Entries.Count(e => e.Discontinuity).ShouldBe(2);
            foreach (var (one, next) in watched.Playlist.Entries.Zip(watched.Playlist.Entries.Skip(1)))
            {
                (next.WallClock - one.WallClock).TotalSeconds.ShouldBeGreaterThan(one.Duration - 0.05, $"{rendition} {next.Number}");
            }
        }
    }

    [Fact]
    public async Task Changed_configuration_gets_its_own_init_segment_and_period()
    {
        var session = PipelineHarness.Session(_time);
        var first = _line.Connect(session);
        await first.SendAsync(4);
        await first.GoneAsync();
        var second = _line.Connect(session);
        second.IsReconfigured = true;
        await second.SendAsync(4);
        await second.GoneAsync();

        var video = await _line.WatchAsync(session);
        video.Playlist.Entries.Select(e => e.Map)
            .ShouldBe(["source/init-1.mp4", "source/init-1.mp4", "source/init-2.mp4", "source/init-2.mp4"]);
        (await _line.PlaylistAsync(session, "audio")).Entries.Where(e => e.Discontinuity).Select(e => e.Number).ShouldBe([3]);
        (await _line.MpdAsync(session)).Periods.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(4_294_964_000u)]
    [InlineData(2_147_480_000u)]
    [InlineData(3_600_000u)]
    public async Task Timestamps_with_wraparound_or_any_start_value_have_no_visible_effect(uint first)
    {
        var session = PipelineHarness.Session(_time);
        var camera = new FlvEncoder(_time) { FirstTimestamp = first };
        await _line.Attach(camera, session).SendAsync(8);
        await camera.GoneAsync();

        var video = await _line.WatchAsync(session);
        video.Payloads.ShouldBe(camera.Frames);
        video.Playlist.Entries.ShouldAllBe(e => !e.Discontinuity && Math.Abs(e.Duration - 2) < 0.04);
    }

    [Fact]
    public async Task F18_sparse_keyframes_are_segmented_within_the_target_and_independence_is_not_claimed()
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Connect(session);
        camera.KeyframeSeconds = 8.3;
        await camera.SendAsync(20);
        await camera.GoneAsync();

        var video = await _line.WatchAsync(session);
        video.Payloads.ShouldBe(camera.Frames);
        video.Playlist.Entries.ShouldAllBe(e => e.Duration <= 3);
        video.Playlist.Independent.ShouldBeFalse();
        video.Segments.Count(s => s.IsSync).ShouldBe(3);
    }

    [Fact]
    public async Task Video_that_joins_an_audio_session_becomes_leading_and_sequence_numbers_stay_shared()
    {
        var session = PipelineHarness.Session(_time);
        var radio = _line.Connect(session);
        radio.HasVideo = false;
        await radio.SendAsync(5);
        await radio.GoneAsync();
        var camera = _line.Connect(session);
        await camera.SendAsync(6);
        await camera.GoneAsync();

        var (video, audio) = (await _line.WatchAsync(session), await _line.WatchAsync(session, "audio"));
        audio.Payloads.ShouldBe([.. radio.AudioFrames, .. camera.AudioFrames]);
        video.Payloads.ShouldBe(camera.Frames);
        video.Playlist.Last.ShouldBe(audio.Playlist.Last);
        video.Playlist.DiscontinuitySequence.ShouldBe(audio.Playlist.DiscontinuitySequence
            + audio.Playlist.Entries.Take((int)(video.Playlist.Sequence - audio.Playlist.Sequence)).Count(e => e.Discontinuity));
    }
}
