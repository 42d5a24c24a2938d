using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Protocol;
using Broadcast.Cluster.Tests.Relays;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToCluster;
using Broadcast.Testing;
using Google.Protobuf;
using Grpc.Core;

namespace Broadcast.Cluster.Tests;

/// <summary>Servers of different versions beside each other.</summary>
public sealed class ClusterProtocolTests
{
    private const int Interrupted = 8006;
    private const int TooDifferent = 8014;

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    [InlineData(3, 3)]
    public async Task Servers_of_successive_versions_mirror_and_forward(int ownerVersion, int otherVersion)
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()), protocol: ownerVersion);
        await using var other = await TestServer.StartAsync(protocol: otherVersion);
        await other.MirrorAsync(owner);

        await using var relayOwner = await RelayServer.StartAsync(protocol: ownerVersion);
        await using var relay = await RelayServer.StartAsync(protocol: otherVersion);
        (await relay.PublishAsync(relayOwner)).Publication.Session.Id.ShouldBe(TestSession.Id);
        owner.Log.Count(TooDifferent).ShouldBe(0);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(4, 2)]
    public async Task Server_of_a_version_too_far_apart_is_refused_and_both_log_why(int ownerVersion, int otherVersion)
    {
        await using var owner = await TestServer.StartAsync(feeds: new FakeFeeds().Serve(TestSession.Snapshot()), protocol: ownerVersion);
        await using var other = await TestServer.StartAsync(protocol: otherVersion);
        other.SetOwner(owner);
        var request = other.PrepareAsync().AsTask();
        await other.AdvanceUntilAsync(() => request.IsCompleted);

        (await request).ShouldBe(ChannelAvailability.Unavailable);
        owner.Feeds.Opened.ShouldBeEmpty();
        owner.Log.Count(TooDifferent).ShouldBe(1, "not for each attempt");
        other.Log.Count(Interrupted).ShouldBe(1);
        other.Log.Lines.ShouldContain(line => line.Contains(
            $"it uses version {ownerVersion} of the protocol between servers, and this server {otherVersion}: update the older one",
            StringComparison.Ordinal));
    }

    [Fact]
    public async Task Encoder_is_rejected_at_once_when_the_owner_has_a_version_too_far_apart()
    {
        await using var owner = await RelayServer.StartAsync(protocol: 3);
        await using var relay = await RelayServer.StartAsync(protocol: 1);

        var (decision, _) = await relay.OpenAsync(owner.Entry);

        var rejection = decision.ShouldBeOfType<RelayDecision.Rejected>().Decision;
        rejection.Reason.ShouldBe(PublishRejectionReason.ChannelBusy);
        rejection.Message.ShouldContain("uses version 3 of the protocol between servers");
        owner.Publishers.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task Encoder_connected_to_a_server_that_the_returned_owner_refuses_is_disconnected_with_the_reason()
    {
        var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        var (publication, ends) = await relay.PublishAsync(owner);
        await owner.DisposeAsync();

        await using var returned = await RelayServer.StartAsync(new FakeDirectory(FakeDirectory.Authority, owner.Directory.Self),
            protocol: ClusterProtocol.Current + 2);
        relay.Directory.Remote = new Media.ClusterToControl.RemoteChannel(TestSession.Id, 2, returned.Entry);

        await Poll.UntilAsync(() => !ends.IsEmpty);
        var end = ends.ShouldHaveSingleItem();
        (end.Status, end.Reason.Contains("does not take the encoder: it uses version", StringComparison.Ordinal)).ShouldBe((null, true));
        await publication.EndAsync("over");
    }

    [Theory]
    [InlineData(StatusCode.Unimplemented, true)]
    [InlineData(StatusCode.PermissionDenied, true)]
    [InlineData(StatusCode.Unauthenticated, true)]
    [InlineData(StatusCode.FailedPrecondition, true)]
    [InlineData(StatusCode.Unavailable, false)]
    [InlineData(StatusCode.DeadlineExceeded, false)]
    [InlineData(StatusCode.Cancelled, false)]
    [InlineData(StatusCode.ResourceExhausted, false)]
    [InlineData(StatusCode.Internal, false)]
    [InlineData(StatusCode.NotFound, false)]
    public void Error_is_permanent(StatusCode code, bool isPermanent) =>
        ClusterLog.IsPermanent(new RpcException(new Status(code, ""))).ShouldBe(isPermanent);

    [Theory]
    [InlineData(null, 1)]
    [InlineData("2", 2)]
    [InlineData("", 0)]
    [InlineData("-1", 0)]
    [InlineData("1.0", 0)]
    [InlineData("99999999999", 0)]
    public void Version_of_a_caller_is_that_of_its_header(string? header, int version)
    {
        ClusterProtocol.Parse(header).ShouldBe(version);
        new ClusterProtocol(5).Understands(version).ShouldBeFalse();
    }

    [Fact]
    public void Unknown_fields_of_a_newer_version_are_skipped()
    {
        var message = new FeedMessage { Batch = new Batch { At = 7, Events = ByteString.CopyFromUtf8("x") } };
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            message.WriteTo(output);
            output.WriteTag(100, WireFormat.WireType.LengthDelimited);
            output.WriteString("new");
            output.WriteTag(101, WireFormat.WireType.Varint);
            output.WriteInt64(1);
        }

        var read = FeedMessage.Parser.ParseFrom(bytes.ToArray());
        (read.ContentCase, read.Batch.At).ShouldBe((FeedMessage.ContentOneofCase.Batch, 7));
    }

    [Fact]
    public async Task Unknown_messages_of_a_newer_owner_are_skipped()
    {
        var snapshot = TestSession.Snapshot();
        var substitute = new SubstituteService
        {
            OnFollow = async (_, messages, cancellation) =>
            {
                await messages.WriteAsync(new FeedMessage(), cancellation);   // of a kind that this version does not know
                await messages.WriteAsync(new FeedMessage
                {
                    Snapshot = new Snapshot
                    {
                        Checkpoint = ByteString.CopyFrom(Media.Timeline.JournalFile.Lines(snapshot.Checkpoint)),
                        Projection = ByteString.CopyFrom(snapshot.Projection.Span),
                    },
                }, cancellation);
                await messages.WriteAsync(new FeedMessage(), cancellation);
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            },
        };
        await using var owner = await TestServer.StartAsync(substitute: substitute);
        await using var other = await TestServer.StartAsync();
        other.SetOwner(owner);

        (await other.PrepareAsync()).ShouldBe(ChannelAvailability.Available);

        other.Log.Count(Interrupted).ShouldBe(0);
    }
}
