using System.Net;
using Broadcast.Media;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Delivery;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Tests.Delivery;

public class HostileRequestTests(HostileRequestTests.OddServer odd) : IClassFixture<HostileRequestTests.OddServer>
{
    private const string Session = "01JN8E0000000000000000000A";

    public static TheoryData<string> OddPaths =>
    [
        "/live/", "/live/demo", "/live/demo/", "/live//index.m3u8", "/live/Demo/index.m3u8", "/live/-demo/index.m3u8",
        "/LIVE/demo/index.m3u8",
        "/live/demo/index.m3u8/", "/live/demo/INDEX.m3u8", "/live/demo/other.txt", "/live/other/index.m3u8", "/live/other/manifest.mpd",
        "/live/demo/not-a-session/source.m3u8", $"/live/demo/{Session}/other.m3u8", $"/live/demo/{Session}/.m3u8",
        $"/live/demo/{Session}/SOURCE.m3u8",
        "/live/demo/01jn8e0000000000000000000a/source.m3u8", "/live/demo/01JN8E0000000000000000000B/source.m3u8",
        $"/live/demo/{Session}/source/01.m4s", $"/live/demo/{Session}/source/+1.m4s", $"/live/demo/{Session}/source/-1.m4s",
        $"/live/demo/{Session}/source/0.m4s",
        $"/live/demo/{Session}/source/99.m4s", $"/live/demo/{Session}/source/99999999999999999999999.m4s",
        $"/live/demo/{Session}/source/1.m4s.tmp",
        $"/live/demo/{Session}/source/1..m4s", $"/live/demo/{Session}/source/1.00.m4s", $"/live/demo/{Session}/source/1.9999999999.m4s",
        $"/live/demo/{Session}/source/1.1.1.m4s",
        $"/live/demo/{Session}/source/init-0.mp4", $"/live/demo/{Session}/source/init-2.mp4",
        $"/live/demo/{Session}/source/init-99999999999.mp4",
        $"/live/demo/{Session}/source/init-.mp4", $"/live/demo/{Session}/source/init-1.m4s", $"/live/demo/{Session}/source/a/1.m4s",
        $"/live/demo/{Session}/source/%00.m4s", $"/live/demo/{Session}/source/1%2Em4s/", $"/live/demo/{Session}/so%75rce%2F1.m4s",
        $"/live/demo/{Session}/s%C3%B6urce/1.m4s",
        "/live/..%2f..%2fetc%2fpasswd", "/live/demo/..%5c..%5cetc", "/live/%2e%2e%2f/index.m3u8",
        $"/live/demo/{Session}/..%2f..%2fsecret/1.m4s",
        $"/live/demo/{Session}/٣.m4s", $"/live/demo/{Session}/source/%D9%A3.m4s",
        $"/live/demo/{Session}/thumbnails/00.jpg", $"/live/demo/{Session}/thumbnails/-1.jpg", $"/live/demo/{Session}/thumbnails/1.m4s",
        $"/live/demo/{Session}/thumbnails/.jpg", $"/live/demo/{Session}/posters/0.jpg",
        "/live/demo/index.m3u8%00", "/live/demo/index.m3u8%0d%0aX-Evil:%201", "/live/" + new string('a', 5000) + "/index.m3u8",
        "/live/" + new string('/', 2000),
    ];

    [Theory, MemberData(nameof(OddPaths))]
    public async Task Malformed_path_is_404_or_400_and_reads_nothing(string path)
    {
        var server = odd.Server!;
        var answer = await server.SendRawAsync(path);

        // Kestrel itself rejects an invalid path.
        (answer.StartsWith("HTTP/1.1 404 ", StringComparison.Ordinal)
            || answer.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal)).ShouldBeTrue(answer);
        answer.ShouldNotContain("X-Evil");
        server.Spool.Reads.ShouldBe(0);
    }

    [Fact]
    public async Task Not_found_responses_are_cached_for_a_second_and_readable_from_any_site()
    {
        await using var server = await OriginServer.StartAsync();
        using var response = await server.SendAsync("/live/nobody/index.m3u8");

        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        response.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("max-age=1");
        response.Headers.NonValidated["Access-Control-Allow-Origin"].ToString().ShouldBe("*");
        response.Headers.NonValidated["X-Request-Id"].ToString().ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData("/live/demo/index.m3u8")]
    [InlineData("/live/anything/at/all")]
    [InlineData("/time")]
    public async Task Preflight_allows_the_headers_players_send(string path)
    {
        await using var server = await OriginServer.StartAsync();
        using var response = await server.SendAsync(path, HttpMethod.Options, ("Origin", "https://elsewhere.example"),
            ("Access-Control-Request-Headers", "range"));

        response.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        response.Headers.NonValidated["Access-Control-Allow-Origin"].ToString().ShouldBe("*");
        response.Headers.NonValidated["Access-Control-Allow-Methods"].ToString().ShouldBe("GET, HEAD, OPTIONS");
        response.Headers.NonValidated["Access-Control-Allow-Headers"].ToString().ShouldContain("Range");
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("BREW")]
    public async Task Other_methods_get_405(string method)
    {
        await using var server = await OriginServer.StartAsync();
        using var response = await server.SendAsync("/live/demo/index.m3u8", new HttpMethod(method));

        response.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        response.Content.Headers.Allow.ShouldBe(["GET", "HEAD", "OPTIONS"], ignoreOrder: true);
        response.Headers.NonValidated["Access-Control-Allow-Origin"].ToString().ShouldBe("*");
    }

    [Fact]
    public async Task Other_paths_of_the_site_are_not_handled()
    {
        await using var server = await OriginServer.StartAsync();

        (await server.Client.GetStringAsync("/")).ShouldBe("the rest of the site");
        using var other = await server.SendAsync("/lives/demo");
        other.StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Concurrent_viewers_get_consistent_playlists_while_the_session_continues()
    {
        await using var server = await OriginServer.StartAsync();
        var broadcaster = new FakePackager().Video().Audio().Segment();
        server.Hear(broadcaster);
        var viewers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var seen = new List<long>();
            for (var i = 0; i < 30; i++)
            {
                seen.Add(Last(await server.Client.GetStringAsync($"/live/demo/{Session}/source.m3u8")));
            }

            return seen;
        })).ToList();

        // The session continues while it has viewers; a request between segments paces it.
        var everybody = Task.WhenAll(viewers);
        var told = 1;
        while (!everybody.IsCompleted)
        {
            server.Hear(broadcaster.Segment(bytes: 100).Window(Math.Max(1, ++told - 20)));
            Last(await server.Client.GetStringAsync($"/live/demo/{Session}/source.m3u8")).ShouldBe(told);
        }

        foreach (var seen in await everybody)
        {
            seen.ShouldBeInOrder();
            seen.ShouldAllBe(number => number >= 1 && number <= told);
        }

        static long Last(string text) =>
            long.Parse(text.Split('\n').Last(line => line.EndsWith(".m4s", StringComparison.Ordinal)).Split('/', '.')[1]);
    }

    [Fact]
    public async Task Only_the_newest_sessions_of_a_channel_are_kept()
    {
        await using var server = await OriginServer.StartAsync(("Origin:MaxSessionsPerChannel", "2"));
        var sessions = Enumerable.Range(0, 5).Select(i => SessionId.New(FakePackager.Start.AddMinutes(i))).ToList();
        foreach (var id in sessions)
        {
            server.Hear(new FakePackager(id).Video().Segment().End());
        }

        using var oldest = await server.SendAsync($"/live/demo/{sessions[2]}/source.m3u8");
        using var kept = await server.SendAsync($"/live/demo/{sessions[3]}/source.m3u8");
        oldest.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        kept.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Invalid_timeline_events_are_ignored()
    {
        await using var server = await OriginServer.StartAsync();
        var broadcaster = new FakePackager().Video().Segment();
        server.Hear(broadcaster);
        var channel = broadcaster.Session.Channel;
        server.Directory.Append(channel, broadcaster.Session.Id,
            [new TimelineEvent.SegmentClosed("nobody", 3), new TimelineEvent.RenditionAdded("../evil", TrackKind.Video)]);
        server.Directory.Append(channel, FakePackager.Second, [new TimelineEvent.RenditionAdded("source", TrackKind.Video)]);

        (await server.Client.GetStringAsync("/live/demo/index.m3u8")).ShouldNotContain("evil");
        server.Directory.Status(channel).Renditions.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Every_invalid_option_is_named()
    {
        var failure = await Should.ThrowAsync<OptionsValidationException>(() => OriginServer.StartAsync(
            ("Origin:EndedPlaylistMaxAge", "02:00:00"), ("Origin:MaxSessionsPerChannel", "0")));

        failure.Message.ShouldContain("Origin:EndedPlaylistMaxAge");
        failure.Message.ShouldContain("Origin:MaxSessionsPerChannel");
    }

    [Fact]
    public async Task Misspelled_option_stops_the_start() =>
        (await Should.ThrowAsync<Exception>(() => OriginServer.StartAsync(("Origin:MaxSesions", "2")))).ToString()
        .ShouldContain("MaxSesions");

    [Fact]
    public void Every_valid_path_is_parsed_and_maps_to_its_object_name()
    {
        LivePath.TryParse($"/live/demo/{Session}/source/12.m4s", out var segment).ShouldBeTrue();
        LivePath.TryParse($"/live/demo/{Session}/source/init-3.mp4", out var init).ShouldBeTrue();
        LivePath.TryParse($"/live/demo/{Session}/source/12.4.m4s", out var part).ShouldBeTrue();

        segment.Object.Value.ShouldBe($"live/demo/{Session}/source/12.m4s");
        init.Object.Value.ShouldBe($"live/demo/{Session}/source/init-3.mp4");
        (part.Kind, part.Number, part.Part).ShouldBe((LivePathKind.Part, 12, 4));
    }

    /// <summary>One server for all unusual paths.</summary>
    public sealed class OddServer : IAsyncLifetime
    {
        internal OriginServer? Server { get; private set; }

        public async ValueTask InitializeAsync() => Server = (await OriginServer.StartAsync()).Hear(new FakePackager().Video().Segment());

        public ValueTask DisposeAsync() => Server!.DisposeAsync();
    }
}
