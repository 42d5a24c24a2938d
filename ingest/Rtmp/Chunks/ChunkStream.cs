namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>What was last said on one chunk stream, and the message that is coming in on it.</summary>
internal sealed class ChunkStream(int id)
{
    /// <summary>A timestamp up to here may double as the delta of a header of type 3 right behind it; see <see cref="Begin"/>.</summary>
    private const uint LongestFirstDelta = 1000;

    private Memory<byte> _buffer;

    /// <summary>Chunk stream id.</summary>
    public int Id { get; } = id;

    /// <summary>Absolute time of the current message in milliseconds, modulo 2^32.</summary>
    public uint Timestamp { get; private set; }

    /// <summary>The last timestamp field: absolute or a delta, as its header had it.</summary>
    public uint Field { get; private set; }

    /// <summary>Whether that field was an extended one.</summary>
    public bool Extended { get; private set; }

    /// <summary>Declared length of the current message.</summary>
    public int Length { get; private set; }

    /// <summary>Its type.</summary>
    public byte Type { get; private set; }

    /// <summary>Its message stream.</summary>
    public uint MessageStream { get; private set; }

    /// <summary>Whether a message has begun and is not complete.</summary>
    public bool InMessage { get; private set; }

    /// <summary>Bytes of it that have arrived.</summary>
    public int Filled { get; private set; }

    /// <summary>Bytes set aside for it.</summary>
    public int Reserved => _buffer.Length;

    private uint Delta { get; set; }

    /// <summary>Begins a message with what <paramref name="header"/> says and, for the rest, what was said before.</summary>
    public void Begin(in ChunkHeader header)
    {
        switch (header.Format)
        {
            case 0:
                Timestamp = header.Time;
                // 5.3.1.2.4: a type 3 behind a type 0 has that timestamp as its delta. Encoders that keep to this do so at the very beginning;
                // from those that do not (librtmp means "same time"), a large timestamp would be a leap.
                Delta = header.Time <= LongestFirstDelta ? header.Time : 0;
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
            (Field, Extended) = (header.Time, header.Extended);
        }

        InMessage = true;
        Filled = 0;
    }

    /// <summary>Sets aside room for the next bytes; never more than the declared length.</summary>
    /// <param name="atOnce">Bytes that may be set aside before any of them has arrived; beyond, the room doubles as it fills.</param>
    /// <param name="arena">Where room for whole messages comes from, if there is one.</param>
    /// <returns>Bytes more than before.</returns>
    public int Reserve(int atOnce, PayloadArena? arena)
    {
        var before = Reserved;
        if (Filled < before)
        {
            return 0;
        }

        var capacity = Math.Min(Length, Math.Max(atOnce, before * 2));
        var grown = arena is not null && capacity == Length ? arena.Take(capacity) : GC.AllocateUninitializedArray<byte>(capacity);
        _buffer.Span[..Filled].CopyTo(grown.Span);
        _buffer = grown;
        return capacity - before;
    }

    /// <summary>Room set aside and not yet filled.</summary>
    public int Room => Reserved - Filled;

    /// <summary>Takes bytes in; there must be <see cref="Room"/>.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer.Span[Filled..]);
        Filled += bytes.Length;
    }

    /// <summary>Hands the complete message out.</summary>
    public RtmpMessage Take()
    {
        var message = new RtmpMessage(Type, MessageStream, Timestamp, _buffer);
        Drop();
        return message;
    }

    /// <summary>Forgets the message that is coming in; times and the rest of the header stay (5.4.2).</summary>
    public void Drop() => (_buffer, Filled, InMessage) = (default, 0, false);
}

/// <summary>The chunk streams of one connection, found by id.</summary>
internal sealed class ChunkStreams
{
    private readonly List<ChunkStream> _all = new(4);

    /// <summary>How many there are.</summary>
    public int Count => _all.Count;

    /// <summary>Finds one, or <see langword="null"/>. There are few, and never more than the limit: a walk is fastest.</summary>
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

    /// <summary>Adds one.</summary>
    public ChunkStream Add(int id)
    {
        var stream = new ChunkStream(id);
        _all.Add(stream);
        return stream;
    }
}
