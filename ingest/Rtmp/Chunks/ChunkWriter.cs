using System.Buffers;
using System.Buffers.Binary;

namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>Messages in, chunks out: each message with a header of type 0, its further chunks with headers of type 3.</summary>
internal sealed class ChunkWriter
{
    /// <summary>Largest payload of a chunk; what the peer has been told. 128 until it has been told (5.4.1).</summary>
    public int ChunkSize { get; set; } = 128;

    /// <summary>Writes a message.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="chunkStream">2 to 63.</param>
    /// <param name="type">Message type id.</param>
    /// <param name="messageStream">Message stream id.</param>
    /// <param name="timestamp">Milliseconds, modulo 2^32.</param>
    /// <param name="payload">Its body.</param>
    public void Write(IBufferWriter<byte> output, int chunkStream, byte type, uint messageStream, uint timestamp, ReadOnlySpan<byte> payload)
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

    /// <summary>Writes a header of type 0; returns its size, at most 16.</summary>
    public static int WriteHeader(Span<byte> target, int chunkStream, byte type, uint messageStream, uint timestamp, int length)
    {
        target[0] = (byte)chunkStream;
        var extended = timestamp >= 0xFFFFFF;
        UInt24(target[1..], extended ? 0xFFFFFF : timestamp);
        UInt24(target[4..], (uint)length);
        target[7] = type;
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], messageStream);
        if (!extended)
        {
            return 12;
        }

        BinaryPrimitives.WriteUInt32BigEndian(target[12..], timestamp);
        return 16;
    }

    /// <summary>Writes a header of type 3 for the next chunk of the same message; returns its size, 1 or 5.</summary>
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
