using System.Buffers;
using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Publisher;

namespace Broadcast.Benchmarks;

/// <summary>Byte sequences of encoders.</summary>
internal static class EncoderBytes
{
    private const int HandshakeBlock = 1536;
    private const int VideoStream = 6;
    private const int AudioStream = 4;
    private const int FramesInTwoSeconds = 60;
    private const int KeyframeBytes = 60_000;
    private const int FrameBytes = 16_000;
    private const int AudioBytes = 342;

    /// <summary>A real AVCDecoderConfigurationRecord: 320x180, High profile, level 1.3.</summary>
    public static readonly byte[] AvcRecord =
        Convert.FromHexString("0164000DFFE1001A6764000DACD941419F9F0110000003001000000303C0F142996001000668EBE3CB22C0FDF8F800");

    /// <summary>C0 and C1 of a simple handshake (Adobe RTMP 1.0, 5.2).</summary>
    public static byte[] Opening() => [3, .. new byte[8], .. Filler(HandshakeBlock - 8)];

    /// <summary>Body of <c>connect</c> as ffmpeg and OBS send it.</summary>
    public static byte[] ConnectBody()
    {
        var amf = new AmfWriter();
        amf.Text("connect").Number(1);
        using (amf.Object())
        {
            amf.Name("app").Text("live").Name("type").Text("nonprivate").Name("flashVer").Text("FMLE/3.0 (compatible; Lavf59.27.100)")
                .Name("tcUrl").Text("rtmp://127.0.0.1:1935/live");
        }

        return amf.Written.ToArray();
    }

    /// <summary><c>connect</c> split into chunks.</summary>
    public static byte[] Connect() => Chunks(128, write => write(3, MessageType.Command, 0, ConnectBody()));

    /// <summary>Configuration messages of H.264 and AAC.</summary>
    /// <param name="isEnhanced">Uses Enhanced RTMP headers.</param>
    public static (byte[] Video, byte[] Audio) Configurations(bool isEnhanced) => isEnhanced
        ? (EnhancedBody.Video(EnhancedPacket.SequenceStart, "avc1", AvcRecord),
            EnhancedBody.Audio(EnhancedPacket.SequenceStart, "mp4a", [0x11, 0x90]))
        : ([0x17, 0, 0, 0, 0, .. AvcRecord], [0xAF, 0, 0x11, 0x90]);

    /// <summary>Returns two seconds of video at 4 Mbit/s and audio in chunks, preceded by a message that sets the chunk size.</summary>
    /// <param name="chunkSize">Chunk size in bytes.</param>
    /// <param name="isEnhanced">Uses Enhanced RTMP headers.</param>
    /// <returns>The bytes, and the total size of the message bodies.</returns>
    public static (byte[] Bytes, long BodyBytes) TwoSeconds(int chunkSize, bool isEnhanced)
    {
        long bodies = 0;
        var bytes = Chunks(chunkSize, write =>
        {
            void Write(int chunkStream, MessageType type, uint time, byte[] body)
            {
                write(chunkStream, type, time, body);
                bodies += body.Length;
            }

            var audio = 0;
            for (var frame = 0; frame < FramesInTwoSeconds; frame++)
            {
                Write(VideoStream, MessageType.Video, (uint)(frame * 1000 / 30), Frame(frame == 0, isEnhanced));
                for (; audio * 1024 / 48.0 < (frame + 1) * 1000 / 30.0; audio++)
                {
                    Write(AudioStream, MessageType.Audio, (uint)(audio * 1024 / 48.0), Audio(isEnhanced));
                }
            }
        });
        return (bytes, bodies);
    }

    private static byte[] Frame(bool isSync, bool isEnhanced)
    {
        var size = isSync ? KeyframeBytes : FrameBytes;
        byte[] slice = [(byte)(size >> 24), (byte)(size >> 16), (byte)(size >> 8), (byte)size, (byte)(isSync ? 0x65 : 0x41),
            .. Filler(size - 1)];
        return isEnhanced
            ? EnhancedBody.Video(EnhancedPacket.CodedFrames, "avc1", slice, isSync)
            : [(byte)(isSync ? 0x17 : 0x27), 1, 0, 0, 0, .. slice];
    }

    private static byte[] Audio(bool isEnhanced) => isEnhanced
        ? EnhancedBody.Audio(EnhancedPacket.CodedFrames, "mp4a", [0x21, .. Filler(AudioBytes - 1)])
        : [0xAF, 1, 0x21, .. Filler(AudioBytes - 1)];

    private static byte[] Chunks(int chunkSize, Action<Action<int, MessageType, uint, byte[]>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ChunkWriter();
        if (chunkSize != writer.ChunkSize)
        {
            writer.Write(output, 2, MessageType.SetChunkSize, 0, 0,
                [(byte)(chunkSize >> 24), (byte)(chunkSize >> 16), (byte)(chunkSize >> 8), (byte)chunkSize]);
            writer.ChunkSize = chunkSize;
        }

        write((chunkStream, type, time, body) => writer.Write(output, chunkStream, type, type == MessageType.Command ? 0u : 1u,
            time, body));
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Filler(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];
}
