using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Encoders;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests;

public class LadderTranscoderTests
{
    private static readonly Track Video = new(1, CodecConfig.Avc.Parse(Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC8")), 90_000);

    private static readonly Track Audio = new(2, CodecConfig.Aac.Parse([0x12, 0x10]), 44_100);

    [Fact]
    public async Task Video_becomes_the_leading_source_rendition_and_audio_the_audio_rendition()
    {
        var sets = await RunAsync([Video, Audio], [Sample(Video, 0, sync: true), Sample(Audio, 0, sync: true)]);

        var set = sets.ShouldHaveSingleItem();
        set.Renditions.ShouldBe([new Rendition("source", TrackKind.Video, IsLeading: true),
            new Rendition("audio", TrackKind.Audio, IsLeading: false)]);
        set.Samples.Select(s => s.Rendition.Name).ShouldBe(["source", "audio"]);
    }

    [Fact]
    public async Task Audio_leads_without_video()
    {
        var sets = await RunAsync([Audio], [Sample(Audio, 0, sync: true)]);

        sets.ShouldHaveSingleItem().Renditions.ShouldBe([new Rendition("audio", TrackKind.Audio, IsLeading: true)]);
    }

    [Fact]
    public async Task Video_that_joins_an_audio_publication_restarts_the_renditions_without_losing_a_sample()
    {
        var sets = await RunAsync([Audio], [Sample(Audio, 0, true), Sample(Video, 900, true), Sample(Audio, 1024, true)]);

        sets.Count.ShouldBe(2);
        sets[0].Samples.Count.ShouldBe(1);
        sets[1].Samples.Select(s => (s.Rendition.Name, s.Rendition.IsLeading)).ShouldBe([("source", true), ("audio", false)]);
    }

    [Fact]
    public async Task Frames_of_unknown_size_wait_for_the_keyframe_that_declares_it()
    {
        var unknown = new Track(1, CodecConfig.Vp9.Parse([0, 30, 0x82, 2, 2, 2, 0, 0]), 90_000);
        var known = RenditionPlanTests.Video(1, 640, 360);
        var sets =
            await RunAsync([unknown], [Sample(unknown, 0, sync: true), Sample(known, 3000, sync: true), Sample(known, 6000, sync: false)]);

        sets.ShouldHaveSingleItem().Samples.Where(s => s.Rendition.Name == "source").Select(s => s.Sample.Decode.Ticks)
            .ShouldBe([3000, 6000]);
    }

    [Fact]
    public async Task Video_without_audio_has_silence_up_to_its_newest_frame_until_audio_arrives()
    {
        MediaSample[] frames = [.. Enumerable.Range(0, 30).Select(i => Sample(Video, 90_000 + (i * 3000), sync: i == 0))];
        var audio = Sample(new Track(2, CodecConfig.Aac.Parse([0x11, 0x90, 0x56, 0xe5, 0x00]), 48_000), 96_000, sync: true);
        var set = (await RunAsync([Video], [.. frames, audio])).ShouldHaveSingleItem();

        set.Renditions.ShouldBe([new Rendition("source", TrackKind.Video, IsLeading: true),
            new Rendition("audio", TrackKind.Audio, IsLeading: false)]);
        var heard = set.Samples.Where(s => s.Rendition.Name == "audio").Select(s => s.Sample).ToList();
        heard.Select(s => s.Decode.Ticks).ShouldBe([.. Enumerable.Range(0, 46).Select(i => 48_000L + (i * 1024)), 96_000]);
        heard[^1].Payload.ShouldBe(audio.Payload);
        heard.Select(s => s.Track).Distinct().ShouldHaveSingleItem("its configuration is another spelling of the same");
    }

    [Fact]
    public async Task Payloads_are_passed_by_reference()
    {
        var payload = new byte[] { 1, 2, 3 };
        var sets = await RunAsync([Video], [Sample(Video, 0, true) with { Payload = payload }]);

        sets[0].Samples[0].Sample.Payload.ShouldBe(payload);
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(sets[0].Samples[0].Sample.Payload, out var segment).ShouldBeTrue();
        segment.Array.ShouldBeSameAs(payload);
    }

    [Fact]
    public async Task Blocked_packager_drops_samples_until_a_sync_sample_and_never_blocks_the_encoder()
    {
        var source = Channel.CreateBounded<MediaSample>(8);
        var packager = new StuckPackager();
        var running = new LadderTranscoder(packager, Options.Create(new EncodingOptions()), TimeProvider.System,
            NullLogger<LadderTranscoder>.Instance)
            .RunAsync(new Publication(Grant(), [Video, Audio], source.Reader), TestContext.Current.CancellationToken);

        for (var i = 0; i < LadderTranscoder.QueueLength + 50; i++)
        {
            await source.Writer.WriteAsync(Sample(Video, i * 3000, sync: i == 0), TestContext.Current.CancellationToken);
        }

        await source.Writer.WriteAsync(Sample(Video, 9_000_000, sync: false), TestContext.Current.CancellationToken);
        while (source.Reader.Count > 0)
        {
            await Task.Yield();
        }

        packager.Release.SetResult();
        await packager.Drained.Task;
        await source.Writer.WriteAsync(Sample(Video, 9_003_000, sync: false), TestContext.Current.CancellationToken);
        await source.Writer.WriteAsync(Sample(Video, 9_006_000, sync: true), TestContext.Current.CancellationToken);
        source.Writer.Complete();
        await running;

        packager.Samples.Count.ShouldBe(LadderTranscoder.QueueLength + 1);
        packager.Samples[^1].IsSync.ShouldBeTrue();
        packager.Samples[^1].Decode.Ticks.ShouldBe(9_006_000);
    }

    [Fact]
    public async Task Samples_queued_for_a_blocked_packager_are_limited_in_bytes()
    {
        var source = Channel.CreateBounded<MediaSample>(8);
        var packager = new StuckPackager();
        var running = new LadderTranscoder(packager, Options.Create(new EncodingOptions()), TimeProvider.System,
            NullLogger<LadderTranscoder>.Instance)
            .RunAsync(new Publication(Grant(), [Video, Audio], source.Reader), TestContext.Current.CancellationToken);
        var large = new byte[8 << 20];

        for (var i = 0; i < 12; i++)
        {
            await source.Writer.WriteAsync(Sample(Video, i * 3000, sync: true) with { Payload = large },
                TestContext.Current.CancellationToken);
        }

        while (source.Reader.Count > 0)
        {
            await Task.Yield();
        }

        packager.Release.SetResult();
        source.Writer.Complete();
        await running;
        packager.Samples.Where(s => s.Track == Video).Sum(s => (long)s.Payload.Length).ShouldBeInRange(56 << 20, 64 << 20);
    }

    [Fact]
    public async Task Packager_failure_ends_the_publication_immediately()
    {
        var source = Channel.CreateBounded<MediaSample>(8);
        var running = new LadderTranscoder(new FailingPackager(), Options.Create(new EncodingOptions()), TimeProvider.System,
            NullLogger<LadderTranscoder>.Instance)
            .RunAsync(new Publication(Grant(), [Video], source.Reader), TestContext.Current.CancellationToken);

        source.Writer.TryWrite(Sample(Video, 0, sync: true)).ShouldBeTrue();
        source.Writer.TryWrite(Sample(Video, 3000, sync: false)).ShouldBeTrue();

        (await Should.ThrowAsync<InvalidDataException>(
            running.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken))).Message.ShouldBe("broken");
    }

    private sealed class FailingPackager : IRenditionSink
    {
        public async Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken)
        {
            await renditions.Samples.WaitToReadAsync(cancellationToken);
            throw new InvalidDataException("broken");
        }
    }

    private sealed class StuckPackager : IRenditionSink
    {
        public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Drained { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<MediaSample> Samples { get; } = [];

        public async Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken)
        {
            await Release.Task;
            while (renditions.Samples.TryRead(out var sample))
            {
                Samples.Add(sample.Sample);
            }

            Drained.SetResult();
            await foreach (var sample in renditions.Samples.ReadAllAsync(cancellationToken))
            {
                Samples.Add(sample.Sample);
            }
        }
    }

    private sealed record Packaged(IReadOnlyList<Rendition> Renditions, List<RenditionSample> Samples);

    private sealed class RecordingPackager : IRenditionSink
    {
        public List<Packaged> Sets { get; } = [];

        public async Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken)
        {
            var packaged = new Packaged(renditions.Renditions, []);
            Sets.Add(packaged);
            await foreach (var sample in renditions.Samples.ReadAllAsync(cancellationToken))
            {
                packaged.Samples.Add(sample);
            }
        }
    }

    private static async Task<List<Packaged>> RunAsync(IReadOnlyList<Track> tracks, IReadOnlyList<MediaSample> samples)
    {
        var packager = new RecordingPackager();
        var queue = Channel.CreateBounded<MediaSample>(64);
        foreach (var sample in samples)
        {
            queue.Writer.TryWrite(sample).ShouldBeTrue();
        }

        queue.Writer.Complete();
        await new LadderTranscoder(packager, Options.Create(new EncodingOptions()), TimeProvider.System,
            NullLogger<LadderTranscoder>.Instance)
            .RunAsync(new Publication(Grant(), tracks, queue.Reader), TestContext.Current.CancellationToken);
        return packager.Sets;
    }

    private static PublishGrant Grant() => new(
        Guid.NewGuid(),
        new BroadcastSession(ChannelName.Parse("main"), SessionId.New(DateTimeOffset.UnixEpoch), 1, DateTimeOffset.UnixEpoch,
            LatencyProfile.Standard),
        "passthrough",
        CancellationToken.None);

    private static MediaSample Sample(Track track, long ticks, bool sync) =>
        new(track, new MediaTime(ticks, track.Timescale), new MediaTime(ticks, track.Timescale), sync, new byte[] { 0 },
            DateTimeOffset.UnixEpoch);
}
