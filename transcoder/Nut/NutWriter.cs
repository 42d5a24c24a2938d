using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Broadcast.Media;

namespace Broadcast.Transcoder.Nut;

/// <summary>
/// Writes NUT for FFmpeg to decode. A single frame code writes all frame fields explicitly, and every frame header has a checksum; there is
/// no elision and no index. The file uses NUT's pipe mode (version 4; <c>-syncpoints none</c> in FFmpeg): FFmpeg stores every syncpoint for
/// as long as it runs.
/// </summary>
/// <param name="streams">The streams, 1 to 8.</param>
internal sealed class NutWriter(IReadOnlyList<NutStream> streams)
{
    /// <summary>Maximum bytes of a frame header.</summary>
    public const int MaxFrameHeader = 64;

    private const int Version = 4;
    private const int MinorVersion = 1;
    private const int PipeMode = 2;
    private const int MaxDistance = 65_536;
    private const byte FrameCode = 1;
    private const NutFlags FrameFlags = NutFlags.Coded | NutFlags.StreamId | NutFlags.CodedPresent | NutFlags.SizeMsb | NutFlags.Checksum;

    /// <summary>Writes all headers that precede the first frame.</summary>
    public void WriteHeaders(IBufferWriter<byte> output)
    {
        output.Write(NutFormat.FileId);
        Packet(output, NutFormat.MainHeader, WriteMain);
        for (var i = 0; i < streams.Count; i++)
        {
            var index = i;
            Packet(output, NutFormat.StreamHeader, fields => WriteStream(fields, index));
        }

        // Readers require a syncpoint before frames. Its time is zero and unused, because frames have full timestamps.
        Packet(output, NutFormat.Syncpoint, fields =>
        {
            Number(fields, 0);
            Number(fields, 0);
        });
    }

    /// <summary>Writes a frame header, to be followed by the payload.</summary>
    /// <param name="header">At least <see cref="MaxFrameHeader"/> bytes.</param>
    /// <param name="stream">Index of the stream.</param>
    /// <param name="present">Presentation time, in the stream's ticks, 0 or more.</param>
    /// <param name="isKey">Whether decoding can start here.</param>
    /// <param name="length">Payload length in bytes.</param>
    /// <returns>Length of the header in bytes.</returns>
    public static int WriteFrameHeader(Span<byte> header, int stream, long present, bool isKey, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(present);
        header[0] = FrameCode;
        var at = 1;
        at += Number(header[at..], (ulong)(isKey ? NutFlags.Key : NutFlags.None));
        at += Number(header[at..], (ulong)stream);

        // Low-order timestamps are never written (msb_pts_shift is 0), so the offset is 1.
        at += Number(header[at..], (ulong)present + 1);
        at += Number(header[at..], (ulong)length);
        BinaryPrimitives.WriteUInt32BigEndian(header[at..], NutFormat.Checksum(header[..at]));
        return at + 4;
    }

    private void WriteMain(ArrayBufferWriter<byte> fields)
    {
        Number(fields, Version);
        Number(fields, MinorVersion);
        Number(fields, (ulong)streams.Count);
        Number(fields, MaxDistance);
        var timescales = Timescales();
        Number(fields, (ulong)timescales.Count);
        foreach (var timescale in timescales)
        {
            Number(fields, 1);
            Number(fields, (ulong)timescale);
        }

        // Frame codes: 0 is invalid, 1 is used, the rest are invalid; 'N' is reserved and not counted.
        Codes(fields, NutFlags.Invalid, 1);
        Codes(fields, FrameFlags, 1);
        Codes(fields, NutFlags.Invalid, 256 - 2 - 1);

        // Elided headers.
        Number(fields, 0);
        Number(fields, PipeMode);
    }

    private static void Codes(ArrayBufferWriter<byte> fields, NutFlags flags, int count)
    {
        Number(fields, (ulong)flags);
        Number(fields, 6);

        // Timestamp delta (signed), size multiplier, stream, size LSB, reserved fields, count.
        foreach (var value in (ReadOnlySpan<int>)[0, 1, 0, 0, 0, count])
        {
            Number(fields, (ulong)value);
        }
    }

    private void WriteStream(ArrayBufferWriter<byte> fields, int index)
    {
        var stream = streams[index];
        Number(fields, (ulong)index);
        Number(fields, (ulong)(stream.Kind == TrackKind.Video ? NutFormat.VideoClass : NutFormat.AudioClass));
        Bytes(fields, Encoding.Latin1.GetBytes(stream.Tag));
        Number(fields, (ulong)Timescales().IndexOf(stream.Timescale));
        Number(fields, 0);
        Number(fields, (ulong)stream.Timescale);
        Number(fields, (ulong)stream.DecodeDelay);
        Number(fields, 0);
        Bytes(fields, stream.Private.Span);
        if (stream.Kind == TrackKind.Video)
        {
            Number(fields, (ulong)stream.Width);
            Number(fields, (ulong)stream.Height);
            Number(fields, (ulong)stream.SampleAspectWidth);
            Number(fields, (ulong)stream.SampleAspectHeight);
            Number(fields, 0);
        }
        else
        {
            Number(fields, (ulong)stream.SampleRate);
            Number(fields, 1);
            Number(fields, (ulong)stream.Channels);
        }
    }

    private List<int> Timescales() => [.. streams.Select(s => s.Timescale).Distinct()];

    private static void Packet(IBufferWriter<byte> output, ulong startCode, Action<ArrayBufferWriter<byte>> write)
    {
        var fields = new ArrayBufferWriter<byte>();
        write(fields);
        Span<byte> start = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64BigEndian(start, startCode);
        var length = 8 + Number(start[8..], (ulong)fields.WrittenCount + 4);
        if (fields.WrittenCount + 4 > NutFormat.ShortPacket)
        {
            BinaryPrimitives.WriteUInt32BigEndian(start[length..], NutFormat.Checksum(start[..length]));
            length += 4;
        }

        output.Write(start[..length]);
        output.Write(fields.WrittenSpan);
        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(4), NutFormat.Checksum(fields.WrittenSpan));
        output.Advance(4);
    }

    private static void Bytes(ArrayBufferWriter<byte> fields, ReadOnlySpan<byte> bytes)
    {
        Number(fields, (ulong)bytes.Length);
        fields.Write(bytes);
    }

    private static void Number(ArrayBufferWriter<byte> fields, ulong value) => fields.Advance(Number(fields.GetSpan(10), value));

    /// <summary>Writes a variable-length number: seven bits per byte, most significant first.</summary>
    private static int Number(Span<byte> to, ulong value)
    {
        var length = 1;
        for (var rest = value >> 7; rest != 0; rest >>= 7)
        {
            length++;
        }

        for (var i = length - 1; i >= 0; i--, value >>= 7)
        {
            to[i] = (byte)((value & 127) | (i == length - 1 ? 0u : 128u));
        }

        return length;
    }
}
