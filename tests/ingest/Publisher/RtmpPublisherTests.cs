using Broadcast.Ingest.Tests.EndToEnd;
using Broadcast.Media;
using Broadcast.Publisher;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Publisher;

public sealed class RtmpPublisherTests
{
    [Fact]
    public void FLV_file_is_read_by_tag_and_a_truncated_one_up_to_its_end()
    {
        var bytes = Recording.Flv(1);
        var file = FlvFileReader.Read(bytes);
        file.Tags.Count(t => t.IsVideo && !t.IsConfiguration).ShouldBe(25);
        file.Tags.Count(t => t.IsConfiguration).ShouldBe(2);
        file.Duration.TotalMilliseconds.ShouldBeInRange(1000, 1024);
        for (var length = 13; length < bytes.Length; length++)
        {
            FlvFileReader.Read(bytes.AsMemory(0, length)).Tags.Count.ShouldBeLessThanOrEqualTo(file.Tags.Count);
        }

        FlvFileReader.Read(bytes.AsMemory(0, bytes.Length - 5)).Tags.Count.ShouldBe(file.Tags.Count - 1);
        Should.Throw<FormatException>(() => FlvFileReader.Read("not FLV at all"u8.ToArray()));
        Should.Throw<FormatException>(() => FlvFileReader.Read((byte[])[.. "FLV"u8, 1, 5, 255, 255, 255, 255, 0, 0]));
    }

    [Theory]
    [InlineData(128)]
    [InlineData(4096)]
    [InlineData(65_536)]
    public async Task Published_media_arrives_intact_with_any_chunk_size(int chunkSize)
    {
        await using var server = await IngestServer.StartAsync();
        var media = FlvFileReader.Read(Recording.Flv(1, frameSize: 70_000));
        await using var publisher = await RtmpPublisher.ConnectAsync(RtmpTarget.Parse(server.Url("good")), chunkSize);

        // Timestamps that need the extended field, in chunks that repeat it.
        await publisher.SendAsync(media.Tags, 0xFFFFFF - 100);
        await publisher.CloseAsync();
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);
        var samples = server.Sink.Single.Of(TrackKind.Video);
        samples.Length.ShouldBe(25);
        samples.ShouldAllBe(s => s.Payload.Length == 70_004);
        samples.Skip(1).Zip(samples).ShouldAllBe(p => p.First.Decode.Ticks - p.Second.Decode.Ticks == 3600);
        server.Authority.Ended.Single().Reason.ShouldBe("the encoder finished");
    }

    [Fact]
    public async Task Load_test_loops_the_file_with_increasing_timestamps_on_every_connection()
    {
        await using var server = await IngestServer.StartAsync();
        var media = FlvFileReader.Read(Recording.Flv(1));
        var targets = Enumerable.Range(0, 5).Select(i => new RtmpTarget("127.0.0.1", server.Port, "live", i == 4 ? "bad" : $"good{i}"))
            .ToList();
        var load = new LoadPublisher(new LoadPlan(targets, media, TimeSpan.FromSeconds(2.5), ConnectionsPerSecond: 1000),
            TimeProvider.System);
        var report = await load.RunAsync();

        (report.Requested, report.Accepted, report.Failed, report.Publishing).ShouldBe((5, 4, 1, 0));
        report.Errors.ShouldHaveSingleItem().ShouldContain("Unauthorized");
        report.AcceptTimes.Count.ShouldBe(4);
        report.AcceptedWithin(0.5).ShouldBeGreaterThan(TimeSpan.Zero);
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 4);
        foreach (var received in server.Sink.All)
        {
            var samples = received.Of(TrackKind.Video);
            samples.Length.ShouldBeGreaterThan(50);
            samples.Skip(1).Zip(samples).ShouldAllBe(p => p.First.Decode > p.Second.Decode);
            (samples[^1].Decode.TotalSeconds - samples[0].Decode.TotalSeconds).ShouldBeInRange(1.9, 2.6);
        }
    }

    [Fact]
    public async Task Load_test_reports_its_maximum_delay_when_it_cannot_keep_up()
    {
        await using var server = await IngestServer.StartAsync();

        // Thirty audio frames per millisecond: more than twice the allowance of one connection per iteration of the loop.
        var audio = (byte[])[0xAF, 1, 0x21, 0x10];
        var tags = FlvFileReader.Read(Recording.Flv(1)).Tags.Where(t => t.IsConfiguration)
            .Concat(Enumerable.Range(0, 30_000).Select(i => new FlvTag(8, (uint)(i / 30), audio))).ToList();
        var load = new LoadPublisher(new LoadPlan([RtmpTarget.Parse(server.Url("good"))], new FlvFile(tags), TimeSpan.FromSeconds(0.8)),
            TimeProvider.System);
        (await load.RunAsync()).MaxDelay.ShouldBeGreaterThan(TimeSpan.FromSeconds(0.3));
    }

    [Theory]
    [InlineData("rtmp://host/live/KEY", "host", 1935, "live", "KEY", false)]
    [InlineData("rtmp://host:1940/a/b/KEY?x=y", "host", 1940, "a/b", "KEY?x=y", false)]
    [InlineData("rtmps://host/live/KEY", "host", 443, "live", "KEY", true)]
    public void Publish_URLs_are_parsed_and_never_shown_with_their_key(string url, string host, int port, string app, string key, bool tls)
    {
        var target = RtmpTarget.Parse(url);
        target.ShouldBe(new RtmpTarget(host, port, app, key, tls));
        target.ToString().ShouldNotContain("KEY");
        Should.Throw<FormatException>(() => RtmpTarget.Parse("http://host/live/KEY"));
        Should.Throw<FormatException>(() => RtmpTarget.Parse("rtmp://host/KEY"));
    }
}
