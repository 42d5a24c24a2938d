using Broadcast.Media;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>Rungs from a real ffmpeg, and from programs that are not ffmpeg.</summary>
public sealed class RungEncoderTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private readonly EncodingHarness _bench = new();

    [Theory]
    [InlineData("standard")]
    [InlineData("low")]
    public async Task Every_rung_has_the_times_and_sync_samples_of_the_source(string latency)
    {
        var source = await CodedFrames.MakeAsync(3, "640x480", 30, "-g", "40");
        await _bench.EncodeAsync("ffmpeg", "auto", latency, source);

        var rungs = _bench.Read();
        rungs.Keys.ShouldBe(["360p", "240p"], ignoreOrder: true);
        foreach (var (name, samples) in rungs)
        {
            samples.Select(s => (s.Present.Ticks, s.Decode.Ticks)).ShouldBe(source.Select(s => (s.Present.Ticks, s.Present.Ticks)), name);
            samples.Where(s => s.IsSync).Select(s => s.Present.Ticks)
                .ShouldBe(source.Where(s => s.IsSync).Select(s => s.Present.Ticks), name);
            samples.Count(s => !s.Track.Config.TryInspect(s.Payload.Span, out _)).ShouldBe(0, name);
            samples.Select(s => s.Track).Distinct().ShouldHaveSingleItem();
        }

        (rungs["360p"][0].Track.Config.VideoFormat!.Width, rungs["360p"][0].Track.Config.VideoFormat!.Height).ShouldBe((480, 360));
        (rungs["240p"][0].Track.Config.VideoFormat!.Width, rungs["240p"][0].Track.Config.VideoFormat!.Height).ShouldBe((320, 240));
    }

    [Fact]
    public async Task Small_rung_has_half_of_sixty_frames_per_second_and_keeps_keyframes()
    {
        var source = await CodedFrames.MakeAsync(2, "640x480", 60, "-g", "45");
        await _bench.EncodeAsync("ffmpeg", "auto", "standard", source);

        var small = _bench.Read()["360p"];
        small.Count.ShouldBeInRange((source.Count / 2) - 1, (source.Count / 2) + 3);
        small.Where(s => s.IsSync).Select(s => s.Present.Ticks).ShouldBe(source.Where(s => s.IsSync).Select(s => s.Present.Ticks));
        small.Select(s => s.Present.Ticks).ShouldBeSubsetOf(source.Select(s => s.Present.Ticks));
    }

    [Fact]
    public async Task Custom_rungs_are_encoded_under_their_names_each_with_its_own_frame_rate()
    {
        var source = await CodedFrames.MakeAsync(2, "320x240", 60, "-g", "45");
        await _bench.EncodeAsync("ffmpeg", "320x240p30@500k,240x180@300k,120p30@200k", "low", source, atLeast: (2 * source.Count) - 30);

        var rungs = _bench.Read();
        rungs.Keys.ShouldBe(["320x240p30", "240x180", "120p30"], ignoreOrder: true);
        rungs["240x180"].Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks));
        foreach (var name in (string[])["320x240p30", "120p30"])
        {
            rungs[name].Count.ShouldBeInRange((source.Count / 2) - 1, (source.Count / 2) + 3, name);
            rungs[name].Select(s => s.Present.Ticks).ShouldBeSubsetOf(source.Select(s => s.Present.Ticks), name);
        }

        rungs.Values.ShouldAllBe(r => r.Where(s => s.IsSync).Select(s => s.Present.Ticks)
            .SequenceEqual(source.Where(s => s.IsSync).Select(s => s.Present.Ticks)));
        rungs.ToDictionary(r => r.Key, r => $"{r.Value[0].Track.Config.VideoFormat!.Width}x{r.Value[0].Track.Config.VideoFormat!.Height}")
            .ShouldBe(
            new Dictionary<string, string> { ["320x240p30"] = "320x240", ["240x180"] = "240x180", ["120p30"] = "160x120" },
            ignoreOrder: true);
    }

    [Fact]
    public async Task Source_that_exceeds_its_declared_bitrate_gets_higher_rung_bitrates_without_a_gap()
    {
        var made = await CodedFrames.MakeAsync(11, "320x300", 30, "-g", "30", "-b:v", "900k", "-maxrate", "900k", "-bufsize", "300k");
        var track = made[0].Track with { DeclaredBitsPerSecond = 150_000 };
        var source = made.Select(s => s with { Track = track }).ToList();
        var said = Path.Combine(_bench.Folder, "bits");
        var program = await _bench.ProgramAsync(
            $"for word; do [ \"$last\" = -b:v ] && echo \"$word\" >> {said}; last=$word; done\nexec ffmpeg \"$@\"");

        await using (var encoder = _bench.Encoder(program, "auto", "low"))
        {
            foreach (var sample in source)
            {
                if (sample.Present.Ticks == 298 * 3000)
                {
                    await Poll.UntilAsync(() => _bench.Count > 290, Timeout);
                }

                encoder.Push(sample);
            }
        }

        (await File.ReadAllLinesAsync(said, TestContext.Current.CancellationToken)).ShouldBe(["150000", "250000"]);
        _bench.Read().ShouldHaveSingleItem().Value.Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks));
    }

    [Fact]
    public async Task Source_that_changes_its_resolution_keeps_the_unchanged_rungs()
    {
        var (large, small) = (await CodedFrames.MakeAsync(1, "640x480", 30), await CodedFrames.MakeAsync(1, "480x360", 30));
        var shift = new MediaTime(90_000, MediaTime.VideoTimescale);
        await _bench.EncodeAsync("ffmpeg", "auto", "low",
            [.. large, .. small.Select(s => s with { Decode = s.Decode + shift, Present = s.Present + shift })]);

        var rung = _bench.Read()["240p"];
        rung.Select(s => s.Track).Distinct().ShouldHaveSingleItem();
        rung.Count.ShouldBe(60);
    }

    [Theory]
    [InlineData("exit 3", "it is gone at once")]
    [InlineData("echo not ffmpeg at all >&2; sleep 0.1; kill -9 $$", "it is killed")]
    [InlineData("exec sleep 1000", "it hangs and never connects")]
    public async Task Program_that_is_no_encoder_costs_only_the_rungs(string script, string why)
    {
        var source = await CodedFrames.MakeAsync(1, "640x480", 30);

        await _bench.EncodeAsync(await _bench.ProgramAsync(script), "auto", "standard", source);

        _bench.Read().ShouldBeEmpty(why);
    }

    [Fact]
    public async Task Missing_program_costs_only_the_rungs()
    {
        await _bench.EncodeAsync(Path.Combine(_bench.Folder, "nothing"), "auto", "standard", await CodedFrames.MakeAsync(1, "640x480", 30));
        _bench.Read().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("KILL", "low", 300, 60)]
    [InlineData("STOP", "low", 300, 60)]
    [InlineData("KILL", "standard", 70, 75)]
    public async Task Killed_or_hung_worker_is_replaced_by_one_that_continues_at_the_same_frame(string signal, string latency,
        int group, int at)
    {
        // One long GOP, so that only its buffered frames allow to continue; or an encoder that still buffers frames of the previous GOP.
        var source = await CodedFrames.MakeAsync(8, "320x300", 30, "-g", $"{group}");
        var pids = Path.Combine(_bench.Folder, "pids");
        var program = await _bench.ProgramAsync($"echo $$ >> {pids}\nexec ffmpeg \"$@\"");

        await using (var encoder = _bench.Encoder(program, "auto", latency))
        {
            for (var i = 0; i < source.Count; i++)
            {
                encoder.Push(source[i]);
                await Task.Delay(TimeSpan.FromMilliseconds(33), TestContext.Current.CancellationToken);
                if (i == at)
                {
                    await Poll.UntilAsync(() => _bench.Count > 30, Timeout);
                    (await ChildProcess.RunAsync("kill", [$"-{signal}", (await File.ReadAllLinesAsync(pids))[0]])).EnsureSuccess();
                }
            }
        }

        (await File.ReadAllLinesAsync(pids)).Length.ShouldBe(2);
        var rung = _bench.Read().ShouldHaveSingleItem().Value;
        rung.Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks));
        rung.Count(s => s.IsSync).ShouldBe(source.Count(s => s.IsSync) + 1);
        rung.Select(s => s.Track).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Source_that_changes_at_every_keyframe_does_not_start_a_process_each_time()
    {
        var (large, small) = (await CodedFrames.MakeAsync(1, "640x480", 30, "-g", "1"),
            await CodedFrames.MakeAsync(1, "480x360", 30, "-g", "1"));
        var pids = Path.Combine(_bench.Folder, "pids");
        var program = await _bench.ProgramAsync($"echo $$ >> {pids}\nexec ffmpeg \"$@\"");

        await using (var encoder = _bench.Encoder(program, "auto", "low"))
        {
            for (var i = 0; i < large.Count; i++)
            {
                encoder.Push(large[i] with { Track = (i % 2 == 0 ? large : small)[0].Track,
                    Payload = (i % 2 == 0 ? large : small)[i].Payload });
            }
        }

        (await File.ReadAllLinesAsync(pids, TestContext.Current.CancellationToken)).Length.ShouldBe(2);
    }

    [Fact]
    public async Task Worker_slower_than_real_time_is_replaced_by_one_with_less_work()
    {
        var source = await CodedFrames.MakeAsync(9, "320x300", 30, "-g", "30");
        var presets = Path.Combine(_bench.Folder, "presets");

        // The slowest preset reads its input at half speed.
        var program = await _bench.ProgramAsync(
            $"""
            for word; do case "$word" in veryfast|superfast|ultrafast) echo "$word" >> {presets}; preset=$word;; esac; done
            if [ "$preset" = veryfast ]; then exec ffmpeg -readrate 0.5 "$@"; fi
            exec ffmpeg "$@"
            """);

        await using (var encoder = _bench.Encoder(program, "auto", "low"))
        {
            foreach (var sample in source)
            {
                encoder.Push(sample);
                await Task.Delay(TimeSpan.FromMilliseconds(33), TestContext.Current.CancellationToken);
            }
        }

        var tried = await File.ReadAllLinesAsync(presets);
        tried.Length.ShouldBe(2);
        tried[0].ShouldBe("veryfast");
        tried[1].ShouldBeOneOf("superfast", "ultrafast");
        _bench.Read().ShouldHaveSingleItem().Value[^1].Present.ShouldBe(source[^1].Present);
    }

    [Fact]
    public async Task Rung_that_crashes_workers_is_dropped_and_the_other_continues_F26()
    {
        var source = await CodedFrames.MakeAsync(6, "640x480", 30, "-g", "30");
        var program = await _bench.ProgramAsync("case \"$*\" in *scale=480:360*) exit 3;; esac\nexec ffmpeg \"$@\"");

        await using (var encoder = _bench.Encoder(program, "auto", "low"))
        {
            foreach (var sample in source)
            {
                encoder.Push(sample);
                await Task.Delay(TimeSpan.FromMilliseconds(33), TestContext.Current.CancellationToken);
            }

            var state = encoder.State.ShouldNotBeNull();
            state.Rungs.ShouldHaveSingleItem().Name.ShouldBe("240p");
            (state.DegradationLevel, state.SpeedLevel).ShouldBe((0, 0), "nothing else is given up for it");
            state.DroppedRungs.ShouldBe(["360p"]);
        }

        var (name, rung) = _bench.Read().ShouldHaveSingleItem();
        name.ShouldBe("240p");

        // It begins with the GOP that was the newest at the time of the detection.
        rung[0].IsSync.ShouldBeTrue();
        rung[0].Present.Ticks.ShouldBeLessThanOrEqualTo(source[^1].Present.Ticks / 2);
        rung.Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks).Where(t => t >= rung[0].Present.Ticks));
    }

    public void Dispose() => _bench.Dispose();
}
