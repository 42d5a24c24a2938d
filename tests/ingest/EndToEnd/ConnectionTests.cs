using System.Net.Sockets;
using System.Text;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media;
using Broadcast.Publisher;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.EndToEnd;

public sealed class ConnectionTests
{
    private static readonly FlvFile Media = FlvFileReader.Read(Recording.Flv(2));

    [Fact]
    public async Task HTTP_request_is_rejected_with_a_hint_in_the_log()
    {
        await using var server = await IngestServer.StartAsync();
        await SendAndWaitForCloseAsync(server, Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
        await Poll.UntilAsync(() => server.Log.Contains("HTTP request on the RTMP port"));
    }

    [Fact]
    public async Task TLS_hello_is_rejected_with_a_hint_in_the_log()
    {
        await using var server = await IngestServer.StartAsync();
        await SendAndWaitForCloseAsync(server, [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3]);
        await Poll.UntilAsync(() => server.Log.Contains("TLS on the plain RTMP port"));
    }

    [Fact]
    public async Task Garbage_of_any_length_closes_only_its_own_connection()
    {
        await using var server = await IngestServer.StartAsync();
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server, "good"));
        var random = new Random(3);
        for (var i = 0; i < 20; i++)
        {
            var bytes = new byte[random.Next(1, 20_000)];
            random.NextBytes(bytes);
            if (bytes[0] != 3)
            {
                await SendAndWaitForCloseAsync(server, bytes);
            }

            bytes = [.. Wire.Handshake(), .. bytes];
            using var client = await server.ConnectAsync();
            await WriteAsync(client, bytes);
        }

        await publisher.SendAsync(Media.Tags, 0);
        await Poll.UntilAsync(() => server.Sink.All.Count == 1 && server.Sink.Single.Of(TrackKind.Video).Length == 50);
    }

    [Fact]
    public async Task Silent_slow_and_commandless_clients_are_closed_at_their_deadlines()
    {
        await using var server = await IngestServer.StartAsync(("HandshakeTimeout", "00:00:00.3"), ("PublishTimeout", "00:00:00.3"));
        using var silent = await server.ConnectAsync();
        using var slow = await server.ConnectAsync();
        using var idle = await server.ConnectAsync();
        await WriteAsync(idle, Wire.Handshake());
        var drip = DripAsync(slow);
        await WaitForCloseAsync(silent);
        await WaitForCloseAsync(slow);
        await WaitForCloseAsync(idle);
        await drip;
        await Poll.UntilAsync(() => server.Log.Entries.Count(l => l.Text.Contains("handshake timed out", StringComparison.Ordinal)) == 2);
        await Poll.UntilAsync(() => server.Log.Contains("no publish in time"));
    }

    [Fact]
    public async Task Publisher_that_sends_no_media_or_stops_sending_is_disconnected_and_reported_once()
    {
        await using var server = await IngestServer.StartAsync(("FirstMediaTimeout", "00:00:00.3"), ("InputLossTimeout", "00:00:00.4"));
        await using var mute = await RtmpPublisher.ConnectAsync(Target(server, "good1"));
        (await Should.ThrowAsync<RtmpPublishException>(() => mute.Completion)).Message.ShouldContain("No usable audio or video");
        await using var silent = await RtmpPublisher.ConnectAsync(Target(server, "good2"));
        await silent.SendAsync(Media.Tags, 0);
        (await Should.ThrowAsync<RtmpPublishException>(() => silent.Completion)).Message.ShouldContain("Audio and video stopped");
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 2);
        server.Sink.Single.Completed.ShouldBeTrue();
    }

    [Fact]
    public async Task F19_H75_publisher_of_video_without_a_keyframe_is_disconnected_with_a_reason()
    {
        await using var server = await IngestServer.StartAsync(("FirstMediaTimeout", "00:00:00.3"), ("KeyframeTimeout", "00:00:01"));
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server, "good"));
        var blind = Media.Tags.Where(t => t.IsVideo && (t.IsConfiguration || t.Body.Span[0] >> 4 == 2)).ToList();
        blind.Count.ShouldBeGreaterThan(10);
        await publisher.SendAsync(blind, 0);
        (await Should.ThrowAsync<RtmpPublishException>(() => publisher.Completion)).Message.ShouldContain("No keyframe");
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);
    }

    [Fact]
    public async Task Busy_channel_wrong_key_and_hanging_authority_get_different_errors()
    {
        await using var server = await IngestServer.StartAsync(("RejectionDelay", "00:00:00.1"), ("AuthorizationTimeout", "00:00:00.2"));
        await using var first = await RtmpPublisher.ConnectAsync(Target(server, "good"));
        (await RefusedAsync(server, "good")).Code.ShouldBe("NetStream.Publish.BadName");
        (await RefusedAsync(server, "bad")).Code.ShouldBe("NetStream.Publish.Unauthorized");
        (await RefusedAsync(server, "not/a/key")).Code.ShouldBe("NetStream.Publish.Unauthorized");
        server.Authority.Hangs = true;
        (await RefusedAsync(server, "good3")).Message.ShouldContain("cannot check stream keys");
        server.Authority.Asked.Count.ShouldBe(4);
    }

    [Fact]
    public async Task Stream_key_may_be_part_of_the_application_name()
    {
        await using var server = await IngestServer.StartAsync();
        await using var publisher = await RtmpPublisher.ConnectAsync(new RtmpTarget("127.0.0.1", server.Port, "live/good-key", ""));
        server.Authority.Asked.Single().StreamKey.ShouldBe("good-key");
        var e = await Should.ThrowAsync<RtmpPublishException>(() =>
            RtmpPublisher.ConnectAsync(new RtmpTarget("127.0.0.1", server.Port, "vod", "good")));
        e.Message.ShouldContain("/live");
        server.Log.Contains("good-key").ShouldBeFalse();
    }

    [Fact]
    public async Task Revoking_a_key_disconnects_the_publisher_with_a_reason()
    {
        await using var server = await IngestServer.StartAsync();
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server, "good"));
        await publisher.SendAsync(Media.Tags, 0);
        server.Authority.RevokeAll();
        (await Should.ThrowAsync<RtmpPublishException>(() => publisher.Completion)).Message.ShouldContain("revoked");
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);
    }

    [Fact]
    public async Task Superseded_publisher_is_disconnected_with_a_reason_and_its_end_is_reported_once_F33()
    {
        await using var server = await IngestServer.StartAsync();
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server, "good"));
        await publisher.SendAsync(Media.Tags, 0);
        server.Authority.SupersedeAll();
        (await Should.ThrowAsync<RtmpPublishException>(() => publisher.Completion)).Message.ShouldContain("superseded");
        await Poll.UntilAsync(() => server.Authority.Ended.Count >= 1);
        server.Authority.Ended.ShouldHaveSingleItem().Reason.ShouldContain("superseded");
    }

    [Fact]
    public async Task Superseded_half_open_connection_releases_its_key_without_a_response_H08()
    {
        await using var server = await IngestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await WriteAsync(client, Wire.Opening());   // from here on its peer has vanished: nothing is sent, read or closed
        await Poll.UntilAsync(() => server.Authority.Asked.Count == 1);
        server.Authority.SupersedeAll();
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);
    }

    [Fact]
    public async Task Authority_sees_the_time_of_the_last_frame_H08()
    {
        await using var server = await IngestServer.StartAsync();
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server, "good"));
        server.Authority.LastFrameOf("good").ShouldBe(0);
        await publisher.SendAsync(Media.Tags, 0);
        await Poll.UntilAsync(() => server.Authority.LastFrameOf("good") > 0);
        var last = server.Authority.LastFrameOf("good");
        await publisher.SendAsync(Media.Tags, 4_000);
        await Poll.UntilAsync(() => server.Authority.LastFrameOf("good") > last);
    }

    [Fact]
    public async Task Stopping_server_notifies_its_publishers_and_reports_their_ends()
    {
        await using var server = await IngestServer.StartAsync();
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server, "good"));
        await publisher.SendAsync(Media.Tags, 0);
        await Poll.UntilAsync(() => server.Authority.LastFrameOf("good") > 0);
        using var waiting = await server.ConnectAsync();
        await server.StopAsync();
        (await Should.ThrowAsync<RtmpPublishException>(() => publisher.Completion)).Message.ShouldContain("stopping");
        server.Authority.Ended.Count.ShouldBe(1);
        server.Sink.Single.Completed.ShouldBeTrue();
    }

    [Fact]
    public async Task Failing_sink_ends_only_its_own_publication()
    {
        await using var server = await IngestServer.StartAsync();
        server.Sink.Fails = true;
        await using var publisher = await RtmpPublisher.ConnectAsync(Target(server, "good"));
        await publisher.SendAsync(Media.Tags, 0);
        (await Should.ThrowAsync<RtmpPublishException>(() => publisher.Completion)).Message.ShouldContain("cannot process the stream");
        await Poll.UntilAsync(() => server.Authority.Ended.Count == 1);
        server.Sink.Fails = false;
        await using var next = await RtmpPublisher.ConnectAsync(Target(server, "good"));
        await next.SendAsync(Media.Tags, 0);
        await Poll.UntilAsync(() => server.Sink.All.Count == 2);
    }

    [Fact]
    public async Task Connection_reset_right_after_publish_reports_exactly_one_end_H12()
    {
        await using var server = await IngestServer.StartAsync();
        using (var client = await server.ConnectAsync())
        {
            await WriteAsync(client, Wire.Opening());
            await Poll.UntilAsync(() => server.Authority.Asked.Count == 1);
            client.LingerState = new LingerOption(true, 0);
        }

        await Poll.UntilAsync(() => server.Authority.Ended.Count >= 1);
        await server.StopAsync();
        server.Authority.Ended.Count.ShouldBe(1, "the connection is over and done with, and so is the server");
    }

    [Fact]
    public async Task Peer_that_never_reads_is_disconnected()
    {
        await using var server = await IngestServer.StartAsync(("WriteTimeout", "00:00:00.3"));
        using var client = new TcpClient { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(System.Net.IPAddress.Loopback, server.Port);
        await WriteAsync(client, Wire.Opening());
        byte[] pings = [.. Enumerable.Repeat(Wire.Message(MessageType.UserControl, 0, 0, [0, 6, 0, 0, 0, 1], 2), 50).SelectMany(b => b)];
        await Poll.UntilAsync(async () =>
        {
            await WriteAsync(client, pings);
            return server.Authority.Ended.Count == 1;
        });
    }

    [Theory]
    [InlineData("Ingest:MaxChunkStreams", "MaxChunkStreams", "1")]
    [InlineData("Ingest:InputLossTimeout", "InputLossTimeout", "1.00:00:00")]
    [InlineData("Ingest:Application", "Application", "a/b")]
    [InlineData("Typo", "Typo", "1")]
    public async Task Invalid_options_prevent_the_start(string named, string name, string value) =>
        (await Should.ThrowAsync<Exception>(() => IngestServer.StartAsync((name, value)))).ToString().ShouldContain(named);

    private static RtmpTarget Target(IngestServer server, string key) => new("127.0.0.1", server.Port, "live", key);

    private static Task<RtmpPublishException> RefusedAsync(IngestServer server, string key) =>
        Should.ThrowAsync<RtmpPublishException>(() => RtmpPublisher.ConnectAsync(Target(server, key)));

    private static async Task SendAndWaitForCloseAsync(IngestServer server, byte[] bytes)
    {
        using var client = await server.ConnectAsync();
        await WriteAsync(client, bytes);
        await WaitForCloseAsync(client);
    }

    private static async Task WriteAsync(TcpClient client, byte[] bytes)
    {
        try
        {
            await client.GetStream().WriteAsync(bytes);
        }
        catch (IOException)
        {
            // Already closed.
        }
    }

    private static async Task DripAsync(TcpClient client)
    {
        try
        {
            foreach (var value in Wire.Handshake())
            {
                await client.GetStream().WriteAsync(new[] { value });
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
            }
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // Closed as expected.
        }
    }

    private static async Task WaitForCloseAsync(TcpClient client) => (await IsClosedAsync(client, TimeSpan.FromSeconds(10))).ShouldBeTrue();

    private static async Task<bool> IsClosedAsync(TcpClient client, TimeSpan within)
    {
        using var timeout = new CancellationTokenSource(within, TimeProvider.System);
        var buffer = new byte[8192];
        try
        {
            while (await client.GetStream().ReadAsync(buffer, timeout.Token) > 0)
            {
                // A response from before the end.
            }

            return true;
        }
        catch (IOException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
