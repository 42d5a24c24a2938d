using System.Buffers;
using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Storage;

namespace Broadcast.Origin.Vod;

/// <summary>
/// Reads the sample metadata of segments without their media: small objects whole, larger ones a piece per chunk. These reads do not evict
/// cached media of live viewers.
/// </summary>
internal sealed class SegmentMetadataReader(ISpool spool)
{
    /// <summary>Maximum size of an object that is read whole, because one read then costs less than several.</summary>
    private const int MaxWholeRead = 64 * 1024;

    /// <summary>Bytes read at the start of a chunk: a part has some hundred bytes of metadata before its samples.</summary>
    private const int PieceLength = 4 * 1024;

    /// <summary>
    /// Reads the metadata of a segment's chunks, up to a truncated or damaged chunk or the sample limit; empty when the object does not
    /// exist.
    /// </summary>
    /// <param name="name">Name of the object.</param>
    /// <param name="length">Announced size, in bytes.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public async Task<IReadOnlyList<FragmentMetadata>> ReadAsync(ObjectName name, long length, CancellationToken cancellationToken)
    {
        var fragments = new List<FragmentMetadata>();
        var piece = length <= MaxWholeRead ? (int)length : PieceLength;
        var buffer = ArrayPool<byte>.Shared.Rent(piece);
        try
        {
            // The buffer holds `count` bytes of the segment from `start` on.
            var (position, start, count, samples) = (0L, 0L, 0, 0);
            while (position < length)
            {
                var (here, needed) = ((int)Math.Max(0, start + count - position), 0);
                if (here > 0 && FragmentMetadata.TryRead(buffer.AsSpan((int)(position - start), here), position, out var fragment,
                    out needed))
                {
                    samples += fragment.Samples.Count;
                    if (fragment.End > length || samples > FragmentReader.MaxSamples)
                    {
                        break;      // not written by this server
                    }

                    fragments.Add(fragment);
                    position = fragment.End;
                    continue;
                }

                if (position + here == length)
                {
                    break;      // end of the object within a chunk
                }

                (start, count) = (position, (int)Math.Min(Math.Max(needed, piece), length - position));
                buffer = Grow(buffer, count);
                if (!await TryFillAsync(name, start, buffer.AsMemory(0, count), cancellationToken))
                {
                    break;
                }
            }
        }
        catch (InvalidBmffException)
        {
            // The chunks up to here are valid.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return fragments;
    }

    /// <summary>Reads an init segment; <see langword="null"/> when the object does not exist or is invalid.</summary>
    /// <param name="name">Name of the object.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
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

        await new SpoolContentReader(content).ReadAsync(target, cancellationToken);
        return true;
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        if (buffer.Length >= length)
        {
            return buffer;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return ArrayPool<byte>.Shared.Rent(length);
    }
}
