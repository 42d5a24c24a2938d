using Broadcast.Cluster.Connections;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ClusterToOrigin;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Cluster.Mirrors;

/// <summary>Services that all mirrors share.</summary>
internal sealed class MirrorServices(IServerDirectory directory, PeerConnections peers, IMirroredSessions sessions,
    IOptions<ClusterOptions> options, TimeProvider time, ILogger<SessionMirror> logger)
{
    /// <summary>Servers and sessions of the cluster.</summary>
    public IServerDirectory Directory => directory;

    /// <summary>Connections to other servers.</summary>
    public PeerConnections Peers => peers;

    /// <summary>Destination of snapshots and batches.</summary>
    public IMirroredSessions Sessions => sessions;

    /// <summary>Media in memory.</summary>
    public MirroredMedia Media { get; } = new(options.Value.MirrorMemory);

    /// <summary>The options.</summary>
    public ClusterOptions Options => options.Value;

    /// <summary>The clock.</summary>
    public TimeProvider Time => time;

    /// <summary>The logger.</summary>
    public ILogger Logger => logger;
}
