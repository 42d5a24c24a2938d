namespace Broadcast.Pipeline.Tests;

/// <summary>Missing, late or ending audio, as viewers receive it (rows F12, F13 and F15 of the edge cases).</summary>
public sealed class SilenceTests : PipelineTest
{
    [Fact]
    public async Task F12_video_without_audio_gets_silent_audio_in_every_manifest()
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Attach(new FlvEncoder(_time) { HasAudio = false }, session);
        await camera.SendAsync(8);
        await camera.GoneAsync();

        var (video, audio) = (await _line.WatchAsync(session), await _line.WatchAsync(session, "audio"));
        video.Payloads.ShouldBe(camera.Frames);
        video.Playlist.Entries.ShouldAllBe(e => Math.Abs(e.Duration - 2) < 0.01 && !e.Discontinuity);
        audio.Payloads.ShouldAllBe(payload => IsSilent(payload));
        ShouldBeInTime(video, audio);
        (await _line.Client.GetStringAsync($"/live/{session.Channel}/index.m3u8")).ShouldContain("mp4a.40.2\"");
        (await _line.MpdAsync(session)).ShouldList(audio, "audio");
    }

    [Fact]
    public async Task F12_silent_audio_decodes_as_silence()
    {
        var session = PipelineHarness.Session(_time);
        await _line.PublishAsync(session, await CodedTrack.MakeAsync("avc1", 6.4));
        await _line.EndAsync(session);

        var address = $"{_line.Client.BaseAddress}live/{session.Channel}/";
        (await FfmpegTool.DecodeAsync(address + "index.m3u8", 60)).ShouldBeEmpty();
        (await FfmpegTool.DecodeAsync(address + "manifest.mpd", 60)).ShouldBeEmpty();
        var volume = await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-hide_banner", "-i", address + "index.m3u8", "-vn", "-af", "volumedetect", "-f", "null", "-"]);
        volume.EnsureSuccess().Error.ShouldContain("max_volume: -91.0 dB");
    }

    [Theory]
    [InlineData(12)]
    [InlineData(30)]
    public async Task F13_late_audio_replaces_silence_in_sync_and_without_a_discontinuity(double seconds)
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Attach(new FlvEncoder(_time) { HasAudio = false }, session);
        await camera.SendAsync(seconds);
        var before = await _line.PlaylistAsync(session);
        camera.HasAudio = true;
        camera.Configure();
        await camera.SendAsync(8);
        await camera.GoneAsync();

        var (video, audio) = (await _line.WatchAsync(session), await _line.WatchAsync(session, "audio"));
        video.Payloads.ShouldBe(camera.Frames);
        before.Last.ShouldBeGreaterThan((long)(seconds / 2) - 2, "no stage waited for the audio");
        ShouldBeInTime(video, audio);
        var silent = audio.Payloads.TakeWhile(payload => IsSilent(payload)).Count();
        (silent * 1024.0 / FlvEncoder.SampleRate).ShouldBe(seconds, 0.05);
        audio.Payloads.Count.ShouldBeInRange(silent + camera.AudioFrames.Count - 3, silent + camera.AudioFrames.Count,
            "only audio from the time of the generated silence is missing");
        audio.Payloads.Skip(silent).ShouldBe(camera.AudioFrames.TakeLast(audio.Payloads.Count - silent));
        foreach (var watched in (Watched[])[video, audio])
        {
            watched.Playlist.Entries.ShouldAllBe(e => !e.Discontinuity);
            watched.Playlist.Entries.Select(e => e.Map).Distinct().ShouldHaveSingleItem();
        }
    }

    [Fact]
    public async Task F13_late_audio_of_another_configuration_starts_after_silence_at_a_discontinuity()
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Attach(new FlvEncoder(_time) { HasAudio = false, AudioRate = 44_100, AudioRecord = [0x12, 0x10] }, session);
        await camera.SendAsync(11);
        camera.HasAudio = true;
        camera.Configure();
        await camera.SendAsync(9);
        await camera.GoneAsync();

        var (video, audio) = (await _line.WatchAsync(session), await _line.WatchAsync(session, "audio"));
        video.Payloads.ShouldBe(camera.Frames);
        ShouldBeInTime(video, audio);
        var at = audio.Playlist.Entries.Single(e => e.Discontinuity).Number;
        video.Playlist.Entries.Where(e => e.Discontinuity).Select(e => e.Number).ShouldBe([at]);
        at.ShouldBe(7, "the keyframe after it begins the seventh segment");
        audio.Segments.ShouldAllBe(s => s.Timescale == (s.Number < at ? 48_000 : 44_100));
        audio.Payloads.SkipWhile(payload => IsSilent(payload)).ShouldAllBe(payload => !IsSilent(payload));
        var mpd = await _line.MpdAsync(session);
        mpd.Periods.Count.ShouldBe(2);
        mpd.ShouldList(audio, "audio");
    }

    [Fact]
    public async Task F15_audio_that_stops_is_replaced_by_silence_and_resumes_in_sync()
    {
        var session = PipelineHarness.Session(_time);
        var camera = _line.Attach(new FlvEncoder(_time), session);
        await camera.SendAsync(6);
        camera.HasAudio = false;
        await camera.SendAsync(10);
        camera.HasAudio = true;
        await camera.SendAsync(6);
        await camera.GoneAsync();

        var (video, audio) = (await _line.WatchAsync(session), await _line.WatchAsync(session, "audio"));
        video.Payloads.ShouldBe(camera.Frames);
        ShouldBeInTime(video, audio);
        audio.Playlist.Entries.ShouldAllBe(e => !e.Discontinuity);
        (audio.Payloads.Count(payload => IsSilent(payload)) * 1024.0 / FlvEncoder.SampleRate).ShouldBe(10, 0.1);
        audio.Payloads.Count(payload => !IsSilent(payload)).ShouldBeInRange(camera.AudioFrames.Count - 3, camera.AudioFrames.Count);
        audio.Payloads[^1].ShouldBe(camera.AudioFrames[^1]);
    }

    /// <summary>Checks for the same segments with the same boundaries, except for one audio frame.</summary>
    private static void ShouldBeInTime(Watched video, Watched audio)
    {
        audio.Playlist.Entries.Select(e => e.Number).ShouldBe(video.Playlist.Entries.Select(e => e.Number));
        foreach (var (audioTrack, frame) in audio.Segments.Zip(video.Segments))
        {
            ((double)audioTrack.Began / audioTrack.Timescale).ShouldBe((double)frame.Began / frame.Timescale, 0.05);
            ((double)audioTrack.Ended / audioTrack.Timescale).ShouldBe((double)frame.Ended / frame.Timescale, 0.06);
        }
    }

    /// <summary>A frame that is not the camera's, whose frames are longer.</summary>
    private static bool IsSilent(byte[] payload) => payload is [0x21, 0, 0, 0, 0, 0x1c];
}
