using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Testing;

namespace Broadcast.Cluster.Tests;

/// <summary>Order of the places from which media of a mirrored session is read. The spools count the reads.</summary>
public sealed class MirrorSpoolTests : IAsyncLifetime
{
    private static readonly ObjectName Live = TestSession.Segment(7);
    private static readonly ObjectName Old = TestSession.Segment(3);
    private readonly byte[] _atOwner = TestSession.Bytes(100, first: 1);
    private readonly byte[] _atStore = TestSession.Bytes(100, first: 2);
    private TestServer _owner = null!;
    private TestServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        _server = await TestServer.StartAsync();
        _server.Sessions.FirstSegment = 5;
        await _server.MirrorAsync(_owner);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _owner.DisposeAsync();
    }

    [Fact]
    public async Task Media_is_read_from_memory_then_from_the_owner_then_from_the_object_store()
    {
        Put(Live);
        (await ReadAsync(Live)).ShouldBe(_atOwner);
        Reads().ShouldBe((1, 0));
        (await ReadAsync(Live)).ShouldBe(_atOwner);
        (await ReadAsync(Live, 20, 30)).ShouldBe(_atOwner[20..50]);
        Reads().ShouldBe((1, 0), "the first read left it in memory");

        var stored = TestSession.Segment(8);
        _server.Spool.Objects[stored] = _atStore;
        (await ReadAsync(stored)).ShouldBe(_atStore);
        Reads().ShouldBe((2, 1));
        (await ReadAsync(TestSession.Segment(9))).ShouldBeNull();
        Reads().ShouldBe((3, 2));
    }

    [Fact]
    public async Task Media_of_the_feed_is_read_from_memory()
    {
        _owner.Spool.Objects[Live] = _atOwner;
        _owner.Feeds.Opened.Single().TrySend(TestSession.Batch(TestSession.Part(7, 0, 0, 60), TestSession.Part(7, 1, 60, 40)));
        await Poll.UntilAsync(() => _server.Sessions.Calls.Count == 2);
        (await ReadAsync(Live)).ShouldBe(_atOwner);
        Reads().ShouldBe((2, 0), "the owner read both parts for the feed");
    }

    [Fact]
    public async Task Segments_before_the_live_window_are_read_from_the_object_store_first()
    {
        Put(Old);
        (await ReadAsync(Old)).ShouldBe(_atStore);
        Reads().ShouldBe((0, 1));

        _server.Spool.Objects.Clear();
        (await ReadAsync(Old)).ShouldBe(_atOwner, "it is not uploaded yet");
        Reads().ShouldBe((1, 2));
        (await ReadAsync(TestSession.Segment(4))).ShouldBeNull();
        Reads().ShouldBe((2, 3));
    }

    [Fact]
    public async Task While_the_object_store_is_unavailable_the_owner_is_asked()
    {
        Put(Old);
        _server.Spool.Error = new ObjectStoreException(ObjectStoreErrorKind.Unreachable, "away");
        (await ReadAsync(Old)).ShouldBe(_atOwner);
        await Should.ThrowAsync<ObjectStoreException>(ReadAsync(TestSession.Segment(4)));

        _server.Spool.Error = new ObjectStoreException(ObjectStoreErrorKind.TooManyReads, "full");
        await Should.ThrowAsync<ObjectStoreException>(ReadAsync(TestSession.Segment(2)));
        Reads().ShouldBe((2, 3), "an overload is not passed on to the owner");
    }

    [Fact]
    public async Task Without_its_owner_all_media_is_read_from_the_object_store_first()
    {
        Put(Live);
        _server.Time.Advance(_server.Services.Options.MirrorLost + TimeSpan.FromTicks(1));
        (await ReadAsync(Live)).ShouldBe(_atStore);
        Reads().ShouldBe((0, 1));
    }

    [Fact]
    public async Task Sessions_of_this_server_and_other_objects_are_read_from_its_own_spool()
    {
        var session = ObjectNames.Of(TestSession.Channel, TestSession.Id);
        ObjectName[] others =
        [
            TestSession.Segment(7, TestSession.Later), ObjectName.Parse($"journal/demo/{TestSession.Id}/1.json"),
            ObjectName.Parse("live/demo/index.m3u8"), ObjectName.Parse("anything"),
        ];
        foreach (var name in others)
        {
            Put(name);
            (await ReadAsync(name)).ShouldBe(_atStore);
        }

        Put(Live);
        _server.Sessions.Own.Add(TestSession.Id);
        (await ReadAsync(Live)).ShouldBe(_atStore);
        Reads().ShouldBe((0, others.Length + 1));
    }

    [Fact]
    public void No_member_of_the_spool_keeps_its_default_implementation()
    {
        var type = _server.MirrorSpool.GetType();
        type.GetInterfaceMap(typeof(ISpool)).TargetMethods.Where(method => !type.Equals(method.DeclaringType))
            .Select(method => method.Name).ShouldBeEmpty("it would not reach the server's own spool");
    }

    [Fact]
    public async Task All_kinds_of_read_find_mirrored_media()
    {
        Put(Live);
        (await BytesAsync(await _server.MirrorSpool.ReadOnceAsync(Live, 0, 10, CancellationToken.None))).ShouldBe(_atOwner[..10]);
        (await BytesAsync(await _server.MirrorSpool.ReadAsync(Live, 10, 10, ReadPurpose.Download, CancellationToken.None)))
            .ShouldBe(_atOwner[10..20]);
        (await BytesAsync(await _server.MirrorSpool.ReadAsync(Live, 90, null, ReadPurpose.Media, CancellationToken.None)))
            .ShouldBe(_atOwner[90..]);
        Reads().ShouldBe((3, 0));
    }

    [Fact]
    public async Task Servers_that_take_each_other_for_the_owner_do_not_ask_in_circles()
    {
        _server.Feeds.Serve(TestSession.Snapshot());
        await _owner.MirrorAsync(_server);
        (await ReadAsync(Live).WaitAsync(TimeSpan.FromSeconds(60))).ShouldBeNull();
        Reads().ShouldBe((1, 1));
    }

    private void Put(ObjectName name) => (_owner.Spool.Objects[name], _server.Spool.Objects[name]) = (_atOwner, _atStore);

    private (int Owner, int Store) Reads() => (_owner.Spool.Reads, _server.Spool.Reads);

    private async Task<byte[]?> ReadAsync(ObjectName name, long offset = 0, long length = 100) =>
        await BytesAsync(await _server.MirrorSpool.ReadAsync(name, offset, length, CancellationToken.None));

    private static async Task<byte[]?> BytesAsync(SpoolContent? content)
    {
        if (content is null)
        {
            return null;
        }

        await using (content)
        {
            byte[] bytes = [.. content.Slices!.SelectMany(slice => slice.ToArray())];
            bytes.Length.ShouldBe((int)content.Length);
            return bytes;
        }
    }
}
