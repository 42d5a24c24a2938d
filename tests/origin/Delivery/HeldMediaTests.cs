using System.Net;
using System.Net.Sockets;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Live;
using Broadcast.Testing;
using Microsoft.Extensions.Hosting;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Requests for media that do not exist yet, or not completely.</summary>
public class HeldMediaTests
{
    private static readonly LatencyProfile Impatient = LatencyProfile.Low
        with { TargetDuration = TimeSpan.FromMilliseconds(400), PartTarget = TimeSpan.FromMilliseconds(100) };

    /// <summary>Longer than a request of an impatient channel is held.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Request_for_the_next_part_is_held_until_the_part_exists()
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed().Parts(2).SendTo(server);
        var (next, after) = (server.SendAsync(feed.Folder + "1.2.m4s"), server.SendAsync(feed.Folder + "2.0.m4s"));
        await HeldAsync(server);
        next.IsCompleted.ShouldBeFalse();
        feed.Part().SendTo(server);
        using var part = await next;
        after.IsCompleted.ShouldBeFalse();
        feed.Close().Part().SendTo(server);
        using var first = await after;

        (part.StatusCode, first.StatusCode).ShouldBe((HttpStatusCode.OK, HttpStatusCode.OK));
        part.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("public, max-age=31536000, immutable, stale-if-error=86400");
        part.Content.Headers.ContentLength.ShouldBe(1000);
        (await part.Content.ReadAsByteArrayAsync()).ShouldBe(feed.Bytes(1)[2000..]);
        (await first.Content.ReadAsByteArrayAsync()).ShouldBe(feed.Bytes(2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Part_that_never_appears_is_404_for_a_second(bool ends)
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed().Parts(2).SendTo(server);
        var asked = server.SendAsync(feed.Folder + "1.2.m4s");
        await HeldAsync(server);
        (ends ? feed.Close().End() : feed.Close()).SendTo(server);
        using var response = await asked;

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("max-age=1");
    }

    [Theory]
    [InlineData("1.2.m4s")]
    [InlineData("2.0.m4s")]
    [InlineData("2.m4s")]
    public async Task Held_media_request_gets_503_with_Retry_After_at_its_timeout(string file)
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed(Impatient).Parts(2).SendTo(server);
        var asked = server.SendAsync(feed.Folder + file);
        await HeldAsync(server);
        server.Time.Advance(Timeout);
        using var response = await asked;

        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("no-store");
        response.Headers.NonValidated["Retry-After"].ToString().ShouldBe("1");
        server.Get<SharedWaits>().Count.ShouldBe(0);
    }

    [Fact]
    public async Task Media_request_beyond_the_limit_of_held_requests_gets_503_at_once()
    {
        await using var server = await OriginServer.StartAsync(("Origin:MaxHeldRequests", "1"));
        var feed = new PartFeed(LatencyProfile.Safe).Parts(2).SendTo(server);
        var asked = server.SendAsync(feed.Folder + "1.2.m4s");
        await HeldAsync(server);
        using var refused = await server.SendAsync(feed.Folder + "2.0.m4s");
        feed.Part().SendTo(server);
        using var first = await asked;

        refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        first.StatusCode.ShouldBe(HttpStatusCode.OK);
        server.Get<HeldRequests>().Count.ShouldBe(0);
    }

    [Fact]
    public async Task Server_stop_releases_held_media_requests()
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed().Parts(2).SendTo(server);
        var asked = server.SendAsync(feed.Folder + "1.2.m4s");
        await HeldAsync(server);
        server.Get<IHostApplicationLifetime>().StopApplication();
        using var response = await asked;

        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task Open_segment_is_sent_part_by_part()
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed().Parts(1).SendTo(server);
        using var response = await server.Client.GetAsync(new Uri(feed.Folder + "1.m4s", UriKind.Relative),
            HttpCompletionOption.ResponseHeadersRead);
        await using var body = await response.Content.ReadAsStreamAsync();
        var received = new List<byte>();
        for (var part = 1; part <= 4; part++)
        {
            var piece = new byte[1000];
            await body.ReadExactlyAsync(piece);     // arrives before the next part is available
            received.AddRange(piece);
            (part < 4 ? feed.Part() : feed.Close()).SendTo(server);
        }

        (await body.ReadAsync(new byte[1])).ShouldBe(0);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Headers.TransferEncodingChunked.ShouldBe(true);
        response.Content.Headers.ContentLength.ShouldBeNull();
        response.Content.Headers.ContentType!.ToString().ShouldBe("video/mp4");
        response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("public, max-age=31536000, immutable, stale-if-error=86400");
        received.ShouldBe(feed.Bytes(1));
        (await server.Client.GetByteArrayAsync(feed.Folder + "1.m4s")).ShouldBe(feed.Bytes(1));
    }

    [Fact]
    public async Task Next_segment_is_held_until_its_first_part_and_then_sent_part_by_part()
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed().Parts(2).SendTo(server);
        var asked = server.Client.GetByteArrayAsync(feed.Folder + "2.m4s");
        await HeldAsync(server);
        feed.Close().Part().SendTo(server);
        feed.Part().SendTo(server);
        feed.Close().SendTo(server);

        (await asked).ShouldBe(feed.Bytes(2));
    }

    [Fact]
    public async Task First_segment_after_a_change_is_held_and_sent_between_both_init_segments()
    {
        var packager = new FakePackager(latency: LatencyProfile.Low).Video().Segment();
        await using var server = (await OriginServer.StartAsync()).Hear(packager);
        var url = $"/live/demo/{packager.Session.Id}/source/i1-2.m4s";
        var asked = server.SendAsync(url);
        await HeldAsync(server);
        server.Hear(packager.Change("source", format => format with { Width = 640 }).Parts("source", 2));
        asked.IsCompleted.ShouldBeFalse();
        server.Hear(packager.Close("source"));
        using var response = await asked;

        var expected = await server.Client.GetByteArrayAsync(url.Replace("i1-2.m4s", "init-2.mp4", StringComparison.Ordinal));
        expected = [.. expected, .. await server.Client.GetByteArrayAsync(url.Replace("i1-2", "2", StringComparison.Ordinal)),
            .. await server.Client.GetByteArrayAsync(url.Replace("i1-2.m4s", "init-1.mp4", StringComparison.Ordinal))];
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await response.Content.ReadAsByteArrayAsync()).ShouldBe(expected);
        response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("public, max-age=31536000, immutable, stale-if-error=86400");

        using var head = await server.SendAsync(url, HttpMethod.Head);
        (head.Content.Headers.ContentLength, head.Headers.ETag).ShouldBe((expected.Length, response.Headers.ETag));
        using var again = new HttpRequestMessage(HttpMethod.Get, url);
        again.Headers.IfNoneMatch.Add(response.Headers.ETag!);
        again.Headers.Range = new(0, 3);
        using var known = await server.Client.SendAsync(again);
        known.StatusCode.ShouldBe(HttpStatusCode.NotModified);
    }

    [Fact]
    public async Task Open_segment_after_a_change_begins_with_its_init_segment()
    {
        var packager = new FakePackager(latency: LatencyProfile.Low).Video().Segment()
            .Change("source", format => format with { Width = 640 }).Parts("source", 1);
        await using var server = (await OriginServer.StartAsync()).Hear(packager);
        var url = $"/live/demo/{packager.Session.Id}/source/i2-2.m4s";
        var asked = server.Client.GetByteArrayAsync(url);
        await HeldAsync(server);
        server.Hear(packager.Parts("source", 1).Close("source"));

        byte[] expected = [.. await server.Client.GetByteArrayAsync(url.Replace("i2-2.m4s", "init-2.mp4", StringComparison.Ordinal)),
            .. await server.Client.GetByteArrayAsync(url.Replace("i2-2", "2", StringComparison.Ordinal))];
        (await asked).ShouldBe(expected);
        (await server.Client.GetByteArrayAsync(url)).ShouldBe(expected);
    }

    [Fact]
    public async Task Slow_client_gets_the_complete_segment_after_it_left_the_window()
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed().Parts(1).SendTo(server);
        var asked = server.Client.GetByteArrayAsync(feed.Folder + "1.m4s");
        await HeldAsync(server);
        feed.Parts(3).Close().Parts(2).Close().Parts(2).Close().Say(new TimelineEvent.WindowMoved(3)).SendTo(server);

        (await asked).ShouldBe(feed.Bytes(1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connection_of_an_unfinished_segment_is_aborted_so_that_caches_do_not_keep_it(bool fails)
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed(Impatient).Parts(2).SendTo(server);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {feed.Folder}1.m4s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        await HeldAsync(server);

        // Read before the abort: a reset discards what the client has not read yet.
        using var received = new MemoryStream();
        var buffer = new byte[4096];
        while (!Text().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            received.Write(buffer.AsSpan(0, await stream.ReadAtLeastAsync(buffer, 1)));
        }

        if (fails)
        {
            server.Spool.Failure = new IOException("disk on fire");
            feed.Part().SendTo(server);
        }
        else
        {
            server.Time.Advance(Timeout);
        }

        try
        {
            await stream.CopyToAsync(received);
        }
        catch (IOException)
        {
            // A reset counts as closed.
        }

        Text().ShouldStartWith("HTTP/1.1 200 OK");
        Text().ShouldContain("Transfer-Encoding: chunked");
        Text().ShouldNotEndWith("0\r\n\r\n");

        string Text() => Encoding.Latin1.GetString(received.ToArray());
    }

    [Fact]
    public async Task Session_end_completes_the_last_segment_with_its_existing_parts()
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed().Parts(2).SendTo(server);
        var asked = server.Client.GetByteArrayAsync(feed.Folder + "1.m4s");
        await HeldAsync(server);
        feed.End().SendTo(server);

        (await asked).ShouldBe(feed.Bytes(1));
    }

    [Fact]
    public async Task HTTP_1_0_client_gets_the_segment_once_complete_with_its_length()
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed().Parts(1).SendTo(server);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {feed.Folder}1.m4s HTTP/1.0\r\n\r\n"));
        await HeldAsync(server);
        feed.Part().Close().SendTo(server);
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        var answer = await reader.ReadToEndAsync();

        answer.ShouldContain("Content-Length: 2000");
        Encoding.Latin1.GetBytes(answer)[^2000..].ShouldBe(feed.Bytes(1));
    }

    [Fact]
    public async Task HEAD_of_an_open_segment_is_immediate_and_a_range_request_gets_everything()
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed().Parts(2).SendTo(server);
        using var head = await server.SendAsync(feed.Folder + "1.m4s", HttpMethod.Head);
        var ranged = server.SendAsync(feed.Folder + "1.m4s", null, ("Range", "bytes=10-19"));
        await HeldAsync(server);
        feed.Close().SendTo(server);
        using var whole = await ranged;

        head.StatusCode.ShouldBe(HttpStatusCode.OK);
        head.Content.Headers.ContentLength.ShouldBeNull();
        whole.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await whole.Content.ReadAsByteArrayAsync()).ShouldBe(feed.Bytes(1));
    }

    [Fact]
    public async Task Requests_for_the_same_part_share_one_wait_and_all_receive_it()
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed(LatencyProfile.Safe).Parts(1).SendTo(server);
        var asked = Enumerable.Range(0, 200).Select(_ => server.Client.GetByteArrayAsync(feed.Folder + "1.1.m4s")).ToList();
        await HeldAsync(server);
        server.Get<SharedWaits>().Count.ShouldBeLessThan(200);
        feed.Part().SendTo(server);

        (await Task.WhenAll(asked)).ShouldAllBe(body => body.SequenceEqual(feed.Bytes(1).AsSpan(1000).ToArray()));
    }

    [Fact]
    public async Task Viewer_that_disconnects_while_held_leaves_no_state()
    {
        await using var server = await OriginServer.StartAsync();
        var feed = new PartFeed(Impatient).Parts(1).SendTo(server);
        for (var i = 0; i < 20; i++)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, server.Address.Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {feed.Folder}1.1.m4s HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            client.Client.LingerState = new LingerOption(true, 0);
        }

        await Poll.UntilAsync(
            () =>
            {
                server.Time.Advance(Timeout);
                return server.Get<SharedWaits>().Count == 0;
            },
            description: "their waits have ended");
        feed.Part().SendTo(server);
        (await server.Client.GetByteArrayAsync(feed.Folder + "1.1.m4s")).ShouldBe(feed.Bytes(1)[1000..]);
    }

    private static Task HeldAsync(OriginServer server) =>
        Poll.UntilAsync(() => server.Get<SharedWaits>().Count > 0, description: "a request is held");
}
