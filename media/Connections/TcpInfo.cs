using System.Buffers.Binary;
using System.Net.Sockets;

namespace Broadcast.Media.Connections;

/// <summary>State of a TCP connection in the kernel (Linux, <c>TCP_INFO</c> in <c>linux/tcp.h</c>).</summary>
/// <param name="Retransmits">Consecutive retransmissions of the same bytes; 0 when the peer acknowledges what it is sent.</param>
/// <param name="BytesAcknowledged">Bytes that the peer's kernel has acknowledged since the connection began, with TLS records.</param>
/// <param name="BytesNotSent">Bytes in the send buffer that were never sent, because the peer's window is full or the link is slow.</param>
public readonly record struct TcpInfo(int Retransmits, long BytesAcknowledged, int BytesNotSent)
{
    // IPPROTO_TCP and TCP_INFO; offsets in tcp_info.
    private const int Tcp = 6;
    private const int Info = 11;
    private const int RetransmitsOffset = 2;
    private const int AcknowledgedOffset = 120;
    private const int NotSentOffset = 144;
    private const int Length = 148;

    /// <summary>Reads the state of a connection.</summary>
    /// <returns><see langword="null"/> on other systems and for a closed socket.</returns>
    public static TcpInfo? Read(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        Span<byte> info = stackalloc byte[Length];
        try
        {
            return socket.GetRawSocketOption(Tcp, Info, info) < Length ? null : new(info[RetransmitsOffset],
                (long)BinaryPrimitives.ReadUInt64LittleEndian(info[AcknowledgedOffset..]),
                (int)BinaryPrimitives.ReadUInt32LittleEndian(info[NotSentOffset..]));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
