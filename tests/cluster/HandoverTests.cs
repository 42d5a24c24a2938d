using Broadcast.Cluster.Protocol;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.Timeline;
using Broadcast.Testing;
using Google.Protobuf;
using Grpc.Core;

namespace Broadcast.Cluster.Tests;

/// <summary>Sessions that one server hands over to another, over mutual TLS.</summary>
public sealed class HandoverTests
{
    private static readonly byte[] First = TestSession.Bytes(1000);
    private static readonly byte[] Last = TestSession.Bytes(300, first: 7);

    [Fact]
    public async Task Other_server_copies_the_session_and_takes_its_final_state_with_all_media()
    {
        await using var owner = await OwnerAsync();
        await using var other = await TestServer.StartAsync();
        other.SetOwner(owner);

        (await owner.Handover.PrepareAsync(other.Entry, TestSession.Channel, TestSession.Id, default)).ShouldBeTrue();
        other.Services.Media.Find(TestSession.Segment(1), 0, First.Length).ShouldNotBeNull("the live window was copied");
        owner.Handover.FindFollowers(TestSession.Id).ShouldBe([other.Entry.Id]);

        // A part that the feed has not delivered yet.
        owner.Spool.Objects[TestSession.Segment(2)] = Last;
        var final = Snapshot(TestSession.Part(1, 0, 0, First.Length), TestSession.Part(2, 1, 0, Last.Length));
        owner.Feeds.Serve(final);
        (await owner.Handover.OfferAsync(other.Entry, TestSession.Channel, TestSession.Id, 4, default)).ShouldBeTrue();

        var (session, epoch, from, copy) = other.Receiver.Taken.ShouldHaveSingleItem();
        (session, epoch, from).ShouldBe((TestSession.Id, 4, owner.Entry.Id));
        copy.Checkpoint.Count.ShouldBe(final.Checkpoint.Count);
        Bytes(copy, TestSession.Segment(1), First.Length).ShouldBe(First);
        Bytes(copy, TestSession.Segment(2), Last.Length).ShouldBe(Last);
        other.Sessions.Calls.Count(call => call.StartsWith("restore", StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public async Task Mirror_follows_the_owner_again_when_the_session_was_not_taken()
    {
        await using var owner = await OwnerAsync();
        await using var other = await TestServer.StartAsync();
        other.SetOwner(owner);
        (await owner.Handover.PrepareAsync(other.Entry, TestSession.Channel, TestSession.Id, default)).ShouldBeTrue();
        other.Receiver.OnTake = () => false;

        (await owner.Handover.OfferAsync(other.Entry, TestSession.Channel, TestSession.Id, 1, default)).ShouldBeFalse();

        await Poll.UntilAsync(() => owner.Feeds.Opened.Count(feed => !feed.IsDisposed) == 1 && owner.Feeds.Opened.Count >= 3);
        owner.Log.Contains("does not take session").ShouldBeTrue();
    }

    [Fact]
    public async Task Server_that_takes_no_sessions_refuses()
    {
        await using var owner = await OwnerAsync();
        await using var other = await TestServer.StartAsync();
        other.SetOwner(owner);
        other.Receiver.TakesSessions = false;

        (await owner.Handover.PrepareAsync(other.Entry, TestSession.Channel, TestSession.Id, default)).ShouldBeFalse();
        (await owner.Handover.OfferAsync(other.Entry, TestSession.Channel, TestSession.Id, 1, default)).ShouldBeFalse();

        other.Receiver.Taken.ShouldBeEmpty();
        owner.Feeds.Opened.ShouldAllBe(feed => feed.IsDisposed);
    }

    [Fact]
    public async Task Session_of_another_owner_is_neither_copied_nor_taken()
    {
        await using var owner = await OwnerAsync();
        await using var impostor = await OwnerAsync();
        await using var other = await TestServer.StartAsync();
        other.SetOwner(owner);

        (await impostor.Handover.PrepareAsync(other.Entry, TestSession.Channel, TestSession.Id, default)).ShouldBeFalse();
        (await owner.Handover.PrepareAsync(other.Entry, TestSession.Channel, TestSession.Id, default)).ShouldBeTrue();
        (await impostor.Handover.OfferAsync(other.Entry, TestSession.Channel, TestSession.Id, 1, default)).ShouldBeFalse();

        other.Receiver.Taken.ShouldBeEmpty();
    }

    [Fact]
    public async Task Offer_to_a_server_that_cannot_be_reached_is_undecided()
    {
        await using var owner = await OwnerAsync();
        var other = await TestServer.StartAsync();
        await other.DisposeAsync();

        (await owner.Handover.PrepareAsync(other.Entry, TestSession.Channel, TestSession.Id, default)).ShouldBeFalse();
        await Should.ThrowAsync<IOException>(() =>
            owner.Handover.OfferAsync(other.Entry, TestSession.Channel, TestSession.Id, 1, default));
    }

    [Theory]
    [InlineData("no json", "{}")]
    [InlineData("", "{}")]
    public async Task Malformed_state_is_rejected_and_the_mirror_goes_on(string checkpoint, string projection)
    {
        await using var owner = await OwnerAsync();
        await using var other = await TestServer.StartAsync();
        other.SetOwner(owner);
        (await owner.Handover.PrepareAsync(other.Entry, TestSession.Channel, TestSession.Id, default)).ShouldBeTrue();
        var client = await owner.Peers.HandoversOfAsync(other.Entry, default);

        var error = await Should.ThrowAsync<RpcException>(async () => await client.TakeAsync(new TakeRequest
        {
            Channel = TestSession.Channel.Value, Session = TestSession.Id.Value, Epoch = 1,
            Checkpoint = ByteString.CopyFromUtf8(checkpoint), Projection = ByteString.CopyFromUtf8(projection),
        }));

        error.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        other.Receiver.Taken.ShouldBeEmpty();
        await Poll.UntilAsync(() => owner.Feeds.Opened.Count(feed => !feed.IsDisposed) == 1);
    }

    [Theory]
    [InlineData("../x", "01JN8E0000000000000000000A")]
    [InlineData("demo", "1")]
    public async Task Malformed_names_are_rejected(string channel, string session)
    {
        await using var owner = await OwnerAsync();
        await using var other = await TestServer.StartAsync();
        var client = await owner.Peers.HandoversOfAsync(other.Entry, default);

        (await Should.ThrowAsync<RpcException>(async () =>
            await client.PrepareAsync(new PrepareRequest { Channel = channel, Session = session }))).StatusCode
            .ShouldBe(StatusCode.InvalidArgument);
        (await Should.ThrowAsync<RpcException>(async () =>
            await client.TakeAsync(new TakeRequest { Channel = channel, Session = session }))).StatusCode
            .ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Former_owner_serves_the_session_as_a_mirror()
    {
        await using var owner = await OwnerAsync();
        await using var former = await TestServer.StartAsync();

        former.Handover.Follow(TestSession.Channel, new RemoteChannel(TestSession.Id, 1, owner.Entry));

        former.Sessions.Calls[0].ShouldBe("demote");
        await former.Mirror().Ready.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static FeedSnapshot Snapshot(params TimelineEvent[] events) =>
        new([.. TestSession.Snapshot().Checkpoint, .. events], "{}"u8.ToArray());

    private static async Task<TestServer> OwnerAsync()
    {
        var owner = await TestServer.StartAsync(
            feeds: new FakeFeeds().Serve(Snapshot(TestSession.Part(1, 0, 0, First.Length))));
        owner.Spool.Objects[TestSession.Segment(1)] = First;
        return owner;
    }

    private static byte[] Bytes(SessionCopy copy, ObjectName name, int length) =>
        [.. copy.Find(name, length)!.SelectMany(piece => piece.ToArray())];
}
