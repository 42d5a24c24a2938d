using Broadcast.Host.Observability.Measuring;
using Broadcast.Media;
using Broadcast.Media.HostToControl;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.Timeline;
using Broadcast.Origin;
using Broadcast.Origin.Live;
using Broadcast.Testing;
using Broadcast.Transcoder.Encoders;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

/// <summary>Measurements of channels and their retention.</summary>
public sealed class MeasurementServiceTests
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public void Ring_keeps_recent_measurements_up_to_its_capacity()
    {
        var ring = new MeasurementRing(TimeSpan.FromMinutes(1), 3);
        var begin = _clock.GetUtcNow();
        for (var i = 0; i < 5; i++)
        {
            ring.Add(new(begin + TimeSpan.FromSeconds(i)));
        }

        ring.After(DateTimeOffset.MinValue).Select(m => (m.At - begin).TotalSeconds).ShouldBe([2, 3, 4]);
        ring.After(begin + TimeSpan.FromSeconds(3)).Count.ShouldBe(1);
        ring.RemoveExpired(begin + TimeSpan.FromSeconds(63)).ShouldBeTrue();
        ring.After(DateTimeOffset.MinValue).Count.ShouldBe(2);
        ring.RemoveExpired(begin + TimeSpan.FromSeconds(65)).ShouldBeFalse();
    }

    [Fact]
    public void Encoding_speed_is_computed_from_the_change_of_the_lag()
    {
        var (pace, begin) = (new EncodingPace(), _clock.GetUtcNow());
        pace.Measure(begin, Encoding(1)).ShouldBeNull("there is nothing to compare with");
        pace.Measure(begin.AddSeconds(5), Encoding(1)).ShouldBe(1);
        pace.Measure(begin.AddSeconds(10), Encoding(2)).ShouldBe(0.8);
        pace.Measure(begin.AddSeconds(15), Encoding(0.5)).ShouldBe(1.3);
        pace.Measure(begin.AddSeconds(20), Encoding(9, restarts: 1)).ShouldBeNull("another process began");
        pace.Measure(begin.AddSeconds(25), null).ShouldBeNull();
        pace.Measure(begin.AddSeconds(30), Encoding(0)).ShouldBeNull();
    }

    [Fact]
    public void Longest_delay_is_reported_once_and_replayed_parts_are_ignored()
    {
        var meter = new DelayMeter(_clock);
        var (session, now) = (SessionId.New(_clock.GetUtcNow()), _clock.GetUtcNow());
        meter.Append(Demo, session, [Part(now.AddSeconds(-1.5)), Part(now.AddSeconds(-1.2)), Part(now.AddHours(-1))]);
        meter.Append(Demo, session, [Part(now)]);

        meter.Take()[Demo].ShouldBe(TimeSpan.FromSeconds(0.5));
        meter.Take().ShouldBeEmpty();
        meter.Append(Demo, session, [Part(now)]);
        meter.Take()[Demo].ShouldBe(TimeSpan.Zero, "an encoder's clock may be fast");
    }

    [Fact]
    public void Live_channel_is_measured_and_its_measurements_are_removed_an_hour_later()
    {
        var directory = new LiveDirectory(Options.Create(new OriginOptions()), _clock, NullLogger<LiveDirectory>.Instance);
        var delays = new DelayMeter(_clock);
        using var measurer = new MeasurementService(directory, new Health(), new Encodings(), delays, _clock,
            NullLogger<MeasurementService>.Instance, new Audience());
        measurer.MeasureAll();
        measurer.Find(Demo, MeasurementRange.Hour, DateTimeOffset.MinValue).ShouldBeEmpty();

        var session = SessionId.New(_clock.GetUtcNow());
        var begun = new BroadcastSession(Demo, session, 1, _clock.GetUtcNow(), LatencyProfile.Low);
        directory.Append(Demo, session, [new TimelineEvent.Started(begun)]);
        delays.Append(Demo, session, [Part(_clock.GetUtcNow().AddSeconds(-1.5))]);
        measurer.MeasureAll();
        _clock.Advance(MeasurementService.MeasurementInterval);
        measurer.MeasureAll();

        var found = measurer.Find(Demo, MeasurementRange.Hour, DateTimeOffset.MinValue);
        found.Count.ShouldBe(2);
        found[0].Viewers.ShouldBe(312);
        (found[0].BitsPerSecond, found[0].FramesPerSecond, found[0].Latency,
            found[0].EncodingSpeed).ShouldBe((4_000_000, 29.97, TimeSpan.FromSeconds(0.5), null));
        (found[1].AvSkew, found[1].Latency, found[1].EncodingSpeed,
            found[1].EncodingLag).ShouldBe((TimeSpan.FromMilliseconds(-250), null, 1, TimeSpan.FromSeconds(1)));

        directory.Append(Demo, session, [new TimelineEvent.Ended("over")]);
        _clock.Advance(MeasurementService.Retention + TimeSpan.FromSeconds(1));
        measurer.MeasureAll();
        measurer.Find(Demo, MeasurementRange.Hour, DateTimeOffset.MinValue).ShouldBeEmpty();
        measurer.Find(Demo, MeasurementRange.Day, DateTimeOffset.MinValue).ShouldHaveSingleItem().Viewers.ShouldBe(312);

        _clock.Advance(MeasurementService.AverageRetention);
        measurer.MeasureAll();
        measurer.Find(Demo, MeasurementRange.Day, DateTimeOffset.MinValue).ShouldBeEmpty();
    }

    [Fact]
    public void Average_is_the_mean_of_known_values_and_the_maximum_of_delays()
    {
        var average = new MeasurementAverage(TimeSpan.FromMinutes(2));
        var begin = new DateTimeOffset(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
        average.Complete(begin).ShouldBeNull("nothing was measured");
        average.Add(new(begin.AddSeconds(5)) { BitsPerSecond = 4_000_000, Viewers = 1, AvSkew = TimeSpan.FromSeconds(-1),
            Latency = TimeSpan.FromSeconds(1) }).ShouldBeNull();
        average.Add(new(begin.AddSeconds(115)) { BitsPerSecond = 5_000_000, Viewers = 2, AvSkew = TimeSpan.FromSeconds(2),
            EncodingLag = TimeSpan.FromSeconds(3) }).ShouldBeNull();
        average.Add(new(begin.AddSeconds(119))).ShouldBeNull();

        average.Add(new(begin.AddSeconds(120)) { Viewers = 9 }).ShouldBe(new(begin.AddMinutes(2))
        {
            BitsPerSecond = 4_500_000,
            Viewers = 2,
            AvSkew = TimeSpan.FromSeconds(0.5),
            Latency = TimeSpan.FromSeconds(1),
            EncodingLag = TimeSpan.FromSeconds(3),
        });
        average.Complete(begin.AddSeconds(239)).ShouldBeNull();
        average.Complete(begin.AddSeconds(240)).ShouldBe(new(begin.AddMinutes(4)) { Viewers = 9 });
        average.Complete(begin.AddSeconds(600)).ShouldBeNull("the average was returned already");
    }

    private static EncodingState Encoding(double behind, int restarts = 0) =>
        new("x264", [], [], 0, false, 0, null, TimeSpan.FromSeconds(behind), restarts);

    private static TimelineEvent.PartReady Part(DateTimeOffset begin) =>
        new("source", 1, 0, 1, MediaTime.Zero(90_000), new(90_000, 90_000), Independent: true, begin, ObjectName.Parse("part"), 0, 1000);

    private sealed class Health : ISourceHealth
    {
        public IReadOnlyList<SourceReport> Find(ChannelName channel) =>
        [
            new(
                SessionId.New(DateTimeOffset.UnixEpoch), Guid.Empty, "OBS", DateTimeOffset.UnixEpoch, null, 4_000_000, 3_900_000,
                new("avc1.64001f", 1280, 720, 29.97, 30, null, null),
                new("mp4a.40.2", 48_000, 2), TimeSpan.FromMilliseconds(-250), 0, 0, 0, 0, []),
        ];
    }

    private sealed class Audience : IViewerTotals
    {
        public ViewerTotal Find(ChannelName channel) => new(312, 0);
    }

    private sealed class Encodings : IChannelEncodings
    {
        public EncodingState? Find(ChannelName channel) => Encoding(1);
    }
}
