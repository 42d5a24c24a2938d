using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>Byte ranges, clipped to the end of an object.</summary>
internal static class ByteRanges
{
    /// <summary>Clips a requested range to the object. A range that starts past the end is empty and positioned at the end.</summary>
    public static (long Start, long Count) Clip(long offset, long? length, long total)
    {
        var start = Math.Min(offset, total);
        return (start, Math.Min(length ?? long.MaxValue, total - start));
    }
}

/// <summary>
/// Reads a byte range of a file through its own handle, so that the file may be renamed or deleted meanwhile. Owns the handle.
/// </summary>
internal sealed class FileRangeStream(SafeFileHandle handle, long start, long count) : Stream
{
    private long _done;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => count;

    public override long Position { get => _done; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var toRead = CountToRead(buffer.Length);
        return toRead == 0 ? 0 : Advance(RandomAccess.Read(handle, buffer[..toRead], start + _done));
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var toRead = CountToRead(buffer.Length);
        return toRead == 0 ? 0 : Advance(await RandomAccess.ReadAsync(handle, buffer[..toRead], start + _done, cancellationToken));
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        handle.Dispose();
        base.Dispose(disposing);
    }

    private int CountToRead(int room) => (int)Math.Min(room, count - _done);

    private int Advance(int read)
    {
        if (read == 0)
        {
            throw new EndOfStreamException($"The file ended after {_done} of {count} bytes: it was truncated while being read.");
        }

        _done += read;
        return read;
    }
}
