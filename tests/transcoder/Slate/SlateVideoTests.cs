using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Media.TranscoderToControl;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Slate;
using Broadcast.Transcoder.Tests.Encoders;
using Broadcast.Transcoder.Workers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Slate;

/// <summary>Slates from a real ffmpeg, and from programs that are not ffmpeg.</summary>
public sealed class SlateVideoTests : IAsyncLifetime
{
    private static readonly SlateFormat Format = SlateFormat.For(320, 180, 1, 1, 3000);
    private readonly TempFolder _folder = TempFolder.Create(mode: UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
    private SlateFile _frame = null!;

    public async ValueTask InitializeAsync()
    {
        var file = Path.Combine(_folder.Path, "green.png");
        (await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=green:s=200x200", "-frames:v", "1", file])).EnsureSuccess();
        _frame = new SlateFile(await File.ReadAllBytesAsync(file), SlateFileType.Png);
    }

    public ValueTask DisposeAsync() => _folder.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Held_frame_is_shown_once_and_the_slate_repeats_with_regular_keyframes(int bFrames)
    {
        var group = await CodedFrames.MakeAsync(1, "320x180", 30, "-bf", $"{bFrames}");
        var frames = await ReadAsync("ffmpeg", new SlateInput(group, Format, Hold: 30), _frame, 60 + 60 + 60 + 1);

        frames.Count.ShouldBe(181);
        frames.Select((p, i) => (p.IsSync, i)).Where(p => p.IsSync).Select(p => p.i)
            .ShouldBe([0, 60, 120, 180], "every two seconds, from what stands on");
        frames[120].Payload.ShouldBe(frames[60].Payload);
        frames.Select(p => p.Configuration).Distinct().ShouldHaveSingleItem().VideoFormat
            .ShouldSatisfyAllConditions(p => p.Width.ShouldBe(320), p => p.Height.ShouldBe(180), p => p.FramesPerSecond.ShouldBe(30));
        frames.Count(p => !p.Configuration.TryInspect(p.Payload.Span, out _)).ShouldBe(0);
    }

    [Fact]
    public async Task Undecodable_frames_cost_only_the_held_frame_and_not_the_slate()
    {
        var group = await CodedFrames.MakeAsync(1, "320x180", 30);
        var broken = group.Select(s => s with { Payload = new byte[] { 0, 0, 0, 2, 0x65, 0xff } }).ToList();

        var frames = await ReadAsync("ffmpeg", new SlateInput(broken, Format, Hold: 30), _frame, 200);

        frames[0].IsSync.ShouldBeTrue();
        frames.Count.ShouldBe(200);
    }

    [Fact]
    public async Task Encoding_that_takes_too_long_ends_and_the_slate_repeats_what_exists()
    {
        var time = new ManualTimeProvider();
        var configuration = (CodecConfig.Avc)(await CodedFrames.MakeAsync(1, "320x180", 30))[0].Track.Config;
        await using var slate = new SlateVideo("ffmpeg", time, new SlateInput([], Format, Hold: 0), _frame, encoder: SlowAsync);
        await using var frames = slate.ReadAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator();
        (await frames.MoveNextAsync()).ShouldBeTrue();

        await Poll.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(9));
            return slate.Coded.IsCompleted;
        }, TimeSpan.FromSeconds(30), "encoding ends");
        (await frames.MoveNextAsync()).ShouldBeTrue("the only frame is repeated");

        async IAsyncEnumerable<SlateFrame> SlowAsync(SlateInput input, SlateFile file, [EnumeratorCancellation] CancellationToken stop)
        {
            yield return new SlateFrame(configuration, IsSync: true, new byte[] { 0, 0, 0, 1, 0x65 });
            await Task.Delay(Timeout.Infinite, stop);
        }
    }

    [Fact]
    public async Task Channel_that_waits_for_other_slates_gets_the_built_in_slate()
    {
        var time = new ManualTimeProvider();
        var encoded = new List<(SlateInput Input, SlateFile File)>();
        var own = new OwnSlate();
        using var slates = new SlateService(Options.Create(new SlateOptions { MaxConcurrent = 1 }), Options.Create(new EncodingOptions()),
            own, time, NullLogger<SlateService>.Instance, EndlessAsync);
        await using var first = await slates.MakeAsync(ChannelName.Parse("first"), Format, TestContext.Current.CancellationToken);

        var making = slates.MakeAsync(ChannelName.Parse("second"), Format, TestContext.Current.CancellationToken);
        await Poll.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return making.IsCompleted;
        }, TimeSpan.FromSeconds(30), "the second channel does not wait for the first");
        await using var second = await making;

        await Poll.UntilAsync(() => Encoded().Length == 2, TimeSpan.FromSeconds(30));
        Encoded()[0].File.Bytes.Length.ShouldBe(own.Bytes.Length);
        Encoded()[1].File.ShouldSatisfyAllConditions(file => file.Type.ShouldBe(SlateFileType.Png),
            file => file.Bytes.Length.ShouldNotBe(own.Bytes.Length));

        (SlateInput Input, SlateFile File)[] Encoded()
        {
            lock (encoded)
            {
                return [.. encoded];
            }
        }

        async IAsyncEnumerable<SlateFrame> EndlessAsync(SlateInput input, SlateFile file, [EnumeratorCancellation] CancellationToken stop)
        {
            lock (encoded)
            {
                encoded.Add((input, file));
            }

            await Task.Delay(Timeout.Infinite, stop);
            yield break;
        }
    }

    [Fact]
    public async Task Slate_without_a_keyframe_ends_still_video_instead_of_searching_forever()
    {
        var track = (await CodedFrames.MakeAsync(1, "320x180", 30))[0].Track;
        var audio = new Track(2, CodecConfig.Aac.Parse([0x11, 0x90]), 48_000);
        var grant = new PublishGrant(Guid.NewGuid(), new BroadcastSession(ChannelName.Parse("main"),
            SessionId.New(DateTimeOffset.UnixEpoch), 1, DateTimeOffset.UnixEpoch, LatencyProfile.Standard), "auto", default);
        var sent = 0;
        var frames = DependentAsync().GetAsyncEnumerator(TestContext.Current.CancellationToken);
        await frames.MoveNextAsync();
        await using var playout = new StillVideoPlayout(new DiscardingSink(),
            new Publication(grant, [audio], Channel.CreateBounded<MediaSample>(1).Reader), [audio], frames, 3000, default);

        (await playout.PushAudioAsync(new MediaSample(audio, new MediaTime(0, 48_000), new MediaTime(0, 48_000), true, new byte[8],
            DateTimeOffset.UnixEpoch))).ShouldBeFalse();
        sent.ShouldBeLessThanOrEqualTo(2400 + 1);

        async IAsyncEnumerable<SlateFrame> DependentAsync()
        {
            await Task.CompletedTask;
            while (sent < 10_000)
            {
                sent++;
                yield return new SlateFrame((CodecConfig.Avc)track.Config, IsSync: false, new byte[] { 0, 0, 0, 1, 0x41 });
            }

            throw new InvalidOperationException("The search does not end.");
        }
    }

    [Fact]
    public async Task Clip_plays_to_its_end_and_repeats()
    {
        var file = Path.Combine(_folder.Path, "clip.mp4");
        (await ChildProcess.RunAsync("ffmpeg",
            ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=160x120:r=25:d=3", "-c:v", "libx264", file])).EnsureSuccess();

        var frames = await ReadAsync("ffmpeg", new SlateInput([], Format, Hold: 0),
            new SlateFile(await File.ReadAllBytesAsync(file), SlateFileType.Mp4), 200);

        var again = frames.FindIndex(1, p => p.Payload.Equals(frames[0].Payload));
        again.ShouldBeInRange(88, 92, "three seconds at 30 a second");
    }

    [Fact]
    public async Task Frames_of_the_publisher_and_the_slate_are_decoded_by_the_worker_user()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can start a process as another user.");
        var group = await CodedFrames.MakeAsync(1, "320x180", 30);
        var program = await ProgramAsync($"test $(id -u) -eq {Sandbox.WorkerUser} && test $(id -G) -eq $(id -u) && exec ffmpeg \"$@\"");

        (await ReadAsync(program, new SlateInput(group, Format, Hold: 30), _frame, 100)).Count.ShouldBe(100);
    }

    [Theory]
    [InlineData("echo what is this >&2; exit 1", "what is this")]
    [InlineData("head -c 100000 /dev/urandom", "invalid encoder output")]
    [InlineData("printf 'not nut at all'; exec sleep 0.1", "no encoder output")]
    public async Task Invalid_ffmpeg_produces_no_slate_and_reports_the_reason(string script, string why)
    {
        var program = await ProgramAsync(script);

        var e = await Should.ThrowAsync<SlateFailedException>(() => ReadAsync(program, new SlateInput([], Format, Hold: 0), _frame, 1));
        e.Message.ShouldContain(why);
    }

    private async Task<string> ProgramAsync(string script)
    {
        var program = Path.Combine(_folder.Path, "ffmpeg");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n{script}\n");
        (await ChildProcess.RunAsync("chmod", ["a+rx", program])).EnsureSuccess();
        return program;
    }

    private static async Task<List<SlateFrame>> ReadAsync(string program, SlateInput material, SlateFile file, int count)
    {
        var frames = new List<SlateFrame>();
        await using var clip = new SlateVideo(program, TimeProvider.System, material, file);
        await foreach (var frame in clip.ReadAsync(TestContext.Current.CancellationToken))
        {
            frames.Add(frame);
            if (frames.Count == count)
            {
                break;
            }
        }

        return frames;
    }

    private sealed class OwnSlate : IChannelSlates
    {
        public byte[] Bytes { get; } = new byte[7];

        public ValueTask<ChannelSlate?> FindAsync(ChannelName channel, CancellationToken cancellationToken) =>
            ValueTask.FromResult<ChannelSlate?>(new ChannelSlate(Bytes, SlateFileType.Png));
    }

    private sealed class DiscardingSink : IPublicationSink
    {
        public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
        {
            await foreach (var sample in publication.Samples.ReadAllAsync(cancellationToken))
            {
                _ = sample;
            }
        }
    }
}
