using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TargetsToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Testing;
using Broadcast.Transcoder.Steady;
using Broadcast.Transcoder.Tests.Audio;
using Broadcast.Transcoder.Tests.Encoders;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Steady;

/// <summary>Output of a real ffmpeg with sources that change.</summary>
public sealed class SteadyEncoderTests : IDisposable
{
    private const int Interval = 3000;
    private static readonly SteadyOptions Format = new() { Width = 320, Height = 180, VideoBitsPerSecond = 300_000 };
    private static readonly Rendition Source = new("source", TrackKind.Video, IsLeading: true);
    private static readonly Rendition AudioRendition = new("audio", TrackKind.Audio, IsLeading: false);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly EncodingHarness _bench = new();
    private readonly List<RenditionSample> _output = [];
    private readonly ConcurrentQueue<EncoderOutage?> _outages = [];
    private TimeProvider _time = TimeProvider.System;
    private SteadyEncoder? _encoder;

    [Fact]
    public async Task Parameter_sets_size_and_frame_rate_stay_while_the_source_changes()
    {
        await using var encoder = Start("ffmpeg");
        await PushAsync(encoder, await CodedFrames.MakeAsync(2, "640x480", 25, "-g", "25"), 0);

        // A gap of 0.6 s is filled; the portrait video gets black bars.
        await PushAsync(encoder, await CodedFrames.MakeAsync(2, "240x426", 50, "-g", "50"), 2.6);
        await PushAsync(encoder, await CodedFrames.CreateImageAsync("testsrc2=s=352x288:r=30:d=2,setsar=12/11", "-g", "30"), 4.6,
            TimeSpan.FromMilliseconds(33));
        var video = Of(TrackKind.Video);
        video.Select(sample => sample.Track).Distinct().ShouldHaveSingleItem();
        var format = video[0].Track.Config.VideoFormat!;
        (format.Width, format.Height, format.FramesPerSecond).ShouldBe((320, 180, 30));
        video.Select(sample => sample.Decode.Ticks).ShouldBe(Enumerable.Range(0, video.Count).Select(index => (long)index * Interval));
        video.Count.ShouldBeInRange(190, 199);
        video[0].IsSync.ShouldBeTrue();
        video.ShouldAllBe(sample => sample.Present == sample.Decode);
        await ShouldDecodeAsync(video);

        // Another process has the same parameter sets.
        await using var other = Start("ffmpeg");
        await PushAsync(other, await CodedFrames.MakeAsync(2, "640x480", 25, "-g", "25"), 0);
        Of(TrackKind.Video)[^1].Track.Config.ShouldBe(video[0].Track.Config);
    }

    [Fact]
    public async Task Long_gap_of_the_session_stays_a_gap()
    {
        await using var encoder = Start("ffmpeg");
        var source = await CodedFrames.MakeAsync(2, "320x240", 30, "-g", "30");
        await PushAsync(encoder, source, 0);
        await PushAsync(encoder, source, 600);
        var video = Of(TrackKind.Video);
        var gaps = video.Zip(video.Skip(1)).Where(pair => pair.Second.Decode.Ticks - pair.First.Decode.Ticks != Interval).ToList();
        var (before, after) = gaps.ShouldHaveSingleItem();
        (after.Decode.Ticks, after.IsSync).ShouldBe((600 * 90_000, true));
        before.Decode.Ticks.ShouldBeInRange(1 * 90_000, 2 * 90_000);
    }

    [Fact]
    public async Task Worker_that_dies_is_replaced_without_a_missing_frame()
    {
        var pids = Path.Combine(_bench.Folder, "pids");
        var program = await _bench.ProgramAsync($"echo $$ >> {pids}\nexec ffmpeg \"$@\"");
        await using var encoder = Start(program);
        var source = await CodedFrames.MakeAsync(4, "320x240", 30, "-g", "30");
        for (var i = 0; i < source.Count; i++)
        {
            Push(encoder, source[i], 0);
            await Task.Delay(TimeSpan.FromMilliseconds(33), TestContext.Current.CancellationToken);
            if (i == 45)
            {
                await Poll.UntilAsync(() => Of(TrackKind.Video).Count > 20, Limit);
                (await ChildProcess.RunAsync("kill", ["-KILL", (await File.ReadAllLinesAsync(pids))[0]])).EnsureSuccess();
            }
        }

        await Poll.UntilAsync(() => Of(TrackKind.Video).Count >= source.Count - 5, Limit);
        var video = Of(TrackKind.Video);
        video.Select(sample => sample.Decode.Ticks).ShouldBe(Enumerable.Range(0, video.Count).Select(index => (long)index * Interval));
        video.Select(sample => sample.Track.Config).Distinct().ShouldHaveSingleItem();
        await ShouldDecodeAsync(video);
        _outages.First()!.Reason.ShouldStartWith("the process was killed");
        _outages.Last().ShouldBeNull();
    }

    [Fact]
    public async Task Failing_process_is_started_with_growing_delays_and_output_continues_with_a_keyframe_on_the_same_grid()
    {
        var (time, pids) = (new ManualTimeProvider(), Path.Combine(_bench.Folder, "pids"));
        _time = time;
        var program = await _bench.ProgramAsync($"echo $$ >> {pids}\nexec ffmpeg \"$@\"");
        await using var encoder = Start(program);
        var source = await CodedFrames.MakeAsync(4, "320x240", 30, "-g", "30");
        var pushed = 0;
        await PushUntilAsync(() => Of(TrackKind.Video).Count > 20);

        await _bench.ProgramAsync($"echo $$ >> {pids}\necho Cannot allocate memory >&2\nexit 1");
        (await ChildProcess.RunAsync("kill", ["-KILL", (await File.ReadAllLinesAsync(pids))[0]])).EnsureSuccess();
        TimeSpan[] delays = [.. new[] { 100, 200, 400, 800 }.Select(ms => TimeSpan.FromMilliseconds(ms))];
        var began = time.GetUtcNow();
        foreach (var delay in delays)
        {
            await PushUntilAsync(() => encoder.Outage?.NextAttempt == time.GetUtcNow() + delay);
            encoder.Outage!.Since.ShouldBe(began);
            time.Advance(delay == delays[^1] ? TimeSpan.Zero : delay);
        }

        encoder.Outage!.Reason.ShouldBe("exit code 1: Cannot allocate memory");
        Push(600);
        await _bench.ProgramAsync("exec ffmpeg \"$@\"");
        time.Advance(delays[^1]);
        await PushUntilAsync(() => encoder.Outage is null && !_outages.IsEmpty);
        await PushUntilAsync(() => Of(TrackKind.Video)[^1].Present.Ticks >= 20 * 90_000);

        (await File.ReadAllLinesAsync(pids)).Length.ShouldBe(delays.Length);
        var video = Of(TrackKind.Video);
        video.Select(sample => sample.Track).Distinct().ShouldHaveSingleItem();
        video.ShouldAllBe(sample => sample.Decode.Ticks % Interval == 0);
        video.Zip(video.Skip(1)).Where(pair => pair.Second.Decode.Ticks - pair.First.Decode.Ticks != Interval)
            .ShouldHaveSingleItem().Second.IsSync.ShouldBeTrue();
        await ShouldDecodeAsync(video);
        _outages.ShouldContain(outage => outage != null && outage.NextAttempt == null);

        async Task PushUntilAsync(Func<bool> condition) => await Poll.UntilAsync(
            () =>
            {
                Push(1);
                return condition();
            }, Limit);

        void Push(int frames)
        {
            for (var end = pushed + frames; pushed < end; pushed++)
            {
                SteadyEncoderTests.Push(encoder, source[pushed % source.Count], pushed / source.Count * 4);
            }
        }
    }

    [Fact]
    public async Task Missing_program_is_an_outage()
    {
        await using var encoder = Start(Path.Combine(_bench.Folder, "missing"));
        var source = await CodedFrames.MakeAsync(2, "320x240", 30, "-g", "30");
        var next = 0;
        await Poll.UntilAsync(() =>
        {
            Push(encoder, source[next++ % source.Count], 0);
            return encoder.Outage is not null;
        }, Limit);
        encoder.Outage!.Reason.ShouldContain("missing");
        Of(TrackKind.Video).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("exit code 137", "the process was killed, for example because the memory ran out")]
    [InlineData("exit code 1: one | two\n three.", "exit code 1: one | two three")]
    public void Reason_is_one_line(string reason, string expected) => OutageReport.Describe(reason).ShouldBe(expected);

    [Fact]
    public void Long_reason_keeps_its_end()
    {
        var text = OutageReport.Describe($"exit code 1: {string.Join(' ', Enumerable.Range(0, 100))} end");
        text.Length.ShouldBeInRange(150, OutageReport.MaxReason);
        (text[..2], text[^6..]).ShouldBe(("… ", "99 end"));
        OutageReport.Describe(new string('x', 1000)).Length.ShouldBe(OutageReport.MaxReason);
    }

    [Fact]
    public async Task Audio_is_continuous_in_one_format_and_silent_where_the_source_has_none()
    {
        var audio = await CodedTrack.MakeAsync("ac-3", 2, id: 2);
        audio.Track.Config.AudioFormat!.Channels.ShouldBe(6);
        var video = await CodedFrames.MakeAsync(6, "320x240", 30, "-g", "30");
        await using var encoder = Start("ffmpeg");
        var set = Set(Source, AudioRendition);
        foreach (var sample in video.Concat(AudioEncoderTests.Samples(audio)).OrderBy(sample => sample.Decode.ToTimeSpan()))
        {
            encoder.Offer(set, new RenditionSample(sample.Track.Kind == TrackKind.Video ? Source : AudioRendition, sample));
        }

        await Poll.UntilAsync(() => Of(TrackKind.Audio) is [.., var last] && last.Decode.ToTimeSpan() > TimeSpan.FromSeconds(4), Limit);
        var output = Of(TrackKind.Audio);
        output.Select(sample => sample.Track.Config).Distinct().ShouldHaveSingleItem();
        (output[0].Track.Config.AudioFormat!.SampleRate, output[0].Track.Config.AudioFormat!.Channels).ShouldBe((48_000, 2));
        output.Zip(output.Skip(1)).ShouldAllBe(pair => Math.Abs(pair.Second.Decode.Ticks - pair.First.Decode.Ticks - 1024) <= 1024);
    }

    public void Dispose() => _bench.Dispose();

    private SteadyEncoder Start(string program) => _encoder = new(Format, program, () => false, "main", Take,
        new OutageReport(_time, () => _outages.Enqueue(_encoder!.Outage)), _time, NullLogger.Instance);

    private void Take(RenditionSample item)
    {
        lock (_output)
        {
            _output.Add(item);
        }
    }

    private List<MediaSample> Of(TrackKind kind)
    {
        lock (_output)
        {
            return [.. _output.Where(item => item.Rendition.Kind == kind).Select(item => item.Sample)];
        }
    }

    /// <summary>
    /// Pushes a source at a time of the session, and waits for most of its output. Changes in quick succession are delayed, so a third
    /// source needs a pace.
    /// </summary>
    private async Task PushAsync(SteadyEncoder encoder, IReadOnlyList<MediaSample> source, double seconds, TimeSpan pace = default)
    {
        foreach (var sample in source)
        {
            Push(encoder, sample, seconds);
            await Task.Delay(pace);
        }

        var end = source[^1].Present.ToTimeSpan() + TimeSpan.FromSeconds(seconds - 0.3);
        await Poll.UntilAsync(() => Of(TrackKind.Video) is [.., var last] && last.Present.ToTimeSpan() >= end, Limit);
    }

    private static void Push(SteadyEncoder encoder, MediaSample sample, double seconds)
    {
        var offset = (long)(seconds * 90_000);
        encoder.Offer(Set(Source), new RenditionSample(Source, sample with
        {
            Decode = sample.Decode with { Ticks = sample.Decode.Ticks + offset },
            Present = sample.Present with { Ticks = sample.Present.Ticks + offset },
        }));
    }

    private static RenditionSet Set(params Rendition[] renditions) => new(
        new BroadcastSession(ChannelName.Parse("main"), SessionId.New(DateTimeOffset.UnixEpoch), 1, DateTimeOffset.UnixEpoch,
            LatencyProfile.Standard), renditions, System.Threading.Channels.Channel.CreateBounded<RenditionSample>(1).Reader);

    private async Task ShouldDecodeAsync(IReadOnlyList<MediaSample> frames)
    {
        var file = Path.Combine(_bench.Folder, "steady.h264");
        await AnnexB.WriteAsync(file, frames);
        var decoded = await ChildProcess.RunAsync("ffprobe", ["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames",
            "-of", "csv=p=0", file]);
        decoded.EnsureSuccess().Error.ShouldBeEmpty();
        decoded.Output.Trim().ShouldBe($"{frames.Count}");
    }
}
