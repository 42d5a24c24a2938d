using System.Collections.Frozen;
using System.Net;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Access;
using Broadcast.Origin.Tests.Vod;
using Broadcast.Origin.Vod;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Sessions with other access than their channel: those of events with their own viewer access.</summary>
public class SessionAccessTests
{
    /// <summary>Resources of the channel, whatever it currently shows.</summary>
    private static readonly string[] OfChannel = ["index.m3u8", "manifest.mpd", "status.json", "poster.jpg", "thumbnails.vtt"];

    private static readonly string[] OfSession =
    [
        "manifest.mpd", "source.m3u8", "thumbnails.vtt", "thumbnails.m3u8", "thumbnails/0.jpg", "source/iframes.m3u8", "source/init-1.mp4",
        "source/1.m4s",
    ];

    private static FakePackager Show(SessionId id, ViewerAccess? access, bool hidden = false) =>
        new FakePackager(id, recorded: true, hidden: hidden, access: access) { KeyLength = 100 }.Video().Segments(6).Poster(1).Sheet(0);

    [Theory]
    [InlineData(ViewerAccess.Public, ViewerAccess.Token)]
    [InlineData(ViewerAccess.Token, ViewerAccess.Public)]
    public async Task Each_session_applies_its_own_access_and_the_channel_that_of_its_shown_session(ViewerAccess channel, ViewerAccess own)
    {
        await using var server = (await OriginServer.StartAsync(new Guard { Channel = channel })).Hear(Show(FakePackager.First, null)
            .End());
        await ExpectAsync(server, OfChannel.Select(thing => $"live/demo/{thing}"), channel);

        server.Hear(Show(FakePackager.Second, own));

        await ExpectAsync(server, OfChannel.Select(thing => $"live/demo/{thing}"), own);
        await ExpectAsync(server, OfSession.Select(thing => $"live/demo/{FakePackager.Second}/{thing}"), own);
        await ExpectAsync(server, OfSession.Select(thing => $"live/demo/{FakePackager.First}/{thing}"), channel);
    }

    [Fact]
    public async Task Session_before_its_first_segment_shows_only_its_status_to_its_own_viewers()
    {
        await using var server = (await OriginServer.StartAsync(new Guard())).Hear(Show(FakePackager.First, null).End())
            .Hear(new FakePackager(FakePackager.Second, access: ViewerAccess.Token));
        await ExpectAsync(server, ["live/demo/status.json"], ViewerAccess.Token);
        await ExpectAsync(server, ["live/demo/index.m3u8", "live/demo/poster.jpg"], ViewerAccess.Public);
    }

    [Fact]
    public async Task Hidden_session_does_not_change_channel_access_and_a_shown_session_applies_its_own()
    {
        var audience = new StubSessionVisibility();
        await using var server = (await OriginServer.StartAsync(new Guard(), null, audience)).Hear(Show(FakePackager.First, null).End())
            .Hear(Show(FakePackager.Second, ViewerAccess.Token, hidden: true));
        await ExpectAsync(server, OfChannel.Select(thing => $"live/demo/{thing}"), ViewerAccess.Public);
        (await server.Client.GetStringAsync("/live/demo/index.m3u8")).ShouldContain(FakePackager.First.Value);

        audience.Views[FakePackager.Second] = SessionVisibility.Open;
        await ExpectAsync(server, OfChannel.Select(thing => $"live/demo/{thing}"), ViewerAccess.Token);
        (await server.Client.GetStringAsync("/t/good/live/demo/index.m3u8")).ShouldContain(FakePackager.Second.Value);
    }

    [Theory]
    [InlineData(ViewerAccess.Public, ViewerAccess.Token)]
    [InlineData(ViewerAccess.Token, ViewerAccess.Public)]
    public async Task Session_end_restores_the_channels_access_and_keeps_the_sessions_own(ViewerAccess channel, ViewerAccess own)
    {
        await using var server = (await OriginServer.StartAsync(new Guard { Channel = channel })).Hear(Show(FakePackager.First, null)
            .End());
        var show = Show(FakePackager.Second, own);
        server.Hear(show);
        await ExpectAsync(server, OfChannel.Select(thing => $"live/demo/{thing}"), own);

        server.Hear(show.End());

        await ExpectAsync(server, OfChannel.Select(thing => $"live/demo/{thing}"), channel);
        (await server.Client.GetStringAsync("/t/good/live/demo/index.m3u8")).ShouldContain(FakePackager.First.Value);
        (await server.Client.GetStringAsync("/t/good/live/demo/status.json")).ShouldContain(FakePackager.First.Value);
        await ExpectAsync(server, OfSession.Select(thing => $"live/demo/{FakePackager.Second}/{thing}"), own);
    }

    [Fact]
    public async Task Access_from_control_overrides_the_access_the_session_started_with()
    {
        var guard = new Guard { Sessions = new Dictionary<SessionId, ViewerAccess> { [FakePackager.First] = ViewerAccess.Token } };
        await using var server = (await OriginServer.StartAsync(guard)).Hear(Show(FakePackager.First, null));
        await ExpectAsync(server, [.. OfChannel.Select(thing => $"live/demo/{thing}"),
            .. OfSession.Select(thing => $"live/demo/{FakePackager.First}/{thing}")], ViewerAccess.Token);
    }

    [Theory]
    [InlineData(ViewerAccess.Public, ViewerAccess.Token)]
    [InlineData(ViewerAccess.Token, ViewerAccess.Public)]
    public async Task Recording_and_its_media_have_the_sessions_access(ViewerAccess channel, ViewerAccess own)
    {
        var catalog = new FakeRecordingCatalog();
        var guard = new Guard { Channel = channel, Sessions = new Dictionary<SessionId, ViewerAccess> { [FakePackager.First] = own } };
        await using var server = await OriginServer.StartAsync(guard, catalog);
        foreach (var (id, access, expected) in new[] { (FakePackager.First, (ViewerAccess?)own, own),
            (FakePackager.Second, null, channel) })
        {
            var story = Show(id, access).End().Journal();
            server.Find(story);
            var recording = catalog.Add(story.Session);
            (await server.Get<RecordingTimelineCache>().OpenAsync(recording.Channel, id, CancellationToken.None))!.Access
                .ShouldBe(access, "its journal says so, too");
            await ExpectAsync(
                server,
                [.. new[] { "index.m3u8", "manifest.mpd", "source.m3u8", "poster.jpg",
                    "thumbnails.vtt" }.Select(thing => $"vod/{recording.Id}/{thing}"), $"live/demo/{id}/source/init-1.mp4",
                        $"live/demo/{id}/source/1.m4s", $"live/demo/{id}/thumbnails/0.jpg"],
                expected);
        }
    }

    [Fact]
    public async Task Edge_that_caches_decisions_per_channel_gets_no_store_when_session_access_differs()
    {
        await using var server = (await OriginServer.StartAsync(new Guard())).Hear(Show(FakePackager.First, null).End());
        (await HeldAsync(server, null)).ShouldBe("max-age=5");

        server.Hear(Show(FakePackager.Second, ViewerAccess.Token));
        (await HeldAsync(server, null)).ShouldBe("no-store");
        (await HeldAsync(server, "session")).ShouldBe("max-age=5");

        static async Task<string> HeldAsync(OriginServer server, string? keptUnder)
        {
            using var answer = await server.SendAsync($"/auth/t/good/live/demo/index.m3u8", HttpMethod.Get,
                keptUnder is null ? [] : [(ViewerAuthorizationMiddleware.CacheScopeHeader, keptUnder)]);
            answer.StatusCode.ShouldBe(HttpStatusCode.NoContent);
            return answer.Headers.NonValidated["Cache-Control"].ToString();
        }
    }

    [Fact]
    public void Only_paths_below_a_session_name_it()
    {
        foreach (var (path, session) in new (string, SessionId?)[]
        {
            ($"/live/demo/{FakePackager.First}/source.m3u8", FakePackager.First),
            ($"/t/x/live/demo/{FakePackager.First}/source/1.m4s", FakePackager.First), ($"/live/demo/{FakePackager.First}", null),
            ("/live/demo/index.m3u8", null), ($"/live/demo/{FakePackager.First.Value.ToLowerInvariant()}/source.m3u8", null),
            ("/live/demo/x/source.m3u8", null), ("/live/demo//source.m3u8", null),
        })
        {
            ProtectedPath.TryParse(path, out var guarded).ShouldBeTrue(path);
            guarded.Session.ShouldBe(session, path);
        }
    }

    private static async Task ExpectAsync(OriginServer server, IEnumerable<string> paths, ViewerAccess access)
    {
        foreach (var path in paths)
        {
            using var plain = await server.SendAsync("/" + path);
            using var edge = await server.SendAsync("/auth/" + path);
            using var behind = await server.SendAsync("/t/good/" + path);
            plain.StatusCode.ShouldBe(access == ViewerAccess.Public ? HttpStatusCode.OK : HttpStatusCode.Forbidden, path);
            edge.StatusCode.ShouldBe(access == ViewerAccess.Public ? HttpStatusCode.NoContent : HttpStatusCode.Forbidden, path);
            behind.StatusCode.ShouldBe(HttpStatusCode.OK, path);
            if (access != ViewerAccess.Public)
            {
                (await plain.Content.ReadAsByteArrayAsync()).ShouldBeEmpty(path);
            }
        }
    }

    /// <summary>Accepts all viewers of public media, and <c>good</c> for the rest.</summary>
    private sealed class Guard : IViewerAuthorizer
    {
        public ViewerAccess Channel { get; init; }

        public IReadOnlyDictionary<SessionId, ViewerAccess> Sessions { get; init; } = new Dictionary<SessionId, ViewerAccess>();

        public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null) =>
            new ViewerAccessPolicy(Channel, FrozenDictionary<string, byte[]>.Empty,
                FrozenSet<string>.Empty) { Sessions = Sessions }.AccessOf(session, noted);

        public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken) => new(
            new ViewerDecision(AccessOf(request.Channel, request.Session, request.StoredAccess) == ViewerAccess.Public
                || request.Token == "good" ? null : ViewerDenialReason.NoToken, TimeSpan.FromSeconds(5))
            {
                IsSessionSpecific = Sessions.Count > 0 || request.StoredAccess is not null,
            });
    }
}
