using System.Buffers;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// Read buffers of one connection. They are small before publishing, because any client can open thousands of incomplete connections, and
/// large from then on. A buffer is returned once all its data has been read. Not thread-safe.
/// </summary>
internal sealed class ReadBuffers : MemoryPool<byte>
{
    /// <summary>Buffer size before publishing is permitted: a handshake block with some margin, or all commands of an encoder.</summary>
    public const int Small = 2 * 1024;

    /// <summary>Buffer size of a publisher: a frame of 4 Mbit/s at 30 fps is 17 KB.</summary>
    public const int Large = 32 * 1024;

    private Buffer? _spare;
    private volatile int _size = Small;

    public override int MaxBufferSize => Large;

    /// <summary>Switches to large buffers.</summary>
    public void UseLargeBuffers() => _size = Large;

    /// <returns>A buffer of at least the requested size.</returns>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        var buffer = Interlocked.Exchange(ref _spare, null) ?? new Buffer(this);
        buffer.Allocate(Math.Max(_size, minBufferSize));
        return buffer;
    }

    protected override void Dispose(bool disposing)
    {
        // Rented arrays return to the shared pool when their buffers are disposed.
    }

    /// <summary>Reusable buffer, so that a publisher's reads allocate nothing.</summary>
    private sealed class Buffer(ReadBuffers pool) : IMemoryOwner<byte>
    {
        private byte[]? _bytes;

        public Memory<byte> Memory => _bytes;

        public void Allocate(int size) => _bytes = ArrayPool<byte>.Shared.Rent(size);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _bytes, null) is { } bytes)
            {
                ArrayPool<byte>.Shared.Return(bytes);
                Interlocked.CompareExchange(ref pool._spare, this, null);
            }
        }
    }
}
