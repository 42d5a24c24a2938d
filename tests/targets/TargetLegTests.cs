using System.Net;
using System.Net.Sockets;
using Broadcast.Ingest.Tests.EndToEnd;
using Broadcast.Media;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.Outbound;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Publisher;
using Broadcast.Targets.Legs;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Targets.Tests;

/// <summary>Publications to platforms: this product's own ingest, and servers that misbehave.</summary>
public sealed class TargetLegTests
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");
    private static readonly SessionId Session = SessionId.Parse("01JN8E0000000000000000000A");

    [Fact]
    public async Task Platform_gets_every_frame_from_a_keyframe_on_and_the_target_is_live()
    {
        await using var platform = await IngestServer.StartAsync();
        await using var legs = new Rig(Target(1, platform));
        var sent = new List<RenditionSample>();
        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Live, sent.Add);
        legs.Offer(25, sent.Add);

        var video = sent.Where(item => item.Rendition.Kind == TrackKind.Video).ToList();
        await Poll.UntilAsync(() => platform.Sink.Single.Of(TrackKind.Video).LastOrDefault().Payload.Span
            .SequenceEqual(video[^1].Sample.Payload.Span));
        var received = platform.Sink.Single.Of(TrackKind.Video);
        received[0].IsSync.ShouldBeTrue();
        received.Select(sample => Convert.ToHexString(sample.Payload.Span))
            .ShouldBe(video.TakeLast(received.Length).Select(item => Convert.ToHexString(item.Sample.Payload.Span)));
        received.Zip(received.Skip(1)).ShouldAllBe(pair => pair.Second.Decode.Ticks - pair.First.Decode.Ticks == 3600);
        received.ShouldAllBe(sample => sample.Present.Ticks - sample.Decode.Ticks == 7200);
        platform.Sink.Single.Of(TrackKind.Audio).Length.ShouldBeGreaterThan(received.Length);
        platform.Authority.Asked.Single().StreamKey.ShouldBe("good1");

        var status = legs.Legs.Find(Session)[1];
        (status.Reason, status.DroppedFrames, status.Publications).ShouldBe((null, 0, 1));
        await legs.DisposeAsync();
        await Poll.UntilAsync(() => platform.Authority.Ended.Count == 1);
        platform.Authority.Ended.Single().Reason.ShouldBe("the encoder finished");
    }

    [Fact]
    public async Task Outage_of_the_encoder_does_not_end_the_publication()
    {
        await using var platform = await IngestServer.StartAsync();
        await using var legs = new Rig(Target(1, platform));
        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Live);

        legs.Source.Skip(TimeSpan.FromMinutes(10));
        legs.Source.Change(SampleSource.Changed);
        legs.Offer(50);

        await Poll.UntilAsync(() => platform.Sink.Single.Of(TrackKind.Video)
            .Any(sample => sample.Track.Config.Equals(SampleSource.Changed)));
        var received = platform.Sink.Single.Of(TrackKind.Video);
        received.Zip(received.Skip(1)).ShouldAllBe(pair => pair.Second.Decode > pair.First.Decode);
        platform.Authority.Ended.ShouldBeEmpty();
        legs.Legs.Find(Session)[1].Publications.ShouldBe(1);
    }

    [Fact]
    public async Task Switching_one_target_does_not_touch_the_others()
    {
        await using var platform = await IngestServer.StartAsync();
        var (first, second) = (Target(1, platform), Target(2, platform));
        await using var legs = new Rig(first);
        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Live);

        for (var i = 0; i < 5; i++)
        {
            legs.Apply(first, second);
            await legs.RunUntilAsync(() => legs.StateOf(2) == TargetState.Live);
            legs.Apply(first);
            legs.Legs.Find(Session).Keys.ShouldBe([1]);
            await legs.RunUntilAsync(() => platform.Authority.Ended.Count == i + 1);
        }

        var last = legs.Offer(25).Last(item => item.Rendition.Kind == TrackKind.Video).Sample.Payload;
        var publication = platform.Sink.All.First();
        await Poll.UntilAsync(() => publication.Of(TrackKind.Video)[^1].Payload.Span.SequenceEqual(last.Span));
        var received = publication.Of(TrackKind.Video);
        received.Zip(received.Skip(1)).ShouldAllBe(pair => pair.Second.Decode.Ticks - pair.First.Decode.Ticks == 3600);
        legs.Legs.Find(Session)[1].Publications.ShouldBe(1);
        platform.Sink.All.Count.ShouldBe(6);
    }

    [Fact]
    public async Task Renamed_target_stays_connected()
    {
        await using var platform = await IngestServer.StartAsync();
        await using var legs = new Rig(Target(1, platform));
        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Live);

        legs.Apply(Target(1, platform) with { Name = "renamed", WasLive = true });
        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Live);
        legs.Offer(10);

        platform.Authority.Ended.ShouldBeEmpty();
        platform.Authority.Asked.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Changed_target_connects_after_its_earlier_publication_has_ended()
    {
        await using var platform = await IngestServer.StartAsync();
        await using var legs = new Rig(Target(1, platform));
        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Live);

        legs.Apply(Target(1, platform) with { Url = $"rtmp://localhost:{platform.Port}/live" });
        var ended = -1;
        await legs.RunUntilAsync(() =>
        {
            ended = ended < 0 && platform.Authority.Asked.Count == 2 ? platform.Authority.Ended.Count : ended;
            return ended >= 0 && legs.StateOf(1) == TargetState.Live;
        });
        ended.ShouldBe(1);
    }

    [Fact]
    public async Task Rejection_after_a_publication_of_an_earlier_process_may_pass_by_itself()
    {
        await using var platform = await IngestServer.StartAsync(("RejectionDelay", "00:00:00"));
        await using var earlier = new Rig(Target(1, platform));
        await earlier.RunUntilAsync(() => earlier.StateOf(1) == TargetState.Live);
        await using var legs = new Rig(Target(1, platform) with { WasLive = true });

        await legs.RunUntilAsync(() => legs.StateOf(1) is TargetState.Retrying or TargetState.Rejected);

        legs.StateOf(1).ShouldBe(TargetState.Retrying);
        legs.Legs.Find(Session)[1].Reason.ShouldNotBeNull().ShouldContain("previous connection");
    }

    [Fact]
    public async Task Test_connects_without_media_and_explains_a_rejection()
    {
        await using var platform = await IngestServer.StartAsync(("RejectionDelay", "00:00:00"));
        await using var legs = new Rig();

        (await legs.Legs.TestAsync(Session, Target(1, platform), CancellationToken.None))!.Accepted.ShouldBeTrue();
        await Poll.UntilAsync(() => platform.Authority.Ended.Count == 1);
        platform.Sink.All.Sum(publication => publication.Of(TrackKind.Video).Length).ShouldBe(0);

        var wrong = await legs.Legs.TestAsync(Session, Target(1, platform) with { StreamKey = "secretkey" }, CancellationToken.None);
        (wrong!.Accepted, wrong.Reason!.Contains("stream key", StringComparison.Ordinal)).ShouldBe((false, true));
        wrong.Reason.ShouldNotContain("secretkey");
        var invalid = Target(1, platform) with { Url = "http://x" };
        (await legs.Legs.TestAsync(Session, invalid, CancellationToken.None))!.Accepted.ShouldBeFalse();
    }

    [Fact]
    public async Task Wrong_key_is_rejected_without_showing_it()
    {
        await using var platform = await IngestServer.StartAsync(("RejectionDelay", "00:00:00"));
        await using var legs = new Rig(Target(1, platform) with { StreamKey = "secretkey" });

        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Rejected);

        var status = legs.Legs.Find(Session)[1];
        status.Reason.ShouldNotBeNull().ShouldContain("stream key");
        status.NextAttempt.ShouldNotBeNull();
        (status.ToString() + Target(1, platform)).ShouldNotContain("secretkey");
        legs.Log.Entries.ShouldContain(entry => entry.Id.Id == 9002);
        legs.Log.Entries.ShouldAllBe(entry => !entry.Text.Contains("secretkey"));
    }

    [Fact]
    public async Task Lost_connection_is_tried_again_and_begins_a_new_publication()
    {
        await using var platform = await IngestServer.StartAsync();
        await using var legs = new Rig(Target(1, platform));
        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Live);

        platform.Authority.RevokeAll();
        await legs.RunUntilAsync(() => legs.Legs.Find(Session)[1].Publications == 2);

        platform.Sink.All.Count.ShouldBe(2);
        platform.Sink.All.Last().Of(TrackKind.Video)[0].IsSync.ShouldBeTrue();
    }

    [Fact]
    public async Task Platform_that_accepts_connections_and_says_nothing_is_retrying_and_costs_others_nothing()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var platform = await IngestServer.StartAsync();
        var sick = Target(1, platform) with { Url = $"rtmp://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/live" };
        await using var legs = new Rig(new RtmpClientSettings { StepTimeout = TimeSpan.FromMilliseconds(300) }, sick, Target(2, platform));

        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Retrying && legs.StateOf(2) == TargetState.Live);

        legs.Legs.Find(Session)[1].Reason.ShouldBe("The server did not complete the RTMP handshake within 0.3 s.");
        legs.Legs.Find(Session)[2].DroppedFrames.ShouldBe(0);
    }

    [Fact]
    public async Task Platform_that_stops_reading_costs_frames_of_its_own_leg_only()
    {
        await using var platform = await IngestServer.StartAsync();
        await using var stalling = new StallingPlatform(platform.Port);
        var slow = Target(1, platform) with { Url = $"rtmp://127.0.0.1:{stalling.Port}/live" };
        await using var legs = new Rig(slow, Target(2, platform));
        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Live && legs.StateOf(2) == TargetState.Live);

        // More than the buffers of the sockets hold.
        stalling.Stall();
        legs.Source.FrameSize = 200_000;
        for (var i = 0; i < 100 && legs.Legs.Find(Session)[1].DroppedFrames == 0; i++)
        {
            legs.Offer(10);
            await Poll.UntilAsync(() => legs.Legs.Find(Session)[2].Delay == TimeSpan.Zero);
        }

        legs.Legs.Find(Session)[1].DroppedFrames.ShouldBePositive();
        legs.Legs.Find(Session)[2].DroppedFrames.ShouldBe(0);
    }

    [Fact]
    public async Task Platform_that_reads_a_kilobit_per_second_gets_frames_from_keyframes_and_costs_others_nothing()
    {
        await using var platform = await IngestServer.StartAsync();
        await using var trickling = new StallingPlatform(platform.Port);
        var slow = Target(1, platform) with { Url = $"rtmp://127.0.0.1:{trickling.Port}/live" };
        await using var legs = new Rig(slow, Target(2, platform));
        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Live && legs.StateOf(2) == TargetState.Live);

        trickling.Trickle();
        legs.Source.FrameSize = 200_000;
        for (var i = 0; i < 200 && legs.Legs.Find(Session)[1].DroppedFrames < 500; i++)
        {
            legs.Offer(10);
            await Poll.UntilAsync(() => legs.Legs.Find(Session)[2].Delay == TimeSpan.Zero);
        }

        var status = legs.Legs.Find(Session)[1];
        status.DroppedFrames.ShouldBeGreaterThanOrEqualTo(500);
        status.Publications.ShouldBe(1);
        legs.Legs.Find(Session)[2].DroppedFrames.ShouldBe(0);
        legs.StateOf(2).ShouldBe(TargetState.Live);
    }

    [Fact]
    public async Task Redirect_is_explained_and_not_followed()
    {
        await using var other = await IngestServer.StartAsync();
        await using var redirecting = new AnsweringPlatform(
            AnsweringPlatform.Redirect($"rtmp://127.0.0.1:{other.Port}/live/good1"));
        await using var legs = new Rig(Target(1, other) with { Url = $"rtmp://127.0.0.1:{redirecting.Port}/live" });

        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Rejected);

        legs.Legs.Find(Session)[1].Reason.ShouldNotBeNull().ShouldContain($"rtmp://127.0.0.1:{other.Port}/live/…");
        other.Authority.Asked.ShouldBeEmpty();
    }

    public static TheoryData<string, byte[]> HostileAnswers => new()
    {
        { "chunk size 0", AnsweringPlatform.Message(1, [0, 0, 0, 0]) },
        { "chunk size 2^31", AnsweringPlatform.Message(1, [0x80, 0, 0, 0]) },
        { "truncated chunk size", AnsweringPlatform.Message(1, [1]) },
        { "16 MB message", AnsweringPlatform.Message(20, new byte[128], 0xFFFFFF) },
        { "nested objects", AnsweringPlatform.Message(20, [2, 0, 6, .. "_error"u8, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            .. Enumerable.Repeat<byte[]>([3, 0, 1, 97], 5000).SelectMany(bytes => bytes)]) },
        { "array of 2^32 - 1", AnsweringPlatform.Message(20,
            [2, 0, 7, .. "_result"u8, 0, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 10, 255, 255, 255, 255]) },
        { "acknowledgement of all", AnsweringPlatform.Message(3, [255, 255, 255, 255]) },
        { "window of 0 bytes", AnsweringPlatform.Message(5, [0, 0, 0, 0]) },
        { "pings", [.. Enumerable.Repeat(AnsweringPlatform.Message(4, [0, 6, 0, 0, 0, 0]), 5000).SelectMany(bytes => bytes)] },
        { "unknown chunk stream", [0xFF, 1, 2, 3] },
    };

    [Theory]
    [MemberData(nameof(HostileAnswers))]
    public async Task Hostile_answer_is_a_failure_with_a_reason_and_costs_others_nothing(string name, byte[] bytes)
    {
        await using var platform = await IngestServer.StartAsync();
        await using var hostile = new AnsweringPlatform(bytes);
        var sick = Target(1, platform) with { Url = $"rtmp://127.0.0.1:{hostile.Port}/live" };
        await using var legs = new Rig(new RtmpClientSettings { StepTimeout = TimeSpan.FromMilliseconds(500) }, sick, Target(2, platform));

        await legs.RunUntilAsync(() => legs.StateOf(1) is TargetState.Retrying or TargetState.Rejected
            && legs.StateOf(2) == TargetState.Live);

        legs.Legs.Find(Session)[1].Reason.ShouldNotBeNullOrEmpty(name);
        legs.Legs.Find(Session)[2].DroppedFrames.ShouldBe(0);
    }

    [Fact]
    public async Task Forbidden_address_is_rejected()
    {
        var connector = new OutboundConnector(() => OutboundPolicy.PublicOnly, "Some:Option", TimeProvider.System);
        await using var platform = await IngestServer.StartAsync();
        await using var legs = new Rig(new RtmpClientSettings { Connect = connector.ConnectAsync }, Target(1, platform));

        await legs.RunUntilAsync(() => legs.StateOf(1) == TargetState.Rejected);

        legs.Legs.Find(Session)[1].Reason.ShouldNotBeNull().ShouldContain("Some:Option");
        platform.Authority.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task Target_waits_for_media_of_its_rendition()
    {
        await using var platform = await IngestServer.StartAsync();
        await using var legs = new Rig(Target(1, platform) with { Rendition = "720p" });
        legs.Apply(Target(1, platform) with { Rendition = "720p" });
        legs.Offer(50);

        legs.Legs.Find(Session)[1].Reason.ShouldBe("waits for media of rendition '720p'");
        platform.Authority.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task Packager_gets_the_same_samples_with_and_without_targets()
    {
        await using var platform = await IngestServer.StartAsync();
        await using var legs = new Rig(Target(1, platform));
        var packager = new RememberingPackager();
        var queue = System.Threading.Channels.Channel.CreateBounded<RenditionSample>(10_000);
        var running = new TargetTap(packager, legs.Legs).RunAsync(
            new RenditionSet(new BroadcastSession(Demo, Session, 1, DateTimeOffset.UnixEpoch, LatencyProfile.Standard),
                [SampleSource.VideoRendition, SampleSource.AudioRendition], queue.Reader), CancellationToken.None);
        var samples = legs.Source.Frames(100).ToList();
        samples.ForEach(item => queue.Writer.TryWrite(item).ShouldBeTrue());
        for (var i = 0; legs.StateOf(1) != TargetState.Live; i++)
        {
            i.ShouldBeLessThan(1000);
            var next = legs.Source.Frames(1).ToList();
            next.ForEach(item => queue.Writer.TryWrite(item).ShouldBeTrue());
            samples.AddRange(next);
            await Task.Delay(10);
        }

        queue.Writer.Complete();
        await running;
        packager.Samples.ShouldBe(samples);
    }

    private static TargetSettings Target(long id, IngestServer platform) =>
        new(id, Demo, $"target {id}", $"rtmp://127.0.0.1:{platform.Port}/live", $"good{id}", "source");

    /// <summary>Legs of one session, fed at the pace of the test.</summary>
    private sealed class Rig : IAsyncDisposable
    {
        public Rig(params TargetSettings[] targets)
            : this(new RtmpClientSettings(), targets)
        {
        }

        public Rig(RtmpClientSettings client, params TargetSettings[] targets)
        {
            Legs = new TargetLegs(client, TimeProvider.System, new TypedLogger(Log));
            Apply(targets);
        }

        public TargetLegs Legs { get; }

        public CapturingLogger Log { get; } = new();

        public SampleSource Source { get; } = new();

        public void Apply(params TargetSettings[] targets) =>
            Legs.Apply(new Dictionary<SessionId, IReadOnlyList<TargetSettings>> { [Session] = targets });

        public TargetState StateOf(long id) => Legs.Find(Session)[id].State;

        public List<RenditionSample> Offer(int frames, Action<RenditionSample>? record = null)
        {
            var items = Source.Frames(frames).ToList();
            foreach (var item in items)
            {
                Legs.Offer(Session, item, hasVideo: true);
                record?.Invoke(item);
            }

            return items;
        }

        /// <summary>Offers a frame about every 5 ms until a condition holds.</summary>
        public async Task RunUntilAsync(Func<bool> condition, Action<RenditionSample>? record = null)
        {
            using var stop = new CancellationTokenSource();
            var offering = Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    Offer(1, record);
                    await Task.Delay(5, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            });
            try
            {
                await Poll.UntilAsync(condition);
            }
            finally
            {
                await stop.CancelAsync();
                await offering;
            }
        }

        public async ValueTask DisposeAsync() => await Legs.StopAsync(CancellationToken.None);
    }

    private sealed class TypedLogger(CapturingLogger log) : Microsoft.Extensions.Logging.ILogger<TargetLegs>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(Microsoft.Extensions.Logging.LogLevel logLevel) => true;

        public void Log<TState>(Microsoft.Extensions.Logging.LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state,
            Exception? exception, Func<TState, Exception?, string> formatter) => log.Log(logLevel, eventId, state, exception, formatter);
    }

    private sealed class RememberingPackager : IRenditionSink
    {
        public List<RenditionSample> Samples { get; } = [];

        public async Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken)
        {
            await foreach (var sample in renditions.Samples.ReadAllAsync(cancellationToken))
            {
                Samples.Add(sample);
            }
        }
    }

    /// <summary>Relay in front of a platform that can stop reading, or read slowly.</summary>
    private sealed class StallingPlatform : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly TaskCompletionSource _ended = new();
        private readonly int _port;
        private readonly Task _running;
        private volatile bool _isStalled;
        private volatile bool _isTrickling;

        public StallingPlatform(int port)
        {
            _port = port;
            _listener.Start();
            _running = RunAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Stall() => _isStalled = true;

        /// <summary>Reads 125 bytes per second from now on.</summary>
        public void Trickle() => _isTrickling = true;

        public async ValueTask DisposeAsync()
        {
            _ended.TrySetResult();
            _listener.Dispose();
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        private async Task RunAsync()
        {
            using var client = await _listener.AcceptTcpClientAsync();
            using var server = new TcpClient();
            await server.ConnectAsync(IPAddress.Loopback, _port);
            var back = server.GetStream().CopyToAsync(client.GetStream());
            var buffer = new byte[16 * 1024];
            while (!_ended.Task.IsCompleted)
            {
                if (_isStalled)
                {
                    await _ended.Task;
                    break;
                }

                if (_isTrickling)
                {
                    await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(0.1)), _ended.Task);
                }

                var count = await client.GetStream().ReadAsync(buffer.AsMemory(0, _isTrickling ? 12 : buffer.Length));
                if (count == 0)
                {
                    break;
                }

                await server.GetStream().WriteAsync(buffer.AsMemory(0, count));
            }

            server.Dispose();
            await back.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
