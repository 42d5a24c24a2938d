using System.Buffers;
using System.Buffers.Binary;
using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Tests.Rtmp;

/// <summary>Bytes in an encoder's format.</summary>
internal static class Wire
{
    public static readonly ChunkLimits Wide = new(256 * 1024, 8 * 1024 * 1024, 64 * 1024, 64, 16 * 1024 * 1024);

    /// <summary>A real 320x180 configuration: High profile, level 1.3.</summary>
    public static readonly byte[] AvcRecord =
        Convert.FromHexString("0164000DFFE1001A6764000DACD941419F9F0110000003001000000303C0F142996001000668EBE3CB22C0FDF8F800");

    public static readonly byte[] AacRecord = [0x11, 0x90];

    /// <summary>A simple handshake of a client: C0, C1 and C2.</summary>
    public static byte[] Handshake(byte version = 3) => [version, .. new byte[4], .. new byte[4], .. Filler(1528), .. Filler(1536)];

    public static byte[] Filler(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];

    /// <summary>A chunk with a header of any type, without the fields that the type omits.</summary>
    public static byte[] Chunk(int format, int chunkStream, uint time, int length, byte type, uint stream, ReadOnlySpan<byte> data,
        bool? extended = null)
    {
        var bytes = new List<byte>();
        bytes.AddRange(BasicHeader(format, chunkStream));
        var isExtended = extended ?? time >= 0xFFFFFF;
        if (format <= 2)
        {
            bytes.AddRange(UInt24(isExtended ? 0xFFFFFF : time));
        }

        if (format <= 1)
        {
            bytes.AddRange([.. UInt24((uint)length), type]);
        }

        if (format == 0)
        {
            bytes.AddRange([(byte)stream, (byte)(stream >> 8), (byte)(stream >> 16), (byte)(stream >> 24)]);
        }

        if (isExtended)
        {
            bytes.AddRange(UInt32(time));
        }

        bytes.AddRange(data);
        return [.. bytes];
    }

    public static byte[] BasicHeader(int format, int chunkStream) => chunkStream switch
    {
        < 64 => [(byte)((format << 6) | chunkStream)],
        < 320 => [(byte)(format << 6), (byte)(chunkStream - 64)],
        _ => [(byte)((format << 6) | 1), (byte)(chunkStream - 64), (byte)((chunkStream - 64) >> 8)],
    };

    public static byte[] UInt24(uint value) => [(byte)(value >> 16), (byte)(value >> 8), (byte)value];

    public static byte[] UInt32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>A complete message in chunks of 128 bytes.</summary>
    public static byte[] Message(MessageType type, uint stream, uint time, ReadOnlySpan<byte> body, int chunkStream = 3,
        int chunkSize = 128)
    {
        var output = new ArrayBufferWriter<byte>();
        new ChunkWriter { ChunkSize = chunkSize }.Write(output, chunkStream, type, stream, time, body);
        return output.WrittenSpan.ToArray();
    }

    public static byte[] Command(uint stream, Action<AmfWriter> write)
    {
        var amf = new AmfWriter();
        write(amf);
        return Message(MessageType.Command, stream, 0, amf.Written);
    }

    public static byte[] Connect(string app = "live") => Command(0, amf =>
    {
        amf.Text("connect").Number(1);
        using (amf.Object())
        {
            amf.Name("app").Text(app).Name("flashVer").Text("Test/1.0");
        }
    });

    public static byte[] CreateStream(double transaction = 4) => Command(0, amf => amf.Text("createStream").Number(transaction).Null());

    public static byte[] Publish(string name, uint stream = 1) =>
        Command(stream, amf => amf.Text("publish").Number(5).Null().Text(name).Text("live"));

    /// <summary>Everything before media.</summary>
    public static byte[] Opening(string key = "good", string app = "live") =>
        [.. Handshake(), .. Connect(app), .. CreateStream(), .. Publish(key)];

    public static byte[] VideoConfiguration(uint time = 0) => Message(MessageType.Video, 1, time, [0x17, 0, 0, 0, 0, .. AvcRecord], 6);

    public static byte[] AudioConfiguration(uint time = 0) => Message(MessageType.Audio, 1, time, [0xAF, 0, .. AacRecord], 4);

    /// <summary>A video frame of one slice.</summary>
    public static byte[] VideoBody(bool sync, int size = 300, int compositionOffset = 0) =>
        [(byte)(sync ? 0x17 : 0x27), 1, .. UInt24((uint)compositionOffset & 0xFFFFFF), .. UInt32((uint)size), (byte)(sync ? 0x65 : 0x41),
            .. Filler(size - 1)];

    public static byte[] Frame(uint time, bool sync, int size = 300) => Message(MessageType.Video, 1, time, VideoBody(sync, size), 6);

    public static byte[] Audio(uint time, int size = 200) => Message(MessageType.Audio, 1, time, [0xAF, 1, 0x21, .. Filler(size - 1)], 4);

    /// <summary>Seconds of media with a video frame every 40 ms, a keyframe each second, and an audio frame every 21 1/3 ms.</summary>
    public static IEnumerable<byte[]> Media(double seconds)
    {
        yield return VideoConfiguration();
        yield return AudioConfiguration();
        var audio = 0;
        for (var frame = 0; frame * 0.04 < seconds; frame++)
        {
            yield return Frame((uint)(frame * 40), frame % 25 == 0);
            while (audio * 1024 / 48.0 < (frame + 1) * 40)
            {
                yield return Audio((uint)(audio++ * 1024 / 48.0));
            }
        }
    }

    /// <summary>Splits bytes into a sequence of segments.</summary>
    public static ReadOnlySequence<byte> Split(byte[] bytes, params int[] cuts)
    {
        Segment? first = null, last = null;
        var from = 0;
        foreach (var to in cuts.Append(bytes.Length))
        {
            last = new Segment(bytes.AsMemory(from, to - from), last);
            first ??= last;
            from = to;
        }

        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                previous.Next = this;
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
            }
        }
    }
}
