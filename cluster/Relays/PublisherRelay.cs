using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.Timeline;
using Grpc.Core;

namespace Broadcast.Cluster.Relays;

/// <summary>Forwards publishers of this server to the owners of their sessions.</summary>
internal sealed class PublisherRelay(RelayServices services) : IPublisherRelay
{
    private const int MaxLogged = 10_000;
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<ChannelName, long> _logged = new();

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
            var connection = await RelayConnection.OpenAsync(services.Peers, target.Owner, request, cancellationToken);
            if (connection.Rejection is { } rejection)
            {
                await connection.DisposeAsync();
                return new RelayDecision.Rejected(rejection);
            }

            ClusterLog.RelayStarted(services.Logger, channel, connection.Session!.Id, target.Owner.Name, target.Owner.Address);
            return new RelayDecision.Accepted(new RelayedPublication(connection, target.Owner, channel, request, onEnded, services));
        }
        catch (RpcException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception error) when (error is RpcException or IOException or InvalidDataException or InvalidTimelineEventException
            && !cancellationToken.IsCancellationRequested)
        {
            if (ShouldLog(channel))
            {
                ClusterLog.RelayUnavailable(services.Logger, channel, target.Owner.Name, ClusterLog.ReasonOf(error));
            }

            // Waiting does not help. The encoder may be able to reach the other server itself.
            return ClusterLog.IsPermanent(error) ? new RelayDecision.Rejected(new PublishDecision.Rejected(
                PublishRejectionReason.ChannelBusy,
                $"Channel {channel} is on air at server '{target.Owner.Name}', which takes no encoders from this server: "
                + $"{ClusterLog.ReasonOf(error)}. Publish to that server.")) : null;
        }
    }

    /// <inheritdoc/>
    public IRelayedPublication Continue(BroadcastSession session, PublishRequest request, Action<RelayEnd> onEnded) =>
        new RelayedPublication(session, request, onEnded, services);

    /// <summary>Returns whether an unavailable owner should be logged: once in a while for each channel, because encoders retry.</summary>
    private bool ShouldLog(ChannelName channel)
    {
        if (_logged.Count >= MaxLogged)
        {
            _logged.Clear();
        }

        var now = services.Time.GetTimestamp();
        if (_logged.TryGetValue(channel, out var before) && services.Time.GetElapsedTime(before, now) < LogInterval)
        {
            return false;
        }

        _logged[channel] = now;
        return true;
    }
}
