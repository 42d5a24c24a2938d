using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;

namespace Broadcast.Publisher;

/// <summary>Sends scattered buffers without copying where possible.</summary>
internal static class GatheringWrite
{
    /// <summary>Sends all buffers in one write.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="stream">The same connection as a stream; an <see cref="SslStream"/> when encrypted.</param>
    /// <param name="segments">The buffers; not retained.</param>
    /// <param name="cancellationToken">Cancels an encrypted write.</param>
    /// <exception cref="SocketException">The connection failed.</exception>
    /// <exception cref="IOException">The connection failed, when encrypted.</exception>
    public static async ValueTask WriteAsync(Socket socket, Stream stream,
        List<ArraySegment<byte>> segments, CancellationToken cancellationToken)
    {
        if (stream is not SslStream)
        {
            // On every system this sends all of it, or fails.
            await socket.SendAsync(segments, SocketFlags.None);
            return;
        }

        // Join the buffers for TLS: otherwise each header would become its own record.
        var length = segments.Sum(s => s.Count);
        var joined = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var position = 0;
            foreach (var segment in segments)
            {
                segment.AsSpan().CopyTo(joined.AsSpan(position));
                position += segment.Count;
            }

            await stream.WriteAsync(joined.AsMemory(0, length), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
        }
    }
}
