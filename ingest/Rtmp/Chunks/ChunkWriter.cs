using System.Buffers;
using System.Buffers.Binary;
using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>Splits messages into chunks: a header of type 0 for each message, and headers of type 3 for its further chunks.</summary>
internal sealed class ChunkWriter
{
    /// <summary>Maximum payload of a chunk, as announced to the peer; 128 before the announcement (5.4.1).</summary>
    public int ChunkSize { get; set; } = 128;

    /// <summary>Writes a message.</summary>
    /// <param name="output">Receives the chunks.</param>
    /// <param name="chunkStream">2 to 63.</param>
    /// <param name="type">Message type ID.</param>
    /// <param name="messageStream">Message stream ID.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="payload">Message body.</param>
    public void Write(IBufferWriter<byte> output, int chunkStream, MessageType type, uint messageStream, uint timestamp,
        ReadOnlySpan<byte> payload)
    {
        var header = output.GetSpan(ChunkHeader.MaxSize);
        output.Advance(WriteHeader(header, chunkStream, type, messageStream, timestamp, payload.Length));
        while (true)
        {
            var count = Math.Min(ChunkSize, payload.Length);
            output.Write(payload[..count]);
            payload = payload[count..];
            if (payload.IsEmpty)
            {
                return;
            }

            output.Advance(WriteContinuation(output.GetSpan(5), chunkStream, timestamp));
        }
    }

    /// <summary>Writes a header of type 0 and returns its size, at most 16.</summary>
    public static int WriteHeader(Span<byte> target, int chunkStream, MessageType type, uint messageStream, uint timestamp, int length)
    {
        target[0] = (byte)chunkStream;
        var extended = timestamp >= 0xFFFFFF;
        UInt24(target[1..], extended ? 0xFFFFFF : timestamp);
        UInt24(target[4..], (uint)length);
        target[7] = (byte)type;
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], messageStream);
        if (!extended)
        {
            return 12;
        }

        BinaryPrimitives.WriteUInt32BigEndian(target[12..], timestamp);
        return 16;
    }

    /// <summary>Writes a header of type 3 for the next chunk of the same message and returns its size, 1 or 5.</summary>
    public static int WriteContinuation(Span<byte> target, int chunkStream, uint timestamp)
    {
        target[0] = (byte)(0xC0 | chunkStream);
        if (timestamp < 0xFFFFFF)
        {
            return 1;
        }

        BinaryPrimitives.WriteUInt32BigEndian(target[1..], timestamp);
        return 5;
    }

    private static void UInt24(Span<byte> target, uint value) =>
        (target[0], target[1], target[2]) = ((byte)(value >> 16), (byte)(value >> 8), (byte)value);
}
