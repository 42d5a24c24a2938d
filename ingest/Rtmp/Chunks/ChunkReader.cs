using System.Buffers;
using System.Buffers.Binary;
using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>One whole message.</summary>
/// <param name="Type">Message type id.</param>
/// <param name="Stream">Message stream id.</param>
/// <param name="Timestamp">Milliseconds on the sender's clock, modulo 2^32.</param>
/// <param name="Payload">Its body; never written to again.</param>
internal readonly record struct RtmpMessage(byte Type, uint Stream, uint Timestamp, ReadOnlyMemory<byte> Payload);

/// <summary>What a connection may make us hold.</summary>
/// <param name="Audio">Longest audio message, bytes.</param>
/// <param name="Video">Longest video or aggregate message, bytes.</param>
/// <param name="Other">Longest message of any other kind, bytes.</param>
/// <param name="Streams">Most chunk streams.</param>
/// <param name="PartialBytes">Most bytes set aside for messages that are not complete.</param>
internal sealed record ChunkLimits(int Audio, int Video, int Other, int Streams, long PartialBytes)
{
    public int For(byte type) => type switch
    {
        MessageType.Audio => Audio,
        MessageType.Video or MessageType.Aggregate => Video,
        _ => Other,
    };
}

/// <summary>
/// Chunks in, messages out (Adobe RTMP 1.0, 5.3). Takes bytes as they come: a header whole or not at all, a payload as far as it has arrived. Set Chunk
/// Size and Abort concern this layer, are obeyed here and handed out as well, so that they can be counted.
/// </summary>
internal sealed class ChunkReader(ChunkLimits limits, int minimumChunkSize)
{
    /// <summary>Set aside at once for a message, whatever has arrived: no more than a few frames of sound.</summary>
    private const int SmallMessage = 64 * 1024;

    private const int InitialChunkSize = 128;
    private const int LargestChunkSize = 0xFFFFFF;

    private readonly ChunkStreams _streams = new();
    private ChunkStream? _open;
    private int _openRemaining;
    private int _chunkSize = InitialChunkSize;
    private long _partialBytes;
    private int _atOnce = SmallMessage;

    /// <summary>The limits in force; wider once leave to publish is given.</summary>
    public ChunkLimits Limits { get; set; } = limits;

    /// <summary>Where room for messages comes from; for publishers, whose messages last.</summary>
    public PayloadArena? Arena { get; set; }

    /// <summary>Reads up to the end of the next message.</summary>
    /// <param name="reader">Left behind what was read; when there is no whole message, at its end or before a header that is not yet whole.</param>
    /// <param name="message">The message.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="RtmpProtocolException">The bytes break the protocol or a limit.</exception>
    public bool TryRead(ref SequenceReader<byte> reader, out RtmpMessage message)
    {
        message = default;
        while (true)
        {
            if (_open is null && !TryBegin(ref reader))
            {
                return false;
            }

            if (!TryFill(ref reader))
            {
                return false;
            }

            var stream = _open!;
            _open = null;
            if (stream.Filled < stream.Length)
            {
                continue;
            }

            _partialBytes -= stream.Reserved;
            _atOnce = Math.Max(_atOnce, stream.Length);
            message = stream.Take();
            Obey(message);
            return true;
        }
    }

    private bool TryBegin(ref SequenceReader<byte> reader)
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
        Open(header);
        return true;
    }

    private void Open(in ChunkHeader header)
    {
        var stream = _streams.Find(header.ChunkStream);
        if (stream is null)
        {
            // Some clients begin with type 1; its delta then counts from zero. Types 2 and 3 do not even say how long the message is.
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

        if (!stream.InMessage)
        {
            stream.Begin(header);
            if (stream.Length > Limits.For(stream.Type))
            {
                throw RtmpProtocolException.MessageTooLarge(stream.Type, stream.Length, Limits.For(stream.Type));
            }
        }
        else if (header.Format != 3)
        {
            // Never mixed: another length for a buffer in use is how others were broken into.
            throw RtmpProtocolException.MessageInterrupted(header.ChunkStream, header.Format);
        }

        _open = stream;
        _openRemaining = Math.Min(_chunkSize, stream.Length - stream.Filled);
    }

    private bool TryFill(ref SequenceReader<byte> reader)
    {
        var stream = _open!;
        while (_openRemaining > 0)
        {
            var bytes = reader.UnreadSpan;
            if (bytes.IsEmpty)
            {
                return false;
            }

            if (stream.Room == 0)
            {
                _partialBytes += stream.Reserve(_atOnce, Arena);
                if (_partialBytes > Limits.PartialBytes)
                {
                    throw RtmpProtocolException.PartialMemory(Limits.PartialBytes);
                }
            }

            var count = Math.Min(Math.Min(bytes.Length, _openRemaining), stream.Room);
            stream.Append(bytes[..count]);
            reader.Advance(count);
            _openRemaining -= count;
        }

        return true;
    }

    private void Obey(in RtmpMessage message)
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
            // 5.4.2: only the partly received message on that chunk stream is forgotten.
            if (value <= int.MaxValue && _streams.Find((int)value) is { InMessage: true } aborted)
            {
                _partialBytes -= aborted.Reserved;
                aborted.Drop();
            }

            return;
        }

        // 5.4.1: "the most significant bit ... MUST be zero". A size above that of the longest message is as good as that.
        if (value < minimumChunkSize || value > int.MaxValue)
        {
            throw RtmpProtocolException.ChunkSize(value, minimumChunkSize);
        }

        _chunkSize = (int)Math.Min(value, LargestChunkSize);
    }
}
