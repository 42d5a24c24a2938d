using System.Net;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Access;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Tests.Vod;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Authorization of viewers for all resources of a channel.</summary>
public class ViewerAuthorizationMiddlewareTests
{
    private const string Session = "01JN8E0000000000000000000A";

    /// <summary>All resources of a channel.</summary>
    private static readonly string[] Things =
    [
        "index.m3u8", "manifest.mpd", "status.json", "poster.jpg", "thumbnails.vtt", $"{Session}/manifest.mpd", $"{Session}/source.m3u8",
        $"{Session}/thumbnails.vtt",
        $"{Session}/thumbnails.m3u8", $"{Session}/thumbnails/0.jpg", $"{Session}/source/init-1.mp4", $"{Session}/source/1.m4s",
    ];

    [Fact]
    public async Task Everything_of_a_channel_is_denied_without_permission_and_served_with_it()
    {
        var guard = new Guard();
        await using var server = (await OriginServer.StartAsync(guard)).Hear(new FakePackager().Video().Segments(6).Poster(1).Sheet(0));
        foreach (var thing in Things)
        {
            foreach (var prefix in (string[])["", "/t/bad"])
            {
                using var refused = await server.SendAsync($"{prefix}/live/demo/{thing}");
                refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden, thing);
                refused.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("private, max-age=1");
                refused.Headers.NonValidated["X-Denial-Reason"].ToString().ShouldBe(prefix.Length == 0 ? "no_token" : "invalid_token");
                refused.Headers.NonValidated["Access-Control-Allow-Origin"].ToString().ShouldBe("*");
                refused.Headers.NonValidated["Access-Control-Expose-Headers"].ToString().ShouldContain("X-Denial-Reason");
                (await refused.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
            }

            using var answer = await server.SendAsync($"/t/good/live/demo/{thing}");
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, thing);
        }

        server.Spool.Reads.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Response_behind_a_token_has_the_bytes_and_cache_lifetime_of_a_public_one()
    {
        var guard = new Guard();
        await using var server = (await OriginServer.StartAsync(guard)).Hear(new FakePackager().Video().Segment());
        using var behind = await server.SendAsync($"/t/good/live/demo/{Session}/source/1.m4s");
        guard.IsPublic = true;
        using var open = await server.SendAsync($"/live/demo/{Session}/source/1.m4s");

        (await behind.Content.ReadAsByteArrayAsync()).ShouldBe(await open.Content.ReadAsByteArrayAsync());
        behind.Headers.CacheControl.ShouldBe(open.Headers.CacheControl);
        behind.Headers.ETag.ShouldBe(open.Headers.ETag);
        (await server.Client.GetStringAsync("/t/anything/live/demo/index.m3u8")).ShouldBe(
            await server.Client.GetStringAsync("/live/demo/index.m3u8"));
    }

    [Fact]
    public async Task Token_opens_no_other_channel_for_any_spelling_of_the_path()
    {
        await using var server = (await OriginServer.StartAsync(new Guard())).Hear(new FakePackager().Video().Segment());
        foreach (var path in (string[])
        [
            "/t/open/live/demo/index.m3u8", "/t/open/live/other/../demo/index.m3u8", "/t/open/live/other/%2e%2e/demo/index.m3u8",
            "/t/open/live/%64emo/index.m3u8",
            "/t/good/../open/live/demo/index.m3u8", "/%74/open/live/demo/index.m3u8", "/live/other/../demo/index.m3u8",
            "/t/open/../../live/demo/index.m3u8",
        ])
        {
            (await server.SendRawAsync(path)).ShouldStartWith("HTTP/1.1 403 ", Case.Sensitive, path);
            (await server.SendRawAsync("/auth" + path)).ShouldStartWith("HTTP/1.1 403 ", Case.Sensitive, path);
        }

        foreach (var path in (string[])["//live/demo/index.m3u8", "/t//live/demo/index.m3u8", "/t/a/b/live/demo/index.m3u8",
            "/t/good/LIVE/demo/index.m3u8", "/t/good%2Flive/demo/index.m3u8", $"/t/{new string('a', 600)}/live/demo/index.m3u8"])
        {
            (await server.SendRawAsync(path)).ShouldStartWith("HTTP/1.1 404 ", Case.Sensitive, path);
        }
    }

    [Fact]
    public async Task Auth_endpoint_returns_only_the_decision_and_its_lifetime()
    {
        var guard = new Guard();
        await using var server = (await OriginServer.StartAsync(guard)).Hear(new FakePackager().Video().Segment());
        using var yes = await server.SendAsync("/auth/t/good/live/demo/index.m3u8?_HLS_msn=4");
        using var no = await server.SendAsync("/auth/t/bad/live/demo/index.m3u8");
        using var none = await server.SendAsync("/auth/t/good/live/nobody/index.m3u8");
        using var nothing = await server.SendAsync("/auth/live/");

        (yes.StatusCode, yes.Headers.NonValidated["Cache-Control"].ToString()).ShouldBe((HttpStatusCode.NoContent, "max-age=5"));
        (no.StatusCode, no.Headers.NonValidated["Cache-Control"].ToString()).ShouldBe((HttpStatusCode.Forbidden, "max-age=1"));
        (none.StatusCode, none.Headers.NonValidated["X-Denial-Reason"].ToString()).ShouldBe((HttpStatusCode.Forbidden, "no_channel"));
        nothing.StatusCode.ShouldBe(HttpStatusCode.NoContent, "the origin will refuse it");
        guard.Holds = TimeSpan.FromSeconds(0.9);
        using var short_ = await server.SendAsync("/auth/t/good/live/demo/index.m3u8");
        short_.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("no-store");
        server.Spool.Reads.ShouldBe(0);
    }

    [Fact]
    public async Task Recording_has_the_access_of_its_channel()
    {
        var catalog = new FakeRecordingCatalog();
        await using var server = await OriginServer.StartAsync(new Guard(), catalog);
        var story = new FakePackager(recorded: true).Video().Segment().End().Journal();
        server.Find(story);
        var recording = catalog.Add(story.Session);
        foreach (var (path, status) in new[]
        {
            ($"/vod/{recording.Id}/index.m3u8", HttpStatusCode.Forbidden),
            ($"/t/bad/vod/{recording.Id}/index.m3u8", HttpStatusCode.Forbidden),
            ($"/t/open/vod/{recording.Id}/manifest.mpd", HttpStatusCode.Forbidden),
            ($"/t/good/vod/{recording.Id}/index.m3u8", HttpStatusCode.OK),
            ($"/t/good/vod/{recording.Id}/source.m3u8", HttpStatusCode.OK),
            ($"/t/good/vod/{recording.Id}/manifest.mpd", HttpStatusCode.OK),
            ($"/t/good/vod/{FakePackager.Second}/index.m3u8", HttpStatusCode.NotFound),
            ($"/auth/vod/{recording.Id}/index.m3u8", HttpStatusCode.Forbidden),
            ($"/auth/t/good/vod/{recording.Id}/index.m3u8", HttpStatusCode.NoContent),
            ($"/auth/t/good/vod/{FakePackager.Second}/index.m3u8", HttpStatusCode.NoContent),
        })
        {
            using var response = await server.SendAsync(path);
            response.StatusCode.ShouldBe(status, path);
            (await response.Content.ReadAsStringAsync()).ShouldNotContain("good", Case.Sensitive, "a token is in no answer");
        }
    }

    [Fact]
    public async Task Unavailable_access_decision_gets_503_with_Retry_After()
    {
        var guard = new Guard { Refusal = ViewerDenialReason.Unavailable };
        await using var server = (await OriginServer.StartAsync(guard)).Hear(new FakePackager().Video().Segment());
        foreach (var path in (string[])["/live/demo/index.m3u8", "/auth/t/good/live/demo/index.m3u8"])
        {
            using var away = await server.SendAsync(path);
            away.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            away.Headers.NonValidated["Cache-Control"].ToString().ShouldBe("no-store");
            away.Headers.RetryAfter!.ToString().ShouldBe("1");
        }

        guard.Fails = true;
        using var broken = await server.SendAsync("/live/demo/index.m3u8");
        broken.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task Preflight_needs_no_token_and_other_methods_are_denied()
    {
        await using var server = (await OriginServer.StartAsync(new Guard())).Hear(new FakePackager().Video().Segment());
        using var preflight = await server.SendAsync("/t/bad/live/demo/index.m3u8", HttpMethod.Options,
            ("Origin", "https://elsewhere.example"));
        using var post = await server.SendAsync("/live/demo/index.m3u8", HttpMethod.Post);
        using var head = await server.SendAsync("/live/demo/index.m3u8", HttpMethod.Head);

        preflight.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        post.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        head.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Denied_viewer_is_not_counted()
    {
        await using var server = (await OriginServer.StartAsync(new Guard())).Hear(new FakePackager().Video().Segment());
        foreach (var (prefix, status) in new[] { ("", HttpStatusCode.Forbidden), ("/t/bad", HttpStatusCode.Forbidden),
            ("/t/open", HttpStatusCode.Forbidden), ("/t/good", HttpStatusCode.NoContent) })
        {
            using var answer = await server.Client.PostAsync($"{prefix}/live/demo/beacon", new StringContent("play 0123456789abcdef"));
            answer.StatusCode.ShouldBe(status, prefix);
            server.Time.Advance(TimeSpan.FromSeconds(1));
            server.Get<IViewerCounter>().Read().Count.ShouldBe(status == HttpStatusCode.NoContent ? 1 : 0, prefix);
        }
    }

    [Fact]
    public void Every_path_of_a_channel_is_subject_to_access_control()
    {
        foreach (var path in Things.Select(t => $"/live/demo/{t}").Append($"/live/demo/{Session}/source/1.2.m4s"))
        {
            LivePath.TryParse(path, out var live).ShouldBeTrue(path);
            ProtectedPath.TryParse(path, out var plain).ShouldBeTrue(path);
            ProtectedPath.TryParse("/t/x.y-z_1" + path, out var behind).ShouldBeTrue(path);
            (plain.Token, plain.Rest, plain.Channel).ShouldBe((null, path, live.Channel));
            (behind.Token, behind.Rest, behind.Channel).ShouldBe(("x.y-z_1", path, live.Channel));
            behind.ToString().ShouldNotContain("x.y-z_1");
        }

        foreach (var path in HostileRequestTests.OddPaths.Select(p => p.Data))
        {
            var decoded = Uri.UnescapeDataString(path);
            if (LivePath.TryParse(decoded, out var live))
            {
                ProtectedPath.TryParse(decoded, out var guarded).ShouldBeTrue(path);
                guarded.Channel.ShouldBe(live.Channel);
            }
        }
    }

    /// <summary>Accepts <c>good</c> for <c>demo</c>, and <c>open</c> for <c>other</c>.</summary>
    private sealed class Guard : IViewerAuthorizer
    {
        public bool IsPublic { get; set; }

        public bool Fails { get; set; }

        public ViewerDenialReason? Refusal { get; set; }

        public TimeSpan Holds { get; set; } = TimeSpan.FromSeconds(5);

        public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null) =>
            IsPublic ? ViewerAccess.Public : ViewerAccess.Token;

        public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken) => Fails
            ? throw new InvalidOperationException("broken")
            : new(Refusal is { } refusal ? new ViewerDecision(refusal, TimeSpan.Zero)
                : (request.Channel.Value, request.Token) switch
                {
                    ("nobody", _) => new ViewerDecision(ViewerDenialReason.NoChannel, TimeSpan.FromSeconds(1)),
                    (_, _) when IsPublic => new(null, Holds),
                    (_, null) => new(ViewerDenialReason.NoToken, TimeSpan.FromSeconds(1)),
                    ("demo", "good") or ("other", "open") => new(null, Holds),
                    _ => new(ViewerDenialReason.InvalidToken, TimeSpan.FromSeconds(1)),
                });
    }
}
