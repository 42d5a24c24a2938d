using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Mirrors;
using Broadcast.Cluster.Protocol;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.Timeline;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster.Handovers;

/// <summary>Hands sessions of this server over to other servers.</summary>
internal sealed class SessionHandoverClient(PeerConnections peers, ISessionFeeds feeds, IMirroredSessions sessions, SessionMirrors mirrors,
    SessionFollowers followers, TimeProvider time, ILogger<SessionHandoverClient> logger) : ISessionHandover
{
    /// <summary>Maximum time for a copy of the live window.</summary>
    private static readonly TimeSpan PrepareTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Maximum time to take a session over; encoders are kept for longer.</summary>
    private static readonly TimeSpan TakeTimeout = TimeSpan.FromSeconds(8);

    /// <inheritdoc/>
    public IReadOnlyList<Guid> FindFollowers(SessionId session) => followers.Of(session);

    /// <inheritdoc/>
    public async Task<bool> PrepareAsync(ClusterServer server, ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        try
        {
            using var limit = new CancellationTokenSource(PrepareTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            var client = await peers.HandoversOfAsync(server, either.Token);
            var reply = await client.PrepareAsync(new PrepareRequest { Channel = channel.Value, Session = session.Value },
                cancellationToken: either.Token);
            if (!reply.IsReady)
            {
                ClusterLog.HandoverRefused(logger, channel, session, server.Name, reply.Reason);
            }

            return reply.IsReady;
        }
        catch (Exception error) when (error is RpcException or IOException or OperationCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            ClusterLog.HandoverRefused(logger, channel, session, server.Name, ClusterLog.ReasonOf(error));
            return false;
        }
    }

    /// <inheritdoc/>
    public async Task<bool> OfferAsync(ClusterServer server, ChannelName channel, SessionId session, long epoch,
        CancellationToken cancellationToken)
    {
        if (feeds.Follow(channel, session) is not { } feed)
        {
            return false;
        }

        using (feed)
        {
            try
            {
                using var limit = new CancellationTokenSource(TakeTimeout, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
                var client = await peers.HandoversOfAsync(server, either.Token);
                var reply = await client.TakeAsync(
                    new TakeRequest
                    {
                        Channel = channel.Value,
                        Session = session.Value,
                        Epoch = epoch,
                        Checkpoint = UnsafeByteOperations.UnsafeWrap(JournalFile.Lines(feed.Snapshot.Checkpoint)),
                        Projection = UnsafeByteOperations.UnsafeWrap(feed.Snapshot.Projection),
                    },
                    cancellationToken: either.Token);
                if (!reply.IsTaken)
                {
                    ClusterLog.HandoverRefused(logger, channel, session, server.Name, reply.Reason);
                }

                return reply.IsTaken;
            }
            catch (Exception error) when (error is RpcException or OperationCanceledException)
            {
                throw new IOException(ClusterLog.ReasonOf(error), error);
            }
        }
    }

    /// <inheritdoc/>
    public void Follow(ChannelName channel, RemoteChannel remote)
    {
        try
        {
            sessions.Demote(channel, remote.Session);
        }
        catch (Exception error) when (error is InvalidDataException or InvalidTimelineEventException)
        {
            // Viewers then wait for the first snapshot of the new owner.
            ClusterLog.HandoverMalformed(logger, channel, remote.Session, error.Message);
        }

        mirrors.Start(channel, remote)?.Touch();
    }
}
