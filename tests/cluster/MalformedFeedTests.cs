using System.Text;
using Broadcast.Cluster.Protocol;
using Broadcast.Media.OriginToCluster;
using Broadcast.Media.Timeline;
using Broadcast.Testing;
using Google.Protobuf;
using Grpc.Core;

namespace Broadcast.Cluster.Tests;

/// <summary>Malformed messages of an owner concern only the mirror of its session, which starts again from a new snapshot.</summary>
public sealed class MalformedFeedTests
{
    private const int Interrupted = 8006;

    [Theory]
    [InlineData("{", "")]
    [InlineData("", "")]
    [InlineData("""{"type":"unknown"}""", "")]
    [InlineData("""{"type":"window","firstSegment":1}""", "")]
    [InlineData("started", "{")]
    [InlineData("started", """{"type":"part"}""")]
    [InlineData("started", "long")]
    [InlineData("started", "at", -1)]
    [InlineData("started", "at", long.MaxValue)]
    [InlineData("started", "visibility", -1)]
    [InlineData("started", "visibility", long.MaxValue)]
    public async Task Malformed_messages_interrupt_the_feed(string checkpoint, string events, long at = 0)
    {
        var service = new SubstituteService
        {
            OnFollow = async (call, messages, cancellation) =>
            {
                await messages.WriteAsync(call == 1 && checkpoint != "started" ? SnapshotOf(Encoding.UTF8.GetBytes(checkpoint))
                    : Snapshot(), cancellation);
                if (call == 1)
                {
                    await messages.WriteAsync(new FeedMessage
                    {
                        Batch = new Batch
                        {
                            At = events == "at" ? at : TestSession.Start.UtcTicks,
                            Events = ByteString.CopyFromUtf8(events switch
                            {
                                "at" or "visibility" => "",
                                "long" => $$"""{"type":"segment","rendition":"{{new string('a', TimelineJson.MaxLength)}}","segment":1}""",
                                _ => events,
                            }),
                            Visibility = events == "visibility" ? new Visibility { From = at } : null,
                        },
                    }, cancellation);
                }

                await UntilCanceledAsync(cancellation);
            },
        };
        await using var owner = await TestServer.StartAsync(substitute: service);
        await using var server = await TestServer.StartAsync();
        server.SetOwner(owner);
        var waiting = server.PrepareAsync().AsTask();
        await Poll.UntilAsync(() => server.Log.Count(Interrupted) == 1);
        await server.AdvanceUntilAsync(() => server.Log.Contains("was resumed") || (checkpoint != "started" && waiting.IsCompleted));

        (await waiting).ShouldBe(ChannelAvailability.Available);
        server.Sessions.Calls.ShouldBe(checkpoint == "started" ? ["restore 1", "restore 1"] : ["restore 1"]);
    }

    [Fact]
    public async Task Messages_beyond_the_limit_interrupt_the_feed()
    {
        var service = new SubstituteService
        {
            OnFollow = async (call, messages, cancellation) =>
            {
                await messages.WriteAsync(call == 1 ? SnapshotOf(new byte[Connections.PeerConnections.MaxMessage]) : Snapshot(),
                    cancellation);
                await UntilCanceledAsync(cancellation);
            },
        };
        await using var owner = await TestServer.StartAsync(substitute: service);
        await using var server = await TestServer.StartAsync();
        server.SetOwner(owner);
        var waiting = server.PrepareAsync().AsTask();
        await Poll.UntilAsync(() => server.Log.Count(Interrupted) == 1);
        await server.AdvanceUntilAsync(() => waiting.IsCompleted);
        (await waiting).ShouldBe(ChannelAvailability.Available);
    }

    [Fact]
    public async Task Whatever_the_origin_throws_interrupts_the_feed()
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        await using var server = await TestServer.StartAsync();
        var errors = new Queue<Exception>([new InvalidDataException("contradiction"), new ArgumentException("unexpected")]);
        server.Sessions.OnRestore = _ =>
        {
            if (errors.TryDequeue(out var error))
            {
                throw error;
            }
        };
        server.SetOwner(owner);
        var waiting = server.PrepareAsync().AsTask();
        await server.AdvanceUntilAsync(() => waiting.IsCompleted);
        (await waiting).ShouldBe(ChannelAvailability.Available);
        errors.ShouldBeEmpty();
        (owner.Feeds.Opened.Count, server.Log.Count(Interrupted)).ShouldBe((3, 1));
    }

    [Fact]
    public async Task Unknown_messages_batches_before_the_snapshot_and_unknown_objects_are_ignored()
    {
        var batch = new FeedMessage
        {
            Batch = new Batch
            {
                At = TestSession.Start.UtcTicks,
                Media =
                {
                    new Protocol.Media { Object = "../../etc/passwd", Data = ByteString.CopyFrom(1) },
                    new Protocol.Media { Object = "", Data = ByteString.CopyFrom(1) },
                    new Protocol.Media { Object = TestSession.Segment(1).Value, Offset = -1, Data = ByteString.CopyFrom(1, 2) },
                    new Protocol.Media { Object = TestSession.Segment(1).Value, Data = ByteString.CopyFrom(1, 2, 3) },
                },
            },
        };
        var service = new SubstituteService
        {
            OnFollow = async (_, messages, cancellation) =>
            {
                await messages.WriteAsync(batch, cancellation);
                await messages.WriteAsync(new FeedMessage(), cancellation);
                await messages.WriteAsync(Snapshot(), cancellation);
                await messages.WriteAsync(batch, cancellation);
                await UntilCanceledAsync(cancellation);
            },
        };
        await using var owner = await TestServer.StartAsync(substitute: service);
        await using var server = await TestServer.StartAsync();
        server.SetOwner(owner);
        await server.PrepareAsync();
        await Poll.UntilAsync(() => server.Sessions.Calls.Count == 2);
        server.Sessions.Calls.ShouldBe(["restore 1", "append"]);
        server.Services.Media.Bytes.ShouldBe(3);
    }

    [Theory]
    [InlineData("", "01JN8E0000000000000000000A")]
    [InlineData("demo", "")]
    [InlineData("../demo", "01JN8E0000000000000000000A")]
    [InlineData("demo", "not a session")]
    public async Task Malformed_requests_are_refused(string channel, string session)
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()));
        using var connections = new Connections.PeerConnections(new Connections.ClusterCertificates(new FakeDirectory()));
        var client = await connections.SessionsOfAsync(owner.Entry, CancellationToken.None);
        using var call = client.Follow(new FollowRequest { Channel = channel, Session = session });
        (await Should.ThrowAsync<RpcException>(call.ResponseStream.MoveNext(CancellationToken.None))).StatusCode
            .ShouldBe(StatusCode.InvalidArgument);
        owner.Feeds.Opened.ShouldBeEmpty();
    }

    private static FeedMessage Snapshot() => SnapshotOf(JournalFile.Lines(TestSession.Snapshot().Checkpoint));

    private static FeedMessage SnapshotOf(byte[] checkpoint) =>
        new() { Snapshot = new Snapshot { Checkpoint = ByteString.CopyFrom(checkpoint), Projection = ByteString.CopyFromUtf8("{}") } };

    private static async Task UntilCanceledAsync(CancellationToken cancellation)
    {
        var canceled = new TaskCompletionSource();
        await using var registration = cancellation.Register(canceled.SetResult);
        await canceled.Task;
    }
}
