using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>Ranges of bytes, cut where the object ends.</summary>
internal static class ByteRanges
{
    /// <summary>The part of a wanted range that exists: one that begins past the end is empty, at the end.</summary>
    public static (long Start, long Count) Clip(long offset, long? length, long total)
    {
        var start = Math.Min(offset, total);
        return (start, Math.Min(length ?? long.MaxValue, total - start));
    }
}

/// <summary>Reads exactly a range of a file through a handle of its own, so that the file may be renamed or unlinked meanwhile. Owns the handle.</summary>
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
        var want = Want(buffer.Length);
        return want == 0 ? 0 : Took(RandomAccess.Read(handle, buffer[..want], start + _done));
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var want = Want(buffer.Length);
        return want == 0 ? 0 : Took(await RandomAccess.ReadAsync(handle, buffer[..want], start + _done, cancellationToken));
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

    private int Want(int room) => (int)Math.Min(room, count - _done);

    private int Took(int read)
    {
        if (read == 0)
        {
            throw new EndOfStreamException($"The file ended after {_done} of {count} bytes: it was cut while it was read.");
        }

        _done += read;
        return read;
    }
}
