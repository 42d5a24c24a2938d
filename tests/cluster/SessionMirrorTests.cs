using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Feeds;
using Broadcast.Cluster.Protocol;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.OriginToCluster;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Testing;
using Grpc.Core;

namespace Broadcast.Cluster.Tests;

/// <summary>An owner's feed and a mirror that follows it, over a connection.</summary>
public sealed class SessionMirrorTests
{
    private const int TooSlow = 8002;
    private const int Interrupted = 8006;
    private const int AddressUnknown = 8007;
    private const int Resumed = 8009;

    [Fact]
    public async Task Snapshots_and_batches_arrive_and_their_media_before_them()
    {
        var snapshot = TestSession.Snapshot() with { Projection = """{"any":"state"}"""u8.ToArray() };
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(snapshot));
        await using var server = await TestServer.StartAsync();
        var bytes = owner.Spool.Objects[TestSession.Segment(1)] = TestSession.Bytes(100);
        FeedSnapshot? restored = null;
        var servable = new List<bool>();
        server.Sessions.OnRestore = received => restored = received;
        server.Sessions.OnAppend = received => servable.Add(received.Events.OfType<TimelineEvent.PartReady>()
            .All(part => server.Services.Media.Find(part.Object, part.Offset, part.Length) is not null));
        await server.MirrorAsync(owner);
        restored!.Checkpoint.ShouldBe(snapshot.Checkpoint);
        restored.Projection.ToArray().ShouldBe(snapshot.Projection.ToArray());

        var feed = owner.Feeds.Opened.Single();
        FeedBatch[] batches =
        [
            TestSession.Batch(TestSession.Part(1, 0, 0, 60)) with { Visibility = new FeedVisibility(TestSession.Start, 7) },
            TestSession.Batch(TestSession.Part(1, 1, 60, 40), new TimelineEvent.SegmentClosed("source", 1)) with
            {
                At = TestSession.Start.AddTicks(12_345), Visibility = new FeedVisibility(TestSession.Start.AddSeconds(1), null),
            },
            TestSession.Batch(),
        ];
        foreach (var batch in batches)
        {
            feed.TrySend(batch).ShouldBeTrue();
        }

        await Poll.UntilAsync(() => server.Sessions.Calls.Count == 4);
        server.Sessions.Calls.ShouldBe(["restore 1", "append", "append", "append"]);
        foreach (var (received, sent) in server.Sessions.Batches.Zip(batches))
        {
            (received.At, received.Visibility).ShouldBe((sent.At, sent.Visibility));
            received.Events.ShouldBe(sent.Events);
        }

        servable.ShouldBe([true, true, true]);
        (server.Services.Media.Bytes, owner.Spool.Reads).ShouldBe((100, 2));
        server.Services.Media.Find(TestSession.Segment(1), 0, 100)!.SelectMany(slice => slice.ToArray()).ShouldBe(bytes);
    }

    [Fact]
    public async Task Media_that_cannot_be_read_is_announced_without_its_bytes()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        await server.MirrorAsync(owner);
        var feed = owner.Feeds.Opened.Single();
        owner.Spool.Objects[TestSession.Segment(2)] = TestSession.Bytes(10);
        feed.TrySend(TestSession.Batch(TestSession.Part(1, 0, 0, 60), TestSession.Part(2, 0, 0, 11)));
        await Poll.UntilAsync(() => server.Sessions.Calls.Count == 2);
        owner.Spool.Error = new ObjectStoreException(ObjectStoreErrorKind.Unreachable, "no store");
        feed.TrySend(TestSession.Batch(TestSession.Part(2, 0, 0, 10)));
        await Poll.UntilAsync(() => server.Sessions.Calls.Count == 3);

        server.Services.Media.Bytes.ShouldBe(0);
    }

    [Fact]
    public async Task Heartbeats_show_that_the_owner_is_alive()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync(settings: new() { ["Cluster:MirrorLost"] = "00:00:01" });
        var mirror = await server.MirrorAsync(owner);
        for (var i = 0; i < 5; i++)
        {
            server.Time.Advance(TimeSpan.FromSeconds(1.5));
            mirror.IsLost.ShouldBeTrue();
            (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Unavailable);
            await owner.AdvanceUntilAsync(() => !mirror.IsLost, FeedService.HeartbeatInterval);
            (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available);
        }

        server.Sessions.Calls.ShouldBe(["restore 1"]);
        (owner.Feeds.Opened.Count, server.Log.Count(Interrupted)).ShouldBe((1, 0));
    }

    [Fact]
    public async Task A_silent_owner_is_left_and_followed_again_from_a_new_snapshot()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        var mirror = await server.MirrorAsync(owner);

        server.Time.Advance(TimeSpan.FromSeconds(2));
        await Poll.UntilAsync(() => server.Log.Count(Interrupted) == 1);
        mirror.IsLost.ShouldBeFalse("the time for that has not passed");
        await server.AdvanceUntilAsync(() => owner.Feeds.Opened.Count == 2);
        await Poll.UntilAsync(() => server.Log.Count(Resumed) == 1);

        server.Sessions.Calls.ShouldBe(["restore 1", "restore 1"]);
        await Poll.UntilAsync(() => owner.Feeds.Opened.First().IsDisposed);
    }

    [Fact]
    public async Task A_session_that_the_owner_does_not_serve_yet_is_followed_when_it_does()
    {
        await using var owner = await TestServer.StartAsync();
        await using var server = await TestServer.StartAsync();
        server.SetOwner(owner);
        var waiting = server.PrepareAsync().AsTask();
        await server.AdvanceUntilAsync(() => waiting.IsCompleted);
        (await waiting).ShouldBe(ChannelAvailability.Unavailable);
        server.Log.Lines.ShouldContain(line => line.Contains("it does not serve the session"));

        owner.Feeds.Serve(TestSession.Snapshot());
        await server.AdvanceUntilAsync(() => server.Mirror().Ready.IsCompleted);
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available);
        server.Log.Count(Interrupted).ShouldBe(1, "not once for each attempt");
    }

    [Fact]
    public async Task A_dead_owner_makes_the_mirror_unavailable_and_its_return_available()
    {
        var directory = new FakeDirectory();
        var owner = await TestServer.StartAsync(directory, new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        var mirror = await server.MirrorAsync(owner);
        var port = owner.Port;
        await owner.DisposeAsync();
        await Poll.UntilAsync(() => server.Log.Count(Interrupted) == 1);
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available);

        server.Time.Advance(server.Services.Options.MirrorLost + TimeSpan.FromTicks(1));
        mirror.IsLost.ShouldBeTrue();
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Unavailable);

        await using var returned = await TestServer.StartAsync(directory, new FakeFeeds().Serve(TestSession.Snapshot(epoch: 2)), port);
        await server.AdvanceUntilAsync(() => server.Sessions.Calls.Count == 2);
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available);
        server.Sessions.Calls.ShouldBe(["restore 1", "restore 2"]);
        server.Mirror().ShouldBeSameAs(mirror);
        (server.Log.Count(Interrupted), server.Log.Count(Resumed)).ShouldBe((1, 1));
    }

    [Fact]
    public async Task A_server_that_stops_ends_its_feeds()
    {
        var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        await server.MirrorAsync(owner);
        await owner.StopAsync();
        owner.Feeds.Opened.Single().IsDisposed.ShouldBeTrue();
        await owner.DisposeAsync();
    }

    [Fact]
    public async Task Snapshots_of_a_lower_epoch_are_refused()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot(epoch: 4)));
        await using var server = await TestServer.StartAsync();
        server.SetOwner(owner, epoch: 5);
        var waiting = server.PrepareAsync().AsTask();
        await Poll.UntilAsync(() => server.Log.Contains("older than epoch 5"));
        waiting.IsCompleted.ShouldBeFalse();

        owner.Feeds.Serve(TestSession.Snapshot(epoch: 5));
        await server.AdvanceUntilAsync(() => waiting.IsCompleted);
        (await waiting).ShouldBe(ChannelAvailability.Available);

        owner.Feeds.Opened.Last().TrySend(TestSession.Batch(TestSession.Started(epoch: 7)));
        await Poll.UntilAsync(() => server.Sessions.Calls.Count == 2);
        owner.Feeds.Serve(TestSession.Snapshot(epoch: 6));
        owner.Feeds.Opened.Last().End();
        await server.AdvanceUntilAsync(() => server.Log.Contains("older than epoch 7"));
        server.Sessions.Calls.ShouldBe(["restore 5", "append"]);
    }

    [Fact]
    public async Task The_mirror_leaves_a_former_owner_that_still_responds_and_does_not_return()
    {
        await using var former = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot(epoch: 1)));
        var next = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot(epoch: 2)));
        await using var server = await TestServer.StartAsync();
        await server.MirrorAsync(former);

        server.SetOwner(next, epoch: 2);
        former.Feeds.Opened.Last().TrySend(TestSession.Batch());
        await server.AdvanceUntilAsync(() => server.Sessions.Calls.Contains("restore 2"));
        server.Mirror().Owner.Id.ShouldBe(next.Directory.Self);

        server.SetOwner(former, epoch: 1);
        await next.DisposeAsync();
        await Poll.UntilAsync(() => server.Log.Count(Interrupted) == 1);
        server.Time.Advance(TimeSpan.FromSeconds(5));
        server.Mirror().Owner.Id.ShouldBe(next.Directory.Self);
        former.Feeds.Opened.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_follower_that_does_not_read_is_cut_off()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds { Capacity = 2 }.Serve(TestSession.Snapshot()));
        owner.Spool.Objects[TestSession.Segment(1)] = TestSession.Bytes(1 << 20);
        using var connections = new PeerConnections(new ClusterCertificates(new FakeDirectory()));
        var client = await connections.SessionsOfAsync(owner.Entry, CancellationToken.None);
        using var call = client.Follow(new FollowRequest { Channel = TestSession.Channel.Value, Session = TestSession.Id.Value });
        await Poll.UntilAsync(() => owner.Feeds.Opened.Count == 1);
        var feed = owner.Feeds.Opened.Single();
        await Poll.UntilAsync(() => !feed.TrySend(TestSession.Batch(TestSession.Part(1, 0, 0, 1 << 20))));

        await Poll.UntilAsync(() => feed.IsDisposed);
        owner.Log.Count(TooSlow).ShouldBe(1);
        await Should.ThrowAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
            }
        });
    }

    [Fact]
    public async Task A_mirror_that_was_cut_off_starts_from_a_new_snapshot()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds { Capacity = 2 }.Serve(TestSession.Snapshot()));
        owner.Spool.Objects[TestSession.Segment(1)] = TestSession.Bytes(1 << 20);
        await using var server = await TestServer.StartAsync();
        using var released = new ManualResetEventSlim();
        server.Sessions.OnAppend = _ => released.Wait();
        await server.MirrorAsync(owner);
        var feed = owner.Feeds.Opened.Single();
        await Poll.UntilAsync(() => !feed.TrySend(TestSession.Batch(TestSession.Part(1, 0, 0, 1 << 20))));
        await Poll.UntilAsync(() => feed.IsDisposed);
        released.Set();

        await Poll.UntilAsync(() => server.Log.Count(Interrupted) == 1);
        await server.AdvanceUntilAsync(() => server.Sessions.Calls.Count(call => call == "restore 1") == 2);
        owner.Feeds.Opened.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_mirror_of_an_ended_session_is_never_lost()
    {
        var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync(settings: new() { ["Cluster:MirrorIdle"] = "01:00:00" });
        var mirror = await server.MirrorAsync(owner);
        owner.Feeds.Opened.Single().TrySend(TestSession.Batch(new TimelineEvent.Ended("done")));
        await Poll.UntilAsync(() => mirror.IsEnded);
        await owner.DisposeAsync();

        server.Time.Advance(TimeSpan.FromMinutes(30));
        (mirror.IsLost, await server.PrepareAsync()).ShouldBe((false, ChannelAvailability.Available));
        server.Log.Count(Interrupted).ShouldBe(0);
    }

    [Fact]
    public async Task An_unknown_address_is_logged_once_and_makes_the_channel_unavailable()
    {
        await using var server = await TestServer.StartAsync();
        server.Directory.Remote = new RemoteChannel(TestSession.Id, 1, new ClusterServer(Guid.NewGuid(), "older", null));
        var waiting = server.PrepareAsync().AsTask();
        await server.AdvanceUntilAsync(() => waiting.IsCompleted);
        (await waiting).ShouldBe(ChannelAvailability.Unavailable);
        server.Log.Count(AddressUnknown).ShouldBe(1);

        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        server.SetOwner(owner);
        await server.AdvanceUntilAsync(() => server.Mirror().Ready.IsCompleted);
    }
}
