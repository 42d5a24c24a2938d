using System.Net.Sockets;
using Broadcast.Media.Connections;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;

namespace Broadcast.Cluster.Connections;

/// <summary>Contact with a server that calls a service of the internal listener.</summary>
internal static class PeerContact
{
    /// <summary>
    /// Number of consecutive retransmissions of the same bytes after which the peer counts as silent. On a fast network, this takes about
    /// 1.5 s.
    /// </summary>
    private const int MaxRetransmits = 3;

    /// <summary>
    /// Gets a function that tells whether the calling server acknowledges what it is sent. What it sends itself does not count: packets may
    /// be lost in one direction. Without TCP information, as on other systems than Linux, a connected server counts as responding.
    /// </summary>
    public static Func<bool> IsResponding(ServerCallContext context) =>
        context.GetHttpContext().Features.Get<IConnectionSocketFeature>()?.Socket is { } socket ? () => IsResponding(socket) : () => true;

    /// <summary>Returns whether the peer of a connection acknowledges what it is sent.</summary>
    public static bool IsResponding(Socket socket) =>
        !OperatingSystem.IsLinux() || TcpInfo.Read(socket) is { Retransmits: < MaxRetransmits };
}
