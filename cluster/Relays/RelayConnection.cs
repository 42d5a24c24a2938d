using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Protocol;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.Timeline;
using Google.Protobuf;
using Grpc.Core;

namespace Broadcast.Cluster.Relays;

/// <summary>A connection to another server that owns a session.</summary>
internal sealed class RelayConnection : IOwnerConnection
{
    private readonly AsyncDuplexStreamingCall<RelayMessage, RelayReply> _call;
    private readonly CancellationTokenSource _cancellation;

    private RelayConnection(AsyncDuplexStreamingCall<RelayMessage, RelayReply> call, CancellationTokenSource cancellation,
        BroadcastSession? session, PublishDecision.Rejected? rejection) =>
        (_call, _cancellation, Session, Rejection) = (call, cancellation, session, rejection);

    /// <inheritdoc/>
    public BroadcastSession? Session { get; }

    /// <inheritdoc/>
    public PublishDecision.Rejected? Rejection { get; }

    /// <summary>Connects to the owner and asks it to admit the publisher.</summary>
    /// <exception cref="RpcException">The owner cannot be reached.</exception>
    public static async Task<IOwnerConnection> OpenAsync(PeerConnections peers, ClusterServer owner, PublishRequest request,
        CancellationToken cancellationToken)
    {
        var client = await peers.RelaysOfAsync(owner, cancellationToken);
        var cancellation = new CancellationTokenSource();
        var call = client.Publish(cancellationToken: cancellation.Token);
        await using var cancel = cancellationToken.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).Cancel(), cancellation);
        try
        {
            await call.RequestStream.WriteAsync(new RelayMessage { Open = ToMessage(request) }, cancellationToken);
            if (!await call.ResponseStream.MoveNext(cancellationToken))
            {
                throw new InvalidDataException("The owner of the session sent no decision.");
            }

            var reply = call.ResponseStream.Current;
            return reply.ContentCase switch
            {
                RelayReply.ContentOneofCase.Accepted
                    when TimelineJson.Parse(reply.Accepted.Session.Span) is TimelineEvent.Started started =>
                    new RelayConnection(call, cancellation, started.Session, null),
                RelayReply.ContentOneofCase.Rejected => new RelayConnection(call, cancellation, null, new(
                    Enum.TryParse<PublishRejectionReason>(reply.Rejected.Reason, out var reason) ? reason
                        : PublishRejectionReason.AuthorityUnavailable, reply.Rejected.Message)),
                _ => throw new InvalidDataException("The owner of the session sent no decision."),
            };
        }
        catch
        {
            // A callback that came later would fail on the timer's thread, which ends the process.
            await cancel.DisposeAsync();
            await cancellation.CancelAsync();
            call.Dispose();
            cancellation.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Task SendAsync(IReadOnlyList<(RelayedMessage Message, TimeSpan Age)> messages, CancellationToken cancellationToken)
    {
        var batch = new MessageBatch();
        foreach (var (message, age) in messages)
        {
            batch.Messages.Add(new PublisherMessage
            {
                Type = message.Type, Timestamp = message.Timestamp, Payload = UnsafeByteOperations.UnsafeWrap(message.Payload),
                Age = (uint)Math.Clamp(age.TotalMilliseconds, 0, uint.MaxValue),
            });
        }

        return _call.RequestStream.WriteAsync(new RelayMessage { Batch = batch }, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<OwnerReply?> ReadAsync(CancellationToken cancellationToken)
    {
        while (await _call.ResponseStream.MoveNext(cancellationToken))
        {
            switch (_call.ResponseStream.Current)
            {
                case { ContentCase: RelayReply.ContentOneofCase.Acknowledgement, Acknowledgement: var acknowledgement }:
                    return new OwnerReply(acknowledgement.Messages, null);
                case { ContentCase: RelayReply.ContentOneofCase.End, End: var end }:
                    return new OwnerReply(0, new RelayEnd(end.Reason, end.Status.Length > 0 ? end.Status : null));
                case { ContentCase: RelayReply.ContentOneofCase.Moved }:
                    return new OwnerReply(0, RelayedPublication.Moved);
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async Task CloseAsync(string reason, CancellationToken cancellationToken)
    {
        await _call.RequestStream.WriteAsync(new RelayMessage { Close = new Close { Reason = reason } }, cancellationToken);
        await _call.RequestStream.CompleteAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _cancellation.CancelAsync();
        _call.Dispose();
        _cancellation.Dispose();
    }

    private static Open ToMessage(PublishRequest request) => new()
    {
        StreamKey = request.StreamKey, Remote = request.Remote?.ToString() ?? "", Encoder = request.Encoder,
        Application = request.Target.Application, TcUrl = request.Target.TcUrl, SwfUrl = request.Target.SwfUrl,
        PageUrl = request.Target.PageUrl, Query = request.Target.Query, IsEncrypted = request.Target.IsEncrypted,
    };
}
