using System.Collections.Frozen;
using System.Net;
using Broadcast.Media;
using Broadcast.Media.Recordings;
using Broadcast.Media.Viewers;
using Broadcast.Origin.Access;
using Broadcast.Origin.Tests.Recordings;
using Broadcast.Origin.Vod;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Sessions that are for others than their channel is: those of events with an access of their own.</summary>
public class SessionAccessTests
{
    /// <summary>What shows whatever the channel shows.</summary>
    private static readonly string[] OfChannel = ["index.m3u8", "manifest.mpd", "status.json", "poster.jpg", "thumbnails.vtt"];

    private static readonly string[] OfSession =
    [
        "manifest.mpd", "source.m3u8", "thumbnails.vtt", "thumbnails.m3u8", "thumbnails/0.jpg", "source/iframes.m3u8", "source/init-1.mp4", "source/1.m4s",
    ];

    private static Broadcaster Show(SessionId id, ViewerAccess? access, bool hidden = false) => new Broadcaster(id, recorded: true, hidden: hidden, access: access) { KeyLength = 100 }.Video().Segments(6).Poster(1).Sheet(0);

    [Theory]
    [InlineData(ViewerAccess.Public, ViewerAccess.Token)]
    [InlineData(ViewerAccess.Token, ViewerAccess.Public)]
    public async Task Each_session_is_for_whom_it_is_for_and_the_channels_addresses_for_whom_the_session_is_that_they_show(ViewerAccess channel, ViewerAccess own)
    {
        await using var server = (await OriginServer.StartAsync(new Guard { Channel = channel })).Hear(Show(Broadcaster.First, null).End());
        await ExpectAsync(server, OfChannel.Select(thing => $"live/demo/{thing}"), channel);

        server.Hear(Show(Broadcaster.Second, own));

        await ExpectAsync(server, OfChannel.Select(thing => $"live/demo/{thing}"), own);
        await ExpectAsync(server, OfSession.Select(thing => $"live/demo/{Broadcaster.Second}/{thing}"), own);
        await ExpectAsync(server, OfSession.Select(thing => $"live/demo/{Broadcaster.First}/{thing}"), channel);
    }

    [Fact]
    public async Task Before_its_first_segment_it_is_told_of_to_its_own_viewers_and_the_channel_shows_the_one_before_to_all()
    {
        await using var server = (await OriginServer.StartAsync(new Guard())).Hear(Show(Broadcaster.First, null).End()).Hear(new Broadcaster(Broadcaster.Second, access: ViewerAccess.Token));
        await ExpectAsync(server, ["live/demo/status.json"], ViewerAccess.Token);
        await ExpectAsync(server, ["live/demo/index.m3u8", "live/demo/poster.jpg"], ViewerAccess.Public);
    }

    [Fact]
    public async Task While_it_is_hidden_the_channel_is_as_it_was_and_from_the_moment_it_is_shown_on_it_is_for_its_viewers()
    {
        var audience = new KnownAudience();
        await using var server = (await OriginServer.StartAsync(new Guard(), null, audience)).Hear(Show(Broadcaster.First, null).End()).Hear(Show(Broadcaster.Second, ViewerAccess.Token, hidden: true));
        await ExpectAsync(server, OfChannel.Select(thing => $"live/demo/{thing}"), ViewerAccess.Public);
        (await server.Client.GetStringAsync("/live/demo/index.m3u8")).ShouldContain(Broadcaster.First.Value);

        audience.Views[Broadcaster.Second] = SessionVisibility.Open;
        await ExpectAsync(server, OfChannel.Select(thing => $"live/demo/{thing}"), ViewerAccess.Token);
        (await server.Client.GetStringAsync("/t/good/live/demo/index.m3u8")).ShouldContain(Broadcaster.Second.Value);
    }

    [Theory]
    [InlineData(ViewerAccess.Public, ViewerAccess.Token)]
    [InlineData(ViewerAccess.Token, ViewerAccess.Public)]
    public async Task When_it_is_over_the_channel_is_as_it_was_before_and_its_own_addresses_are_for_whom_they_were(ViewerAccess channel, ViewerAccess own)
    {
        await using var server = (await OriginServer.StartAsync(new Guard { Channel = channel })).Hear(Show(Broadcaster.First, null).End());
        var show = Show(Broadcaster.Second, own);
        server.Hear(show);
        await ExpectAsync(server, OfChannel.Select(thing => $"live/demo/{thing}"), own);

        server.Hear(show.End());

        await ExpectAsync(server, OfChannel.Select(thing => $"live/demo/{thing}"), channel);
        (await server.Client.GetStringAsync("/t/good/live/demo/index.m3u8")).ShouldContain(Broadcaster.First.Value);
        (await server.Client.GetStringAsync("/t/good/live/demo/status.json")).ShouldContain(Broadcaster.First.Value);
        await ExpectAsync(server, OfSession.Select(thing => $"live/demo/{Broadcaster.Second}/{thing}"), own);
    }

    [Fact]
    public async Task What_control_says_of_a_session_counts_more_than_what_it_began_with()
    {
        var guard = new Guard { Sessions = new Dictionary<SessionId, ViewerAccess> { [Broadcaster.First] = ViewerAccess.Token } };
        await using var server = (await OriginServer.StartAsync(guard)).Hear(Show(Broadcaster.First, null));
        await ExpectAsync(server, [.. OfChannel.Select(thing => $"live/demo/{thing}"), .. OfSession.Select(thing => $"live/demo/{Broadcaster.First}/{thing}")], ViewerAccess.Token);
    }

    [Theory]
    [InlineData(ViewerAccess.Public, ViewerAccess.Token)]
    [InlineData(ViewerAccess.Token, ViewerAccess.Public)]
    public async Task Its_recording_and_the_media_behind_that_are_for_the_same_viewers(ViewerAccess channel, ViewerAccess own)
    {
        var catalog = new Catalog();
        var guard = new Guard { Channel = channel, Sessions = new Dictionary<SessionId, ViewerAccess> { [Broadcaster.First] = own } };
        await using var server = await OriginServer.StartAsync(guard, catalog);
        foreach (var (id, access, expected) in new[] { (Broadcaster.First, (ViewerAccess?)own, own), (Broadcaster.Second, null, channel) })
        {
            var story = Show(id, access).End().Journal();
            server.Find(story);
            var recording = catalog.Add(story.Session);
            (await server.Get<RecordingTimelineCache>().OpenAsync(recording.Channel, id, CancellationToken.None))!.Access.ShouldBe(access, "its journal says so, too");
            await ExpectAsync(
                server,
                [.. new[] { "index.m3u8", "manifest.mpd", "source.m3u8", "poster.jpg", "thumbnails.vtt" }.Select(thing => $"vod/{recording.Id}/{thing}"), $"live/demo/{id}/source/init-1.mp4", $"live/demo/{id}/source/1.m4s", $"live/demo/{id}/thumbnails/0.jpg"],
                expected);
        }
    }

    [Fact]
    public async Task An_edge_that_keeps_answers_for_whole_channels_is_told_to_keep_none_where_sessions_differ()
    {
        await using var server = (await OriginServer.StartAsync(new Guard())).Hear(Show(Broadcaster.First, null).End());
        (await HeldAsync(server, null)).ShouldBe("max-age=5");

        server.Hear(Show(Broadcaster.Second, ViewerAccess.Token));
        (await HeldAsync(server, null)).ShouldBe("no-store");
        (await HeldAsync(server, "session")).ShouldBe("max-age=5");

        static async Task<string> HeldAsync(OriginServer server, string? keptUnder)
        {
            using var answer = await server.SendAsync($"/auth/t/good/live/demo/index.m3u8", HttpMethod.Get, keptUnder is null ? [] : [(ViewerAuthorizationMiddleware.CacheScopeHeader, keptUnder)]);
            answer.StatusCode.ShouldBe(HttpStatusCode.NoContent);
            return answer.Headers.NonValidated["Cache-Control"].ToString();
        }
    }

    [Fact]
    public void A_session_is_named_by_an_address_below_it_alone()
    {
        foreach (var (path, session) in new (string, SessionId?)[]
        {
            ($"/live/demo/{Broadcaster.First}/source.m3u8", Broadcaster.First), ($"/t/x/live/demo/{Broadcaster.First}/source/1.m4s", Broadcaster.First), ($"/live/demo/{Broadcaster.First}", null),
            ("/live/demo/index.m3u8", null), ($"/live/demo/{Broadcaster.First.Value.ToLowerInvariant()}/source.m3u8", null), ("/live/demo/x/source.m3u8", null), ("/live/demo//source.m3u8", null),
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

    /// <summary>Lets everybody watch what is public, and <c>good</c> the rest.</summary>
    private sealed class Guard : IViewerAuthorizer
    {
        public ViewerAccess Channel { get; init; }

        public IReadOnlyDictionary<SessionId, ViewerAccess> Sessions { get; init; } = new Dictionary<SessionId, ViewerAccess>();

        public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null) =>
            new ViewerAccessPolicy(Channel, FrozenDictionary<string, byte[]>.Empty, FrozenSet<string>.Empty) { Sessions = Sessions }.AccessOf(session, noted);

        public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken) => new(
            new ViewerDecision(AccessOf(request.Channel, request.Session, request.StoredAccess) == ViewerAccess.Public || request.Token == "good" ? null : ViewerDenialReason.NoToken, TimeSpan.FromSeconds(5))
            {
                IsSessionSpecific = Sessions.Count > 0 || request.StoredAccess is not null,
            });
    }
}
