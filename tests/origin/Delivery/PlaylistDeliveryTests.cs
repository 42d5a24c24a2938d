using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Broadcast.Media;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Tests.Delivery;

public class PlaylistDeliveryTests
{
    private const string Session = "01JN8E0000000000000000000A";

    public static TheoryData<string, string> Texts => new()
    {
        { "/live/demo/index.m3u8", "application/vnd.apple.mpegurl" },
        { $"/live/demo/{Session}/source.m3u8", "application/vnd.apple.mpegurl" },
        { "/live/demo/manifest.mpd", "application/dash+xml" },
        { $"/live/demo/{Session}/manifest.mpd", "application/dash+xml" },
        { "/live/demo/status.json", "application/json" },
    };

    [Theory, MemberData(nameof(Texts))]
    public async Task Manifest_and_status_are_cached_for_a_second_and_readable_from_any_site(string path, string contentType)
    {
        await using var server = (await OriginServer.StartAsync()).Hear(new FakePackager().Video().Audio().Segments(3));
        using var response = await server.SendAsync(path);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.ToString().ShouldBe(contentType);
        response.Content.Headers.ContentLength.ShouldBe((await response.Content.ReadAsByteArrayAsync()).Length);
        Header(response, "Cache-Control")
            .ShouldBe(contentType == "application/json" ? "public, max-age=1" : "public, max-age=1, stale-if-error=3");
        Header(response, "Vary").ShouldBe("Accept-Encoding");
        Header(response, "Access-Control-Allow-Origin").ShouldBe("*");
        Header(response, "Access-Control-Expose-Headers")!.ShouldContain("Date");
        Header(response, "X-Content-Type-Options").ShouldBe("nosniff");
        Header(response, "X-Request-Id").ShouldNotBeNullOrEmpty();
        response.Headers.ETag!.IsWeak.ShouldBeFalse();
    }

    [Theory, MemberData(nameof(Texts))]
    public async Task Matching_ETag_gets_304(string path, string contentType)
    {
        await using var server = (await OriginServer.StartAsync()).Hear(new FakePackager().Video().Audio().Segments(3));
        using var first = await server.SendAsync(path);
        var tag = first.Headers.ETag!.ToString();
        using var second = await server.SendAsync(path, null, ("If-None-Match", $"\"other\", W/{tag}"));
        using var third = await server.SendAsync(path, null, ("If-None-Match", "\"other\""));

        second.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        second.Headers.ETag!.ToString().ShouldBe(tag);
        Header(second, "Cache-Control")
            .ShouldBe(contentType == "application/json" ? "public, max-age=1" : "public, max-age=1, stale-if-error=3");
        (await second.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
        third.StatusCode.ShouldBe(HttpStatusCode.OK);
        third.Content.Headers.ContentType!.ToString().ShouldBe(contentType);
    }

    [Theory, MemberData(nameof(Texts))]
    public async Task HEAD_response_has_the_headers_of_GET(string path, string contentType)
    {
        await using var server = (await OriginServer.StartAsync()).Hear(new FakePackager().Video().Audio().Segments(3));
        using var get = await server.SendAsync(path);
        using var head = await server.SendAsync(path, HttpMethod.Head);

        head.StatusCode.ShouldBe(HttpStatusCode.OK);
        head.Content.Headers.ContentType!.ToString().ShouldBe(contentType);
        head.Content.Headers.ContentLength.ShouldBe(get.Content.Headers.ContentLength);
        head.Headers.ETag.ShouldBe(get.Headers.ETag);
        (await head.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip, deflate, br", "br")]
    [InlineData("br;q=0, gzip;q=0.5", "gzip")]
    [InlineData("*", "br")]
    [InlineData("identity", null)]
    [InlineData("gzip;q=0", null)]
    [InlineData("gzip;q=nonsense,,;=,", null)]
    public async Task Manifests_are_compressed_in_the_coding_the_player_prefers(string accepted, string? coding)
    {
        await using var server = (await OriginServer.StartAsync()).Hear(new FakePackager().Video().Audio().Segments(10));
        var path = $"/live/demo/{Session}/source.m3u8";
        using var plain = await server.SendAsync(path);
        using var response = await server.SendAsync(path, null, ("Accept-Encoding", accepted));
        var bytes = await response.Content.ReadAsByteArrayAsync();

        response.Content.Headers.ContentEncoding.SingleOrDefault().ShouldBe(coding);
        Decode(bytes, coding).ShouldBe(await plain.Content.ReadAsByteArrayAsync());
        if (coding is not null)
        {
            bytes.Length.ShouldBeLessThan((int)plain.Content.Headers.ContentLength!.Value / 2);
            response.Headers.ETag.ShouldNotBe(plain.Headers.ETag);
            using var again = await server.SendAsync(path, null, ("Accept-Encoding", accepted),
                ("If-None-Match", response.Headers.ETag!.ToString()));
            again.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        }
    }

    [Fact]
    public async Task New_segment_changes_the_playlist_and_a_new_part_does_not()
    {
        await using var server = await OriginServer.StartAsync();
        var broadcaster = new FakePackager().Video().Segment();
        server.Hear(broadcaster);
        var before = await TagAsync(server);
        server.Hear(broadcaster.Open("source"));
        var during = await TagAsync(server);
        server.Hear(broadcaster.Close("source"));
        var after = await TagAsync(server);

        during.ShouldBe(before);
        after.ShouldNotBe(before);

        static async Task<string> TagAsync(OriginServer server)
        {
            using var response = await server.SendAsync($"/live/demo/{Session}/source.m3u8");
            return response.Headers.ETag!.ToString();
        }
    }

    [Fact]
    public async Task Ended_sessions_own_manifests_are_cached_longer_and_the_channels_are_not()
    {
        await using var server = (await OriginServer.StartAsync(("Origin:EndedPlaylistMaxAge", "00:00:45"))).Hear(new FakePackager().Video()
            .Segment().End());
        using var own = await server.SendAsync($"/live/demo/{Session}/source.m3u8");
        using var ownMpd = await server.SendAsync($"/live/demo/{Session}/manifest.mpd");
        using var channels = await server.SendAsync("/live/demo/index.m3u8");
        using var channelsMpd = await server.SendAsync("/live/demo/manifest.mpd");

        (await own.Content.ReadAsStringAsync()).ShouldEndWith("#EXT-X-ENDLIST\n");
        (await ownMpd.Content.ReadAsStringAsync()).ShouldContain("type=\"static\"");
        Header(own, "Cache-Control").ShouldBe("public, max-age=45, stale-if-error=3");
        Header(ownMpd, "Cache-Control").ShouldBe("public, max-age=45, stale-if-error=3");
        Header(channels, "Cache-Control").ShouldBe("public, max-age=1, stale-if-error=3");
        Header(channelsMpd, "Cache-Control").ShouldBe("public, max-age=1, stale-if-error=3");
    }

    [Fact]
    public async Task Channel_shows_the_previous_session_until_the_next_is_playable()
    {
        await using var server = await OriginServer.StartAsync();
        using (var none = await server.SendAsync("/live/demo/index.m3u8"))
        {
            none.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        }

        var first = new FakePackager().Video().Open("source");
        server.Hear(first);
        (await StatusAsync(server)).ShouldBe(
            """{"state":"starting","session":"01JN8E0000000000000000000A","startedAt":"2026-03-01T12:00:00.000Z","liveEdge":null}""");
        using (var early = await server.SendAsync("/live/demo/manifest.mpd"))
        {
            early.StatusCode.ShouldBe(HttpStatusCode.NotFound);
            Header(early, "Cache-Control").ShouldBe("max-age=1");
        }

        server.Hear(first.Close("source"));
        (await StatusAsync(server)).ShouldBe(
            """{"state":"live","session":"01JN8E0000000000000000000A","startedAt":"2026-03-01T12:00:00.000Z","liveEdge":"2026-03-01T12:00:02.000Z","viewers":0,"beacon":{"every":30,"share":1}}""");
        server.Hear(first.End());
        (await StatusAsync(server)).ShouldStartWith("""{"state":"ended","session":"01JN8E0000000000000000000A",""");

        var second = new FakePackager(FakePackager.Second).Video().Audio();
        server.Hear(second.Open("source").Close("source"));
        (await IndexAsync(server)).ShouldContain("01JN8E0000000000000000000A/source.m3u8");
        (await StatusAsync(server)).ShouldStartWith("""{"state":"starting","session":"01JN8F0000000000000000000B",""");
        server.Hear(second.Open("audio").Close("audio"));
        (await IndexAsync(server)).ShouldContain("01JN8F0000000000000000000B/source.m3u8");

        server.Directory.Forget(second.Session.Channel, second.Session.Id);
        (await IndexAsync(server)).ShouldContain("01JN8E0000000000000000000A/source.m3u8");
        server.Directory.Forget(first.Session.Channel, first.Session.Id);
        (await StatusAsync(server)).ShouldBe("""{"state":"offline","session":null,"startedAt":null,"liveEdge":null}""");

        static async Task<string> StatusAsync(OriginServer server) => await server.Client.GetStringAsync("/live/demo/status.json");
        static async Task<string> IndexAsync(OriginServer server) => await server.Client.GetStringAsync("/live/demo/index.m3u8");
    }

    [Fact]
    public async Task Channel_status_has_the_next_announced_event()
    {
        await using var server = await OriginServer.StartAsync();
        (await server.Client.GetStringAsync("/live/demo/status.json")).ShouldNotContain("next");
        server.Announced = new("The \"gala\"", new DateTimeOffset(2030, 6, 1, 18, 0, 0, TimeSpan.Zero));

        var next = JsonDocument.Parse(await server.Client.GetStringAsync("/live/demo/status.json")).RootElement.GetProperty("next");
        (next.GetProperty("title").GetString(), next.GetProperty("startsAt")
            .GetDateTimeOffset()).ShouldBe(("The \"gala\"", new DateTimeOffset(2030, 6, 1, 18, 0, 0, TimeSpan.Zero)));
    }

    [Fact]
    public async Task Channel_status_has_the_title_of_the_current_event()
    {
        await using var server = await OriginServer.StartAsync();
        server.Called = "The \"gala\"";
        (await server.Client.GetStringAsync("/live/demo/status.json")).ShouldNotContain("title");
        var first = new FakePackager().Video().Audio();
        server.Hear(first.Open("source").Close("source"));
        (await server.Client.GetStringAsync("/live/demo/status.json")).ShouldContain("\"title\":\"The \\\"gala\\\"\"");
        server.Hear(first.End());
        server.Hear(new FakePackager(FakePackager.Second).Video().Audio().Open("source").Close("source"));
        (await server.Client.GetStringAsync("/live/demo/status.json")).ShouldNotContain("title", Case.Sensitive, "the next one is another");
    }

    [Fact]
    public async Task Channel_status_behind_a_token_has_the_playable_recording()
    {
        await using var server = await OriginServer.StartAsync();
        (await server.Client.GetStringAsync("/live/demo/status.json")).ShouldNotContain("replay");
        server.Replayed = new(RecordingId.Parse(Session), "The \"gala\"", new DateTimeOffset(2030, 6, 1, 18, 0, 0, TimeSpan.Zero),
            TimeSpan.FromMinutes(90));

        var status = await server.Client.GetStringAsync("/t/secret/live/demo/status.json");

        status.ShouldEndWith(
            $$$""","replay":{"id":"{{{Session}}}","title":"The \"gala\"","startedAt":"2030-06-01T18:00:00.000Z","duration":5400}}""");
    }

    [Fact]
    public async Task Manifest_URLs_behind_a_token_are_relative_and_never_contain_it()
    {
        await using var server = (await OriginServer.StartAsync()).Hear(new FakePackager().Video().Segment());
        var index = await server.Client.GetStringAsync("/t/secret/live/demo/index.m3u8");
        var mpd = await server.Client.GetStringAsync("/t/secret/live/demo/manifest.mpd");

        index.ShouldNotContain("\n/");
        mpd.ShouldContain($"<BaseURL>{Session}/</BaseURL>");
        mpd.ShouldNotContain("<Location>", Case.Sensitive, "players do not agree what addresses are relative to where there is one");
        foreach (var manifest in new[] { index, mpd, await server.Client.GetStringAsync($"/t/secret/live/demo/{Session}/source.m3u8"),
            await server.Client.GetStringAsync("/live/demo/manifest.mpd") })
        {
            manifest.ShouldNotContain("secret");
        }

        (await server.Client.GetByteArrayAsync($"/t/secret/live/demo/{Session}/source/1.m4s")).Length.ShouldBe(1_000_000);
    }

    [Fact]
    public async Task Time_endpoint_returns_the_servers_clock_and_is_never_cached()
    {
        await using var server = await OriginServer.StartAsync();
        using var response = await server.SendAsync("/time");

        (await response.Content.ReadAsStringAsync()).ShouldBe("2026-03-01T12:00:10.000Z");
        Header(response, "Cache-Control").ShouldBe("no-store");
        Header(response, "Access-Control-Allow-Origin").ShouldBe("*");
    }

    [Fact]
    public async Task Session_directory_reports_state_format_and_bitrates()
    {
        await using var server = (await OriginServer.StartAsync()).Hear(new FakePackager().Video().Audio().Segments(3));
        var status = server.Directory.Status(ChannelName.Parse("demo"));

        status.State.ShouldBe(ChannelState.Live);
        status.Session!.Value.Value.ShouldBe(Session);
        status.StartedAt.ShouldBe(FakePackager.Start);
        status.LiveEdge.ShouldBe(FakePackager.Start.AddSeconds(6));
        status.Renditions.Select(rendition => rendition.Name).ShouldBe(["source", "audio"]);
        status.Renditions[0].Format!.Width.ShouldBe(1920);
        status.Renditions[0].AverageBitrate.ShouldBe(4_000_000);
        server.Time.Advance(TimeSpan.FromSeconds(7));
        server.Directory.Status(ChannelName.Parse("demo")).State.ShouldBe(ChannelState.Interrupted);
        server.Directory.All().ShouldHaveSingleItem().Channel.Value.ShouldBe("demo");
        JsonDocument.Parse(await server.Client.GetStringAsync("/live/demo/status.json")).RootElement.GetProperty("state").GetString()
            .ShouldBe("interrupted");
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    private static byte[] Decode(byte[] bytes, string? coding)
    {
        using var source = new MemoryStream(bytes);
        using Stream decoder = coding switch
        {
            "br" => new BrotliStream(source, CompressionMode.Decompress),
            "gzip" => new GZipStream(source, CompressionMode.Decompress),
            _ => source,
        };
        using var target = new MemoryStream();
        decoder.CopyTo(target);
        return target.ToArray();
    }
}
