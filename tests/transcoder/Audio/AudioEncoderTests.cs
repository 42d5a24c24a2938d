using System.Runtime.InteropServices;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Codecs;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Testing;
using Broadcast.Transcoder.Audio;
using Broadcast.Transcoder.Encoders;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Audio;

/// <summary>Audio encoding with a real ffmpeg, and with programs that are not ffmpeg.</summary>
public sealed class AudioEncoderTests : IDisposable
{
    private const int Clock = 48_000;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly TempFolder _folder = TempFolder.Create();
    private readonly List<MediaSample> _encoded = [];

    [Theory]
    [InlineData("ac3", 6)]
    [InlineData("eac3", 2)]
    [InlineData("flac", 2)]
    [InlineData("aac", 6)]
    public async Task Encoded_beep_keeps_its_time(string codec, int channels)
    {
        var source = await BeepAsync(codec, channels);
        await EncodeAsync("ffmpeg", source);

        _encoded.ShouldAllBe(s => s.Track.Config is CodecConfig.Aac && s.Track.Config.AudioFormat == new AudioFormat(Clock, 2));
        _encoded.Select(s => s.Track).Distinct().ShouldHaveSingleItem();
        _encoded.Zip(_encoded.Skip(1), (a, b) => b.Decode.Ticks - a.Decode.Ticks).ShouldAllBe(step => step == 1024);
        Math.Abs(await BeginOfBeepAsync(_encoded) - await BeginOfBeepAsync(source)).ShouldBeLessThan(0.0107, "half a frame");
        (await BeginOfBeepAsync(_encoded)).ShouldBe(11, 0.02);
    }

    [Fact]
    public async Task Dead_worker_is_replaced_by_one_that_encodes_the_missing_audio()
    {
        var program = _folder.Sub("ffmpeg");
        var (once, dead) = (_folder.Sub("once"), _folder.Sub("dead"));
        await File.WriteAllTextAsync(
            program,
            $"#!/bin/sh\nif mkdir '{once}' 2>/dev/null; then timeout -s KILL 0.7 ffmpeg \"$@\"; mkdir '{dead}'; exit 1; fi\nexec ffmpeg "
            + "\"$@\"\n", TestContext.Current.CancellationToken);
        (await ChildProcess.RunAsync("chmod", ["+x", program])).EnsureSuccess();
        var source = await BeepAsync("flac", 2);
        await using (var encoder = new AudioEncoder(program, "main", 9, Keep, TimeProvider.System, NullLogger.Instance))
        {
            for (var i = 0; i < source.Count; i++)
            {
                encoder.Push(source[i]);
                if (i == source.Count * 2 / 3)
                {
                    await Poll.UntilAsync(() => Directory.Exists(dead), Deadline);
                }

                // The exit is detected on the next write, once its sockets are read to the end.
                await Task.Delay(i < source.Count * 2 / 3 ? 20 : 400, TestContext.Current.CancellationToken);
            }

            await Poll.UntilAsync(() => Last() > 11.5, Deadline);
        }

        _encoded[0].Decode.TotalSeconds.ShouldBeLessThan(10.01);
        _encoded[^1].Decode.TotalSeconds.ShouldBeGreaterThan(11.9);
        _encoded.Zip(_encoded.Skip(1), (a, b) => b.Decode.Ticks - a.Decode.Ticks)
            .ShouldAllBe(step => step >= 1024 && step < 2048, "nothing is missing but less than a frame at the seam");
    }

    [Fact]
    public async Task Hung_worker_is_killed_and_replaced_by_one_that_encodes_the_missing_audio()
    {
        var program = _folder.Sub("ffmpeg");
        var (once, hung) = (_folder.Sub("once"), _folder.Sub("hung"));
        await File.WriteAllTextAsync(
            program,
            $"#!/bin/sh\nif mkdir '{once}' 2>/dev/null; then (sleep 0.7; kill -STOP $$; mkdir '{hung}') & fi\nexec ffmpeg \"$@\"\n",
            TestContext.Current.CancellationToken);
        (await ChildProcess.RunAsync("chmod", ["+x", program])).EnsureSuccess();
        var source = await BeepAsync("aac", 6);
        await using (var encoder = new AudioEncoder(program, "main", 9, Keep, TimeProvider.System, NullLogger.Instance))
        {
            for (var i = 0; i < source.Count; i++)
            {
                encoder.Push(source[i]);
                if (i == source.Count / 2)
                {
                    await Poll.UntilAsync(() => Directory.Exists(hung), Deadline);
                }

                await Task.Delay(i < source.Count / 2 ? 10 : 100, TestContext.Current.CancellationToken);
            }

            await Poll.UntilAsync(() => Last() > 11.5, Deadline);
        }

        _encoded[0].Decode.TotalSeconds.ShouldBeLessThan(10.03);
        _encoded[^1].Decode.TotalSeconds.ShouldBeGreaterThan(11.9);
        _encoded.Zip(_encoded.Skip(1), (a, b) => b.Decode.Ticks - a.Decode.Ticks)
            .ShouldAllBe(step => step >= 1024 && step < 2048, "nothing is missing but less than a frame at the seam");
    }

    [Fact]
    public async Task Missing_program_costs_only_the_re_encoded_audio()
    {
        await EncodeAsync("/nowhere/ffmpeg", await BeepAsync("flac", 2), TimeSpan.FromMilliseconds(1));
        _encoded.ShouldBeEmpty();
    }

    [Fact]
    public async Task Surround_audio_with_a_ladder_passes_through_and_gets_a_preferred_stereo_re_encode()
    {
        var surround = await CodedTrack.MakeAsync("ac-3", 3, id: 2);
        var frames = await CodedTrack.MakeAsync("avc1", 3);
        var packager = new Recorder();
        var queue = Channel.CreateBounded<MediaSample>(1000);
        foreach (var sample in Samples(frames).Concat(Samples(surround)).OrderBy(s => s.Decode.TotalSeconds))
        {
            queue.Writer.TryWrite(sample).ShouldBeTrue();
        }

        queue.Writer.Complete();
        var session = new BroadcastSession(ChannelName.Parse("main"), SessionId.New(DateTimeOffset.UnixEpoch), 1, DateTimeOffset.UnixEpoch,
            LatencyProfile.Standard);
        await new LadderTranscoder(packager, Microsoft.Extensions.Options.Options.Create(new EncodingOptions()), TimeProvider.System,
            NullLogger<LadderTranscoder>.Instance)
            .RunAsync(new Publication(new PublishGrant(Guid.NewGuid(), session, "720p", CancellationToken.None),
                [frames.Track, surround.Track], queue.Reader), TestContext.Current.CancellationToken);

        packager.Renditions.ShouldBe(["source", "audio", "audio-source"]);
        packager.Samples["audio-source"].Select(s => s.Payload).ShouldBe(surround.Samples.Select(s => s.Payload));
        var copy = packager.Samples["audio"];
        copy.ShouldAllBe(s => s.Track.Config.CodecString == "mp4a.40.2" && s.Track.Config.AudioFormat!.Channels == 2);
        copy[^1].Decode.TotalSeconds.ShouldBeInRange(2.9, 3.1);
    }

    public void Dispose() => _folder.Dispose();

    private async Task EncodeAsync(string program, IReadOnlyList<MediaSample> source, TimeSpan pause = default)
    {
        await using var encoder = new AudioEncoder(program, "main", 9, Keep, TimeProvider.System, NullLogger.Instance);
        foreach (var sample in source)
        {
            encoder.Push(sample);
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, TestContext.Current.CancellationToken);
            }
        }

        if (pause == default)
        {
            // While the source is still active: audio buffered for longer than a few frames would reach viewers late.
            await Poll.UntilAsync(() => Last() > 11.5, Deadline);
        }
    }

    private void Keep(MediaSample sample)
    {
        lock (_encoded)
        {
            _encoded.Add(sample);
        }
    }

    private double Last()
    {
        lock (_encoded)
        {
            return _encoded.Count == 0 ? 0 : _encoded[^1].Decode.TotalSeconds;
        }
    }

    /// <summary>Two seconds from the tenth on: silence with a tone that begins in the middle.</summary>
    private async Task<IReadOnlyList<MediaSample>> BeepAsync(string codec, int channels)
    {
        var path = _folder.Sub($"{codec}.mp4");
        var pan = string.Join('|', Enumerable.Range(0, channels).Select(c => $"c{c}=c0"));
        (await ChildProcess.RunAsync("ffmpeg",
        [
            "-nostdin", "-v", "error", "-f", "lavfi", "-i", $"aevalsrc='if(gte(t,1),0.5*sin(2*PI*1000*t),0)':s={Clock}:d=2", "-af",
            $"pan={(channels == 6 ? "5.1" : "stereo")}|{pan}",
            "-c:a", codec, "-strict", "-2", "-movflags", "delay_moov+frag_every_frame+default_base_moof", path,
        ])).EnsureSuccess();
        var file = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        return [.. Samples(CodedTrack.Demux(file, 2, null)).Select(s => Later(s, codec == "aac" ? -1024 : 0))];
    }

    /// <summary>Ten seconds later; ffmpeg's AAC file begins with its priming.</summary>
    private static MediaSample Later(MediaSample sample, long priming)
    {
        var time = sample.Decode with { Ticks = sample.Decode.Ticks + (10L * Clock) + priming };
        return sample with { Decode = time, Present = time, Arrival = DateTimeOffset.UnixEpoch + time.ToTimeSpan() };
    }

    internal static IEnumerable<MediaSample> Samples(CodedTrack track) => track.Samples.Select(s =>
    {
        var time = new MediaTime(s.Decode, track.Track.Timescale);
        return new MediaSample(track.Track, time, new MediaTime(s.Decode + s.Said.CompositionOffset, track.Track.Timescale), s.Said.IsSync,
            s.Payload, DateTimeOffset.UnixEpoch + time.ToTimeSpan());
    });

    /// <summary>Start of the tone in a player without support for edit lists.</summary>
    private async Task<double> BeginOfBeepAsync(IReadOnlyList<MediaSample> samples)
    {
        var (file, raw) = (_folder.Sub("heard.mp4"), _folder.Sub("heard.raw"));
        var media = new FragmentWriter().Write(
            new FragmentHeader(1, samples[0].Decode.Ticks, SegmentTypeBox.Segment),
            samples.Select((s, i) => new FragmentSample((uint)((i + 1 < samples.Count ? samples[i + 1].Decode.Ticks : s.Decode.Ticks + 1024)
                - s.Decode.Ticks), s.Payload.Length, true, 0)).ToArray());
        await using (var stream = File.Create(file))
        {
            await stream.WriteAsync(InitSegmentWriter.Write(samples[0].Track), TestContext.Current.CancellationToken);
            await stream.WriteAsync(media, TestContext.Current.CancellationToken);
            foreach (var sample in samples)
            {
                await stream.WriteAsync(sample.Payload, TestContext.Current.CancellationToken);
            }
        }

        (await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-v", "error", "-i", file, "-f", "f32le", "-ac", "1", "-y", raw])).EnsureSuccess();
        var heard = MemoryMarshal.Cast<byte, float>(await File.ReadAllBytesAsync(raw, TestContext.Current.CancellationToken)).ToArray();
        return samples[0].Decode.TotalSeconds + ((double)Array.FindIndex(heard, s => Math.Abs(s) > 0.1) / Clock);
    }

    private sealed class Recorder : IRenditionSink
    {
        public IReadOnlyList<string> Renditions { get; private set; } = [];

        public Dictionary<string, List<MediaSample>> Samples { get; } = [];

        public async Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken)
        {
            Renditions = [.. renditions.Renditions.Select(r => r.Name)];
            await foreach (var sample in renditions.Samples.ReadAllAsync(cancellationToken))
            {
                if (!Samples.TryGetValue(sample.Rendition.Name, out var list))
                {
                    Samples[sample.Rendition.Name] = list = [];
                }

                list.Add(sample.Sample);
            }
        }
    }
}
