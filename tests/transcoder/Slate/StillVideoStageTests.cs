using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Slate;
using Broadcast.Transcoder.Tests.Encoders;
using Broadcast.Transcoder.Tests.Failover;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Slate;

/// <summary>Still video for audio-only publications, encoded by a real ffmpeg (rows F14 and F19 of the edge cases).</summary>
public sealed class StillVideoStageTests : IPublicationSink, IDisposable
{
    private const int FrameTicks = 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly Track Audio = new(2, CodecConfig.Aac.Parse([0x11, 0x90]), 48_000);

    private readonly List<Aired> _runs = [];
    private readonly List<SlateService> _slates = [];
    private readonly BroadcastSession _session = new(ChannelName.Parse("main"), SessionId.New(TimeProvider.System.GetUtcNow()), 1,
        TimeProvider.System.GetUtcNow(), LatencyProfile.Standard);

    [Fact]
    public async Task Audio_only_source_gets_constant_rate_still_video_with_keyframes_every_two_seconds()
    {
        await RunAsync("auto", [Audio], AudioFrames(0, 300));

        var run = _runs.ShouldHaveSingleItem();
        run.Tracks.Select(t => t.Kind).ShouldBe([TrackKind.Video, TrackKind.Audio]);
        run.Samples.Where(s => s.Track.Kind == TrackKind.Audio).Select(s => s.Decode.Ticks)
            .ShouldBe(Enumerable.Range(0, 300).Select(i => (long)i * FrameTicks));
        var frames = run.Samples.Where(s => s.Track.Kind == TrackKind.Video).ToList();
        frames.Select(p => p.Present.Ticks).ShouldBe(Enumerable.Range(0, frames.Count).Select(i => i * 3600L));
        frames.Count.ShouldBe((299 * FrameTicks / 1920) + 1);
        frames.Where(p => p.IsSync).Select(p => p.Present.Ticks).ShouldBe([0, 180_000, 360_000, 540_000]);
        frames.ShouldAllBe(p => ReferenceEquals(p.Track, run.Tracks[0]));
        (frames[0].Track.Config.VideoFormat!.Width, frames[0].Track.Config.VideoFormat!.Height).ShouldBe((640, 360));
        run.Samples.Zip(run.Samples.Skip(1)).ShouldAllBe(p => p.Second.Track.Kind == TrackKind.Audio
            || p.Second.Present.ToTimeSpan() >= p.First.Present.ToTimeSpan(), "video precedes the audio of its time");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Encoder_video_starts_a_new_publication_with_its_first_keyframe(bool isAnnounced)
    {
        var coded = await CodedFrames.MakeAsync(2, "320x180", 25, "-g", "25");
        var frames = Later(coded, 5).ToList();
        var first = frames.FindIndex(1, p => p.IsSync);
        IEnumerable<MediaSample> all = [.. AudioFrames(0, 235), .. frames.Skip(1), .. AudioFrames(235, 260)];

        await RunAsync("auto", isAnnounced ? [coded[0].Track, Audio] : [Audio], all);

        _runs.Count.ShouldBe(2);
        _runs[0].IsOver.ShouldBeTrue();
        _runs[1].Tracks.ShouldBe([coded[0].Track, Audio]);
        _runs[1].Samples.ShouldBe([.. frames.Skip(first), .. AudioFrames(235, 260)]);
        _runs[0].Samples.Where(s => s.Track.Kind == TrackKind.Audio).ShouldBe(AudioFrames(0, 235));
        _runs[0].Samples.ShouldAllBe(s => s.Track.Id != coded[0].Track.Id);
    }

    [Fact]
    public async Task Audio_gap_is_also_a_gap_in_still_video_which_restarts_with_a_keyframe()
    {
        await RunAsync("auto", [Audio], [.. AudioFrames(0, 100), .. AudioFrames(10_000, 10_100)]);

        var frames = _runs.ShouldHaveSingleItem().Samples.Where(s => s.Track.Kind == TrackKind.Video).ToList();
        var behind = frames.FindIndex(p => p.Present.ToTimeSpan() > TimeSpan.FromSeconds(3));
        frames[behind].IsSync.ShouldBeTrue();
        frames[behind].Present.ShouldBe(new MediaTime(10_000L * FrameTicks, 48_000).Rescale(MediaTime.VideoTimescale));
    }

    [Theory]
    [InlineData("passthrough", "ffmpeg", false)]
    [InlineData("auto", "ffmpeg", true)]
    [InlineData("auto", "/nowhere/ffmpeg", false)]
    public async Task Other_publications_pass_through_unchanged(string ladder, string program, bool hasVideo)
    {
        var coded = await CodedFrames.MakeAsync(1, "320x180", 25);
        List<MediaSample> all = hasVideo ? [.. AudioFrames(0, 5), .. coded, .. AudioFrames(5, 47)] : [.. AudioFrames(0, 100)];
        IReadOnlyList<Track> tracks = hasVideo ? [coded[0].Track, Audio] : [Audio];

        await RunAsync(ladder, tracks, all, program);

        var run = _runs.ShouldHaveSingleItem();
        run.Tracks.ShouldBe(tracks);
        run.Samples.ShouldBe(all);
    }

    async Task IPublicationSink.RunAsync(Publication publication, CancellationToken cancellationToken)
    {
        var run = new Aired(publication.Tracks, []);
        _runs.Add(run);
        await foreach (var sample in publication.Samples.ReadAllAsync(cancellationToken))
        {
            run.Samples.Add(sample);
        }

        run.IsOver = true;
    }

    public void Dispose() => _slates.ForEach(s => s.Dispose());

    private async Task RunAsync(string ladder, IReadOnlyList<Track> tracks, IEnumerable<MediaSample> samples, string program = "ffmpeg")
    {
        var slates = new SlateService(Options.Create(new SlateOptions()), Options.Create(new EncodingOptions { Ffmpeg = program }),
            channels: null, TimeProvider.System, NullLogger<SlateService>.Instance);
        _slates.Add(slates);
        var queue = Channel.CreateBounded<MediaSample>(2000);
        foreach (var sample in samples)
        {
            queue.Writer.TryWrite(sample).ShouldBeTrue();
        }

        queue.Writer.Complete();
        var grant = new PublishGrant(Guid.NewGuid(), _session, ladder, CancellationToken.None);
        await new StillVideoStage(this, slates, NullLogger<StillVideoStage>.Instance).RunAsync(new Publication(grant, tracks, queue.Reader),
            CancellationToken.None).WaitAsync(Timeout);
    }

    private static IEnumerable<MediaSample> AudioFrames(int from, int to) => Enumerable.Range(from, to - from).Select(i =>
    {
        var at = new MediaTime((long)i * FrameTicks, Audio.Timescale);
        return new MediaSample(Audio, at, at, IsSync: true, Silence, DateTimeOffset.UnixEpoch + at.ToTimeSpan());
    });

    private static byte[] Silence { get; } = [0x21, 0, 0, 0, 0, 0x1c];

    private static IEnumerable<MediaSample> Later(IEnumerable<MediaSample> samples, int seconds)
    {
        var by = new MediaTime((long)seconds * MediaTime.VideoTimescale, MediaTime.VideoTimescale);
        return samples.Select(s => s with { Decode = s.Decode + by, Present = s.Present + by });
    }
}
