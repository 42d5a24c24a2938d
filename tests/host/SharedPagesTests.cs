using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Broadcast.Control.Events;
using Broadcast.Control.Pages;
using Broadcast.Host.Listening;
using Broadcast.Host.Pages;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

/// <summary>Content, access and caching of the metadata on the pages of channels and events.</summary>
public sealed class SharedPagesTests
{
    private const string Home = "https://live.example.org";
    private const string Gala = "01JN8E0000000000000000000A", Guarded = "01JN8E0000000000000000000B", Away = "01JN8E0000000000000000000C",
        Nothing = "01JN8E0000000000000000000D", Ticketed = "01JN8E0000000000000000000E",
        Pictured = "01JN8E0000000000000000000F", Opened = "01JN8E0000000000000000000G";
    private const string Hostile = "\"><script>alert(1)</script>&'";

    private static readonly DateTimeOffset Start = new(2030, 6, 1, 18, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Channel_page_contains_metadata_and_embedding_information()
    {
        await using var site = await Site.StartAsync();

        var (status, page, headers) = await site.GetAsync("/watch/demo?t=90");

        status.ShouldBe(HttpStatusCode.OK);
        foreach (var line in new[]
        {
            "<title>Demo – Broadcast</title>",
            "<meta name=\"description\" content=\"Next: The evening, 1 June 2030, 18:00 UTC.\" />",
            $"<link rel=\"canonical\" href=\"{Home}/watch/demo\" />",
            "<meta property=\"og:title\" content=\"Demo\" />",
            $"<meta property=\"og:url\" content=\"{Home}/watch/demo\" />",
            $"<meta property=\"og:image\" content=\"{Home}/live/demo/poster.jpg\" />",
            "<meta property=\"og:image:width\" content=\"1024\" />",
            "<meta property=\"og:image:height\" content=\"576\" />",
            $"<meta property=\"og:video:url\" content=\"{Home}/embed/demo\" />",
            "<meta name=\"twitter:card\" content=\"player\" />",
            "<link rel=\"alternate\" type=\"application/json+oembed\" "
                + $"href=\"{Home}/oembed?format=json&amp;url=https%3A%2F%2Flive.example.org%2Fwatch%2Fdemo\" title=\"Demo\" />",
        })
        {
            page.ShouldContain(line);
        }

        headers.CacheControl!.ToString().ShouldBe("public, max-age=60");
        headers.GetValues("Content-Security-Policy").Single().ShouldContain("script-src 'self'; style-src 'self'");
        (await site.GetAsync("/watch/demo", ("If-None-Match", headers.ETag!.Tag))).Status.ShouldBe(HttpStatusCode.NotModified);
        (await site.GetAsync("/t/secret/embed/demo")).Body.ShouldNotContain("secret");
    }

    [Fact]
    public async Task User_text_is_escaped_in_pages_and_embeds()
    {
        await using var site = await Site.StartAsync();
        foreach (var path in new[] { "/watch/hostile", "/embed/hostile", $"/event/{Gala}" })
        {
            var page = (await site.GetAsync(path)).Body;

            page.ShouldContain("&lt;script&gt;alert(1)&lt;/script&gt;");
            page.ShouldNotContain("<script>");
            page.ShouldNotContain(Hostile);
            page.Split('\n').Where(line => line.Contains("<meta", StringComparison.Ordinal))
                .ShouldAllBe(line => line.Count(c => c == '"') == 4, "no attribute ends before its end");
        }

        var embed = (await site.GetAsync($"/oembed?url={Uri.EscapeDataString($"{Home}/watch/hostile")}")).Body;
        var html = JsonDocument.Parse(embed).RootElement.GetProperty("html").GetString()!;
        html.ShouldContain("title=\"&quot;&gt;&lt;script&gt;");
        html.ShouldNotContain("<script>");
    }

    [Theory]
    [InlineData("/watch/guarded")]
    [InlineData("/t/secret/watch/guarded")]
    [InlineData("/watch/guarded?token=secret")]
    [InlineData($"/event/{Guarded}")]
    [InlineData($"/event/{Ticketed}")]
    public async Task Page_of_a_restricted_channel_reveals_only_the_channel_name(string path)
    {
        await using var site = await Site.StartAsync();

        var page = (await site.GetAsync(path)).Body;

        page.ShouldContain($"<title>{(path.Contains(Ticketed, StringComparison.Ordinal) ? "demo" : "guarded")} – Broadcast</title>");
        page.ShouldContain("noindex");
        foreach (var told in new[] { "og:", "twitter:", "oembed", "canonical", "Secret", "secret" })
        {
            page.ShouldNotContain(told, Case.Sensitive);
        }
    }

    [Fact]
    public async Task Page_of_an_unknown_channel_is_sent_with_404_and_cached_briefly()
    {
        await using var site = await Site.StartAsync();
        foreach (var path in new[] { "/watch/nobody", "/embed/nobody", "/t/secret/watch/nobody", "/watch/NOT%20A%20NAME" })
        {
            var (status, page, headers) = await site.GetAsync(path);
            status.ShouldBe(HttpStatusCode.NotFound);
            page.ShouldContain("<title>Broadcast</title>", Case.Sensitive, "the page explains it");
            headers.CacheControl!.ToString().ShouldBe("public, max-age=1");
        }
    }

    [Theory]
    [InlineData("/watch/demo/chat")]
    [InlineData("/embed/demo/chat")]
    [InlineData("/watch/demo/overlay")]
    [InlineData("/t/secret/watch/demo/chat")]
    [InlineData("/t/secret/embed/demo/chat")]
    [InlineData("/t/secret/watch/demo/overlay")]
    public async Task Only_the_embed_of_the_chat_can_be_framed_by_other_sites(string path)
    {
        await using var site = await Site.StartAsync();
        var (status, page, headers) = await site.GetAsync(path);
        status.ShouldBe(HttpStatusCode.OK);
        page.ShouldNotContain("secret");
        headers.GetValues("Content-Security-Policy").ShouldHaveSingleItem()
            .ShouldContain(path.Contains("/embed/") ? "frame-ancestors *;" : "frame-ancestors 'self';");
    }

    [Theory]
    [InlineData("/watch/demo")]
    [InlineData("/embed/demo")]
    [InlineData($"/event/{Gala}")]
    [InlineData($"/event/{Gala}/event.ics")]
    [InlineData("/oembed?url=http%3A%2F%2Fevil.example%2Fwatch%2Fdemo")]
    public async Task Pages_with_URLs_from_the_Host_header_are_not_stored_by_shared_caches(string path)
    {
        await using var site = await Site.StartAsync(publicUrl: null);
        var (status, page, headers) = await site.GetAsync(path, ("Host", "evil.example"));
        (status, headers.CacheControl!.ToString()).ShouldBe((HttpStatusCode.OK, "max-age=60, private"));
        page.ShouldContain("http://evil.example/");
    }

    [Theory]
    [InlineData($"/event/{Gala}", HttpStatusCode.OK, "public, max-age=60")]
    [InlineData($"/embed/event/{Gala}", HttpStatusCode.OK, "public, max-age=60")]
    [InlineData($"/event/{Gala}/status.json", HttpStatusCode.OK, "public, max-age=2, stale-if-error=60")]
    [InlineData($"/event/{Gala}/event.ics", HttpStatusCode.OK, "public, max-age=60")]
    [InlineData($"/event/{Nothing}", HttpStatusCode.NotFound, "public, max-age=1")]
    [InlineData($"/event/{Nothing}/status.json", HttpStatusCode.NotFound, "public, max-age=1")]
    [InlineData($"/event/{Away}", HttpStatusCode.ServiceUnavailable, "no-store")]
    [InlineData($"/event/{Away}/status.json", HttpStatusCode.ServiceUnavailable, "no-store")]
    [InlineData($"/event/{Guarded}", HttpStatusCode.OK, "public, max-age=60")]
    [InlineData($"/event/{Guarded}/status.json", HttpStatusCode.Forbidden, "max-age=1, private")]
    [InlineData($"/event/{Ticketed}/status.json", HttpStatusCode.Forbidden, "max-age=1, private")]
    [InlineData($"/t/secret/event/{Ticketed}/status.json", HttpStatusCode.OK, "max-age=2, private, stale-if-error=60")]
    [InlineData($"/event/{Guarded}/event.ics", HttpStatusCode.Forbidden, "max-age=1, private")]
    [InlineData($"/t/wrong/event/{Guarded}/status.json", HttpStatusCode.Forbidden, "max-age=1, private")]
    [InlineData($"/t/secret/event/{Guarded}/status.json", HttpStatusCode.OK, "max-age=2, private, stale-if-error=60")]
    public async Task Event_URLs_check_access_and_have_matching_cache_headers(string path, HttpStatusCode status, string caching)
    {
        await using var site = await Site.StartAsync();

        var answer = await site.GetAsync(path);

        answer.Status.ShouldBe(status);
        string.Join(", ", caching.Split(", ").Order())
            .ShouldBe(string.Join(", ", answer.Headers.CacheControl!.ToString().Split(", ").Order()));
    }

    [Fact]
    public async Task Event_status_contains_the_data_of_its_page_and_supports_ETags()
    {
        await using var site = await Site.StartAsync();

        var (_, body, headers) = await site.GetAsync($"/event/{Gala}/status.json");

        var said = JsonDocument.Parse(body).RootElement;
        (said.GetProperty("title").GetString(), said.GetProperty("state").GetString(),
            said.GetProperty("channel").GetString()).ShouldBe((Hostile, "ended", "demo"));
        said.GetProperty("startsAt").GetDateTimeOffset().ShouldBe(Start);
        said.GetProperty("startedAt").ValueKind.ShouldBe(JsonValueKind.Null);
        (said.GetProperty("replay").GetProperty("id").GetString(),
            said.GetProperty("replay").GetProperty("duration").GetInt32()).ShouldBe((Nothing, 3600));
        (await site.GetAsync($"/event/{Gala}/status.json", ("If-None-Match", headers.ETag!.Tag))).Status
            .ShouldBe(HttpStatusCode.NotModified);
        (await site.GetAsync($"/event/{Guarded}/status.json")).Headers.GetValues("X-Denial-Reason").ShouldBe(["no_token"]);
        JsonDocument.Parse((await site.GetAsync($"/t/secret/event/{Guarded}/status.json")).Body).RootElement.GetProperty("state")
            .GetString()
            .ShouldBe("scheduled", "what is in preview is to come, to its audience");
    }

    [Theory]
    [InlineData($"url={Home}/watch/demo", 200, 1280, 720)]
    [InlineData($"url={Home}/watch/demo&format=json&maxwidth=640", 200, 640, 360)]
    [InlineData($"url={Home}/embed/demo&maxwidth=1000&maxheight=90", 200, 160, 90)]
    [InlineData($"url={Home}/event/{Gala}&maxwidth=9999", 200, 1280, 720)]
    [InlineData("url=http://LIVE.example.org/watch/demo/", 200, 1280, 720)]
    [InlineData("", 400, 0, 0)]
    [InlineData($"url={Home}/watch/demo&maxwidth=0", 400, 0, 0)]
    [InlineData($"url={Home}/watch/demo&maxwidth=-1", 400, 0, 0)]
    [InlineData($"url={Home}/watch/demo&maxheight=99999999999", 400, 0, 0)]
    [InlineData($"url={Home}/watch/demo&format=xml", 501, 0, 0)]
    [InlineData($"url={Home}/watch/nobody", 404, 0, 0)]
    [InlineData($"url={Home}/event/{Nothing}", 404, 0, 0)]
    [InlineData($"url={Home}/dashboard", 404, 0, 0)]
    [InlineData($"url={Home}", 404, 0, 0)]
    [InlineData("url=https://elsewhere.example.org/watch/demo", 404, 0, 0)]
    [InlineData("url=https://live.example.org.evil.example/watch/demo", 404, 0, 0)]
    [InlineData("url=javascript:alert(1)", 404, 0, 0)]
    [InlineData("url=/watch/demo", 404, 0, 0)]
    [InlineData($"url={Home}/watch/guarded", 401, 0, 0)]
    [InlineData($"url={Home}/event/{Guarded}", 401, 0, 0)]
    [InlineData($"url={Home}/event/{Ticketed}", 401, 0, 0)]
    [InlineData($"url={Home}/t/secret/watch/demo", 401, 0, 0)]
    [InlineData($"url={Home}/watch/demo?token=secret", 401, 0, 0)]
    [InlineData($"url={Home}/event/{Away}", 503, 0, 0)]
    public async Task OEmbed_returns_an_embed_for_public_pages(string query, int status, int width, int height)
    {
        await using var site = await Site.StartAsync();

        var answer = await site.GetAsync($"/oembed?{query}");

        ((int)answer.Status).ShouldBe(status);
        if (status == 200)
        {
            var said = JsonDocument.Parse(answer.Body).RootElement;
            (said.GetProperty("version").GetString(), said.GetProperty("type").GetString()).ShouldBe(("1.0", "video"));
            (said.GetProperty("width").GetInt32(), said.GetProperty("height").GetInt32()).ShouldBe((width, height));
            said.GetProperty("html").GetString()!.ShouldStartWith($"<iframe src=\"{Home}/embed/");
            said.GetProperty("html").GetString()!.ShouldContain(" style=\"max-width: 100%; height: auto; aspect-ratio: 16 / 9\" ",
                customMessage: "it fits into what is narrower");
        }
    }

    [Theory]
    [InlineData("/watch/demo", "/live/demo/poster.jpg", 1024, 576)]
    [InlineData("/watch/demo&maxwidth=1024&maxheight=576", "/live/demo/poster.jpg", 1024, 576)]
    [InlineData("/watch/demo&maxwidth=1023", null, 0, 0)]
    [InlineData("/watch/demo&maxheight=575", null, 0, 0)]
    [InlineData($"/event/{Gala}", $"/vod/{Nothing}/poster.jpg", 406, 720)]
    [InlineData("/watch/over", $"/vod/{Guarded}/poster.jpg", 1280, 720)]
    [InlineData($"/event/{Pictured}", "/posters/gala.jpg", 1280, 720)]
    [InlineData("/watch/silent", null, 0, 0)]
    [InlineData("/watch/hostile", null, 0, 0)]
    [InlineData($"/event/{Opened}", null, 0, 0)]
    public async Task OEmbed_contains_the_public_thumbnail_within_the_requested_size(string page, string? frame, int width, int height)
    {
        await using var site = await Site.StartAsync();

        var answer = await site.GetAsync($"/oembed?url={Home}{page}");

        answer.Status.ShouldBe(HttpStatusCode.OK);
        var said = JsonDocument.Parse(answer.Body).RootElement;
        string?[] found = [.. new[] { "thumbnail_url", "thumbnail_width",
            "thumbnail_height" }.Select(name => said.TryGetProperty(name, out var value) ? value.ToString() : null)];
        found.ShouldBe(frame is null ? [null, null, null] : [Home + frame, $"{width}", $"{height}"]);
    }

    [Theory]
    [InlineData("/watch/hostile")]
    [InlineData($"/event/{Opened}")]
    public async Task Restricted_image_is_not_referenced(string path)
    {
        await using var site = await Site.StartAsync();

        var page = (await site.GetAsync(path)).Body;

        page.ShouldContain("og:title");
        page.ShouldNotContain("og:image");
        page.ShouldNotContain("poster.jpg");
    }

    [Fact]
    public async Task OEmbed_keeps_the_start_position_and_rejects_oversized_URLs()
    {
        await using var site = await Site.StartAsync();
        (await site.GetAsync($"/oembed?url={Uri.EscapeDataString($"{Home}/watch/demo?t=1h2m")}")).Body.ShouldContain("/embed/demo?t=1h2m");
        (await site.GetAsync($"/oembed?url={Uri.EscapeDataString($"{Home}/watch/demo?t=2030-06-01T18:00:00Z")}")).Body
            .ShouldContain("/embed/demo?t=2030-06-01T18:00:00Z");
        (await site.GetAsync($"/oembed?url={Uri.EscapeDataString($"{Home}/watch/demo?t=\"><b>")}")).Body.ShouldNotContain("?t=");
        (await site.GetAsync($"/oembed?url={Home}/watch/demo?{new string('x', 2048)}")).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public void Long_description_is_truncated_between_characters()
    {
        var head = new PageHead("Show") { Url = Home, Description = string.Concat(Enumerable.Repeat("\n😀", 400)) };
        var text = new PageHead("Show") { Url = Home, Description = new string('a', PageHead.MaxDescription - 2) + "😀😀" }.Write();

        head.Write().ShouldContain("&#x1F600; &#x1F600;", Case.Sensitive, "one line");
        text.ShouldContain(new string('a', PageHead.MaxDescription - 2) + "…\"");
        text.ShouldNotContain("\uFFFD");
    }

    [Fact]
    public void Page_URL_without_configuration_uses_the_requested_host()
    {
        ViewerUrlProvider.Of(new(), "http://192.0.2.1:8080").Pages.ShouldBe("http://192.0.2.1:8080");
        new PageHead("Show") { Url = "http://192.0.2.1:8080/watch/demo", Embed = "http://192.0.2.1:8080/embed/demo",
            Image = "http://192.0.2.1:8080/p.jpg" }.Write()
            .ShouldContain("<meta name=\"twitter:card\" content=\"summary_large_image\" />", Case.Sensitive, "a card plays over TLS only");
    }

    [Fact]
    public async Task Recording_has_a_page_with_metadata_status_and_embedding_information()
    {
        await using var site = await Site.StartAsync();

        var (status, page, headers) = await site.GetAsync($"/recording/{Gala}");
        status.ShouldBe(HttpStatusCode.OK);
        page.ShouldContain($"<link rel=\"canonical\" href=\"{Home}/recording/{Gala}\" />");
        page.ShouldContain($"<meta property=\"og:image\" content=\"{Home}/vod/{Gala}/poster.jpg\" />");
        page.ShouldContain($"<meta property=\"og:video:url\" content=\"{Home}/embed/recording/{Gala}\" />");
        page.ShouldContain("content=\"Recording of Demo, 1 June 2030, 18:00 UTC.\"");
        page.ShouldNotContain("<script>");
        headers.CacheControl!.ToString().ShouldBe("public, max-age=60");
        (await site.GetAsync($"/recording/{Pictured}")).Body.ShouldContain("<title>Demo – Broadcast</title>", customMessage: "no title");

        var json = JsonDocument.Parse((await site.GetAsync($"/recording/{Gala}/status.json")).Body).RootElement;
        json.GetProperty("state").GetString().ShouldBe("ended");
        json.GetProperty("title").GetString().ShouldBe(Hostile);
        json.GetProperty("poster").GetString().ShouldBe($"/vod/{Gala}/poster.jpg");
        json.GetProperty("endsAt").GetString().ShouldBe("2030-06-01T18:02:05.000Z");
        json.GetProperty("replay").GetProperty("id").GetString().ShouldBe(Gala);
        json.GetProperty("replay").GetProperty("duration").GetInt64().ShouldBe(125);

        var embed = await site.GetAsync($"/embed/recording/{Gala}");
        embed.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("frame-ancestors *");
        var oembed = await site.GetAsync($"/oembed?url={Uri.EscapeDataString($"{Home}/recording/{Gala}")}");
        oembed.Body.ShouldContain($"/embed/recording/{Gala}");
    }

    [Theory]
    [InlineData(Nothing, HttpStatusCode.NotFound)]
    [InlineData("x", HttpStatusCode.NotFound)]
    [InlineData(Ticketed, HttpStatusCode.NotFound)]
    [InlineData(Away, HttpStatusCode.ServiceUnavailable)]
    public async Task Recording_that_is_missing_hidden_or_unfinished_has_no_page(string id, HttpStatusCode expected)
    {
        await using var site = await Site.StartAsync();

        foreach (var path in new[] { $"/recording/{id}", $"/recording/{id}/status.json",
            $"/oembed?url={Uri.EscapeDataString($"{Home}/recording/{id}")}" })
        {
            (await site.GetAsync(path)).Status.ShouldBe(expected, path);
        }
    }

    [Fact]
    public async Task Recording_without_a_title_has_the_new_title_of_its_channel_and_keeps_its_playback_URLs()
    {
        await using var site = await Site.StartAsync();
        async Task<(string Page, JsonNode Status)> ReadAsync() => ((await site.GetAsync($"/recording/{Pictured}")).Body,
            JsonNode.Parse((await site.GetAsync($"/recording/{Pictured}/status.json")).Body)!);
        var (oldPage, oldStatus) = await ReadAsync();
        oldPage.ShouldContain("<title>Demo – Broadcast</title>");
        ((string?)oldStatus["title"]).ShouldBe("Demo");

        site.DemoTitle = "Town & council";
        var (page, status) = await ReadAsync();

        page.ShouldBe(oldPage.Replace("Demo", "Town &amp; council", StringComparison.Ordinal));
        ((string?)status["title"]).ShouldBe("Town & council");
        ((string?)status["replay"]!["title"]).ShouldBe("Town & council");
        status["title"] = "Demo";
        status["replay"]!["title"] = "Demo";
        status.ToJsonString().ShouldBe(oldStatus.ToJsonString(), "the recording's URLs and times stay");
        (await site.GetAsync($"/recording/{Gala}/status.json")).Body.ShouldNotContain("council",
            customMessage: "a recording with a title of its own keeps it");
    }

    [Fact]
    public async Task Restricted_or_unlisted_recording_has_a_page_without_metadata()
    {
        await using var site = await Site.StartAsync();

        foreach (var id in new[] { Guarded, Opened })
        {
            var page = (await site.GetAsync($"/recording/{id}")).Body;
            page.ShouldContain("noindex");
            page.ShouldNotContain("Secret");
            (await site.GetAsync($"/oembed?url={Uri.EscapeDataString($"{Home}/recording/{id}")}")).Status
                .ShouldBe(HttpStatusCode.Unauthorized);
        }

        var denied = await site.GetAsync($"/recording/{Guarded}/status.json");
        denied.Status.ShouldBe(HttpStatusCode.Forbidden);
        denied.Headers.GetValues("X-Denial-Reason").ShouldBe(["no_token"]);
        denied.Body.ShouldBeEmpty();
        var opened = await site.GetAsync($"/t/secret/recording/{Guarded}/status.json");
        opened.Body.ShouldContain("Secret gala");
        opened.Headers.CacheControl!.Private.ShouldBeTrue();
        (await site.GetAsync($"/recording/{Opened}/status.json")).Body.ShouldContain("Secret rehearsal", customMessage: "who has the URL");
    }

    private sealed class Site : IPageData, IViewerAuthorizer, IProgramGuide, IPosters, IChannelRecordings, IRecordingCatalog,
        IAsyncDisposable
    {
        private readonly TempFolder _folder = TempFolder.Create();
        private WebApplication _app = null!;
        private HttpClient _client = null!;
        private RecordingRange? _untitled;

        public static async Task<Site> StartAsync(string? publicUrl = Home + "/")
        {
            var site = new Site();
            foreach (var page in new[] { "watch", "embed", "event", "embedEvent", "chat", "overlay", "dashboard" })
            {
                await File.WriteAllTextAsync(Path.Combine(site._folder.Path, page + ".html"),
                    "<!doctype html>\n<html><head>\n    <title>Broadcast</title>\n</head><body></body></html>\n");
            }

            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            site._app = builder.Build();
            var telling = new PageMetadata(site, new ViewerUrlProvider(Options.Create(new DeliveryOptions { PublicUrl = publicUrl })),
                site, site, site, site);
            var pages = new WebPages(site._folder.Path, null, telling);
            pages.Map(site._app);
            var access = new PageAccess(telling, site);
            var recordings = new RecordingPages(pages, telling, access, NullLogger<RecordingPages>.Instance, site);
            recordings.Map(site._app);
            new EventPages(pages, telling, access, recordings, TimeProvider.System, NullLogger<EventPages>.Instance).Map(site._app);
            await site._app.StartAsync();
            site._client = new HttpClient { BaseAddress = new Uri(site._app.Urls.Single()) };
            return site;
        }

        public async Task<(HttpStatusCode Status, string Body, System.Net.Http.Headers.HttpResponseHeaders Headers)> GetAsync(string path,
            params (string Name, string Value)[] headers)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            foreach (var (name, value) in headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            using var response = await _client.SendAsync(request);
            return (response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers);
        }

        /// <summary>Title of the channel <c>demo</c>.</summary>
        public string DemoTitle { get; set; } = "Demo";

        public string? TitleOf(ChannelName channel) => channel.Value switch { "demo" => DemoTitle, "guarded" => "Secret show",
            "hostile" => Hostile, "over" or "silent" => "Quiet", _ => null };

        public ValueTask<PublicEvent?> FindEventAsync(string id, CancellationToken cancellationToken) => id switch
        {
            Gala => new(new PublicEvent(Gala, ChannelName.Parse("demo"), Hostile, EventState.Ended, Start, Start.AddHours(1), "UTC")
            {
                Description = Hostile, Replay = new(RecordingId.Parse(Nothing), Hostile, Start, TimeSpan.FromHours(1)),
            }),
            Guarded => new(new PublicEvent(Guarded, ChannelName.Parse("guarded"), "Secret gala", EventState.Preview, Start,
                Start.AddHours(1), "UTC") { Description = "Secret" }),
            Ticketed => new(new PublicEvent(Ticketed, ChannelName.Parse("demo"), "Secret gala", EventState.Preview, Start,
                Start.AddHours(1), "UTC") { Description = "Secret", Access = ViewerAccess.Token }),
            Pictured => new(new PublicEvent(Pictured, ChannelName.Parse("demo"), "With a poster", EventState.Scheduled, Start,
                Start.AddHours(1), "UTC") { Poster = "/posters/gala.jpg" }),
            Opened => new(new PublicEvent(Opened, ChannelName.Parse("guarded"), "For all", EventState.Scheduled, Start, Start.AddHours(1),
                "UTC") { Access = ViewerAccess.Public }),
            Away => throw new EventsUnavailableException(),
            _ => new((PublicEvent?)null),
        };

        public ValueTask<RecordingRange?> FindAsync(RecordingId id, CancellationToken cancellationToken)
        {
            RecordingRange Of(string channel, string title, bool isListed = true) => new(id, ChannelName.Parse(channel),
                SessionId.Parse(Nothing), null, null, title) { Details = new(Start, TimeSpan.FromSeconds(125), isListed) };

            return id.Value switch
            {
                Gala => new(Of("demo", Hostile)),
                Pictured => new(_untitled ??= Of("demo", "")),   // the same object, as from the catalog's cache
                Guarded => new(Of("guarded", "Secret gala")),
                Opened => new(Of("demo", "Secret rehearsal", isListed: false)),
                Ticketed => new(Of("demo", "Still live") with { Details = null }),
                Away => throw new RecordingsUnavailableException(),
                _ => new((RecordingRange?)null),
            };
        }

        public ValueTask<bool> HasAnyAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) => new(false);

        public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken) =>
            new(new ViewerDecision(
            (request.StoredAccess ?? AccessOf(request.Channel)) != ViewerAccess.Token || request.Token
            == "secret" ? null : request.Token is null ? ViewerDenialReason.NoToken : ViewerDenialReason.InvalidToken, TimeSpan.Zero));

        public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null) =>
            TitleOf(channel) is null ? null : noted ?? SetOf(channel);

        private static ViewerAccess SetOf(ChannelName channel) => channel.Value == "guarded" ? ViewerAccess.Token : ViewerAccess.Public;

        public PosterInfo? OfChannel(ChannelName channel) => channel.Value switch
        {
            "demo" => new(SessionId.Parse(Away), null, 1024, 576),
            "hostile" => new(SessionId.Parse(Away), ViewerAccess.Token, 1024, 576),
            _ => null,
        };

        public PosterInfo? OfSession(ChannelName channel, SessionId session) =>
            session.Value == Nothing ? new(session, null, 406, 720) : null;

        public ChannelRecording? Newest(ChannelName channel) =>
            channel.Value == "over" ? new(RecordingId.Parse(Guarded), "", Start, TimeSpan.FromHours(1)) : null;

        public UpcomingEvent? Next(ChannelName channel) => channel.Value == "demo" ? new("The evening", Start) : null;

        public async ValueTask DisposeAsync()
        {
            _client.Dispose();
            await _app.DisposeAsync();
            _folder.Dispose();
        }
    }
}
