using Broadcast.Cluster.Mirrors;
using Broadcast.Cluster.Protocol;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Testing;
using Google.Protobuf;
using Grpc.Core;

namespace Broadcast.Cluster.Tests;

public sealed class PeerMediaTests
{
    private const int ReadFailed = 8008;
    private static readonly ObjectName Name = TestSession.Segment(1);
    private static readonly byte[] Bytes = TestSession.Bytes(200_000);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ranges_are_read_from_the_owner_and_stay_in_memory(bool isStreamed)
    {
        await using var owner = await StartOwnerAsync();
        owner.Spool.IsStreamed = isStreamed;
        await using var server = await TestServer.StartAsync();
        var (mirror, peers) = (await server.MirrorAsync(owner), new PeerMedia(server.Services));

        (await ReadAsync(peers, mirror, 0, null))!.Data.ToArray().ShouldBe(Bytes);
        var range = (await ReadAsync(peers, mirror, 70_000, 80_000))!;
        range.Data.ToArray().ShouldBe(Bytes[70_000..150_000]);
        (range.Offset, range.TotalLength).ShouldBe((70_000, Bytes.Length));
        (await ReadAsync(peers, mirror, 199_990, 80))!.Data.ToArray().ShouldBe(Bytes[199_990..], "no more than there is");
        (await ReadAsync(peers, mirror, 200_000, 80))!.Data.Length.ShouldBe(0);
        (await peers.TryReadAsync(mirror, TestSession.Segment(9), 0, null, CancellationToken.None)).ShouldBeNull();
        server.Services.Media.Find(Name, 0, 200_000).ShouldNotBeNull();
        server.Log.Count(ReadFailed).ShouldBe(0, "a missing object is not an error");
    }

    [Fact]
    public async Task Ranges_beyond_the_limit_of_bytes_in_progress_are_not_read()
    {
        await using var owner = await StartOwnerAsync();
        await using var server = await TestServer.StartAsync();
        var (mirror, peers) = (await server.MirrorAsync(owner), new PeerMedia(server.Services, maxBytes: 100_000));

        (await ReadAsync(peers, mirror, 0, null)).ShouldBeNull();
        server.Log.Count(ReadFailed).ShouldBe(1);
        (await ReadAsync(peers, mirror, 0, 80_000)).ShouldNotBeNull();
        (await ReadAsync(peers, mirror, 80_000, 80_000)).ShouldNotBeNull("the first has ended");
    }

    [Fact]
    public async Task Concurrent_reads_of_a_range_share_a_request()
    {
        await using var owner = await StartOwnerAsync();
        var gate = new TaskCompletionSource();
        owner.Spool.Before = () => gate.Task;
        await using var server = await TestServer.StartAsync();
        var (mirror, peers) = (await server.MirrorAsync(owner), new PeerMedia(server.Services));
        var reads = Enumerable.Range(0, 20).Select(_ => ReadAsync(peers, mirror, 10, 1000)).ToList();
        var other = ReadAsync(peers, mirror, 10, 1001);
        await Poll.UntilAsync(() => owner.Spool.Reads == 2);
        gate.SetResult();

        foreach (var content in await Task.WhenAll(reads))
        {
            content!.Data.ToArray().ShouldBe(Bytes[10..1010]);
        }

        (await other)!.Data.Length.ShouldBe(1001);
        owner.Spool.Reads.ShouldBe(2);
        (await ReadAsync(peers, mirror, 10, 1000)).ShouldNotBeNull();
        owner.Spool.Reads.ShouldBe(3, "a request that has ended is not shared");
    }

    [Fact]
    public async Task A_request_whose_readers_have_left_leaves_nothing_behind()
    {
        await using var owner = await StartOwnerAsync();
        var gate = new TaskCompletionSource();
        owner.Spool.Before = () => gate.Task;
        await using var server = await TestServer.StartAsync();
        var (mirror, peers) = (await server.MirrorAsync(owner), new PeerMedia(server.Services));
        using (var leaves = new CancellationTokenSource())
        {
            var read = peers.TryReadAsync(mirror, Name, 0, 100, leaves.Token);
            await Poll.UntilAsync(() => owner.Spool.Reads == 1);
            await leaves.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(read);
        }

        gate.SetResult();
        await Poll.UntilAsync(() => server.Services.Media.Find(Name, 0, 100) is not null);
        await Poll.UntilAsync(async () => await ReadAsync(peers, mirror, 0, 100) is not null && owner.Spool.Reads > 1);
    }

    [Theory]
    [InlineData(100, 200, 100, true)]
    [InlineData(60, 200, 60, true)]
    [InlineData(101, 200, 101)]
    [InlineData(-1, 200, 0)]
    [InlineData(100, 149, 100)]
    [InlineData(100, 200, 99)]
    [InlineData(100, 200, 101)]
    [InlineData(100, 200, -1)]
    public async Task Wrong_lengths_are_refused(long length, long total, int sent, bool isAccepted = false)
    {
        var service = new SubstituteService
        {
            OnFollow = async (_, messages, cancellation) => await SendSnapshotAsync(messages, cancellation),
            OnRead = async (_, replies) =>
            {
                if (sent >= 0)
                {
                    await replies.WriteAsync(new ReadReply
                    {
                        Length = length, TotalLength = total, Data = ByteString.CopyFrom(new byte[sent / 2]),
                    });
                    await replies.WriteAsync(new ReadReply { Data = ByteString.CopyFrom(new byte[sent - (sent / 2)]) });
                }
            },
        };
        await using var owner = await TestServer.StartAsync(substitute: service);
        await using var server = await TestServer.StartAsync();
        var (mirror, peers) = (await server.MirrorAsync(owner), new PeerMedia(server.Services));

        var content = await ReadAsync(peers, mirror, 50, 100);
        (content is not null).ShouldBe(isAccepted);
        server.Log.Count(ReadFailed).ShouldBe(isAccepted ? 0 : 1);
        server.Services.Media.Bytes.ShouldBe(isAccepted ? length : 0);
    }

    [Fact]
    public async Task An_announced_length_beyond_the_limit_is_refused_without_memory_for_it()
    {
        var service = new SubstituteService
        {
            OnFollow = async (_, messages, cancellation) => await SendSnapshotAsync(messages, cancellation),
            OnRead = (_, replies) => replies.WriteAsync(new ReadReply { Length = 1L << 40, TotalLength = 1L << 41 }),
        };
        await using var owner = await TestServer.StartAsync(substitute: service);
        await using var server = await TestServer.StartAsync();
        var (mirror, peers) = (await server.MirrorAsync(owner), new PeerMedia(server.Services));
        (await ReadAsync(peers, mirror, 0, null)).ShouldBeNull();
        server.Log.Count(ReadFailed).ShouldBe(1);
    }

    [Fact]
    public async Task Errors_and_silence_of_the_owner_end_a_read()
    {
        await using var owner = await StartOwnerAsync();
        await using var server = await TestServer.StartAsync();
        var (mirror, peers) = (await server.MirrorAsync(owner), new PeerMedia(server.Services));
        owner.Spool.Error = new ObjectStoreException(ObjectStoreErrorKind.Unreachable, "the address of the store");
        (await ReadAsync(peers, mirror, 0, 100)).ShouldBeNull();
        server.Log.Count(ReadFailed).ShouldBe(1);
        server.Log.Contains("the address of the store").ShouldBeFalse();

        owner.Spool.Error = null;
        owner.Spool.Before = () => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
        var silent = ReadAsync(peers, mirror, 0, 100);
        await Poll.UntilAsync(() => owner.Spool.Reads == 2);
        server.Time.Advance(TimeSpan.FromSeconds(10));
        (await silent).ShouldBeNull();
        server.Log.Count(ReadFailed).ShouldBe(2);
    }

    [Theory]
    [InlineData("../secret", 0, 0)]
    [InlineData("", 0, 0)]
    [InlineData("live/demo/a", -1, 0)]
    [InlineData("live/demo/a", 0, -1)]
    public async Task Malformed_requests_are_refused(string name, long offset, long length)
    {
        await using var owner = await StartOwnerAsync();
        using var connections = new Connections.PeerConnections(new Connections.ClusterCertificates(new FakeDirectory()));
        var client = await connections.SessionsOfAsync(owner.Entry, CancellationToken.None);
        using var call = client.Read(new ReadRequest { Object = name, Offset = offset, Length = length });
        (await Should.ThrowAsync<RpcException>(call.ResponseStream.MoveNext(CancellationToken.None))).StatusCode
            .ShouldBe(StatusCode.InvalidArgument);
        owner.Spool.Reads.ShouldBe(0);
    }

    private static async Task<TestServer> StartOwnerAsync()
    {
        var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        owner.Spool.Objects[Name] = Bytes;
        return owner;
    }

    private static Task<PeerContent?> ReadAsync(PeerMedia peers, SessionMirror mirror, long offset, long? length) =>
        peers.TryReadAsync(mirror, Name, offset, length, CancellationToken.None);

    private static async Task SendSnapshotAsync(IServerStreamWriter<FeedMessage> messages, CancellationToken cancellation)
    {
        await messages.WriteAsync(new FeedMessage
        {
            Snapshot = new Snapshot { Checkpoint = ByteString.CopyFrom(JournalFile.Lines(TestSession.Snapshot().Checkpoint)) },
        }, cancellation);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
