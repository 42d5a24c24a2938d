using System.Buffers;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>
/// What one connection is read into: small buffers before it may publish, because anybody can have thousands of connections that never finish what they began to say;
/// large ones from then on. Given back as soon as all in them has been read. One connection asks at a time.
/// </summary>
internal sealed class ReadBuffers : MemoryPool<byte>
{
    /// <summary>Bytes read at once before there is leave to publish: a block of the handshake with something to spare, or all commands of an encoder.</summary>
    public const int Small = 2 * 1024;

    /// <summary>Bytes read at once from a publisher: a frame of 4 Mbit/s at 30 a second is 17 KB.</summary>
    public const int Large = 32 * 1024;

    private Buffer? _spare;
    private volatile int _size = Small;

    public override int MaxBufferSize => Large;

    /// <summary>There is leave to publish: buffers taken from now on are large.</summary>
    public void Grow() => _size = Large;

    /// <returns>At least as much as was asked for.</returns>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        var buffer = Interlocked.Exchange(ref _spare, null) ?? new Buffer(this);
        buffer.Fill(Math.Max(_size, minBufferSize));
        return buffer;
    }

    protected override void Dispose(bool disposing)
    {
        // What is lent goes back to the shared pool by itself.
    }

    /// <summary>Used again and again, so that a publisher's reads allocate nothing.</summary>
    private sealed class Buffer(ReadBuffers pool) : IMemoryOwner<byte>
    {
        private byte[]? _bytes;

        public Memory<byte> Memory => _bytes;

        public void Fill(int size) => _bytes = ArrayPool<byte>.Shared.Rent(size);

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
