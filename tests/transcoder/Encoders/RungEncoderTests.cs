using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Encoders;

/// <summary>Rungs from a real ffmpeg, and from programs that are none.</summary>
public sealed class RungEncoderTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TempFolder _folder = TempFolder.Create();
    private readonly Channel<RenditionSample> _renditions = Channel.CreateBounded<RenditionSample>(10_000);

    [Theory]
    [InlineData("standard")]
    [InlineData("low")]
    public async Task Every_rung_has_the_source_s_times_and_its_sync_samples(string latency)
    {
        var source = await CodedPictures.MakeAsync(3, "640x480", 30, "-g", "40");
        await EncodeAsync("ffmpeg", "auto", latency, source);

        var rungs = Read();
        rungs.Keys.ShouldBe(["360p", "240p"], ignoreOrder: true);
        foreach (var (name, samples) in rungs)
        {
            samples.Select(s => (s.Present.Ticks, s.Decode.Ticks)).ShouldBe(source.Select(s => (s.Present.Ticks, s.Present.Ticks)), name);
            samples.Where(s => s.IsSync).Select(s => s.Present.Ticks).ShouldBe(source.Where(s => s.IsSync).Select(s => s.Present.Ticks), name);
            samples.Count(s => !s.Track.Config.TryInspect(s.Payload.Span, out _)).ShouldBe(0, name);
            samples.Select(s => s.Track).Distinct().ShouldHaveSingleItem();
        }

        (rungs["360p"][0].Track.Config.Picture!.Width, rungs["360p"][0].Track.Config.Picture!.Height).ShouldBe((480, 360));
        (rungs["240p"][0].Track.Config.Picture!.Width, rungs["240p"][0].Track.Config.Picture!.Height).ShouldBe((320, 240));
    }

    [Fact]
    public async Task Half_of_sixty_pictures_a_second_are_enough_for_a_small_rung_and_keyframes_stay()
    {
        var source = await CodedPictures.MakeAsync(2, "640x480", 60, "-g", "45");
        await EncodeAsync("ffmpeg", "auto", "standard", source);

        var small = Read()["360p"];
        small.Count.ShouldBeInRange((source.Count / 2) - 1, (source.Count / 2) + 3);
        small.Where(s => s.IsSync).Select(s => s.Present.Ticks).ShouldBe(source.Where(s => s.IsSync).Select(s => s.Present.Ticks));
        small.Select(s => s.Present.Ticks).ShouldBeSubsetOf(source.Select(s => s.Present.Ticks));
    }

    [Fact]
    public async Task A_picture_of_another_size_in_mid_stream_gets_rungs_of_its_own()
    {
        var (large, small) = (await CodedPictures.MakeAsync(1, "640x480", 30), await CodedPictures.MakeAsync(1, "480x360", 30));
        var shift = new MediaTime(90_000, MediaTime.VideoTimescale);
        await EncodeAsync("ffmpeg", "auto", "low", [.. large, .. small.Select(s => s with { Decode = s.Decode + shift, Present = s.Present + shift })]);

        var rung = Read()["240p"];
        rung.Select(s => s.Track).Distinct().Count().ShouldBe(2);
        rung.Count.ShouldBe(60);
    }

    [Theory]
    [InlineData("exit 3", "it is gone at once")]
    [InlineData("echo not ffmpeg at all >&2; sleep 0.1; kill -9 $$", "it is killed")]
    [InlineData("exec sleep 1000", "it hangs and never connects")]
    public async Task A_program_that_is_no_encoder_costs_nothing_but_the_rungs(string script, string why)
    {
        var source = await CodedPictures.MakeAsync(1, "640x480", 30);
        var program = Path.Combine(_folder.Path, "ffmpeg");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n{script}\n");
        (await ChildProcess.RunAsync("chmod", ["+x", program])).EnsureSuccess();

        await EncodeAsync(program, "auto", "standard", source);

        Read().ShouldBeEmpty(why);
    }

    [Fact]
    public async Task A_program_that_is_not_there_costs_nothing_but_the_rungs()
    {
        await EncodeAsync(Path.Combine(_folder.Path, "nothing"), "auto", "standard", await CodedPictures.MakeAsync(1, "640x480", 30));
        Read().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_killed_worker_is_followed_by_another_that_begins_with_a_keyframe()
    {
        var source = await CodedPictures.MakeAsync(4, "640x480", 30, "-g", "15");
        var pids = Path.Combine(_folder.Path, "pids");
        var program = Path.Combine(_folder.Path, "ffmpeg");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\necho $$ >> {pids}\nexec ffmpeg \"$@\"\n");
        (await ChildProcess.RunAsync("chmod", ["+x", program])).EnsureSuccess();

        await using (var encoder = Encoder(program, "auto", "low"))
        {
            // The first half in one worker, which is killed; then one keyframe after the other, until another has begun.
            foreach (var sample in source.Take(60))
            {
                encoder.Take(sample);
            }

            await Poll.UntilAsync(() => _renditions.Reader.Count > 0, Patience);
            using (var victim = System.Diagnostics.Process.GetProcessById(int.Parse((await File.ReadAllLinesAsync(pids))[0], null)))
            {
                victim.Kill();
                await victim.WaitForExitAsync();
            }

            var step = new MediaTime(0, MediaTime.VideoTimescale);
            await Poll.UntilAsync(() =>
            {
                foreach (var sample in source.Skip(60).Take(15))
                {
                    encoder.Take(sample with { Decode = sample.Decode + step, Present = sample.Present + step });
                }

                step += new MediaTime(45_000, MediaTime.VideoTimescale);
                return File.ReadAllLines(pids).Length > 1;
            }, Patience);
        }

        foreach (var (name, samples) in Read())
        {
            var times = samples.Select(s => s.Present.Ticks).ToList();
            times.ShouldBe([.. times.Order()], name);
            var again = samples.FindIndex(s => s.Present.Ticks >= 180_000);
            samples[again].IsSync.ShouldBeTrue(name);
        }
    }

    public void Dispose() => _folder.Dispose();

    private RungEncoder Encoder(string program, string ladder, string latency) => new(
        new EncodingOptions { Ffmpeg = program },
        new BroadcastSession(ChannelName.Parse("main"), SessionId.New(DateTimeOffset.UnixEpoch), 1, DateTimeOffset.UnixEpoch, LatencyProfile.Find(latency)!),
        ladder, _renditions.Writer, TimeProvider.System, NullLogger.Instance);

    private async Task EncodeAsync(string program, string ladder, string latency, IReadOnlyList<MediaSample> source)
    {
        await using var encoder = Encoder(program, ladder, latency);
        foreach (var sample in source)
        {
            encoder.Take(sample);
        }
    }

    private Dictionary<string, List<MediaSample>> Read()
    {
        _renditions.Writer.TryComplete();
        var read = new Dictionary<string, List<MediaSample>>();
        while (_renditions.Reader.TryRead(out var sample))
        {
            read.TryAdd(sample.Rendition.Name, []);
            read[sample.Rendition.Name].Add(sample.Sample);
        }

        return read;
    }
}
