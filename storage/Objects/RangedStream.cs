using System.Buffers;

namespace Broadcast.Storage.Objects;

/// <summary>Reads the next range.</summary>
/// <param name="position">Offset in the object.</param>
/// <param name="left">Maximum number of bytes.</param>
/// <param name="cancellationToken">Cancels the read.</param>
internal delegate Task<BufferedRange> ReadNextRange(long position, long left, CancellationToken cancellationToken);

/// <summary>A range of an object in a pooled buffer.</summary>
/// <param name="length">Number of bytes.</param>
/// <param name="totalLength">Size of the object in bytes.</param>
/// <param name="checksum">CRC-32C of the object, if stored.</param>
/// <param name="released">Called when the buffer is released; may be <see langword="null"/>.</param>
internal sealed class BufferedRange(int length, long totalLength, uint? checksum, Action? released)
{
    private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(length);
    private int _position;

    public long TotalLength { get; } = totalLength;

    public uint? Checksum { get; } = checksum;

    /// <summary>Number of bytes that were not copied yet.</summary>
    public int Left => length - _position;

    /// <summary>The buffer, to be filled.</summary>
    public Memory<byte> Memory => _buffer.AsMemory(0, length);

    /// <summary>Copies the next bytes.</summary>
    public int CopyTo(Span<byte> target)
    {
        var count = Math.Min(target.Length, Left);
        _buffer.AsSpan(_position, count).CopyTo(target);
        _position += count;
        return count;
    }

    /// <summary>Returns the buffer to its pool.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            released?.Invoke();
        }
    }
}

/// <summary>Reads an object range by range. It holds a buffer only while the buffer has unread bytes.</summary>
/// <param name="first">The first range.</param>
/// <param name="count">Number of bytes in total.</param>
/// <param name="start">Offset of the first byte in the object.</param>
/// <param name="next">Reads the next range.</param>
/// <param name="disposed">Called once on disposal.</param>
internal sealed class RangedStream(BufferedRange first, long count, long start, ReadNextRange next, Action disposed) : ReadOnlyStream
{
    private BufferedRange? _range = first;
    private Action? _disposed = disposed;
    private long _done;

    public override long Length => count;

    protected override long BytesRead => _done;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_done == count || buffer.Length == 0)
        {
            return 0;
        }

        _range ??= await next(start + _done, count - _done, cancellationToken);
        var read = _range.CopyTo(buffer.Span);
        _done += read;
        if (_range.Left == 0)
        {
            _range.Release();
            _range = null;
        }

        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _range?.Release();
            _range = null;
            Interlocked.Exchange(ref _disposed, null)?.Invoke();
        }

        base.Dispose(disposing);
    }
}
