using System.Net;
using Broadcast.Media;
using Broadcast.Testing;

namespace Broadcast.Origin.Tests.Delivery;

public class MediaDeliveryTests
{
    private const string Base = "/live/demo/01JN8E0000000000000000000A";
    private const string Segment = Base + "/source/1.m4s";

    [Theory]
    [InlineData("/source/1.m4s", "video/mp4", false)]
    [InlineData("/audio/1.m4s", "audio/mp4", false)]
    [InlineData("/source/init-1.mp4", "video/mp4", false)]
    [InlineData("/source/1.m4s", "video/mp4", true)]
    public async Task Media_response_has_the_objects_bytes_and_is_cached_for_a_year(string path, string contentType, bool streams)
    {
        await using var server = await StartAsync(streams);
        using var response = await server.SendAsync(Base + path);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await response.Content.ReadAsByteArrayAsync()).ShouldBe(server.Spool.Objects[(Base + path)[1..]]);
        response.Content.Headers.ContentLength.ShouldBe(server.Spool.Objects[(Base + path)[1..]].Length);
        response.Content.Headers.ContentType!.ToString().ShouldBe(contentType);
        response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("public, max-age=31536000, immutable, stale-if-error=86400");
        response.Headers.NonValidated["Accept-Ranges"].ToString().ShouldBe("bytes");
        response.Headers.NonValidated["Access-Control-Allow-Origin"].ToString().ShouldBe("*");
        response.Headers.ETag!.IsWeak.ShouldBeFalse();
    }

    [Fact]
    public async Task Concatenated_parts_equal_the_segment_and_are_available_before_it()
    {
        await using var server = await OriginServer.StartAsync();
        var broadcaster = new FakePackager().Video().Segment().Open("source", bytes: 999);
        server.Hear(broadcaster);
        var first = await server.Client.GetByteArrayAsync(Base + "/source/2.0.m4s");
        var second = await server.Client.GetByteArrayAsync(Base + "/source/2.1.m4s");
        server.Hear(broadcaster.Close("source"));

        (await server.Client.GetByteArrayAsync(Base + "/source/2.m4s")).ShouldBe([.. first, .. second]);
        using var none = await server.SendAsync(Base + "/source/2.2.m4s");
        none.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    /// <summary>CTA-5006, 3.1: a dictionary of structured fields, here with values common to all viewers.</summary>
    [Theory]
    [InlineData("/source/1.m4s", "br=4000,d=2000,ot=v")]
    [InlineData("/source/1.1.m4s", "br=4000,d=1000,ot=v")]
    [InlineData("/audio/1.m4s", "br=160,d=2000,ot=a")]
    [InlineData("/source/init-1.mp4", "ot=i")]
    [InlineData("/source.m3u8", "ot=m,sf=h")]
    [InlineData("/manifest.mpd", "ot=m,sf=d")]
    [InlineData("/source/9.m4s", null)]
    public async Task CMSD_header_describes_each_object_to_caches_and_players(string path, string? expected)
    {
        await using var server = await StartAsync();
        using var response = await server.SendAsync(Base + path);

        response.Headers.TryGetValues("CMSD-Static", out var values);
        values?.Single().ShouldBe(expected);
        (values is null).ShouldBe(expected is null);
    }

    [Theory]
    [InlineData("bytes=0-9", 0, 10)]
    [InlineData("bytes=100-", 100, 999_900)]
    [InlineData("bytes=-5", 999_995, 5)]
    [InlineData("bytes=-99999999", 0, 1_000_000)]
    [InlineData("bytes=999999-99999999999999999999999", 999_999, 1)]
    public async Task Range_request_gets_the_requested_range(string asked, int first, int length)
    {
        await using var server = await StartAsync();
        using var response = await server.SendAsync(Segment, null, ("Range", asked));
        using var head = await server.SendAsync(Segment, HttpMethod.Head, ("Range", asked));

        response.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        response.Content.Headers.ContentRange!.ToString().ShouldBe($"bytes {first}-{first + length - 1}/1000000");
        (await response.Content.ReadAsByteArrayAsync()).ShouldBe(server.Spool.Objects[Segment[1..]].AsSpan(first, length).ToArray());
        head.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        head.Content.Headers.ContentLength.ShouldBe(length);
    }

    [Fact]
    public async Task Range_of_a_part_is_relative_to_the_parts_first_byte()
    {
        await using var server = await StartAsync();
        using var response = await server.SendAsync(Base + "/source/1.1.m4s", null, ("Range", "bytes=10-19"));

        response.Content.Headers.ContentRange!.ToString().ShouldBe("bytes 10-19/500000");
        (await response.Content.ReadAsByteArrayAsync()).ShouldBe(server.Spool.Objects[Segment[1..]].AsSpan(500_010, 10).ToArray());
    }

    [Theory]
    [InlineData("bytes=1000000-")]
    [InlineData("bytes=-0")]
    public async Task Range_beyond_the_end_is_not_satisfiable(string asked)
    {
        await using var server = await StartAsync();
        using var response = await server.SendAsync(Segment, null, ("Range", asked));

        response.StatusCode.ShouldBe(HttpStatusCode.RequestedRangeNotSatisfiable);
        response.Content.Headers.ContentRange!.ToString().ShouldBe("bytes */1000000");
        response.Headers.NonValidated["Access-Control-Allow-Origin"].ToString().ShouldBe("*");
    }

    [Theory]
    [InlineData("bytes=0-1,5-6")]
    [InlineData("bytes=9-1")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=")]
    [InlineData("lines=1-2")]
    [InlineData("bytes=--1")]
    public async Task Invalid_range_gets_the_whole_object(string asked)
    {
        await using var server = await StartAsync();
        using var response = await server.SendAsync(Segment, null, ("Range", asked));

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentLength.ShouldBe(1_000_000);
    }

    [Fact]
    public async Task Range_with_an_outdated_If_Range_gets_the_whole_object()
    {
        await using var server = await StartAsync();
        using var first = await server.SendAsync(Segment, HttpMethod.Head);
        using var same = await server.SendAsync(Segment, null, ("Range", "bytes=0-9"), ("If-Range", first.Headers.ETag!.ToString()));
        using var other = await server.SendAsync(Segment, null, ("Range", "bytes=0-9"), ("If-Range", "\"other\""));

        same.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        other.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task HEAD_and_conditional_requests_are_answered_without_reading_media()
    {
        await using var server = await StartAsync();
        using var head = await server.SendAsync(Segment, HttpMethod.Head);
        using var known = await server.SendAsync(Segment, null, ("If-None-Match", head.Headers.ETag!.ToString()));

        head.Content.Headers.ContentLength.ShouldBe(1_000_000);
        known.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        server.Spool.Reads.ShouldBe(0);
    }

    [Fact]
    public async Task Segment_that_left_the_window_is_served_while_it_is_readable()
    {
        await using var server = await OriginServer.StartAsync();
        var broadcaster = new FakePackager().Video().Segments(2).Change("source", format => format).Segments(3);
        server.Hear(broadcaster);
        using var before = await server.SendAsync(Segment);
        server.Hear(broadcaster.Window(4));
        using var after = await server.SendAsync(Segment);
        using var part = await server.SendAsync(Segment, null, ("Range", "bytes=-100"));
        using var init = await server.SendAsync(Base + "/source/init-1.mp4");

        after.Headers.ETag.ShouldBe(before.Headers.ETag);
        (await after.Content.ReadAsByteArrayAsync()).ShouldBe(await before.Content.ReadAsByteArrayAsync());
        part.Content.Headers.ContentRange!.ToString().ShouldBe("bytes 999900-999999/1000000");
        init.StatusCode.ShouldBe(HttpStatusCode.OK);

        server.Spool.Objects.Clear();
        using var gone = await server.SendAsync(Segment);
        gone.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Media_of_a_deleted_session_is_404_at_once()
    {
        await using var server = await StartAsync();
        server.Directory.Forget(ChannelName.Parse("demo"), FakePackager.First);
        using var response = await server.SendAsync(Segment);

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        server.Spool.Reads.ShouldBe(0);
    }

    [Fact]
    public async Task Gap_segment_is_404()
    {
        await using var server = (await OriginServer.StartAsync()).Hear(new FakePackager().Video().Segment().Gap("source").Segment());
        using var response = await server.SendAsync(Base + "/source/2.m4s");

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Spool_failure_gets_503_with_Retry_After()
    {
        await using var server = await StartAsync();
        server.Spool.Failure = new IOException("disk on fire");
        using var failed = await server.SendAsync(Segment);
        server.Spool.Failure = new InvalidOperationException("our mistake");
        using var mistaken = await server.SendAsync(Segment);
        server.Spool.Failure = null;
        server.Spool.Missing = 10;
        using var shortened = await server.SendAsync(Segment);

        foreach (var response in new[] { failed, mistaken, shortened })
        {
            response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("no-store");
            response.Headers.NonValidated["Retry-After"].ToString().ShouldBe("1");
            response.Headers.NonValidated["Access-Control-Allow-Origin"].ToString().ShouldBe("*");
            response.Headers.ETag.ShouldBeNull();
            (await response.Content.ReadAsStringAsync()).ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task Client_that_does_not_read_keeps_no_media_in_memory_and_gets_all_of_it_later()
    {
        // More than the sockets' buffers take.
        await using var server = await OriginServer.StartAsync();
        server.Hear(new FakePackager().Video().Segments(1, bytes: 48 << 20));
        server.Spool.Copy = new WeakReference(null);
        using var request = new HttpRequestMessage(HttpMethod.Get, Segment);
        using var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        await Poll.UntilAsync(() =>
        {
            GC.Collect();
            return server.Spool.Reads > 0 && !server.Spool.Copy.IsAlive;
        });

        (await response.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(server.Spool.Objects[Segment[1..]]).ShouldBeTrue();
        server.Spool.Reads.ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task Response_ends_early_when_its_media_are_gone_while_the_client_did_not_read()
    {
        await using var server = await OriginServer.StartAsync();
        server.Hear(new FakePackager().Video().Segments(1, bytes: 48 << 20));
        using var request = new HttpRequestMessage(HttpMethod.Get, Segment);
        using var response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        server.Spool.Objects.Clear();

        await Should.ThrowAsync<HttpRequestException>(() => response.Content.ReadAsByteArrayAsync());
    }

    private static async Task<OriginServer> StartAsync(bool streams = false)
    {
        var server = await OriginServer.StartAsync();
        server.Spool.Streams = streams;
        return server.Hear(new FakePackager().Video().Audio().Segments(2));
    }
}
