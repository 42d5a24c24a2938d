using System.Buffers;
using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Handovers;
using Broadcast.Cluster.Protocol;
using Broadcast.Media;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster.Feeds;

/// <summary>
/// Feeds of the sessions that this server owns, for servers that mirror them. The bytes of a part travel with its announcement, so that a
/// mirror can serve what it announces.
/// </summary>
internal sealed class FeedService(ISessionFeeds feeds, [FromKeyedServices(FeedService.OwnSpool)] ISpool spool, TimeProvider time,
    IHostApplicationLifetime lifetime, ILogger<FeedService> logger, SessionFollowers followers) : Sessions.SessionsBase
{
    /// <summary>
    /// Key of the spool without mirrored media. Otherwise two servers that take each other for the owner would ask each other in circles.
    /// </summary>
    public const string OwnSpool = "own";

    /// <summary>Time without batches after which a heartbeat is sent.</summary>
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Maximum size of an object that travels with its announcement; larger ones are read on request.</summary>
    public const int MaxMedia = 16 << 20;

    private const int PieceLength = 64 << 10;

    /// <inheritdoc/>
    public override async Task Follow(FollowRequest request, IServerStreamWriter<FeedMessage> responseStream, ServerCallContext context)
    {
        if (!ChannelName.TryParse(request.Channel, out var channel) || !SessionId.TryParse(request.Session, out var session))
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "The channel or the session is malformed."));
        }

        using var feed = feeds.Follow(channel, session)
            ?? throw new RpcException(new Status(StatusCode.NotFound, "This server does not own the session."));
        using var follower = followers.Add(session, PeerIdentity.Of(context), hasEncoder: false, PeerContact.IsResponding(context));
        ClusterLog.FollowerConnected(logger, channel, session, context.Peer);

        // A follower that is stopped leaves a write waiting; the queue then overflows, which cancels the write.
        var stopping = lifetime.ApplicationStopping;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, feed.CutOff, stopping);
        try
        {
            await SendAsync(feed, responseStream, ended.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "The server is stopping."));
        }
        catch (OperationCanceledException) when (feed.CutOff.IsCancellationRequested)
        {
            ClusterLog.FollowerTooSlow(logger, channel, session, context.Peer);
            throw new RpcException(new Status(StatusCode.ResourceExhausted, "The follower reads too slowly."));
        }
    }

    /// <inheritdoc/>
    public override async Task Read(ReadRequest request, IServerStreamWriter<ReadReply> responseStream, ServerCallContext context)
    {
        if (!ObjectName.TryParse(request.Object, out var name) || request.Offset < 0 || request.Length < 0)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "The object or its range is malformed."));
        }

        try
        {
            await using var content = await spool.ReadAsync(name, request.Offset, request.Length == 0 ? null : request.Length,
                ReadPurpose.Media, context.CancellationToken)
                ?? throw new RpcException(new Status(StatusCode.NotFound, "This server does not have the object."));
            await SendAsync(content, responseStream, context.CancellationToken);
        }
        catch (Exception error) when (error is IOException or ObjectStoreException)
        {
            ClusterLog.ReadFailed(logger, error, name);
            throw new RpcException(new Status(StatusCode.Unavailable, "The object cannot be read."));
        }
    }

    private static async Task SendAsync(SpoolContent content, IServerStreamWriter<ReadReply> replies, CancellationToken cancellationToken)
    {
        var reply = new ReadReply { TotalLength = content.TotalLength, Length = content.Length };
        var buffer = new byte[Math.Min(PieceLength, Math.Max(1, content.Length))];
        var reader = new SpoolContentReader(content);
        var left = content.Length;
        do
        {
            var length = (int)Math.Min(left, buffer.Length);
            await reader.ReadAsync(buffer.AsMemory(0, length), cancellationToken);
            reply.Data = ByteString.CopyFrom(buffer, 0, length);
            await replies.WriteAsync(reply, cancellationToken);
            reply = new ReadReply();
            left -= length;
        }
        while (left > 0);
    }

    private async Task SendAsync(ISessionFeed feed, IServerStreamWriter<FeedMessage> messages, CancellationToken cancellationToken)
    {
        await messages.WriteAsync(
            new FeedMessage
            {
                Snapshot = new Snapshot
                {
                    Checkpoint = UnsafeByteOperations.UnsafeWrap(JournalFile.Lines(feed.Snapshot.Checkpoint)),
                    Projection = UnsafeByteOperations.UnsafeWrap(feed.Snapshot.Projection),
                },
            },
            cancellationToken);
        var hasMore = feed.Batches.WaitToReadAsync(cancellationToken).AsTask();
        while (true)
        {
            try
            {
                if (!await hasMore.WaitAsync(HeartbeatInterval, time, cancellationToken))
                {
                    return;
                }
            }
            catch (TimeoutException)
            {
                await messages.WriteAsync(new FeedMessage { Heartbeat = new Heartbeat() }, cancellationToken);
                continue;
            }

            while (feed.Batches.TryRead(out var batch))
            {
                await messages.WriteAsync(new FeedMessage { Batch = await ToMessageAsync(batch, cancellationToken) }, cancellationToken);
            }

            hasMore = feed.Batches.WaitToReadAsync(cancellationToken).AsTask();
        }
    }

    private async ValueTask<Batch> ToMessageAsync(FeedBatch batch, CancellationToken cancellationToken)
    {
        var message = new Batch
        {
            At = batch.At.UtcTicks,
            Events = UnsafeByteOperations.UnsafeWrap(JournalFile.Lines(batch.Events)),
            Visibility = batch.Visibility is { } visibility
                ? new Visibility { From = visibility.From.UtcTicks, Segment = visibility.Segment ?? 0 } : null,
        };
        foreach (var @event in batch.Events)
        {
            if (AnnouncedObject.Of(@event) is { Length: > 0 and <= MaxMedia } range
                && await TryReadAsync(range, cancellationToken) is { } data)
            {
                message.Media.Add(new Protocol.Media
                {
                    Object = range.Object.Value, Offset = range.Offset, Data = UnsafeByteOperations.UnsafeWrap(data),
                });
            }
        }

        return message;
    }

    /// <returns><see langword="null"/> when the bytes cannot be read now; the follower requests them later.</returns>
    private async ValueTask<byte[]?> TryReadAsync(AnnouncedObject range, CancellationToken cancellationToken)
    {
        try
        {
            await using var content = await spool.ReadAsync(range.Object, range.Offset, range.Length, cancellationToken);
            if (content is null || content.Length != range.Length)
            {
                return null;
            }

            var data = new byte[range.Length];
            await new SpoolContentReader(content).ReadAsync(data, cancellationToken);
            return data;
        }
        catch (Exception error) when (error is IOException or ObjectStoreException)
        {
            ClusterLog.ReadFailed(logger, error, range.Object);
            return null;
        }
    }
}
