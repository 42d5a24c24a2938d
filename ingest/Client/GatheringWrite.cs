using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;

namespace Broadcast.Ingest.Client;

/// <summary>Sends bytes that lie in pieces without copying them, where that is possible.</summary>
internal static class GatheringWrite
{
    /// <summary>Sends all pieces in one write.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="stream">The same as a stream: an <see cref="SslStream"/> where it is encrypted.</param>
    /// <param name="segments">The pieces; not kept.</param>
    /// <param name="cancellationToken">Gives up waiting, where it is encrypted.</param>
    /// <exception cref="SocketException">The connection broke.</exception>
    /// <exception cref="IOException">The connection broke, where it is encrypted.</exception>
    public static async ValueTask WriteAsync(Socket socket, Stream stream, List<ArraySegment<byte>> segments, CancellationToken cancellationToken)
    {
        if (stream is not SslStream)
        {
            // On every system this sends all of it, or fails.
            await socket.SendAsync(segments, SocketFlags.None);
            return;
        }

        // TLS needs the bytes together, or there is a record for each header.
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
