using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Tests.EndToEnd;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Publisher;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>Rows H72 to H75 of the hostile inputs: rates, clocks, single tracks, undecodable streams.</summary>
public sealed class MediaTimingTests
{
    [Fact]
    public void H72_exceeding_the_bitrate_limit_for_ten_seconds_is_reported_and_a_burst_not()
    {
        var time = new ManualTimeProvider();
        var meter = new BitrateLimiter(1_000_000, time);
        time.Advance(TimeSpan.FromSeconds(5));
        meter.GetSecondsOverLimit(9_000_000).ShouldBe(0, "a burst within the window");
        time.Advance(TimeSpan.FromSeconds(5));
        meter.GetSecondsOverLimit(9_900_000).ShouldBe(0, "9.9 MB in ten seconds");
        time.Advance(TimeSpan.FromSeconds(10));
        meter.GetSecondsOverLimit(9_900_000 + 10_100_000).ShouldBe(10, "10.1 MB in ten seconds");
        time.Advance(TimeSpan.FromSeconds(10));
        meter.GetSecondsOverLimit(20_000_000).ShouldBe(0, "nothing at all");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(24)]
    [InlineData(240)]
    public void H72_every_frame_rate_is_preserved(int rate)
    {
        var session = Publishing();
        for (var i = 0; i < 100; i++)
        {
            session.Now = session.Now.AddSeconds(1.0 / rate);
            session.Feeds(Wire.Frame((uint)(i * 1000.0 / rate), i == 0, 10));
        }

        var samples = session.Samples();
        samples.Count.ShouldBe(100);
        var span = samples[^1].Decode.ToTimeSpan() - samples[0].Decode.ToTimeSpan();
        span.TotalSeconds.ShouldBe(99.0 / rate, 0.2);
    }

    public static TheoryData<string, uint[]> Clocks => new()
    {
        { "2^24", [.. Enumerable.Range(0, 200).Select(i => (1u << 24) - 1 + (uint)(i * 40))] },
        { "2^31", [.. Enumerable.Range(0, 200).Select(i => (1u << 31) - 1 + (uint)(i * 40))] },
        { "2^32", [.. Enumerable.Range(0, 200).Select(i => unchecked(uint.MaxValue + (uint)(i * 40)))] },
        { "zeros", new uint[200] },
        { "chance", [.. Enumerable.Range(0, 200).Select(i => unchecked((uint)(i * 2_654_435_761)))] },
        { "a day on, an hour back",
            [.. Enumerable.Range(0, 200).Select(i => (uint)((i * 40) + (i < 50 ? 4_000_000 : i < 100 ? 90_400_000 : 400_000)))] },
    };

    [Theory]
    [MemberData(nameof(Clocks))]
    public void H73_timeline_advances_at_the_pace_of_arrival_for_any_encoder_clock(string what, uint[] times)
    {
        var session = Publishing();
        foreach (var time in times)
        {
            session.Now = session.Now.AddMilliseconds(40);
            session.Feeds(Wire.Frame(time, true, 10));
        }

        var samples = session.Samples();
        samples.Count.ShouldBe(times.Length, what);
        samples.Zip(samples.Skip(1)).ShouldAllBe(p => p.Second.Decode > p.First.Decode, what);
        (samples[^1].Decode.ToTimeSpan() - samples[0].Decode.ToTimeSpan()).TotalSeconds.ShouldBeLessThan(30, what);
    }

    [Fact]
    public void H74_audio_a_minute_ahead_of_video_is_forwarded_or_dropped_within_bounds()
    {
        var session = Publishing();
        uint time = 0;
        for (; time < 60_000; time += 21)
        {
            session.Feeds(Wire.Audio(time, 20_000));
        }

        session.Feeds([.. Wire.Frame(0, true), .. Wire.Frame(40, false)]);
        session.Publication.ShouldNotBeNull("audio alone starts the publication");
        var samples = session.Samples();
        samples.Count.ShouldBeLessThanOrEqualTo(SampleQueue.Capacity);
        samples.Sum(s => (long)s.Payload.Length).ShouldBeLessThanOrEqualTo(SampleQueue.MaxBytes);
        (session.Feed!.Samples - samples.Count).ShouldBeLessThanOrEqualTo(session.Feed.Dropped, "what does not fit is counted");
    }

    [Fact]
    public async Task H75_stream_without_a_keyframe_forwards_nothing_and_ends_with_that_reason()
    {
        await using var server = await IngestServer.StartAsync(("KeyframeTimeout", "00:00:01"));
        await using var publisher = await RtmpPublisher.ConnectAsync(new RtmpTarget("127.0.0.1", server.Port, "live", "good"));
        var tags = FlvFileReader.Read(Recording.Flv(1)).Tags.Where(t => t.IsVideo).ToList();
        await publisher.SendAsync([tags[0], .. tags.Skip(2)], 0);
        (await Should.ThrowAsync<RtmpPublishException>(() => publisher.Completion)).Message.ShouldContain("No keyframe");
        server.Sink.All.ShouldBeEmpty();
    }

    private static SessionHarness Publishing()
    {
        var session = new SessionHarness();
        session.Feeds([.. Wire.Opening(), .. Wire.VideoConfiguration(), .. Wire.AudioConfiguration()]);
        return session;
    }
}
