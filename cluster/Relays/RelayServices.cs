using Broadcast.Cluster.Connections;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ClusterToIngest;
using Broadcast.Media.ClusterToOrigin;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster.Relays;

/// <summary>Services that all relayed publications share.</summary>
internal sealed class RelayServices(IServerDirectory directory, PeerConnections peers, IRelayedPublishers publishers,
    IMirroredSessions mirrored, RelayedSessions sessions, TimeProvider time, ILogger<PublisherRelay> logger)
{
    /// <summary>Servers and sessions of the cluster.</summary>
    public IServerDirectory Directory => directory;

    /// <summary>Connections to other servers.</summary>
    public PeerConnections Peers => peers;

    /// <summary>Publishers of sessions that this server owns.</summary>
    public IRelayedPublishers Publishers => publishers;

    /// <summary>Sessions that this server serves.</summary>
    public IMirroredSessions Mirrored => mirrored;

    /// <summary>All relayed publications.</summary>
    public RelayedSessions Sessions => sessions;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>The logger.</summary>
    public ILogger Logger => logger;
}
