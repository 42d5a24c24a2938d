using System.Buffers.Binary;

namespace Broadcast.Ingest.Rtmp.Chunks;

/// <summary>One chunk's header as it came, fields it leaves out being zero (Adobe RTMP 1.0, 5.3.1).</summary>
/// <param name="ChunkStream">Chunk stream id, 2 to 65,599.</param>
/// <param name="Format">0 to 3: how much of the message header is there.</param>
/// <param name="Time">Timestamp (format 0) or timestamp delta (1 and 2) in milliseconds, the extended one where there is one.</param>
/// <param name="Length">Message length in bytes (0 and 1).</param>
/// <param name="Type">Message type id (0 and 1).</param>
/// <param name="MessageStream">Message stream id (0).</param>
/// <param name="Extended">Whether the extended timestamp was there.</param>
internal readonly record struct ChunkHeader(int ChunkStream, int Format, uint Time, int Length, byte Type, uint MessageStream, bool Extended)
{
    /// <summary>Bytes of the longest header: 3 of basic header, 11 of message header, 4 of extended timestamp.</summary>
    public const int MaxSize = 18;

    private const uint ExtendedMark = 0xFFFFFF;

    //  | Basic Header | Message Header | Extended Timestamp |  Chunk Data  |
    //  |   1-3 bytes  | 11, 7, 3 or 0  |       0 or 4       |              |

    /// <summary>Reads one header from the beginning of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">All that has arrived; more than <see cref="MaxSize"/> bytes are never looked at.</param>
    /// <param name="previous">Finds what was last said on a chunk stream.</param>
    /// <param name="header">The header.</param>
    /// <returns>Its size, or 0 when more bytes are needed.</returns>
    public static int Read(ReadOnlySpan<byte> bytes, ChunkStreams previous, out ChunkHeader header)
    {
        header = default;
        if (bytes.IsEmpty)
        {
            return 0;
        }

        // 5.3.1.1: six bits hold ids 2 to 63; 0 there means one byte more (64 to 319), 1 means two bytes more, the low one first (64 to 65,599).
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
            format <= 1 ? fields[6] : (byte)0,
            // The one little-endian field in the protocol (5.3.1.2.1).
            format == 0 ? BinaryPrimitives.ReadUInt32LittleEndian(fields[7..]) : 0,
            extended);
        return position;
    }

    /// <summary>
    /// A header of type 3 repeats the extended timestamp of the one before it (5.3.1.3), but older encoders leave it out. Which custom it is shows in the
    /// bytes: they are taken as a timestamp when they are the one expected. When fewer than four are there, the ones that are there decide if they can.
    /// </summary>
    private static int ReadContinuation(ReadOnlySpan<byte> bytes, int position, ChunkStream? stream, int chunkStream, out ChunkHeader header)
    {
        header = new ChunkHeader(chunkStream, 3, 0, 0, 0, 0, Extended: false);
        if (stream is not { Extended: true })
        {
            return position;
        }

        var there = bytes[position..];
        there = there[..Math.Min(4, there.Length)];
        Span<byte> expected = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(expected, stream.Field);
        BinaryPrimitives.WriteUInt32BigEndian(expected[4..], stream.Timestamp);
        if (!expected[..4].StartsWith(there) && !expected[4..].StartsWith(there))
        {
            return position;
        }

        if (there.Length < 4)
        {
            return 0;
        }

        header = header with { Extended = true };
        return position + 4;
    }

    private static uint UInt24(ReadOnlySpan<byte> bytes) => (uint)((bytes[0] << 16) | (bytes[1] << 8) | bytes[2]);
}
