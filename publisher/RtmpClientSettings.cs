using System.Net.Sockets;

namespace Broadcast.Publisher;

/// <summary>Settings of an RTMP client.</summary>
public sealed record RtmpClientSettings
{
    /// <summary>
    /// Maximum payload of a chunk, 128 to 16,777,215. The default needs few headers, and no server is known to reject it.
    /// </summary>
    public int ChunkSize { get; init; } = RtmpPublisher.DefaultChunkSize;

    /// <summary>Name of this client in <c>flashVer</c>.</summary>
    public string Agent { get; init; } = "FMLE/3.0 (compatible; Broadcast)";

    /// <summary>Maximum time of each step before media: connection, TLS, handshake, and each reply. Unlimited by default.</summary>
    public TimeSpan StepTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Clock of <see cref="StepTimeout"/>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Connects to a host and port; without restrictions by default.</summary>
    public Func<string, int, CancellationToken, ValueTask<Socket>> Connect { get; init; } = ConnectAsync;

    private static async ValueTask<Socket> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
