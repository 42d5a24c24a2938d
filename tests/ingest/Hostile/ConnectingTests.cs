using System.Text;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.EndToEnd;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media;
using Broadcast.Publisher;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Hostile;

/// <summary>Tests that measure the memory of the whole process, or exhaust its ports, run one at a time.</summary>
[CollectionDefinition(nameof(ExclusiveCollection), DisableParallelization = true)]
public sealed class ExclusiveCollection;

/// <summary>Rows H01 to H12 of the hostile inputs: connections and handshakes.</summary>
public sealed class ConnectingTests
{
    private static readonly FlvFile Media = FlvFileReader.Read(Recording.Flv(2));

    [Fact]
    public async Task H01_silent_connection_is_closed_at_the_handshake_deadline()
    {
        new IngestOptions().HandshakeTimeout.ShouldBeLessThanOrEqualTo(TimeSpan.FromSeconds(5));
        using var counted = new MetricCounts();
        await using var server = await IngestServer.StartAsync(("HandshakeTimeout", "00:00:00.3"));
        using var client = await RawClient.ConnectAsync(server);
        (await client.ReadToEndAsync(TimeSpan.FromSeconds(10))).ShouldNotBeNull().ShouldBeEmpty();
        await Poll.UntilAsync(() => server.Log.Contains("the handshake timed out"));
        counted["broadcast_ingest_rejections handshake_timeout"].ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task H02_slow_bytes_do_not_extend_the_handshake_deadline()
    {
        await using var server = await IngestServer.StartAsync(("HandshakeTimeout", "00:00:00.4"));
        using var client = await RawClient.ConnectAsync(server);
        using var stop = new CancellationTokenSource();
        var drip = client.DripAsync(Wire.Handshake(), TimeSpan.FromMilliseconds(50), stop.Token);
        (await client.IsClosedAsync()).ShouldBeTrue();
        await stop.CancelAsync();
        await drip;
        server.Log.Contains("the handshake timed out").ShouldBeTrue();
    }

    [Fact]
    public async Task H03_idle_connections_are_closed_for_new_ones_and_publishers_are_not_affected()
    {
        using var counted = new MetricCounts();
        await using var server = await IngestServer.StartAsync(("MaxUnpublishedConnectionsPerAddress", "8"),
            ("MaxUnpublishedConnections", "20"));
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server, "good1"));
        var idle = new List<RawClient>();
        try
        {
            for (var i = 0; i < 60; i++)
            {
                idle.Add(await RawClient.ConnectAsync(server));
            }

            (await idle[0].IsClosedAsync()).ShouldBeTrue("the oldest of one address gave way");
            for (var i = 0; i < 60; i++)
            {
                idle.Add(await RawClient.ConnectAsync(server, $"127.0.{i + 1}.9"));
            }

            (await idle[60].IsClosedAsync()).ShouldBeTrue("the oldest of many addresses gave way");
            await using var honest = await RtmpPublisher.ConnectAsync(Target(server, "good2"));
            await publisher.SendAsync(Media.Tags, 0);
            await honest.SendAsync(Media.Tags, 0);
            await Poll.UntilAsync(() => server.Sink.All.Count == 2 && server.Sink.All.All(r => r.Of(TrackKind.Video).Length == 50));
        }
        finally
        {
            idle.ForEach(c => c.Dispose());
        }

        counted["broadcast_ingest_rejections evicted"].ShouldBeGreaterThan(0);
        await Poll.UntilAsync(() => counted["broadcast_ingest_rejections evicted"] >= 60);
    }

    [Theory]
    [InlineData(new byte[] { 0 }, "Not RTMP")]
    [InlineData(new byte[] { 6 }, "Not RTMP")]
    [InlineData(new byte[] { 32 }, "Not RTMP")]
    [InlineData(new byte[] { 255 }, "Not RTMP")]
    [InlineData(new byte[] { 0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3 }, "TLS on the plain RTMP port")]
    [InlineData(new byte[] { (byte)'G', (byte)'E', (byte)'T', (byte)' ', (byte)'/' }, "HTTP request on the RTMP port")]
    public async Task H04_other_protocols_are_rejected_immediately_with_a_hint(byte[] bytes, string hint)
    {
        using var counted = new MetricCounts();
        await using var server = await IngestServer.StartAsync(("HandshakeTimeout", "00:01:00"));
        using var client = await RawClient.ConnectAsync(server);
        await client.TrySendAsync(bytes);
        (await client.IsClosedAsync()).ShouldBeTrue();
        await Poll.UntilAsync(() => server.Log.Contains(hint));
        counted["broadcast_ingest_protocol_errors H04"].ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task H05_handshake_completes_with_any_content_of_C2()
    {
        await using var server = await IngestServer.StartAsync();
        using var client = await RawClient.ConnectAsync(server);
        byte[] opening = Wire.Opening();
        opening.AsSpan(1537, 1536).Fill(0xEE);
        await client.TrySendAsync(opening);
        await Poll.UntilAsync(() => server.Authority.Asked.Count == 1);
    }

    [Fact]
    public async Task H07_single_segment_and_one_byte_per_segment_both_work()
    {
        await using var server = await IngestServer.StartAsync();
        using var together = await RawClient.ConnectAsync(server);
        await together.TrySendAsync([.. Wire.Opening("good1"), .. Wire.Media(1).SelectMany(b => b)]);
        using var apart = await RawClient.ConnectAsync(server);
        await apart.DripAsync(Wire.Opening("good2"), TimeSpan.Zero);
        await Poll.UntilAsync(() => server.Authority.Asked.Count == 2);
        await Poll.UntilAsync(() => server.Sink.All.Count == 1);
    }

    [Fact]
    public async Task H09_peer_that_never_reads_is_disconnected()
    {
        using var counted = new MetricCounts();
        await using var server = await IngestServer.StartAsync(("WriteTimeout", "00:00:00.3"));
        using var client = await RawClient.ConnectAsync(server);
        await client.TrySendAsync(Wire.Opening());
        await Poll.UntilAsync(() => server.Authority.Asked.Count == 1);

        // One ping at a time, below the rate limit, until the kernel's buffers are full.
        var ping = ExpectedRejection.Times(40, Wire.Message(MessageType.UserControl, 0, 0, [0, 6, 0, 0, 0, 1], 2));
        await Poll.UntilAsync(async () =>
        {
            await client.TrySendAsync(ping);
            return server.Authority.Ended.Count == 1;
        });
    }

    [Fact]
    public async Task H12_connection_reset_right_after_publish_reports_exactly_one_end()
    {
        await using var server = await IngestServer.StartAsync();
        for (var i = 0; i < 20; i++)
        {
            var client = await RawClient.ConnectAsync(server);
            await client.TrySendAsync(Wire.Opening($"good{i}"));
            await Poll.UntilAsync(() => server.Authority.Asked.Count == i + 1);
            client.Reset();
        }

        await Poll.UntilAsync(() => server.Authority.Ended.Count == 20);
        server.Authority.Ended.Select(e => e.Grant.PublicationId).Distinct().Count().ShouldBe(20, "each exactly once");
        server.Log.Entries.ShouldNotContain(l => l.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    [Fact]
    public async Task Only_five_of_many_rejections_from_one_address_are_logged_and_all_are_counted()
    {
        using var counted = new MetricCounts();
        await using var server = await IngestServer.StartAsync(("RejectionDelay", "00:00:00"));
        for (var i = 0; i < 12; i++)
        {
            using var client = await RawClient.ConnectAsync(server);
            await client.TrySendAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"));
            (await client.IsClosedAsync()).ShouldBeTrue();
        }

        await Poll.UntilAsync(() => counted["broadcast_ingest_rejections http_on_rtmp_port"] >= 12);
        await Poll.UntilAsync(() => server.Log.Entries.Count(l => l.Text.Contains("HTTP request on the RTMP port")) == 5);
    }

    private static RtmpTarget Target(IngestServer server, string key) => new("127.0.0.1", server.Port, "live", key);
}
