using System.IO.Pipelines;

namespace Broadcast.Media.Connections;

/// <summary>Extensions of the input of connections.</summary>
public static class PipeReaderExtensions
{
    /// <summary>Reads the first byte of a connection without consuming it, to detect the protocol.</summary>
    /// <param name="input">Input of the connection, from which nothing has been read.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns><see langword="null"/> when the connection ends before, or the wait is canceled.</returns>
    public static async Task<byte?> PeekAsync(this PipeReader input, CancellationToken cancellationToken)
    {
        try
        {
            var read = await input.ReadAsync(cancellationToken);
            byte? first = read.Buffer.IsEmpty ? null : read.Buffer.FirstSpan[0];
            input.AdvanceTo(read.Buffer.Start);
            return read.IsCanceled ? null : first;
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            return null;
        }
    }
}
