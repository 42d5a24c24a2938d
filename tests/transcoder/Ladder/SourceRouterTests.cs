using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Tests.Encoders;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Ladder;

/// <summary>A source that cannot be passed through, with a real ffmpeg that re-encodes it, and with programs that do not.</summary>
public sealed class SourceRouterTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly ChannelName Main = ChannelName.Parse("main");
    private readonly TempFolder _folder = TempFolder.Create();
    private readonly RecordingPackager _packager = new();
    private readonly RunningEncoders _running = new();

    [Theory]
    [InlineData("640x360", 30, 300, "240p")]
    [InlineData("640x400", 60, 600, "240p")]
    public async Task Sparse_keyframes_cause_a_lossless_switch_to_a_re_encode_with_regular_keyframes(string size, int rate, int group,
        string rung)
    {
        var source = await CodedFrames.MakeAsync(11, size, rate, "-g", $"{group}");
        await PublishAsync(Transcoder("ffmpeg", null), SessionId.New(DateTimeOffset.UnixEpoch), source, waitsForRungs: true);

        var leader = _packager.Of("source");
        leader.Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks));
        leader.TakeWhile(s => ReferenceEquals(s.Track, source[0].Track)).Count().ShouldBe(rate * 5 / 2);
        var copy = leader.SkipWhile(s => ReferenceEquals(s.Track, source[0].Track)).ToList();
        copy.Select(s => s.Track).Distinct().ShouldHaveSingleItem()
            .Config.VideoFormat!.Height.ShouldBe(source[0].Track.Config.VideoFormat!.Height);
        copy.Count(s => !s.Track.Config.TryInspect(s.Payload.Span, out _)).ShouldBe(0);

        double[] keys = [2.5, 4.5, 6.5, 8.5, 10.5];
        copy.Where(s => s.IsSync).Select(s => s.Present.TotalSeconds).ShouldBe(keys);
        var small = _packager.Of(rung);
        small.Where(s => s.IsSync && s.Present.TotalSeconds > 1).Select(s => s.Present.TotalSeconds).ShouldBe(keys);
        var all = rate == 60 ? 2 : 1;
        small.Count.ShouldBeInRange((source.Count / all) - 1, (source.Count / all) + 6);
        small.Select(s => s.Present.Ticks).ShouldBe(small.Select(s => s.Present.Ticks).Order());
    }

    [Fact]
    public async Task Source_with_regular_keyframes_passes_through_unchanged()
    {
        var source = await CodedFrames.MakeAsync(5, "640x360", 30, "-g", "60");
        await PublishAsync("ffmpeg", source);

        _packager.Of("source").Select(s => (s.Track, s.Present, s.IsSync)).ShouldBe(source.Select(s => (s.Track, s.Present, s.IsSync)));
        _packager.Of("240p").Where(s => s.IsSync).Select(s => s.Present.TotalSeconds).ShouldBe([0, 2, 4]);
    }

    [Theory]
    [InlineData("ffmpeg", false)]
    [InlineData("ffmpeg", true)]
    public async Task Short_publication_without_a_decision_is_passed_through_completely(string program, bool inDoubt)
    {
        var source = (await CodedFrames.MakeAsync(3, "640x360", 30, "-g", "300")).Take(inDoubt ? 85 : 20).ToList();
        await PublishAsync(program, source);
        _packager.Of("source").Select(s => s.Present).ShouldBe(source.Select(s => s.Present));
    }

    [Fact]
    public async Task Source_passes_through_from_its_next_keyframe_when_no_encoder_produces_a_frame()
    {
        var source = await CodedFrames.MakeAsync(12, "640x360", 30, "-g", "240");

        // It would encode rungs.
        var program = await ProgramAsync("case \"$*\" in *expr:*) exit 3;; esac\nexec ffmpeg \"$@\"");
        EncodingState? state = null;
        await PublishAsync(program, source, async i =>
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
            state = _running.Find(Main) ?? state;
        });

        var passed = _packager.Of("source");
        passed.ShouldAllBe(s => ReferenceEquals(s.Track, source[0].Track));
        passed.Select(s => s.Present.Ticks).ShouldBe(source.Where((_, i) => i is < 75 or >= 240).Select(s => s.Present.Ticks));
        state!.DroppedRungs.ShouldContain("source");
        state.ReencodeReason!.ShouldContain("keyframe interval");
        state.Reason!.ShouldContain("failed");
    }

    [Fact]
    public async Task Any_source_passes_through_without_ffmpeg()
    {
        var source = await CodedFrames.MakeAsync(5, "640x360", 30, "-g", "300");
        var missing = Path.Combine(_folder.Path, "nothing");
        using var choice = await EncodingHarness.ProvedAsync(missing);
        await PublishAsync(missing, source, choice: choice);

        _packager.Of("source").Select(s => s.Present).ShouldBe(source.Select(s => s.Present));
    }

    [Fact]
    public async Task Killed_re_encoding_worker_is_replaced_by_one_that_continues_at_the_same_frame()
    {
        var source = await CodedFrames.MakeAsync(9, "640x360", 30, "-g", "300");
        var pids = Path.Combine(_folder.Path, "pids");
        var program = await ProgramAsync($"echo $$ >> {pids}\nexec ffmpeg \"$@\"");
        await PublishAsync(program, source, async i =>
        {
            if (i == 180)
            {
                // The first one was for the rungs only.
                var worker = (await File.ReadAllLinesAsync(pids))[^1];
                (await ChildProcess.RunAsync("kill", ["-KILL", worker])).EnsureSuccess();
            }

            await Task.Delay(33, TestContext.Current.CancellationToken);
        });

        (await File.ReadAllLinesAsync(pids, TestContext.Current.CancellationToken)).Length.ShouldBe(3);
        var leader = _packager.Of("source");
        leader.Select(s => s.Present.Ticks).ShouldBe(source.Select(s => s.Present.Ticks));
        leader.Select(s => s.Track).Distinct().Count().ShouldBe(2, "the second worker's copy is as the first one's");
        var keys = leader.Where(s => s.IsSync).Select(s => s.Present.TotalSeconds).ToList();
        double[] regular = [2.5, 4.5, 6.5, 8.5];
        keys.ShouldBeSubsetOf([0, .. regular, keys.Except(regular).Last()]);
        regular.ShouldBeSubsetOf(keys);
    }

    [Fact]
    public async Task Re_encoding_decision_holds_for_the_session_and_not_for_the_next_one()
    {
        var source = await CodedFrames.MakeAsync(4, "640x360", 30, "-g", "300");
        var transcoder = Transcoder("ffmpeg", null);
        var session = SessionId.New(DateTimeOffset.UnixEpoch);
        await PublishAsync(transcoder, session, source);
        var shift = new MediaTime(20 * 90_000, 90_000);
        await PublishAsync(transcoder, session, [.. source.Select(s => s with { Decode = s.Decode + shift, Present = s.Present + shift })]);
        await PublishAsync(transcoder, SessionId.New(DateTimeOffset.UnixEpoch.AddHours(1)), source);

        _packager.Sets.Select(s => ReferenceEquals(s.First(r => r.Rendition.Name == "source").Sample.Track, source[0].Track))
            .ShouldBe([true, false, true]);
        _packager.Sets[1].Where(r => r.Rendition.Name == "source").Select(r => r.Sample.Present)
            .ShouldBe(source.Select(s => s.Present + shift));
    }

    public void Dispose() => _folder.Dispose();

    private LadderTranscoder Transcoder(string program, Broadcast.Transcoder.Encoders.Probing.EncoderSelector? choice) => new(
        _packager, Options.Create(new EncodingOptions { Ffmpeg = program }), TimeProvider.System, NullLogger<LadderTranscoder>.Instance,
        choice, _running);

    private Task PublishAsync(string program, IReadOnlyList<MediaSample> source, Func<int, Task>? before = null,
        Broadcast.Transcoder.Encoders.Probing.EncoderSelector? choice = null) =>
        PublishAsync(Transcoder(program, choice), SessionId.New(DateTimeOffset.UnixEpoch), source, before);

    /// <summary>Publishes as fast as the source is re-encoded, if nothing else limits the rate.</summary>
    private async Task PublishAsync(LadderTranscoder transcoder, SessionId session, IReadOnlyList<MediaSample> source,
        Func<int, Task>? before = null, bool waitsForRungs = false)
    {
        var queue = Channel.CreateBounded<MediaSample>(8);
        var grant = new PublishGrant(Guid.NewGuid(),
            new BroadcastSession(Main, session, 1, DateTimeOffset.UnixEpoch, LatencyProfile.Standard), "auto", CancellationToken.None);
        _packager.Newest = source[0].Present.TotalSeconds;
        var running = transcoder.RunAsync(new Publication(grant, [source[0].Track], queue.Reader), TestContext.Current.CancellationToken);
        for (var i = 0; i < source.Count; i++)
        {
            if (before is not null)
            {
                await before(i);
            }
            else
            {
                await Poll.UntilAsync(() => source[i].Present.TotalSeconds - _packager.Newest < 1.4, Timeout);
            }

            if (waitsForRungs && source[i].Present.TotalSeconds is > 1.9 and < 2)
            {
                await Poll.UntilAsync(() => _packager.HasRungs, Timeout);
            }

            await queue.Writer.WriteAsync(source[i], TestContext.Current.CancellationToken);
        }

        queue.Writer.Complete();
        await running;
    }

    private async Task<string> ProgramAsync(string script)
    {
        var program = Path.Combine(_folder.Path, "ffmpeg");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n{script}\n");
        (await ChildProcess.RunAsync("chmod", ["+x", program])).EnsureSuccess();
        return program;
    }

    private sealed class RecordingPackager : IRenditionSink
    {
        private double _newest;

        public List<List<RenditionSample>> Sets { get; } = [];

        /// <summary>End of the source rendition, in seconds.</summary>
        public double Newest { get => Volatile.Read(ref _newest); set => Volatile.Write(ref _newest, value); }

        /// <summary>Indicates whether any rung was encoded.</summary>
        public bool HasRungs { get; private set; }

        public List<MediaSample> Of(string rendition) =>
            [.. Sets.ShouldHaveSingleItem().Where(s => s.Rendition.Name == rendition).Select(s => s.Sample)];

        public async Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken)
        {
            var samples = new List<RenditionSample>();
            Sets.Add(samples);
            await foreach (var sample in renditions.Samples.ReadAllAsync(cancellationToken))
            {
                samples.Add(sample);
                HasRungs |= sample.Rendition is { Kind: TrackKind.Video, IsLeading: false };
                if (sample.Rendition.IsLeading)
                {
                    Newest = Math.Max(Newest, sample.Sample.Present.TotalSeconds);
                }
            }
        }
    }
}
