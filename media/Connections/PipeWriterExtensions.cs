using System.IO.Pipelines;

namespace Broadcast.Media.Connections;

/// <summary>Extensions of response bodies.</summary>
public static class PipeWriterExtensions
{
    /// <summary>
    /// Maximum number of bytes of a response that are written at a time: enough for few system calls, and little memory for thousands of
    /// slow clients.
    /// </summary>
    public const int PieceLength = 64 * 1024;

    /// <summary>
    /// Writes bytes in pieces, at the client's speed. The server copies everything that is written at once into the connection's buffer
    /// before it waits for the client, so a stalled client holds one piece instead of the whole response.
    /// </summary>
    /// <param name="writer">The response body.</param>
    /// <param name="bytes">Bytes to write.</param>
    /// <param name="cancellationToken">Cancels the writing.</param>
    /// <returns>A task that ends when all pieces are written, or when the client reads no more.</returns>
    public static async ValueTask WritePiecesAsync(this PipeWriter writer, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        for (var at = 0; at < bytes.Length; at += PieceLength)
        {
            var flushed = await writer.WriteAsync(bytes.Slice(at, Math.Min(PieceLength, bytes.Length - at)), cancellationToken);
            if (flushed.IsCompleted)
            {
                return;
            }
        }
    }
}
