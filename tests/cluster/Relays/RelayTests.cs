using System.Collections.Concurrent;
using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Protocol;
using Broadcast.Cluster.Relays;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Grpc.Core;

namespace Broadcast.Cluster.Tests.Relays;

/// <summary>Encoders that are connected to one server and publish to a session of another, over mutual TLS.</summary>
public sealed class RelayTests
{
    [Fact]
    public async Task Owner_gets_the_request_and_all_messages_in_order_and_then_the_end()
    {
        await using var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        var (publication, ends) = await relay.PublishAsync(owner);
        publication.Session.ShouldBe(TestSession.Started().Session);
        relay.Relayed.Contains(TestSession.Id).ShouldBeTrue();
        relay.Relayed.IsOwnerResponding(TestSession.Id).ShouldBeTrue();

        for (var i = 0u; i < 1000; i++)
        {
            publication.Send(Message(i, i % 25 == 0));
        }

        await publication.EndAsync("the encoder finished");

        owner.Publishers.Asked.ShouldHaveSingleItem().ShouldBe(RelayServer.Request("good"));
        var publisher = owner.Publishers.Admitted.ShouldHaveSingleItem();
        publisher.Timestamps.ShouldBe(Enumerable.Range(0, 1000).Select(i => (uint)i));
        publisher.Messages.Select(entry => Convert.ToHexString(entry.Message.Payload.Span))
            .ShouldBe(Enumerable.Range(0, 1000).Select(i => Convert.ToHexString(Message((uint)i, false).Payload.Span)));
        publisher.Messages.ShouldAllBe(entry => entry.Message.Type == 9 && entry.Age >= TimeSpan.Zero);
        await Poll.UntilAsync(() => publisher.Ends.Count == 1);
        publisher.Ends.ShouldBe(["the encoder finished"]);
        ends.ShouldBeEmpty();
        relay.Relayed.Contains(TestSession.Id).ShouldBeFalse();
    }

    [Theory]
    [InlineData(PublishRejectionReason.UnknownKey)]
    [InlineData(PublishRejectionReason.ChannelBusy)]
    [InlineData(PublishRejectionReason.EventOver)]
    public async Task Rejection_is_passed_on(PublishRejectionReason reason)
    {
        await using var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        owner.Publishers.Rejection = new PublishDecision.Rejected(reason, "Not now.");

        var (decision, _) = await relay.OpenAsync(owner.Entry);

        decision.ShouldBe(new RelayDecision.Rejected(owner.Publishers.Rejection));
        relay.Relayed.Contains(TestSession.Id).ShouldBeFalse();
    }

    [Fact]
    public async Task Owner_that_cannot_be_reached_decides_nothing()
    {
        var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        await owner.DisposeAsync();

        (await relay.OpenAsync(owner.Entry with { Address = null })).Decision.ShouldBeNull();
        relay.Relayed.Contains(TestSession.Id).ShouldBeFalse();
        (await relay.OpenAsync(owner.Entry)).Decision.ShouldBeNull();
        relay.Relayed.Contains(TestSession.Id).ShouldBeTrue("the encoder waits here, so that this server takes the session over first");
        relay.Relayed.IsOwnerResponding(TestSession.Id).ShouldBeFalse();
    }

    [Fact]
    public async Task Owner_that_does_not_answer_in_time_is_a_cancellation()
    {
        await using var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        using var timeout = new CancellationTokenSource();
        owner.Publishers.Before = async cancellation =>
        {
            await timeout.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
        };

        await Should.ThrowAsync<OperationCanceledException>(() => relay.OpenAsync(owner.Entry, cancellationToken: timeout.Token));
        owner.Publishers.Admitted.ShouldBeEmpty();
        relay.Relayed.Contains(TestSession.Id).ShouldBeTrue();
    }

    [Theory]
    [InlineData("NetStream.Publish.Rejected")]
    [InlineData(null)]
    public async Task End_by_the_owner_reaches_the_relay_once_although_messages_are_on_their_way(string? status)
    {
        await using var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        var (publication, ends) = await relay.PublishAsync(owner);
        using var sending = new CancellationTokenSource();
        var sender = Task.Run(async () =>
        {
            for (var i = 0u; !sending.IsCancellationRequested; i++)
            {
                publication.Send(Message(i, true));
                await Task.Yield();
            }
        });
        await Poll.UntilAsync(() => owner.Publishers.Admitted.Single().Messages.Count > 10);

        var end = new RelayEnd("Another encoder took over (superseded).", status);
        owner.Publishers.Admitted.Single().End(end);

        await Poll.UntilAsync(() => !ends.IsEmpty);
        await sending.CancelAsync();
        await sender;
        await publication.EndAsync(end.Reason);
        ends.ShouldBe([end]);
        owner.Publishers.Asked.ShouldHaveSingleItem("the encoder must not replace the one that replaced it");
        await Poll.UntilAsync(() => !owner.Publishers.Admitted.Single().Ends.IsEmpty);
        owner.Publishers.Admitted.Single().Ends.ShouldBe([end.Reason]);
    }

    [Fact]
    public async Task Violated_rule_ends_the_publication()
    {
        await using var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        var end = new RelayEnd("Video codec H.263 is not supported.", "NetStream.Publish.Rejected");
        owner.Publishers.OnMessage = message => message.Timestamp == 7 ? end : null;
        var (publication, ends) = await relay.PublishAsync(owner);

        for (var i = 0u; i < 20; i++)
        {
            publication.Send(Message(i, true));
        }

        await Poll.UntilAsync(() => !ends.IsEmpty);
        await publication.EndAsync("over");
        ends.ShouldBe([end]);
        owner.Publishers.Admitted.Single().Messages.Count.ShouldBe(8);
    }

    [Fact]
    public async Task Error_of_the_owner_ends_its_publication_and_the_relay_connects_again()
    {
        await using var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        var hasFailed = false;
        owner.Publishers.OnMessage = _ =>
        {
            if (!hasFailed)
            {
                hasFailed = true;
                throw new ArgumentException("simulated");
            }

            return null;
        };
        var (publication, ends) = await relay.PublishAsync(owner);

        publication.Send(Message(1, true));

        await Poll.UntilAsync(() => owner.Publishers.Admitted.Count == 2 && !owner.Publishers.Admitted.Last().Messages.IsEmpty);
        owner.Publishers.Admitted.First().Ends.ShouldHaveSingleItem();
        await publication.EndAsync("over");
        ends.ShouldBeEmpty();
    }

    [Fact]
    public async Task Owner_that_returns_at_another_address_gets_what_was_not_processed()
    {
        var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        relay.Directory.Remote = new RemoteChannel(TestSession.Id, 1, owner.Entry);
        var (publication, ends) = await relay.PublishAsync(owner);
        publication.Send(Configuration(0));
        publication.Send(Message(1, true));
        await Poll.UntilAsync(() => owner.Publishers.Admitted.Single().Messages.Count == 2);
        await owner.DisposeAsync();
        await Poll.UntilAsync(() => !relay.Relayed.IsOwnerResponding(TestSession.Id));
        publication.Send(Message(2, false));
        publication.Send(Message(3, true));
        publication.Send(Message(4, false));

        await using var returned = await RelayServer.StartAsync(new FakeDirectory(FakeDirectory.Authority, owner.Directory.Self));
        relay.Directory.Remote = new RemoteChannel(TestSession.Id, 2, returned.Entry);

        await Poll.UntilAsync(() => returned.Publishers.Admitted.SingleOrDefault()?.Timestamps.LastOrDefault() == 4);
        var timestamps = returned.Publishers.Admitted.Single().Timestamps.ToList();
        timestamps.TakeLast(2).ShouldBe([3u, 4u]);
        returned.Publishers.Admitted.Single().Messages.First().Message.Payload.Span.SequenceEqual(Configuration(0).Payload.Span)
            .ShouldBeTrue("the stream begins with its configuration");
        await Poll.UntilAsync(() => relay.Relayed.IsOwnerResponding(TestSession.Id));
        await publication.EndAsync("over");
        ends.ShouldBeEmpty();
    }

    [Fact]
    public async Task Server_that_takes_the_session_over_gets_its_own_encoder()
    {
        var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        var (publication, ends) = await relay.PublishAsync(owner);
        publication.Send(Configuration(0));
        publication.Send(Message(1, true));
        await owner.DisposeAsync();
        relay.Publishers.Rejection = new(PublishRejectionReason.AuthorityUnavailable, "not yet");
        relay.Sessions.Own.Add(TestSession.Id);
        await Poll.UntilAsync(() => relay.Publishers.Asked.Count >= 2);

        relay.Publishers.Rejection = null;

        await Poll.UntilAsync(() => !relay.Publishers.Admitted.IsEmpty);
        publication.Send(Message(5, true));
        publication.Send(Message(6, false));
        var publisher = relay.Publishers.Admitted.Single();
        await Poll.UntilAsync(() => publisher.Timestamps.LastOrDefault() == 6);
        publisher.Messages.First().Message.Payload.Span.SequenceEqual(Configuration(0).Payload.Span).ShouldBeTrue();
        relay.Relayed.IsOwnerResponding(TestSession.Id).ShouldBeFalse("this server must not count as another owner");
        await publication.EndAsync("the encoder finished");
        publisher.Ends.ShouldBe(["the encoder finished"]);
        ends.ShouldBeEmpty();
    }

    [Fact]
    public async Task End_by_this_server_after_it_took_the_session_over_reaches_the_encoder()
    {
        var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        var (publication, ends) = await relay.PublishAsync(owner);
        await owner.DisposeAsync();
        relay.Sessions.Own.Add(TestSession.Id);
        await Poll.UntilAsync(() => !relay.Publishers.Admitted.IsEmpty);

        var end = new RelayEnd("Permission to publish was revoked.", "NetStream.Publish.Rejected");
        relay.Publishers.Admitted.Single().End(end);

        await Poll.UntilAsync(() => !ends.IsEmpty);
        await publication.EndAsync("over");
        ends.ShouldBe([end]);
        relay.Publishers.Admitted.Single().Ends.ShouldBe([end.Reason]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Encoder_whose_session_has_a_successor_or_whose_key_was_revoked_is_disconnected(bool hasSuccessor)
    {
        var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        var (publication, ends) = await relay.PublishAsync(owner);
        await owner.DisposeAsync();
        if (hasSuccessor)
        {
            relay.Publishers.Session = TestSession.Later;
        }
        else
        {
            relay.Publishers.Rejection = new(PublishRejectionReason.UnknownKey, "Unknown stream key.");
        }

        relay.Sessions.Own.Add(TestSession.Id);

        await Poll.UntilAsync(() => !ends.IsEmpty);
        await publication.EndAsync("over");
        ends.ShouldHaveSingleItem().Status.ShouldBe(hasSuccessor ? null : "NetStream.Publish.Rejected");
        relay.Publishers.Admitted.ShouldAllBe(publisher => publisher.Ends.Count == 1);
    }

    [Fact]
    public async Task Server_that_stops_keeps_the_encoder_at_its_relay()
    {
        var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        var (publication, ends) = await relay.PublishAsync(owner);
        publication.Send(Message(1, true));
        await Poll.UntilAsync(() => !owner.Publishers.Admitted.Single().Messages.IsEmpty);

        await owner.StopAsync();

        owner.Publishers.Admitted.First().Ends.ShouldBe(["The server is stopping."]);
        await Poll.UntilAsync(() => !relay.Relayed.IsOwnerResponding(TestSession.Id));
        ends.ShouldBeEmpty();
        relay.Relayed.Contains(TestSession.Id).ShouldBeTrue();
        await publication.EndAsync("over");
        await owner.DisposeAsync();
    }

    [Fact]
    public async Task Relay_that_is_lost_ends_the_publication_at_the_owner()
    {
        await using var owner = await RelayServer.StartAsync();
        var relay = await RelayServer.StartAsync();
        var (publication, _) = await relay.PublishAsync(owner);
        publication.Send(Message(1, true));
        await Poll.UntilAsync(() => !owner.Publishers.Admitted.Single().Messages.IsEmpty);

        relay.Peers.Dispose();

        await Poll.UntilAsync(() => !owner.Publishers.Admitted.First().Ends.IsEmpty);
        owner.Publishers.Admitted.First().Ends.ShouldBe(["the connection to the server of the encoder was lost"]);
        await publication.EndAsync("over");
        await relay.DisposeAsync();
    }

    [Theory]
    [InlineData("nothing", 0)]
    [InlineData("a batch", 0)]
    [InlineData("an end", 0)]
    [InlineData("a stream key that is too long", 100_000)]
    [InlineData("a message that is too long", PeerConnections.MaxMessage + 1)]
    public async Task Malformed_first_message_is_refused(string what, int length)
    {
        await using var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        using var call = (await relay.Peers.RelaysOfAsync(owner.Entry, default)).Publish(new CallOptions());

        (await Should.ThrowAsync<RpcException>(async () =>
        {
            await call.RequestStream.WriteAsync(what switch
            {
                "nothing" => new RelayMessage(),
                "a batch" => new RelayMessage { Batch = new MessageBatch() },
                "an end" => new RelayMessage { Close = new Close { Reason = "over" } },
                _ => new RelayMessage { Open = new Open { StreamKey = new string('k', length) } },
            });
            await call.ResponseStream.MoveNext(default);
        })).StatusCode.ShouldBeOneOf(StatusCode.InvalidArgument, StatusCode.ResourceExhausted, StatusCode.Cancelled);

        owner.Publishers.Asked.ShouldBeEmpty(what);
    }

    [Fact]
    public async Task Long_texts_and_malformed_addresses_of_an_encoder_are_dropped()
    {
        await using var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        using var call = (await relay.Peers.RelaysOfAsync(owner.Entry, default)).Publish(new CallOptions());

        await call.RequestStream.WriteAsync(new RelayMessage
        {
            Open = new Open { StreamKey = "good", Remote = "somewhere", Encoder = new string('e', 5000), TcUrl = new string('t', 5000) },
        });
        (await call.ResponseStream.MoveNext(default)).ShouldBeTrue();

        var request = owner.Publishers.Asked.ShouldHaveSingleItem();
        (request.Remote, request.Encoder, request.Target.TcUrl).ShouldBe((null, "", ""));
    }

    [Fact]
    public async Task Message_without_an_RTMP_type_ends_the_publication()
    {
        await using var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        using var call = (await relay.Peers.RelaysOfAsync(owner.Entry, default)).Publish(new CallOptions());
        await call.RequestStream.WriteAsync(new RelayMessage { Open = new Open { StreamKey = "good" } });
        await call.ResponseStream.MoveNext(default);

        await call.RequestStream.WriteAsync(new RelayMessage
        {
            Batch = new MessageBatch { Messages = { new PublisherMessage { Type = 256 + 9 } } },
        });

        await Poll.UntilAsync(() => !owner.Publishers.Admitted.Single().Ends.IsEmpty);
        owner.Publishers.Admitted.Single().Messages.ShouldBeEmpty();
    }

    [Fact]
    public async Task Publication_moves_to_the_next_owner_without_a_message_lost_or_sent_twice()
    {
        await using var owner = await RelayServer.StartAsync();
        await using var next = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();
        owner.Publishers.OnMessage = message => message.Timestamp >= 50 ? RelayedPublication.Moved : null;
        var (publication, ends) = await relay.PublishAsync(owner);
        publication.Send(Configuration(0));
        for (var i = 1u; i < 120; i++)
        {
            publication.Send(Message(i, i % 25 == 0));
        }

        await Poll.UntilAsync(() => !owner.Publishers.Admitted.Single().Ends.IsEmpty);
        relay.Directory.Remote = new RemoteChannel(TestSession.Id, 2, next.Entry);

        await Poll.UntilAsync(() => !next.Publishers.Admitted.IsEmpty && next.Publishers.Admitted.First().Messages.Count >= 71);
        owner.Publishers.Admitted.Single().Timestamps.ShouldBe(Enumerable.Range(0, 51).Select(i => (uint)i));
        var messages = next.Publishers.Admitted.First();
        messages.Timestamps.ShouldBe([50, .. Enumerable.Range(50, 70).Select(i => (uint)i)]);
        messages.Messages.First().Message.Payload.ToArray().ShouldBe(Configuration(0).Payload.ToArray(), "the configuration comes first");
        (publication.Dropped, ends.Count).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Publication_of_this_server_is_kept_until_the_next_owner_takes_it()
    {
        await using var next = await RelayServer.StartAsync();
        await using var former = await RelayServer.StartAsync();
        var ends = new ConcurrentQueue<RelayEnd>();

        var publication = former.Relay.Continue(TestSession.Started().Session, RelayServer.Request("good"), ends.Enqueue);
        publication.Send(Configuration(0));
        publication.Send(Message(25, true));
        publication.Send(Message(26, false));
        former.Relayed.IsOwnerResponding(TestSession.Id).ShouldBeFalse();
        former.Directory.Remote = new RemoteChannel(TestSession.Id, 2, next.Entry);

        await Poll.UntilAsync(() => !next.Publishers.Admitted.IsEmpty && next.Publishers.Admitted.First().Messages.Count >= 3);
        next.Publishers.Admitted.First().Timestamps.ShouldBe([25u, 25u, 26u]);
        await publication.EndAsync("the encoder finished");
        await Poll.UntilAsync(() => next.Publishers.Admitted.First().Ends.Count == 1);
        ends.ShouldBeEmpty();
    }

    [Fact]
    public async Task Server_with_a_forged_certificate_is_refused()
    {
        await using var owner = await RelayServer.StartAsync();
        await using var forged = await RelayServer.StartAsync(new FakeDirectory(ClusterCertificates.CreateAuthority()));

        (await forged.OpenAsync(owner.Entry)).Decision.ShouldBeNull();
        owner.Publishers.Asked.ShouldBeEmpty();
        (await owner.OpenAsync(forged.Entry)).Decision.ShouldBeNull();
        forged.Publishers.Asked.ShouldBeEmpty("an encoder's key is not sent to it");
    }

    [Fact]
    public async Task Server_at_the_address_of_another_is_refused()
    {
        await using var owner = await RelayServer.StartAsync();
        await using var relay = await RelayServer.StartAsync();

        (await relay.OpenAsync(owner.Entry with { Id = Guid.NewGuid() })).Decision.ShouldBeNull();
        owner.Publishers.Asked.ShouldBeEmpty();
    }

    private static RelayedMessage Message(uint timestamp, bool isKeyframe) => new(9, timestamp,
        new[] { (byte)0x17, (byte)timestamp, (byte)(timestamp >> 8) }, isKeyframe ? RelayedContent.Keyframe : RelayedContent.Media, 0);

    private static RelayedMessage Configuration(uint timestamp) =>
        new(9, timestamp, new byte[] { 0x17, 0, 99 }, RelayedContent.Configuration, 0);
}
