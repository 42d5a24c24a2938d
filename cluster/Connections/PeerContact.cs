using System.Net.Sockets;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;

namespace Broadcast.Cluster.Connections;

/// <summary>Contact with a server that calls a service of the internal listener.</summary>
internal static class PeerContact
{
    // linux/tcp.h: IPPROTO_TCP, TCP_INFO and tcp_info.tcpi_last_ack_recv, in milliseconds.
    private const int Tcp = 6;
    private const int Info = 11;
    private const int LastAcknowledgement = 56;

    /// <summary>
    /// Gets the time since the calling server acknowledged anything on its connection. Without TCP information, as on other systems than
    /// Linux, a connected server counts as heard.
    /// </summary>
    public static Func<TimeSpan> SinceHeard(ServerCallContext context) =>
        context.GetHttpContext().Features.Get<IConnectionSocketFeature>()?.Socket is { } socket ? () => SinceHeard(socket)
            : () => TimeSpan.Zero;

    /// <summary>Time since the peer of a connection acknowledged anything; <see cref="TimeSpan.MaxValue"/> after its end.</summary>
    public static TimeSpan SinceHeard(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
        {
            return TimeSpan.Zero;
        }

        Span<byte> info = stackalloc byte[LastAcknowledgement + sizeof(uint)];
        try
        {
            return socket.GetRawSocketOption(Tcp, Info, info) < info.Length ? TimeSpan.Zero
                : TimeSpan.FromMilliseconds(BitConverter.ToUInt32(info[LastAcknowledgement..]));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return TimeSpan.MaxValue;
        }
    }
}
