using Broadcast.Cluster.Connections;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.Timeline;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster.Relays;

/// <summary>Forwards publishers of this server to the owners of their sessions.</summary>
internal sealed class PublisherRelay(IServerDirectory directory, PeerConnections peers, TimeProvider time, ILogger<PublisherRelay> logger)
    : IPublisherRelay
{
    /// <inheritdoc/>
    public async ValueTask<RelayDecision?> OpenAsync(RemoteChannel target, ChannelName channel, PublishRequest request,
        Action<RelayEnd> onEnded, CancellationToken cancellationToken)
    {
        if (target.Owner.Address is null)
        {
            return null;
        }

        try
        {
            var connection = await RelayConnection.OpenAsync(peers, target.Owner, request, cancellationToken);
            if (connection.Rejection is { } rejection)
            {
                await connection.DisposeAsync();
                return new RelayDecision.Rejected(rejection);
            }

            ClusterLog.RelayStarted(logger, channel, connection.Session!.Id, target.Owner.Name, target.Owner.Address);
            return new RelayDecision.Accepted(new RelayedPublication(connection, target.Owner, channel, request, onEnded, directory, peers,
                time, logger));
        }
        catch (Exception error) when (error is RpcException or IOException or InvalidDataException or InvalidTimelineEventException
            && !cancellationToken.IsCancellationRequested)
        {
            ClusterLog.RelayUnavailable(logger, channel, target.Owner.Name, error.Message);
            return null;
        }
    }
}
