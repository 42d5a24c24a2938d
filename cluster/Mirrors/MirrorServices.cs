using Broadcast.Cluster.Connections;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ClusterToOrigin;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Cluster.Mirrors;

/// <summary>Services that all mirrors share.</summary>
internal sealed class MirrorServices
{
    private readonly IOptions<ClusterOptions> _options;

    /// <summary>Creates the services.</summary>
    public MirrorServices(IServerDirectory directory, PeerConnections peers, IMirroredSessions sessions, IOptions<ClusterOptions> options,
        TimeProvider time, ILogger<SessionMirror> logger)
    {
        (Directory, Peers, Sessions, _options, Time, Logger) = (directory, peers, sessions, options, time, logger);
        Media = new MirroredMedia(options.Value.MirrorMemory);
        PeerMedia = new PeerMedia(this);
    }

    /// <summary>Servers and sessions of the cluster.</summary>
    public IServerDirectory Directory { get; }

    /// <summary>Connections to other servers.</summary>
    public PeerConnections Peers { get; }

    /// <summary>Destination of snapshots and batches.</summary>
    public IMirroredSessions Sessions { get; }

    /// <summary>Media in memory.</summary>
    public MirroredMedia Media { get; }

    /// <summary>Reads media from owners.</summary>
    public PeerMedia PeerMedia { get; }

    /// <summary>The options.</summary>
    public ClusterOptions Options => _options.Value;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>The logger.</summary>
    public ILogger Logger { get; }
}
