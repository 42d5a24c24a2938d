using Broadcast.Media;
using Broadcast.Media.Viewers;

namespace Broadcast.Origin.Tests.BucketLists;

/// <summary>Lists of channels of which some sessions are for others than the channel is.</summary>
public class SessionAccessListTests
{
    private const string Index = "live/demo/index.m3u8";
    private static readonly string First = $"live/demo/{Broadcaster.First}/";
    private static readonly string Second = $"live/demo/{Broadcaster.Second}/";

    [Fact]
    public async Task A_session_for_token_holders_has_no_lists_and_while_it_is_the_newest_the_channel_has_none_either()
    {
        var bucket = new Bucket(authority: new Door { Channel = ViewerAccess.Public });
        var open = new Broadcaster().Video().Segments(3).End();
        await bucket.HearAsync(open);
        bucket.Store.Names.ShouldContain(Index);

        var closed = new Broadcaster(Broadcaster.Second, access: ViewerAccess.Token).Video().Segments(3);
        await bucket.HearAsync(closed);
        await bucket.HearAsync(closed.Segments(1));
        bucket.Store.Names.ShouldNotContain(name => name.StartsWith(Second, StringComparison.Ordinal));
        bucket.Store.Text(Index).ShouldNotContain(Broadcaster.Second.Value);
        var gone = bucket.Spool.Deleted.Select(name => $"{name}").ToList();
        gone.ShouldContain(Index);
        gone.ShouldNotContain(name => name.StartsWith(First, StringComparison.Ordinal), "what everybody may watch stays");
    }

    [Fact]
    public async Task A_session_that_is_closed_while_it_is_on_loses_its_lists_at_the_next_look()
    {
        var door = new Door { Channel = ViewerAccess.Public };
        var bucket = new Bucket(authority: door);
        var show = new Broadcaster().Video().Segments(3);
        await bucket.HearAsync(show);
        bucket.Store.Names.ShouldContain(First + "source.m3u8");

        door.Sessions[Broadcaster.First] = ViewerAccess.Token;
        await bucket.HearAsync(show.Segments(1));
        bucket.Spool.Deleted.Select(name => $"{name}").ShouldBe([Index, "live/demo/manifest.mpd", First + "manifest.mpd", First + "source.m3u8"], ignoreOrder: true);
        bucket.Numbers().ShouldBe([1, 2, 3], "nothing is written any more");
        bucket.Writer.Age.ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public async Task On_a_channel_for_token_holders_a_session_for_everybody_has_its_lists_and_one_that_is_hidden_takes_none_away()
    {
        var audience = new KnownAudience();
        var bucket = new Bucket(authority: new Door { Channel = ViewerAccess.Token }, audience: audience);
        var open = new Broadcaster(access: ViewerAccess.Public).Video().Segments(3);
        await bucket.HearAsync(open);
        bucket.Numbers().ShouldBe([1, 2, 3]);
        bucket.Store.Names.ShouldContain(Index);

        await bucket.HearAsync(new Broadcaster(Broadcaster.Second, hidden: true).Video().Segments(3));
        bucket.Spool.Deleted.ShouldBeEmpty();
        audience.Views[Broadcaster.Second] = SessionVisibility.Open;
        await bucket.LookAsync();
        bucket.Spool.Deleted.Select(name => $"{name}").ShouldContain(Index);
        bucket.Store.Names.ShouldNotContain(name => name.StartsWith(Second, StringComparison.Ordinal));
    }

    private sealed class Door : IViewerAuthorizer
    {
        public ViewerAccess Channel { get; set; }

        public Dictionary<SessionId, ViewerAccess> Sessions { get; } = [];

        public ViewerAccess? AccessOf(ChannelName channel, SessionId? session = null, ViewerAccess? noted = null) =>
            session is { } id && Sessions.TryGetValue(id, out var own) ? own : noted ?? Channel;

        public ValueTask<ViewerDecision> AuthorizeAsync(ViewerRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
