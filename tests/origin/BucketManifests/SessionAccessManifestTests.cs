using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Origin.Tests.BucketManifests;

/// <summary>Manifests of channels with sessions that have their own viewer access.</summary>
public class SessionAccessManifestTests
{
    private const string Index = "live/demo/index.m3u8";
    private static readonly string First = $"live/demo/{FakePackager.First}/";
    private static readonly string Second = $"live/demo/{FakePackager.Second}/";

    [Fact]
    public async Task Token_session_has_no_manifests_and_while_newest_removes_those_of_the_channel()
    {
        var bucket = new Bucket(authority: new StubViewerAuthorizer { Channel = ViewerAccess.Public });
        var open = new FakePackager().Video().Segments(3).End();
        await bucket.HearAsync(open);
        bucket.Store.Names.ShouldContain(Index);

        var closed = new FakePackager(FakePackager.Second, access: ViewerAccess.Token).Video().Segments(3);
        await bucket.HearAsync(closed);
        await bucket.HearAsync(closed.Segments(1));
        bucket.Store.Names.ShouldNotContain(name => name.StartsWith(Second, StringComparison.Ordinal));
        bucket.Store.Text(Index).ShouldNotContain(FakePackager.Second.Value);
        var gone = bucket.Spool.Deleted.Select(name => $"{name}").ToList();
        gone.ShouldContain(Index);
        gone.ShouldNotContain(name => name.StartsWith(First, StringComparison.Ordinal), "what everybody may watch stays");
    }

    [Fact]
    public async Task Session_that_becomes_restricted_while_live_loses_its_manifests_at_the_next_pass()
    {
        var door = new StubViewerAuthorizer { Channel = ViewerAccess.Public };
        var bucket = new Bucket(authority: door);
        var show = new FakePackager().Video().Segments(3);
        await bucket.HearAsync(show);
        bucket.Store.Names.ShouldContain(First + "source.m3u8");

        door.Sessions[FakePackager.First] = ViewerAccess.Token;
        await bucket.HearAsync(show.Segments(1));
        bucket.Spool.Deleted.Select(name => $"{name}")
            .ShouldBe([Index, "live/demo/manifest.mpd", First + "manifest.mpd", First + "source.m3u8"], ignoreOrder: true);
        bucket.Numbers().ShouldBe([1, 2, 3], "nothing is written any more");
        bucket.Writer.Age.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task Public_session_on_a_token_channel_has_manifests_and_a_hidden_session_removes_none()
    {
        var audience = new StubSessionVisibility();
        var bucket = new Bucket(authority: new StubViewerAuthorizer { Channel = ViewerAccess.Token }, audience: audience);
        var open = new FakePackager(access: ViewerAccess.Public).Video().Segments(3);
        await bucket.HearAsync(open);
        bucket.Numbers().ShouldBe([1, 2, 3]);
        bucket.Store.Names.ShouldContain(Index);

        await bucket.HearAsync(new FakePackager(FakePackager.Second, hidden: true).Video().Segments(3));
        bucket.Spool.Deleted.ShouldBeEmpty();
        audience.Views[FakePackager.Second] = SessionVisibility.Open;
        await bucket.LookAsync();
        bucket.Spool.Deleted.Select(name => $"{name}").ShouldContain(Index);
        bucket.Store.Names.ShouldNotContain(name => name.StartsWith(Second, StringComparison.Ordinal));
    }

    private sealed class StubViewerAuthorizer : IViewerAuthorizer
    {
        public ViewerAccess Channel { get; set; }

        public Dictionary<SessionId, ViewerAccess> Sessions { get; } = [];

        public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null) =>
            session is { } id && Sessions.TryGetValue(id, out var own) ? own : noted ?? Channel;

        public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
