using System.Net;
using System.Threading.Channels;
using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Handovers;
using Broadcast.Cluster.Protocol;
using Broadcast.Media.ClusterToIngest;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.Timeline;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster.Relays;

/// <summary>Receives publishers that are connected to other servers, at the owner of their session.</summary>
internal sealed class RelayService(IRelayedPublishers publishers, IHostApplicationLifetime lifetime, ILogger<RelayService> logger,
    SessionFollowers followers)
    : Protocol.Relays.RelaysBase
{
    private const string RelayLost = "the connection to the server of the encoder was lost";
    private const string ServerStops = "The server is stopping.";
    private static readonly TimeSpan OpenTimeout = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public override async Task Publish(IAsyncStreamReader<RelayMessage> requestStream, IServerStreamWriter<RelayReply> responseStream,
        ServerCallContext context)
    {
        // Bounded by the relay: it sends the next messages whether or not earlier ones were acknowledged, but a reply is one counter.
        var replies = Channel.CreateBounded<RelayReply>(new BoundedChannelOptions(64) { FullMode = BoundedChannelFullMode.DropOldest });

        // When this server stops, the relay gets no end: it keeps the encoder, and forwards it to the next owner.
        // The publication may end at any time, also after this call, so that its source is not disposed.
        var publicationEnded = new CancellationTokenSource();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping,
            publicationEnded.Token);
        RelayEnd? end = null;
        var (publisher, decision) = await OpenAsync(requestStream, reason =>
        {
            if (Interlocked.CompareExchange(ref end, reason, null) is null)
            {
                _ = publicationEnded.CancelAsync();
            }
        }, context);
        if (publisher is null)
        {
            await responseStream.WriteAsync(new RelayReply { Rejected = ToMessage(decision) }, context.CancellationToken);
            return;
        }

        var session = ((PublishDecision.Granted)decision).Grant.Session;
        using var follower = followers.Add(session.Id, PeerIdentity.Of(context), hasEncoder: true, PeerContact.IsResponding(context));
        ClusterLog.PublisherRelayed(logger, session.Channel, session.Id, context.Peer);
        replies.Writer.TryWrite(new RelayReply
        {
            Accepted = new Accepted { Session = ByteString.CopyFrom(TimelineJson.Serialize(new TimelineEvent.Started(session))) },
        });
        var sending = SendAsync(replies.Reader, responseStream, context.CancellationToken);
        var close = RelayLost;
        try
        {
            close = await ReceiveAsync(requestStream, publisher, replies.Writer, ended.Token);
        }
        catch (RelayEndedException exception)
        {
            Interlocked.CompareExchange(ref end, exception.End, null);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or OperationCanceledException or RpcException
            or InvalidOperationException)
        {
            // The owner ended the publication, or the relay is lost.
        }
        catch
        {
            await publisher.EndAsync(RelayLost);
            throw;
        }

        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            close = ServerStops;
        }
        else if (end is { } decided && !context.CancellationToken.IsCancellationRequested)
        {
            close = decided.Reason;
            replies.Writer.TryWrite(decided.IsMoved ? new RelayReply { Moved = new Moved() }
                : new RelayReply { End = new End { Reason = decided.Reason, Status = decided.Status ?? "" } });
        }

        // A relay that does not read must not keep the publication from its end.
        replies.Writer.TryComplete();
        await publisher.EndAsync(close);
        await sending;
    }

    private async ValueTask<(IRelayedPublisher? Publisher, PublishDecision Decision)> OpenAsync(IAsyncStreamReader<RelayMessage> messages,
        Action<RelayEnd> onEnded, ServerCallContext context)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        timeout.CancelAfter(OpenTimeout);
        if (!await messages.MoveNext(timeout.Token)
            || messages.Current.Open is not { StreamKey.Length: <= PublishConnectInfo.MaxText } open)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "The first message must open the publication."));
        }

        var request = new PublishRequest(open.StreamKey, IPEndPoint.TryParse(open.Remote, out var remote) ? remote : null,
            Limit(open.Encoder))
        {
            Target = new PublishConnectInfo(Limit(open.Application), Limit(open.TcUrl), Limit(open.SwfUrl), Limit(open.PageUrl),
                Limit(open.Query), open.IsEncrypted),
        };
        return await publishers.OpenAsync(request, onEnded, timeout.Token);
    }

    private static async Task<string> ReceiveAsync(IAsyncStreamReader<RelayMessage> messages, IRelayedPublisher publisher,
        ChannelWriter<RelayReply> replies, CancellationToken cancellationToken)
    {
        var processed = 0UL;
        while (await messages.MoveNext(cancellationToken))
        {
            switch (messages.Current)
            {
                case { ContentCase: RelayMessage.ContentOneofCase.Batch, Batch: var batch }:
                    foreach (var message in batch.Messages)
                    {
                        if (message.Type > byte.MaxValue)
                        {
                            throw new InvalidDataException("A message has no RTMP message type.");
                        }

                        var ended = publisher.Process(
                            new RelayedMessage((byte)message.Type, message.Timestamp, message.Payload.Memory, RelayedContent.Media, 0),
                            TimeSpan.FromMilliseconds(message.Age));
                        if (ended is not null)
                        {
                            // The relay sends the other messages to the next owner.
                            replies.TryWrite(new RelayReply { Acknowledgement = new Acknowledgement { Messages = processed } });
                            throw new RelayEndedException(ended);
                        }

                        processed++;
                    }

                    replies.TryWrite(new RelayReply { Acknowledgement = new Acknowledgement { Messages = processed } });
                    break;
                case { ContentCase: RelayMessage.ContentOneofCase.Close, Close: var close }:
                    return Limit(close.Reason);
            }
        }

        return RelayLost;
    }

    private static async Task SendAsync(ChannelReader<RelayReply> replies, IServerStreamWriter<RelayReply> stream,
        CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var reply in replies.ReadAllAsync(cancellationToken))
            {
                await stream.WriteAsync(reply, cancellationToken);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The relay is lost.
        }
    }

    private static Rejected ToMessage(PublishDecision decision) => decision switch
    {
        PublishDecision.Rejected rejected => new() { Reason = rejected.Reason.ToString(), Message = rejected.Message },
        PublishDecision.OnAirElsewhere elsewhere =>
            new() { Reason = elsewhere.Otherwise.Reason.ToString(), Message = elsewhere.Otherwise.Message },
        _ => new() { Reason = nameof(PublishRejectionReason.ShuttingDown), Message = ServerStops },
    };

    private static string Limit(string text) => text.Length <= PublishConnectInfo.MaxText ? text : "";

    private sealed class RelayEndedException(RelayEnd end) : Exception(end.Reason)
    {
        public RelayEnd End => end;
    }
}
