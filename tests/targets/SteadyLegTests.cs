using Broadcast.Ingest.Tests.EndToEnd;
using Broadcast.Media;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.TargetsToTranscoder;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Publisher;
using Broadcast.Targets.Legs;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Broadcast.Targets.Tests;

/// <summary>Targets in mode steady, with an encoder that marks its output.</summary>
public sealed class SteadyLegTests
{
    private const byte Mark = 0xA5;
    private static readonly ChannelName Demo = ChannelName.Parse("demo");
    private static readonly SessionId Session = SessionId.Parse("01JN8E0000000000000000000A");
    private static readonly Rendition Steady = new(SteadyRenditions.Video, TrackKind.Video, IsLeading: false);

    private static readonly RenditionSet Set = new(
        new BroadcastSession(Demo, Session, 1, DateTimeOffset.UnixEpoch, LatencyProfile.Standard),
        [SampleSource.VideoRendition, SampleSource.AudioRendition],
        System.Threading.Channels.Channel.CreateBounded<RenditionSample>(1).Reader);

    [Fact]
    public async Task Steady_targets_share_one_encoder_and_others_get_the_source()
    {
        await using var platform = await IngestServer.StartAsync();
        var encoders = new MarkingEncoders();
        var legs = new TargetLegs(new RtmpClientSettings(), TimeProvider.System, NullLogger<TargetLegs>.Instance, encoders);
        TargetSettings[] all =
        [
            Target(1, platform), Target(2, platform) with { Mode = TargetMode.Steady },
            Target(3, platform) with { Mode = TargetMode.Steady },
        ];
        Apply(legs, all);
        var source = new SampleSource();
        await Poll.UntilAsync(() =>
        {
            Offer(legs, source);
            return platform.Sink.All.Count == 3
                && platform.Sink.All.All(publication => publication.Of(TrackKind.Video).Length > 5);
        });
        encoders.Started.ShouldBe(1);
        platform.Sink.All.Select(publication => publication.Of(TrackKind.Video).All(IsMarked)).Order()
            .ShouldBe([false, true, true]);
        platform.Sink.All.Count(publication => publication.Of(TrackKind.Video).Any(IsMarked)).ShouldBe(2);

        // The encoder runs as long as a steady target needs it.
        Apply(legs, all[0], all[1]);
        encoders.Disposed.ShouldBe(0);
        Apply(legs, all[0]);
        await Poll.UntilAsync(() => encoders.Disposed == 1);
        Apply(legs, all[0], all[2]);
        encoders.Started.ShouldBe(2);
        await legs.StopAsync(CancellationToken.None);
        encoders.Disposed.ShouldBe(2);
    }

    [Fact]
    public async Task Outage_of_the_encoder_is_shown_and_ends_no_connection()
    {
        await using var platform = await IngestServer.StartAsync();
        var encoders = new MarkingEncoders();
        var legs = new TargetLegs(new RtmpClientSettings(), TimeProvider.System, NullLogger<TargetLegs>.Instance, encoders);
        Apply(legs, Target(1, platform), Target(2, platform) with { Mode = TargetMode.Steady });
        var (source, changes) = (new SampleSource(), 0);
        legs.Changed += () => Interlocked.Increment(ref changes);
        await OfferUntilAsync(() => legs.Find(Session).Values.All(status => status.State == TargetState.Live));

        changes = 0;
        var now = TimeProvider.System.GetUtcNow();
        var outage = new EncoderOutage("exit code 1", now, now + TimeSpan.FromSeconds(5));
        encoders.Report(outage);

        changes.ShouldBe(1);
        var status = legs.Find(Session)[2];
        (status.State, status.Reason).ShouldBe((TargetState.Retrying, "The encoder failed: exit code 1."));
        (status.Since, status.NextAttempt).ShouldBe((outage.Since, outage.NextAttempt));
        legs.Find(Session)[1].State.ShouldBe(TargetState.Live);

        // A target that is added during the outage.
        Apply(legs, Target(1, platform), Target(2, platform) with { Mode = TargetMode.Steady },
            Target(3, platform) with { Mode = TargetMode.Steady });
        legs.Find(Session)[3].Reason.ShouldBe("The encoder failed: exit code 1.");

        encoders.Report(null);
        await OfferUntilAsync(() => legs.Find(Session).Values.All(status => status is { State: TargetState.Live, Reason: null }));
        legs.Find(Session)[2].Publications.ShouldBe(1);
        platform.Authority.Ended.ShouldBeEmpty();
        await legs.StopAsync(CancellationToken.None);

        async Task OfferUntilAsync(Func<bool> condition) => await Poll.UntilAsync(() =>
        {
            Offer(legs, source);
            return condition();
        });
    }

    private static void Offer(TargetLegs legs, SampleSource source)
    {
        foreach (var item in source.Frames(1))
        {
            legs.Offer(Session, item, hasVideo: true, Set);
        }
    }

    private static bool IsMarked(MediaSample sample) => sample.Payload.Span[^1] == Mark;

    private static void Apply(TargetLegs legs, params TargetSettings[] targets) =>
        legs.Apply(new Dictionary<SessionId, IReadOnlyList<TargetSettings>> { [Session] = targets });

    private static TargetSettings Target(long id, IngestServer platform) =>
        new(id, Demo, $"target {id}", $"rtmp://127.0.0.1:{platform.Port}/live", $"good{id}", "source");

    /// <summary>Marks the last byte of each video frame.</summary>
    private sealed class MarkingEncoders : ISteadyEncoders
    {
        public int Started { get; private set; }

        public int Disposed { get; private set; }

        public EncoderOutage? Outage { get; private set; }

        private Action Changed { get; set; } = () => { };

        public void Report(EncoderOutage? outage)
        {
            Outage = outage;
            Changed();
        }

        public ISteadyEncoder Start(ChannelName channel, Action<RenditionSample> sink, Action changed)
        {
            (Started, Changed) = (Started + 1, changed);
            return new Encoder(this, sink);
        }

        private sealed class Encoder(MarkingEncoders encoders, Action<RenditionSample> sink) : ISteadyEncoder
        {
            public EncoderOutage? Outage => encoders.Outage;

            public void Offer(RenditionSet renditions, in RenditionSample item)
            {
                if (item.Sample.Track.Kind == TrackKind.Audio)
                {
                    sink(item);
                    return;
                }

                byte[] payload = [.. item.Sample.Payload.Span];
                payload[^1] = Mark;
                sink(new RenditionSample(Steady, item.Sample with { Payload = payload }));
            }

            public ValueTask DisposeAsync()
            {
                encoders.Disposed++;
                return ValueTask.CompletedTask;
            }
        }
    }
}
