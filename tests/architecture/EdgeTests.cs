using System.Net;
using System.Net.Http.Headers;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>The shipped nginx configuration in a real nginx, in front of an origin that counts requests.</summary>
public sealed class NginxEdgeTests(NginxEdge edge) : EdgeTests(edge), IClassFixture<NginxEdge>
{
    [Fact]
    public async Task Viewer_tokens_are_not_logged()
    {
        var path = $"{Session}/source/120.m4s";
        await edge.GetAsync($"/t/hidden-token-1{path}");
        await Poll.UntilAsync(() => edge.Log().Contains($"/t/-{path}", StringComparison.Ordinal), description: "the request in the log");
        (edge.Log() + edge.Errors()).ShouldNotContain("hidden-token");
    }

    [Fact]
    public async Task Requests_of_one_address_are_limited()
    {
        var held = Enumerable.Range(0, NginxEdge.MaxPerClient).Select(i => edge.GetAsync($"{Session}/held/{i}.1.m4s")).ToList();
        await Poll.UntilAsync(() => Enumerable.Range(0, held.Count).All(i => edge.Requests($"{Session}/held/{i}.1.m4s") == 1));

        (await edge.GetAsync($"{Session}/source/122.m4s")).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);

        edge.Held.SetResult();
        (await Task.WhenAll(held)).ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK);
        await Poll.UntilAsync(async () => (await edge.GetAsync($"{Session}/source/122.m4s")).StatusCode == HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("/event/01JZZZZZZZZZZZZZZZZZZZZZZZ/status.json", true)]
    [InlineData("/event/01JZZZZZZZZZZZZZZZZZZZZZZZ/status.json%0A", false)]
    public async Task Path_with_a_final_newline_is_not_cached(string path, bool isCached) =>
        (await edge.GetAsync(path)).Headers.Contains("X-Cache").ShouldBe(isCached);
}

/// <summary>The shipped nginx configuration for a bucket in a real nginx, in front of the same origin in the bucket's place.</summary>
public sealed class BucketEdgeTests(BucketEdge edge) : IClassFixture<BucketEdge>
{
    private const string Session = "/live/main/01JZZZZZZZZZZZZZZZZZZZZZZZ";

    [Theory]
    [InlineData("/live/main/index.m3u8")]
    [InlineData($"{Session}/source/1.m4s")]
    [InlineData("/vod/01JZZZZZZZZZZZZZZZZZZZZZZZ/manifest.mpd")]
    public async Task Path_with_a_final_newline_does_not_reach_the_bucket(string path)
    {
        (await edge.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK);
        edge.Requests("/media" + path).ShouldBe(1);
        foreach (var end in (string[])["%0A", "%0D%0A", "%0A%0A"])
        {
            (await edge.GetAsync(path + end)).StatusCode.ShouldBe(HttpStatusCode.NotFound, path + end);
        }
    }
}

/// <summary>The shipped Varnish configuration in a real Varnish, in front of the same origin.</summary>
public sealed class VarnishEdgeTests(VarnishEdge edge) : EdgeTests(edge), IClassFixture<VarnishEdge>
{
    [Fact]
    public async Task Concurrent_requests_for_a_pending_part_cost_the_origin_one_request()
    {
        var path = $"{Session}/slow/121.3.m4s";
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => edge.GetAsync(path)));
        answers.ShouldAllBe(a => a.StatusCode == HttpStatusCode.OK);
        edge.Requests(path).ShouldBe(1);
    }

    [Fact]
    public async Task Order_of_query_parameters_does_not_change_the_cache_key()
    {
        var path = $"{Session}/ordered.m3u8";
        await edge.GetAsync(path + "?_HLS_msn=5&_HLS_part=1");
        await edge.GetAsync(path + "?_HLS_part=1&_HLS_msn=5");
        edge.Requests(path).ShouldBe(1);
    }
}

/// <summary>Common behavior of all shipped edges.</summary>
public abstract class EdgeTests(Edge edge)
{
    protected const string Session = "/live/demo/01JZZZZZZZZZZZZZZZZZZZZZZZ";

    [Fact]
    public async Task Segment_is_fetched_once_and_then_served_from_the_cache()
    {
        var path = $"{Session}/source/101.m4s";
        (await edge.GetAsync(path)).Headers.GetValues("X-Cache").ShouldBe(["MISS"]);
        var second = await edge.GetAsync(path);
        second.Headers.GetValues("X-Cache").ShouldBe(["HIT"]);
        second.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromDays(365));
        (await second.Content.ReadAsByteArrayAsync()).ShouldBe(Edge.Body);
        edge.Requests(path).ShouldBe(1);
    }

    [Fact]
    public async Task Concurrent_requests_for_an_uncached_segment_cost_the_origin_one_request()
    {
        var path = $"{Session}/source/slow-102.m4s";
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => edge.GetAsync(path)));
        answers.ShouldAllBe(a => a.StatusCode == HttpStatusCode.OK);
        edge.Requests(path).ShouldBe(1);
    }

    [Fact]
    public async Task Range_requests_are_served_from_the_cached_segment()
    {
        var path = $"{Session}/source/103.m4s";
        for (var i = 0; i < 2; i++)
        {
            var part = await edge.GetAsync(path, r => r.Headers.Range = new RangeHeaderValue(100, 199));
            part.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
            part.Content.Headers.ContentRange!.ToString().ShouldBe($"bytes 100-199/{Edge.Body.Length}");
            (await part.Content.ReadAsByteArrayAsync()).ShouldBe(Edge.Body[100..200]);
        }

        edge.Requests(path).ShouldBe(1);
    }

    [Fact]
    public async Task Part_is_served_from_the_cache_after_the_first_request()
    {
        var path = $"{Session}/source/104.3.m4s";
        (await edge.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await edge.GetAsync(path)).Headers.GetValues("X-Cache").ShouldBe(["HIT"]);
        edge.Requests(path).ShouldBe(1);
    }

    [Fact]
    public async Task Playlists_with_different_query_parameters_are_cached_separately()
    {
        var path = $"{Session}/source.m3u8";
        var first = await edge.GetAsync(path + "?_HLS_msn=5&_HLS_part=1");
        var second = await edge.GetAsync(path + "?_HLS_msn=5&_HLS_part=2");
        (await first.Content.ReadAsStringAsync()).ShouldContain("_HLS_part=1");
        (await second.Content.ReadAsStringAsync()).ShouldContain("_HLS_part=2");
    }

    [Fact]
    public async Task Playlist_is_fetched_again_after_its_cache_lifetime_of_one_second()
    {
        var path = $"{Session}/fresh.m3u8";
        var first = await (await edge.GetAsync(path)).Content.ReadAsStringAsync();
        await Poll.UntilAsync(async () => await (await edge.GetAsync(path)).Content.ReadAsStringAsync() != first,
            description: "a newer playlist through the cache");
        edge.Requests(path).ShouldBeGreaterThan(1);
    }

    [Fact]
    public async Task Stale_playlist_is_served_during_an_origin_outage_and_refreshed_after_it()
    {
        var path = $"{Session}/waiting.m3u8";
        var first = await (await edge.GetAsync(path)).Content.ReadAsStringAsync();
        edge.Away[path] = true;
        HttpResponseMessage? stale = null;
        await Poll.UntilAsync(async () => (stale = await edge.GetAsync(path)).Headers.GetValues("X-Cache").Single() == "STALE",
            description: "a question that the origin does not answer");
        stale!.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await stale.Content.ReadAsStringAsync()).ShouldBe(first);
        edge.Away[path] = false;
        await Poll.UntilAsync(async () => await (await edge.GetAsync(path)).Content.ReadAsStringAsync() != first,
            description: "a newer playlist once the origin is back");
    }

    [Fact]
    public async Task Missing_object_is_served_as_soon_as_it_exists()
    {
        var path = $"{Session}/source/105.m4s";
        edge.Missing[path] = true;
        (await edge.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        edge.Missing[path] = false;
        await Poll.UntilAsync(async () => (await edge.GetAsync(path)).StatusCode == HttpStatusCode.OK, TimeSpan.FromSeconds(10),
            "the object once it exists");
    }

    [Fact]
    public async Task Event_status_is_fetched_once_for_all_viewers_and_refreshed_after_its_lifetime()
    {
        const string Path = "/event/01JN8E0000000000000000000A/status.json";
        var first = await edge.GetAsync(Path);
        first.Headers.GetValues("X-Cache").ShouldBe(["MISS"]);
        first.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromSeconds(2));
        var text = await first.Content.ReadAsStringAsync();
        await Poll.UntilAsync(async () => (await edge.GetAsync(Path + "?t=1")).Headers.GetValues("X-Cache").Single() == "HIT",
            description: "the same, whatever stands behind it");
        await Poll.UntilAsync(async () => await (await edge.GetAsync(Path)).Content.ReadAsStringAsync() != text,
            description: "a newer answer");
    }

    [Fact]
    public async Task Stale_event_status_is_served_during_an_origin_outage()
    {
        const string Path = "/event/01JN8E0000000000000000000B/status.json";
        (await edge.GetAsync(Path)).StatusCode.ShouldBe(HttpStatusCode.OK);
        edge.Away[Path] = true;
        HttpResponseMessage? stale = null;
        await Poll.UntilAsync(async () => (stale = await edge.GetAsync(Path)).Headers.GetValues("X-Cache").Single() == "STALE",
            description: "a question that the origin does not answer");
        stale!.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("/event/01JN8E0000000000000REFVSED/status.json", HttpStatusCode.Forbidden)]
    [InlineData("/event/01JN8E000000000000000ASKED/status.json", HttpStatusCode.OK)]
    [InlineData("/t/fine/event/01JN8E0000000000000000000C/status.json", HttpStatusCode.OK)]
    [InlineData("/event/01JN8E0000000000000000000D", HttpStatusCode.OK)]
    public async Task Restricted_responses_about_an_event_are_proxied_and_not_cached(string path, HttpStatusCode status)
    {
        for (var i = 1; i <= 3; i++)
        {
            (await edge.GetAsync(path)).StatusCode.ShouldBe(status);
            edge.Requests(path).ShouldBe(i);
        }
    }

    [Fact]
    public async Task API_is_proxied_uncached_with_authorization_client_address_and_host()
    {
        for (var i = 0; i < 2; i++)
        {
            var answer = await edge.GetAsync("/api/v1/channels",
                r => r.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "secret"));
            var text = await answer.Content.ReadAsStringAsync();
            text.ShouldContain("Bearer secret");
            text.ShouldContain($"host={edge.Address.Authority}");
            text.ShouldContain("for=127.0.0.1");
        }

        edge.Requests("/api/v1/channels").ShouldBe(2);
    }

    [Fact]
    public async Task Download_is_proxied_uncached_with_its_rendition_and_range()
    {
        const string Path = "/vod/01JN8E0000000000000000000A/download.mp4";
        foreach (var address in (string[])[Path, Path, $"/t/fine{Path}"])
        {
            var answer = await edge.GetAsync($"{address}?rendition=720p", r => r.Headers.Range = new RangeHeaderValue(100, 199));
            answer.Headers.GetValues("X-Asked").ShouldBe(["?rendition=720p bytes=100-199"]);
            (answer.StatusCode, answer.Content.Headers.ContentRange!.From).ShouldBe((HttpStatusCode.PartialContent, 100));
            (await answer.Content.ReadAsByteArrayAsync()).ShouldBe(Edge.Body[100..200]);
        }

        edge.Fetches(Path).ShouldBe(3);
    }

    [Fact]
    public async Task Requests_with_different_viewer_tokens_share_one_cached_object()
    {
        var path = $"{Session}/source/106.m4s";
        (await edge.GetAsync($"/t/hidden-token-1{path}")).Headers.GetValues("X-Cache").ShouldBe(["MISS"]);
        (await edge.GetAsync($"/t/hidden-token-2{path}")).Headers.GetValues("X-Cache").ShouldBe(["HIT"]);
        (await edge.GetAsync(path)).Headers.GetValues("X-Cache").ShouldBe(["HIT"]);
        edge.Fetches(path).ShouldBe(1);
        edge.Errors().ShouldNotContain("hidden-token");
    }

    [Fact]
    public async Task Denied_viewer_receives_no_cached_object_and_gets_a_CORS_readable_denial()
    {
        var path = $"{Session}/source/107.m4s";
        (await edge.GetAsync($"/t/fine{path}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var refused = await edge.GetAsync($"/t/revoked{path}");
        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        refused.Headers.GetValues("X-Denial-Reason").ShouldBe(["revoked"]);
        refused.Headers.GetValues("Access-Control-Allow-Origin").ShouldBe(["*"]);
        refused.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromSeconds(1));
        (await edge.GetAsync($"/t/no_channel{path}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        foreach (var kind in (string[])["source.m3u8", "manifest.mpd", "source/107.1.m4s", "source/init-1.mp4", "thumbnails/0.jpg",
            "thumbnails.vtt"])
        {
            (await edge.GetAsync($"/t/revoked{Session}/{kind}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden, kind);
        }

        edge.Fetches(path).ShouldBe(1);
    }

    [Fact]
    public async Task Viewer_decision_is_cached_for_a_server_token_and_a_percent_encoded_path_is_not_found()
    {
        const string Token = "1.abcdefgh.demo.1900000000.jane.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        await edge.GetAsync($"/t/{Token}{Session}/source/108.m4s");
        await edge.GetAsync($"/t/{Token}{Session}/source/109.m4s?CMCD=a%2Cb");
        await edge.GetAsync($"/t/{Token}{Session}/source/110.m4s");
        edge.Questions(Token).ShouldBe(1);
        (await edge.GetAsync($"/t/{Token}{Session}/source/%2C111.m4s")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        edge.Questions(Token).ShouldBe(1);
    }

    [Fact]
    public async Task Viewer_decisions_are_cached_separately_for_channel_and_sessions()
    {
        const string Token = "1.abcdefgh.demo.1900000000.ann.-.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        string[] paths = ["/live/demo/index.m3u8", "/live/demo/01JN8F0000000000000000000A/source.m3u8",
            "/live/demo/01JN8F0000000000000000000B/source.m3u8"];
        for (var i = 0; i < paths.Length; i++)
        {
            await edge.GetAsync($"/t/{Token}{paths[i]}");
            await edge.GetAsync($"/t/{Token}{paths[i]}?again");
            edge.Questions(Token).ShouldBe(i + 1, paths[i]);
        }

        edge.CacheScope.ShouldBe("session", "that it keeps them apart is what it says");
    }

    [Fact]
    public async Task Edge_keeps_known_viewer_decisions_and_denies_new_viewers_during_an_origin_outage()
    {
        var path = $"{Session}/source/112.m4s";
        (await edge.GetAsync($"/t/known{path}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        edge.Away[$"/auth/t/known{path}"] = true;
        edge.Away[$"/auth/t/unknown{path}"] = true;
        var asked = edge.Questions("known");
        await Poll.UntilAsync(
            async () => (await edge.GetAsync($"/t/known{path}")).StatusCode == HttpStatusCode.OK && edge.Questions("known") > asked,
            description: "a question that the origin does not answer");
        var refused = await edge.GetAsync($"/t/unknown{path}");
        refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        refused.Headers.CacheControl!.NoStore.ShouldBeTrue();
        edge.Errors().ShouldNotContain("unknown");
    }

    [Fact]
    public async Task Known_viewer_loses_access_when_the_auth_callback_stays_unavailable()
    {
        var path = $"{Session}/source/113.m4s";
        (await edge.GetAsync($"/t/lapsing{path}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        edge.Lapsed[$"/auth/t/lapsing{path}"] = true;

        await Poll.UntilAsync(async () => (await edge.GetAsync($"/t/lapsing{path}")).StatusCode != HttpStatusCode.OK);

        var refused = await edge.GetAsync($"/t/lapsing{path}");
        refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        refused.Headers.GetValues("X-Denial-Reason").ShouldBe(["unavailable"]);
        refused.Headers.RetryAfter!.ToString().ShouldBe("1");
    }

    [Fact]
    public async Task Restricted_object_is_fetched_with_the_first_viewers_token_and_cached_for_all()
    {
        const string Path = "/live/guarded/01JZZZZZZZZZZZZZZZZZZZZZZZ/source/1.m4s";
        (await edge.GetAsync($"/t/hers{Path}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await edge.GetAsync($"/t/his{Path}")).Headers.GetValues("X-Cache").ShouldBe(["HIT"]);
        (await edge.GetAsync(Path)).StatusCode.ShouldBe(HttpStatusCode.OK,
            "this toy's /auth lets everybody in: what counts is that the object is there");
        edge.Fetches(Path).ShouldBe(1);
        const string Mpd = "/live/guarded/manifest.mpd";
        (await edge.GetAsync(Mpd)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await edge.GetAsync($"/t/hers{Mpd}")).StatusCode.ShouldBe(HttpStatusCode.OK, "one viewer's refusal is not another's");
    }

    [Fact]
    public async Task Media_query_parameters_are_ignored_and_the_auth_endpoint_is_not_public()
    {
        var path = $"{Session}/source/123.m4s";
        await edge.GetAsync(path + "?CMCD=bl%3D1");
        (await edge.GetAsync(path + "?2")).Headers.GetValues("X-Cache").ShouldBe(["HIT"]);
        edge.Requests(path).ShouldBe(1);
        (await edge.GetAsync($"/auth{path}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Single_use_viewer_decision_is_requested_again_for_a_cached_object()
    {
        var path = $"{Session}/source/122.m4s";
        await edge.GetAsync($"/t/once{path}");
        (await edge.GetAsync($"/t/once{path}")).Headers.GetValues("X-Cache").ShouldBe(["HIT"]);
        edge.Questions("once").ShouldBe(2);
        edge.Fetches(path).ShouldBe(1);
    }
}
