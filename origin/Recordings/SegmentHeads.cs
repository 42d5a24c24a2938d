using System.Buffers;
using Broadcast.Media;
using Broadcast.Media.Bmff;

namespace Broadcast.Origin.Recordings;

/// <summary>
/// Reads what segments say of their samples, and not the samples: small objects whole, of others a piece at each chunk's begin. Nothing of it pushes out what is kept in memory for viewers.
/// </summary>
internal sealed class SegmentHeads(ISpool spool)
{
    /// <summary>Bytes up to which an object is read whole: one read then costs less than several.</summary>
    private const int Small = 64 * 1024;

    /// <summary>Bytes read where a chunk begins: a part of a second has some hundred bytes before its pictures.</summary>
    private const int Piece = 4 * 1024;

    /// <summary>Reads the heads of a segment's chunks, up to where it is cut off, broken, or has more samples than any segment; none when the object is not there.</summary>
    /// <param name="name">The object.</param>
    /// <param name="length">Its bytes, as announced.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public async Task<IReadOnlyList<FragmentHead>> ReadAsync(ObjectName name, long length, CancellationToken cancellationToken)
    {
        var heads = new List<FragmentHead>();
        var piece = length <= Small ? (int)length : Piece;
        var buffer = ArrayPool<byte>.Shared.Rent(piece);
        try
        {
            // What of the segment is in the buffer: bytes from start on.
            var (position, start, count, samples) = (0L, 0L, 0, 0);
            while (position < length)
            {
                var (here, needed) = ((int)Math.Max(0, start + count - position), 0);
                if (here > 0 && FragmentHead.TryRead(buffer.AsSpan((int)(position - start), here), position, out var head, out needed))
                {
                    samples += head.Samples.Count;
                    if (head.End > length || samples > FragmentReader.MaxSamples)
                    {
                        break;      // none of ours
                    }

                    heads.Add(head);
                    position = head.End;
                    continue;
                }

                if (position + here == length)
                {
                    break;      // all there is, and too little of a chunk
                }

                (start, count) = (position, (int)Math.Min(Math.Max(needed, piece), length - position));
                buffer = Grown(buffer, count);
                if (!await TryFillAsync(name, start, buffer.AsMemory(0, count), cancellationToken))
                {
                    break;
                }
            }
        }
        catch (InvalidBmffException)
        {
            // Up to here it was good.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return heads;
    }

    /// <summary>Reads an init segment, or <see langword="null"/> when it is not there or is none.</summary>
    /// <param name="name">The object.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public async Task<MovieTrackSetup?> ReadSetupAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (await spool.ReadAllAsync(name, InitSegmentReader.MaxLength, cancellationToken) is not { } bytes)
        {
            return null;
        }

        try
        {
            return MovieTrackSetup.Read(bytes);
        }
        catch (InvalidBmffException)
        {
            return null;
        }
    }

    private async ValueTask<bool> TryFillAsync(ObjectName name, long offset, Memory<byte> target, CancellationToken cancellationToken)
    {
        await using var content = await spool.ReadOnceAsync(name, offset, target.Length, cancellationToken);
        if (content is null || content.Length != target.Length)
        {
            return false;
        }

        await new ContentReader(content).ReadAsync(target, cancellationToken);
        return true;
    }

    private static byte[] Grown(byte[] buffer, int length)
    {
        if (buffer.Length >= length)
        {
            return buffer;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return ArrayPool<byte>.Shared.Rent(length);
    }
}
