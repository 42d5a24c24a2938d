using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>State of one chunk stream: the previous header and the incoming message.</summary>
internal sealed class ChunkStream(int id)
{
    /// <summary>
    /// Maximum timestamp that also serves as the delta of a directly following header of type 3; see <see cref="StartMessage"/>.
    /// </summary>
    private const uint MaxFirstDelta = 1000;

    private Memory<byte> _buffer;

    /// <summary>Chunk stream ID.</summary>
    public int Id { get; } = id;

    /// <summary>Timestamp of the current message in milliseconds, modulo 2^32.</summary>
    public uint Timestamp { get; private set; }

    /// <summary>Last timestamp field, absolute or a delta, as received.</summary>
    public uint Field { get; private set; }

    /// <summary>Indicates whether that field was extended.</summary>
    public bool IsExtended { get; private set; }

    /// <summary>Declared length of the current message.</summary>
    public int Length { get; private set; }

    /// <summary>Type of the current message.</summary>
    public MessageType Type { get; private set; }

    /// <summary>Message stream of the current message.</summary>
    public uint MessageStream { get; private set; }

    /// <summary>Indicates whether a message has started and is incomplete.</summary>
    public bool HasMessage { get; private set; }

    /// <summary>Number of received bytes of the message.</summary>
    public int Filled { get; private set; }

    /// <summary>Number of bytes reserved for the message.</summary>
    public int Reserved => _buffer.Length;

    private uint Delta { get; set; }

    /// <summary>Starts a message with the fields of <paramref name="header"/>, and previous values for omitted fields.</summary>
    public void StartMessage(in ChunkHeader header)
    {
        switch (header.Format)
        {
            case 0:
                Timestamp = header.Time;
                // 5.3.1.2.4: a type 3 after a type 0 uses that timestamp as its delta. Encoders that comply do so at the very start. From
                // those that do not (librtmp means "same time"), a large timestamp would cause a jump.
                Delta = header.Time <= MaxFirstDelta ? header.Time : 0;
                MessageStream = header.MessageStream;
                break;
            case 1 or 2:
                Delta = header.Time;
                Timestamp = unchecked(Timestamp + Delta);
                break;
            default:
                Timestamp = unchecked(Timestamp + Delta);
                break;
        }

        if (header.Format <= 1)
        {
            (Length, Type) = (header.Length, header.Type);
        }

        if (header.Format != 3)
        {
            (Field, IsExtended) = (header.Time, header.IsExtended);
        }

        HasMessage = true;
        Filled = 0;
    }

    /// <summary>Reserves memory for the next bytes, never more than the declared length.</summary>
    /// <param name="initial">Number of bytes to reserve before any have arrived. Beyond it, the buffer doubles when full.</param>
    /// <param name="arena">Allocator for complete messages, if any.</param>
    /// <returns>Number of additional bytes.</returns>
    public int Reserve(int initial, PayloadArena? arena)
    {
        var before = Reserved;
        if (Filled < before)
        {
            return 0;
        }

        var capacity = Math.Min(Length, Math.Max(initial, before * 2));
        var grown = arena is not null && capacity == Length ? arena.Allocate(capacity) : GC.AllocateUninitializedArray<byte>(capacity);
        _buffer.Span[..Filled].CopyTo(grown.Span);
        _buffer = grown;
        return capacity - before;
    }

    /// <summary>Number of reserved bytes that are not filled.</summary>
    public int Available => Reserved - Filled;

    /// <summary>Appends bytes, at most <see cref="Available"/>.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer.Span[Filled..]);
        Filled += bytes.Length;
    }

    /// <summary>Returns the complete message.</summary>
    public RtmpMessage Complete()
    {
        var message = new RtmpMessage(Type, MessageStream, Timestamp, _buffer);
        Discard();
        return message;
    }

    /// <summary>Discards the incoming message; timestamps and other header fields remain (5.4.2).</summary>
    public void Discard() => (_buffer, Filled, HasMessage) = (default, 0, false);
}

/// <summary>Chunk streams of one connection, by ID.</summary>
internal sealed class ChunkStreams
{
    private readonly List<ChunkStream> _all = new(4);

    /// <summary>Number of chunk streams.</summary>
    public int Count => _all.Count;

    /// <summary>Finds a chunk stream, or returns <see langword="null"/>. The list is short, so a linear search is fastest.</summary>
    public ChunkStream? Find(int id)
    {
        foreach (var stream in _all)
        {
            if (stream.Id == id)
            {
                return stream;
            }
        }

        return null;
    }

    /// <summary>Adds a chunk stream.</summary>
    public ChunkStream Add(int id)
    {
        var stream = new ChunkStream(id);
        _all.Add(stream);
        return stream;
    }
}
