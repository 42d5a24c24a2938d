using System.Buffers;
using System.Buffers.Binary;
using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>A complete message.</summary>
/// <param name="Type">Message type ID.</param>
/// <param name="Stream">Message stream ID.</param>
/// <param name="Timestamp">Milliseconds on the sender's clock, modulo 2^32.</param>
/// <param name="Payload">Message body; immutable.</param>
internal readonly record struct RtmpMessage(MessageType Type, uint Stream, uint Timestamp, ReadOnlyMemory<byte> Payload);

/// <summary>Memory limits of a connection.</summary>
/// <param name="Audio">Maximum size of an audio message, in bytes.</param>
/// <param name="Video">Maximum size of a video or aggregate message, in bytes.</param>
/// <param name="Other">Maximum size of any other message, in bytes.</param>
/// <param name="Streams">Maximum number of chunk streams.</param>
/// <param name="PartialBytes">Maximum bytes reserved for incomplete messages.</param>
internal sealed record ChunkLimits(int Audio, int Video, int Other, int Streams, long PartialBytes)
{
    public int For(MessageType type) => type switch
    {
        MessageType.Audio => Audio,
        MessageType.Video or MessageType.Aggregate => Video,
        _ => Other,
    };
}

/// <summary>
/// Assembles messages from chunks (Adobe RTMP 1.0, 5.3). Accepts any fragmentation: a header is read completely or not at all, a payload as
/// far as it has arrived. Set Chunk Size and Abort take effect here, and are also returned so that they can be counted.
/// </summary>
internal sealed class ChunkReader(ChunkLimits limits, int minimumChunkSize)
{
    /// <summary>Bytes reserved at once for a message, before they arrive: a few audio frames.</summary>
    private const int MinReservation = 64 * 1024;

    /// <summary>
    /// Maximum of these bytes, after messages of that length: a keyframe of a high-quality stream. Longer messages reserve more memory as
    /// they arrive, so the start of one costs no more than this.
    /// </summary>
    private const int MaxReservation = 256 * 1024;

    /// <summary>Number of messages in which the reservation falls to the length of ordinary ones: some seconds of media.</summary>
    private const int ReservationDecay = 1024;

    private const int InitialChunkSize = 128;
    private const int LargestChunkSize = 0xFFFFFF;

    private readonly ChunkStreams _streams = new();
    private ChunkStream? _current;
    private int _remaining;
    private int _chunkSize = InitialChunkSize;
    private long _partialBytes;
    private int _initialReservation = MinReservation;

    /// <summary>Current limits; higher once publishing is permitted.</summary>
    public ChunkLimits Limits { get; set; } = limits;

    /// <summary>Allocator for publishers' messages, which stay in memory for seconds.</summary>
    public PayloadArena? Arena { get; set; }

    /// <summary>Reads up to the end of the next message.</summary>
    /// <param name="reader">On return, after the data that was read. Without a complete message, at the end or before an incomplete
    /// header.</param>
    /// <param name="message">The message.</param>
    /// <returns>Whether there was a message.</returns>
    /// <exception cref="RtmpProtocolException">The data violates the protocol or a limit.</exception>
    public bool TryRead(ref SequenceReader<byte> reader, out RtmpMessage message)
    {
        message = default;
        while (true)
        {
            if (_current is null && !TryReadHeader(ref reader))
            {
                return false;
            }

            if (!TryReadPayload(ref reader))
            {
                return false;
            }

            var stream = _current!;
            _current = null;
            if (stream.Filled < stream.Length)
            {
                continue;
            }

            _partialBytes -= stream.Reserved;
            Arena?.Count(stream.Length);
            AdjustReservation(stream.Length);
            message = stream.Complete();
            ApplyControl(message);
            return true;
        }
    }

    private void AdjustReservation(int length)
    {
        var wanted = Math.Clamp(length, MinReservation, MaxReservation);
        _initialReservation = Math.Max(wanted, _initialReservation - ((_initialReservation - wanted) / ReservationDecay));
    }

    private bool TryReadHeader(ref SequenceReader<byte> reader)
    {
        ChunkHeader header;
        int size;
        var bytes = reader.UnreadSpan;
        if (bytes.Length >= ChunkHeader.MaxSize || bytes.Length == reader.Remaining)
        {
            size = ChunkHeader.Read(bytes, _streams, out header);
        }
        else
        {
            Span<byte> joined = stackalloc byte[ChunkHeader.MaxSize];
            joined = joined[..(int)Math.Min(joined.Length, reader.Remaining)];
            reader.TryCopyTo(joined);
            size = ChunkHeader.Read(joined, _streams, out header);
        }

        if (size == 0)
        {
            return false;
        }

        reader.Advance(size);
        StartChunk(header);
        return true;
    }

    private void StartChunk(in ChunkHeader header)
    {
        var stream = _streams.Find(header.ChunkStream);
        if (stream is null)
        {
            // Some clients start with type 1; its delta then counts from zero. Types 2 and 3 do not contain the message length.
            if (header.Format >= 2)
            {
                throw RtmpProtocolException.ChunkWithoutPredecessor(header.ChunkStream, header.Format);
            }

            if (_streams.Count >= Limits.Streams)
            {
                throw RtmpProtocolException.TooManyChunkStreams(Limits.Streams);
            }

            stream = _streams.Add(header.ChunkStream);
        }

        if (!stream.HasMessage)
        {
            stream.StartMessage(header);
            if (stream.Length > Limits.For(stream.Type))
            {
                throw RtmpProtocolException.MessageTooLarge(stream.Type, stream.Length, Limits.For(stream.Type));
            }
        }
        else if (header.Format != 3)
        {
            // Never allow this: a new length for a buffer in use has caused vulnerabilities in other servers.
            throw RtmpProtocolException.MessageInterrupted(header.ChunkStream, header.Format);
        }

        _current = stream;
        _remaining = Math.Min(_chunkSize, stream.Length - stream.Filled);
    }

    private bool TryReadPayload(ref SequenceReader<byte> reader)
    {
        var stream = _current!;
        while (_remaining > 0)
        {
            var bytes = reader.UnreadSpan;
            if (bytes.IsEmpty)
            {
                return false;
            }

            if (stream.Available == 0)
            {
                _partialBytes += stream.Reserve(_initialReservation, Arena);
                if (_partialBytes > Limits.PartialBytes)
                {
                    throw RtmpProtocolException.PartialMemory(Limits.PartialBytes);
                }
            }

            var count = Math.Min(Math.Min(bytes.Length, _remaining), stream.Available);
            stream.Append(bytes[..count]);
            reader.Advance(count);
            _remaining -= count;
        }

        return true;
    }

    private void ApplyControl(in RtmpMessage message)
    {
        if (message.Type is not (MessageType.SetChunkSize or MessageType.Abort))
        {
            return;
        }

        if (message.Payload.Length < 4)
        {
            throw RtmpProtocolException.ShortControl(message.Type, message.Payload.Length);
        }

        var value = BinaryPrimitives.ReadUInt32BigEndian(message.Payload.Span);
        if (message.Type == MessageType.Abort)
        {
            // 5.4.2: discards only the incomplete message of that chunk stream.
            if (value <= int.MaxValue && _streams.Find((int)value) is { HasMessage: true } aborted)
            {
                _partialBytes -= aborted.Reserved;
                aborted.Discard();
            }

            return;
        }

        // 5.4.1: "the most significant bit ... MUST be zero". A size above the maximum message size equals that size.
        if (value < minimumChunkSize || value > int.MaxValue)
        {
            throw RtmpProtocolException.InvalidChunkSize(value, minimumChunkSize);
        }

        _chunkSize = (int)Math.Min(value, LargestChunkSize);
    }
}
