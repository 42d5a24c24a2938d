using System.Net;
using System.Net.Sockets;
using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Mirrors;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.OriginToCluster;
using Broadcast.Testing;

namespace Broadcast.Cluster.Tests;

public sealed class SessionMirrorsTests
{
    private const int Started = 8004;
    private const int Stopped = 8005;
    private static readonly Dictionary<string, string?> Brief = new() { ["Cluster:MirrorIdle"] = "00:00:10" };

    [Fact]
    public async Task Concurrent_requests_start_one_mirror()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        server.SetOwner(owner);
        var requests = Enumerable.Range(0, 50).Select(_ => Task.Run(async () => await server.PrepareAsync())).ToList();
        (await Task.WhenAll(requests)).ShouldAllBe(availability => availability == ChannelAvailability.Available);
        owner.Feeds.Opened.Count.ShouldBe(1);
        server.Sessions.Calls.ShouldBe(["restore 1"]);
        server.Log.Count(Started).ShouldBe(1);

        var next = server.PrepareAsync();
        next.IsCompletedSuccessfully.ShouldBeTrue("requests do not wait for a current mirror");
    }

    [Fact]
    public async Task Spare_mirrors_a_session_without_requests_and_keeps_the_mirror()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync(settings: Brief);
        server.SetOwner(owner);
        server.Directory.Spared = [TestSession.Channel];

        await server.AdvanceUntilAsync(() => server.Sessions.Calls.Contains("restore 1"));

        for (var i = 0; i < 15; i++)
        {
            server.Time.Advance(TimeSpan.FromSeconds(1));
            await Poll.UntilAsync(() => server.Time.ArmedTimers > 0);
        }

        server.Log.Count(Stopped).ShouldBe(0);
        server.Mirrors.IsEmpty.ShouldBeFalse();
    }

    [Fact]
    public async Task Channels_of_this_server_have_no_mirror()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available, "not on air anywhere");
        server.SetOwner(owner);
        (await server.Mirrors.PrepareAsync(ChannelName.Parse("other"), CancellationToken.None)).ShouldBe(ChannelAvailability.Available);
        server.Sessions.Own.Add(TestSession.Id);
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available);
        (server.Mirrors.IsEmpty, owner.Feeds.Opened.Count).ShouldBe((true, 0));
    }

    [Fact]
    public async Task A_session_without_owner_is_unavailable_at_servers_that_do_not_have_it()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        server.Directory.Lost = TestSession.Id;
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Unavailable, "a viewer tries another server, or again");
        (await server.Mirrors.PrepareAsync(ChannelName.Parse("other"), CancellationToken.None)).ShouldBe(ChannelAvailability.Available);

        server.Sessions.Own.Add(TestSession.Id);
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available, "taken over here");
        server.Sessions.Own.Clear();

        server.SetOwner(owner);
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available, "taken over by another server");
        server.Directory.Remote = null;
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available, "the mirror decides, until nothing arrives");

        server.Directory.Lost = Media.SessionId.New(TestSession.Id.CreatedAt.AddSeconds(1));
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Unavailable, "the mirror is of an earlier session");
        server.Directory.Lost = null;
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available, "the session has ended");
    }

    [Fact]
    public async Task Released_session_is_unavailable_until_its_owner_is_known()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        server.Sessions.Released = true;
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Unavailable, "404 would tell players that the session has ended");

        server.SetOwner(owner);
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available);
    }

    [Fact]
    public async Task Own_session_without_an_encoder_is_doubtful_at_a_server_that_is_cut_off()
    {
        var other = ChannelName.Parse("other");
        var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        (server.Directory.HasLeaseExpired, server.Sessions.WithoutEncoder) = (true, true);
        (await PrepareOtherAsync()).ShouldBe(ChannelAvailability.Available,
            "a server that mirrors nothing may have lost the database alone");
        server.SetOwner(owner);
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available);
        (await PrepareOtherAsync()).ShouldBe(ChannelAvailability.Available, "another server responds");

        await owner.DisposeAsync();
        server.Time.Advance(server.Services.Options.MirrorLost + TimeSpan.FromSeconds(1));
        (await PrepareOtherAsync()).ShouldBe(ChannelAvailability.Doubtful);

        server.Sessions.WithoutEncoder = false;
        (await PrepareOtherAsync()).ShouldBe(ChannelAvailability.Available, "its encoder is here");
        server.Directory.IsTakenOver = true;
        (await PrepareOtherAsync()).ShouldBe(ChannelAvailability.Doubtful, "the network is back, and another server has the session");
        (server.Directory.HasLeaseExpired, server.Sessions.WithoutEncoder) = (false, true);
        (await PrepareOtherAsync()).ShouldBe(ChannelAvailability.Available, "the lease holds");

        ValueTask<ChannelAvailability> PrepareOtherAsync() => server.Mirrors.PrepareAsync(other, CancellationToken.None);
    }

    [Fact]
    public async Task Own_session_without_an_encoder_is_doubtful_at_a_server_whose_followers_are_silent()
    {
        await using var server = await TestServer.StartAsync();
        (server.Directory.HasLeaseExpired, server.Sessions.WithoutEncoder) = (true, true);
        server.Directory.LeaseAge = TimeSpan.FromSeconds(7);
        var isResponding = true;
        var first = server.Followers.Add(TestSession.Id, Guid.NewGuid(), hasEncoder: false, () => isResponding);
        var second = server.Followers.Add(TestSession.Id, Guid.NewGuid(), hasEncoder: true, () => false);
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available, "only the database is lost");

        isResponding = false;
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Doubtful);
        isResponding = true;
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Doubtful, "another server may own the session now");
        server.Sessions.Own.Add(TestSession.Id);
        server.Directory.Remote = new RemoteChannel(TestSession.Id, 2, new ClusterServer(Guid.NewGuid(), "other", "127.0.0.1:1"));
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Doubtful, "the owner is known, and the session is not released yet");
        server.Directory.Remote = null;
        server.Sessions.Own.Clear();
        server.Directory.HasLeaseExpired = false;
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available);
        (server.Directory.HasLeaseExpired, isResponding) = (true, false);
        first.Dispose();
        second.Dispose();
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Doubtful, "their connections have ended since");

        server.Directory.HasLeaseExpired = false;
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available);
        server.Time.Advance(TimeSpan.FromSeconds(8));
        server.Directory.HasLeaseExpired = true;
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available, "they had left before the database was lost");
    }

    [Fact]
    public async Task Follower_responds_until_its_connection_ends()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, ((IPEndPoint)listener.LocalEndpoint).Port);
        using var server = await listener.AcceptSocketAsync();
        PeerContact.IsResponding(server).ShouldBeTrue();
        await server.SendAsync(new byte[1]);
        PeerContact.IsResponding(server).ShouldBeTrue();
        server.Dispose();
        PeerContact.IsResponding(server).ShouldBeFalse();
    }

    [Fact]
    public async Task The_last_session_of_a_channel_is_mirrored_while_its_server_serves_it()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        (await server.Mirrors.PrepareLastAsync(TestSession.Channel, CancellationToken.None)).ShouldBeFalse("the database has none");
        server.SetOwner(owner);
        (server.Directory.Last, server.Directory.Remote) = (server.Directory.Remote, null);

        (await server.Mirrors.PrepareLastAsync(TestSession.Channel, CancellationToken.None)).ShouldBeTrue();
        server.Sessions.Calls.ShouldBe(["restore 1"]);
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available);
    }

    [Fact]
    public async Task A_last_session_that_no_server_serves_keeps_no_request_waiting()
    {
        await using var owner = await TestServer.StartAsync();
        await using var server = await TestServer.StartAsync();
        server.SetOwner(owner);
        (server.Directory.Last, server.Directory.Remote) = (server.Directory.Remote, null);

        (await server.Mirrors.PrepareLastAsync(TestSession.Channel, CancellationToken.None)).ShouldBeFalse();
        server.PrepareAsync().IsCompletedSuccessfully.ShouldBeTrue();
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available, "the response is 404");
    }

    [Fact]
    public async Task Requests_for_an_unresponsive_owner_wait_for_a_limited_time_and_may_be_canceled()
    {
        await using var owner = await TestServer.StartAsync();
        await using var server = await TestServer.StartAsync();
        server.SetOwner(owner);
        using var canceled = new CancellationTokenSource();
        var leaving = server.Mirrors.PrepareAsync(TestSession.Channel, canceled.Token).AsTask();
        var waiting = server.PrepareAsync().AsTask();
        await canceled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(leaving);
        waiting.IsCompleted.ShouldBeFalse();
        server.Time.Advance(TimeSpan.FromSeconds(3));
        (await waiting).ShouldBe(ChannelAvailability.Unavailable);

        server.Time.Advance(server.Services.Options.MirrorLost);
        server.PrepareAsync().IsCompletedSuccessfully.ShouldBeTrue("an owner that is lost is not waited for");
    }

    [Fact]
    public async Task A_mirror_is_removed_after_a_time_without_requests()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        owner.Spool.Objects[TestSession.Segment(1)] = TestSession.Bytes(10);
        await using var server = await TestServer.StartAsync(settings: Brief);
        var mirror = await server.MirrorAsync(owner);
        owner.Feeds.Opened.Single().TrySend(TestSession.Batch(TestSession.Part(1, 0, 0, 10)));
        await Poll.UntilAsync(() => server.Services.Media.Bytes == 10);
        for (var i = 0; i < 5; i++)
        {
            server.Time.Advance(TimeSpan.FromSeconds(5));
            await server.PrepareAsync();
            server.Mirror().ShouldBeSameAs(mirror);
        }

        server.Time.Advance(TimeSpan.FromSeconds(9));
        server.Mirror().ShouldBeSameAs(mirror);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await Poll.UntilAsync(() => server.Log.Count(Stopped) == 1);
        (server.Mirrors.IsEmpty, server.Services.Media.Bytes).ShouldBe((true, 0));
        server.Sessions.Calls[^1].ShouldBe("remove");
        await Poll.UntilAsync(() => owner.Feeds.Opened.All(feed => feed.IsDisposed));

        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available, "the next request starts a new one");
        server.Sessions.Calls[^1].ShouldBe("restore 1");
    }

    [Fact]
    public async Task The_mirror_of_an_earlier_session_remains_until_it_is_idle()
    {
        var feeds = new FakeFeeds().Serve(TestSession.Snapshot())
            .Serve(TestSession.Snapshot(session: TestSession.Later), TestSession.Later);
        await using var owner = await TestServer.StartAsync(feeds: feeds);
        await using var server = await TestServer.StartAsync(settings: Brief);
        var earlier = await server.MirrorAsync(owner);
        server.SetOwner(owner, session: TestSession.Later);
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available);
        server.Sessions.Of(TestSession.Later).ShouldBe(["restore 1"]);
        server.Mirror().ShouldBeSameAs(earlier);

        for (var i = 0; i < 3; i++)
        {
            server.Time.Advance(TimeSpan.FromSeconds(4));
            await server.PrepareAsync();
        }

        await Poll.UntilAsync(() => server.Log.Count(Stopped) == 1);
        server.Mirrors.Find(TestSession.Channel, TestSession.Id).ShouldBeNull();
        server.Mirror(TestSession.Later).ShouldNotBeNull();
        server.Sessions.Calls[^1].ShouldBe("remove");
    }

    [Fact]
    public async Task A_session_that_this_server_takes_over_is_no_longer_mirrored()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        await server.MirrorAsync(owner);
        server.Sessions.Own.Add(TestSession.Id);
        server.Directory.Remote = null;
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await Poll.UntilAsync(() => server.Log.Count(Stopped) == 1);
        server.Mirrors.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public async Task A_lost_mirror_does_not_hide_a_newer_session_of_this_server()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        var mirror = await server.MirrorAsync(owner);
        server.Directory.Remote = null;
        await owner.DisposeAsync();
        server.Time.Advance(server.Services.Options.MirrorLost + TimeSpan.FromMilliseconds(1));
        mirror.IsLost.ShouldBeTrue();
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Unavailable);

        server.Sessions.HasNewerSession = true;
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Available);
        server.Time.Advance(TimeSpan.FromSeconds(1));
        await Poll.UntilAsync(() => server.Log.Count(Stopped) == 1);
        server.Mirrors.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public async Task A_stopped_server_has_no_mirrors_and_starts_none()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        await server.MirrorAsync(owner);
        SessionMirrors mirrors = server.Mirrors;
        await mirrors.StopAsync(CancellationToken.None);
        mirrors.IsEmpty.ShouldBeTrue();
        server.Sessions.Calls.ShouldBe(["restore 1", "remove"]);
        (await server.PrepareAsync()).ShouldBe(ChannelAvailability.Unavailable);
        mirrors.IsEmpty.ShouldBeTrue();
    }
}
