using System.Buffers.Binary;
using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>Header of one chunk as received (Adobe RTMP 1.0, 5.3.1). Omitted fields are zero.</summary>
/// <param name="ChunkStream">Chunk stream ID, 2 to 65,599.</param>
/// <param name="Format">Format 0 to 3, which determines the fields of the message header.</param>
/// <param name="Time">Timestamp (format 0) or timestamp delta (1 and 2) in milliseconds, from the extended field if present.</param>
/// <param name="Length">Message length in bytes (0 and 1).</param>
/// <param name="Type">Message type ID (0 and 1).</param>
/// <param name="MessageStream">Message stream ID (0).</param>
/// <param name="IsExtended">Whether the extended timestamp was present.</param>
internal readonly record struct ChunkHeader(int ChunkStream, int Format, uint Time, int Length, MessageType Type, uint MessageStream,
    bool IsExtended)
{
    /// <summary>Maximum header size in bytes: 3 of basic header, 11 of message header, 4 of extended timestamp.</summary>
    public const int MaxSize = 18;

    private const uint ExtendedMark = 0xFFFFFF;

    //  | Basic Header | Message Header | Extended Timestamp |  Chunk Data  |
    //  |   1-3 bytes  | 11, 7, 3 or 0  |       0 or 4       |              |

    /// <summary>Reads one header from the start of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">Received data; at most <see cref="MaxSize"/> bytes are read.</param>
    /// <param name="previous">Chunk streams with their previous headers.</param>
    /// <param name="header">The header.</param>
    /// <returns>Size of the header, or 0 when more bytes are needed.</returns>
    public static int Read(ReadOnlySpan<byte> bytes, ChunkStreams previous, out ChunkHeader header)
    {
        header = default;
        if (bytes.IsEmpty)
        {
            return 0;
        }

        // 5.3.1.1: six bits hold IDs 2 to 63. 0 means one more byte (64 to 319), 1 means two more bytes, low byte first (64 to 65,599).
        var format = bytes[0] >> 6;
        var chunkStream = bytes[0] & 63;
        var position = 1;
        if (chunkStream < 2)
        {
            position += chunkStream + 1;
            if (bytes.Length < position)
            {
                return 0;
            }

            chunkStream = 64 + bytes[1] + (position == 3 ? bytes[2] << 8 : 0);
        }

        if (format == 3)
        {
            return ReadContinuation(bytes, position, previous.Find(chunkStream), chunkStream, out header);
        }

        var size = format switch { 0 => 11, 1 => 7, _ => 3 };
        if (bytes.Length < position + size)
        {
            return 0;
        }

        var fields = bytes.Slice(position, size);
        position += size;
        var time = UInt24(fields);
        var extended = time == ExtendedMark;
        if (extended)
        {
            if (bytes.Length < position + 4)
            {
                return 0;
            }

            time = BinaryPrimitives.ReadUInt32BigEndian(bytes[position..]);
            position += 4;
        }

        header = new ChunkHeader(
            chunkStream, format, time,
            format <= 1 ? (int)UInt24(fields[3..]) : 0,
            format <= 1 ? (MessageType)fields[6] : default,
            // The one little-endian field in the protocol (5.3.1.2.1).
            format == 0 ? BinaryPrimitives.ReadUInt32LittleEndian(fields[7..]) : 0,
            extended);
        return position;
    }

    /// <summary>
    /// Reads a header of format 3. It repeats the extended timestamp of the previous header (5.3.1.3), but older encoders omit it. The
    /// bytes are a timestamp when they equal the expected value. With fewer than four bytes, the available ones decide if possible.
    /// </summary>
    private static int ReadContinuation(ReadOnlySpan<byte> bytes, int position, ChunkStream? stream, int chunkStream,
        out ChunkHeader header)
    {
        header = new ChunkHeader(chunkStream, 3, 0, 0, default, 0, IsExtended: false);
        if (stream is not { IsExtended: true })
        {
            return position;
        }

        var available = bytes[position..];
        available = available[..Math.Min(4, available.Length)];
        Span<byte> expected = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(expected, stream.Field);
        BinaryPrimitives.WriteUInt32BigEndian(expected[4..], stream.Timestamp);
        if (!expected[..4].StartsWith(available) && !expected[4..].StartsWith(available))
        {
            return position;
        }

        if (available.Length < 4)
        {
            return 0;
        }

        header = header with { IsExtended = true };
        return position + 4;
    }

    private static uint UInt24(ReadOnlySpan<byte> bytes) => (uint)((bytes[0] << 16) | (bytes[1] << 8) | bytes[2]);
}
