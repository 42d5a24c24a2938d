using System.Buffers;
using Broadcast.Fuzz.Tests.Targets;
using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Handshake;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.Rtmp;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.Tests.Codecs;
using Broadcast.Testing;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Fuzz.Tests;

/// <summary>Initial corpus of a search: files under <c>seeds</c>, and finds of earlier searches under <c>finds</c>.</summary>
internal static class Seeds
{
    /// <summary>The folder of finds.</summary>
    public static string Finds => Repository.PathOf("tests", "fuzz", "finds");

    /// <summary>Returns the path of a find.</summary>
    public static string FindPath(string target, byte[] input) =>
        Path.Combine(Finds, $"{target}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(input))[..12]}.bin");

    /// <summary>Seeds and finds of a target.</summary>
    public static IEnumerable<byte[]> Of(string target) => FilesOf(target).Select(File.ReadAllBytes);

    /// <summary>Their files, in the order of their names.</summary>
    public static IEnumerable<string> FilesOf(string target) => FilesIn(Path.Combine(Folder, target), "*.bin")
        .Concat(FilesIn(Finds, $"{target}-????????????.bin"))
        .Order(StringComparer.Ordinal);

    private static string Folder => Repository.PathOf("tests", "fuzz", "seeds");

    /// <summary>Writes the seeds made by the product's writers; seeds of other codecs come from ffmpeg and are only stored.</summary>
    public static int Write()
    {
        foreach (var (target, name, bytes) in Made())
        {
            Directory.CreateDirectory(Path.Combine(Folder, target));
            File.WriteAllBytes(Path.Combine(Folder, target, name + ".bin"), bytes);
        }

        Console.WriteLine(string.Join('\n', All.Targets.Select(t => $"{t.Name}: {FilesOf(t.Name).Count()}")));
        return 0;
    }

    private static IEnumerable<string> FilesIn(string folder, string pattern) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, pattern) : [];

    private static IEnumerable<(string Target, string Name, byte[] Bytes)> Made() =>
        [.. Handshakes(), .. Chunks(), .. Values(), .. Messages(), .. Sessions(), .. Headers(), .. Records(), .. Nuts(), .. ViewerTokens(),
            .. IndexBlocks(), .. Movies()];

    private static IEnumerable<(string, string, byte[])> IndexBlocks()
    {
        yield return ("index-block", "plain", IndexBlockTarget.Good(0));
        yield return ("index-block", "sheets", IndexBlockTarget.Good(3));
    }

    private static IEnumerable<(string, string, byte[])> Movies()
    {
        yield return ("movie", "plain", MovieTarget.Good(reorders: false));
        yield return ("movie", "reordered", MovieTarget.Good(reorders: true));
    }

    private static IEnumerable<(string, string, byte[])> ViewerTokens()
    {
        yield return ("viewer-token", "anywhere", ViewerTokenTarget.Good(null));
        yield return ("viewer-token", "address", ViewerTokenTarget.Good("203.0.113.5"));
        yield return ("viewer-token", "network", ViewerTokenTarget.Good("2001:db8::/64"));
        yield return ("beacon", "play", "play 0123456789abcdef"u8.ToArray());
        yield return ("beacon", "left", "left ffffffffffffffff"u8.ToArray());
        yield return ("viewer-token", "written", "203.0.113.0/24"u8.ToArray());
    }

    private static IEnumerable<(string, string, byte[])> Handshakes()
    {
        yield return ("handshake", "simple", Wire.Handshake());
        foreach (var pointer in (int[])[8, 772])
        {
            var block = Wire.Filler(HandshakeDigest.BlockSize);
            ((byte[])[0, 0, 0, 9, 128, 0, 7, 2]).CopyTo(block, 0);
            HandshakeDigest.Sign(HandshakeDigest.PlayerKey, block, pointer);
            yield return ("handshake", $"digest-{pointer}", [3, .. block, .. Wire.Filler(HandshakeDigest.BlockSize)]);
        }

        yield return ("handshake", "http", "GET / HTTP/1.1\r\n\r\n"u8.ToArray());
    }

    private static IEnumerable<(string, string, byte[])> Chunks()
    {
        var (video, audio) = (Wire.Filler(300), Wire.Filler(200));
        yield return ("chunks", "interleaved",
        [
            .. Wire.Chunk(0, 6, 0, 300, 9, 1, video[..128]), .. Wire.Chunk(0, 4, 0, 200, 8, 1, audio[..128]),
            .. Wire.Chunk(3, 6, 0, 0, 0, 0, video[128..256]), .. Wire.Chunk(3, 4, 0, 0, 0, 0, audio[128..]),
            .. Wire.Chunk(3, 6, 0, 0, 0, 0, video[256..]),
        ]);
        yield return ("chunks", "every-type",
        [
            .. Wire.Chunk(0, 4, 5000, 2, 8, 1, [1, 2]), .. Wire.Chunk(1, 4, 40, 2, 8, 1, [3, 4]), .. Wire.Chunk(3, 4, 0, 0, 0, 0, [5, 6]),
            .. Wire.Chunk(2, 4, 10, 0, 0, 0, [7, 8]), .. Wire.Chunk(3, 4, 0, 0, 0, 0, [9, 9]),
        ]);
        foreach (var repeated in (bool[])[true, false])
        {
            yield return ("chunks", repeated ? "extended-repeated" : "extended-once",
            [
                .. Wire.Chunk(0, 6, 0x01000203, 300, 9, 1, video[..128]),
                .. Wire.Chunk(3, 6, 0x01000203, 0, 0, 0, video[128..256], extended: repeated),
                .. Wire.Chunk(3, 6, 0x01000203, 0, 0, 0, video[256..], extended: repeated),
                .. Wire.Chunk(2, 6, 0xFFFFFF, 0, 0, 0, video[..128]),
            ]);
        }

        yield return ("chunks", "long-ids", [.. Wire.Chunk(0, 319, 0, 3, 9, 1, [1, 2, 3]), .. Wire.Chunk(0, 65_599, 0, 3, 9, 1, [1, 2, 3]),
            .. Wire.Chunk(3, 319, 0, 0, 0, 0, [1, 2, 3])]);
        yield return ("chunks", "size-and-abort",
        [
            .. Wire.Chunk(0, 6, 0, 500, 9, 1, video[..128]), .. Wire.Message(MessageType.SetChunkSize, 0, 0, Wire.UInt32(4096), 2),
            .. Wire.Message(MessageType.Abort, 0, 0, Wire.UInt32(6), 2),
            .. Wire.Message(MessageType.Video, 1, 40, Wire.Filler(1000), 6, chunkSize: 4096),
        ]);
    }

    private static IEnumerable<(string, string, byte[])> Values()
    {
        yield return ("amf", "connect", Amf(a =>
        {
            a.Text("connect").Number(1);
            using (a.Object())
            {
                a.Name("app").Text("live").Name("capabilities").Number(239).Name("fpad").Boolean(false).Name("inner");
                using (a.EcmaArray(2))
                {
                    a.Name("x").Null().Name("y").Text("ü");
                }
            }
        }));
        yield return ("amf", "others",
        [
            0x0B, 0x40, 0x8F, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 1, (byte)'T', 0, 1, (byte)'x', 5, 0, 0, 9,
            0x0A, 0, 0, 0, 2, 5, 1, 1, 0x0C, 0, 0, 0, 2, (byte)'o', (byte)'k', 0x0F, 0, 0, 0, 1, (byte)'<', 6, 13,
        ]);
        yield return ("amf", "deep", [.. Enumerable.Repeat<byte[]>([3, 0, 1, (byte)'a'], 16).SelectMany(b => b), 5,
            .. Enumerable.Repeat<byte[]>([0, 0, 9], 16).SelectMany(b => b)]);
    }

    private static IEnumerable<(string, string, byte[])> Messages()
    {
        byte[] configuration = [.. Record(0, [0x17, 0, 0, 0, 0, .. Wire.AvcRecord]), .. Record(1, [0xAF, 0, .. Wire.AacRecord])];
        yield return ("messages", "h264-aac", [.. configuration, .. Record(0, Wire.VideoBody(true, 20)), .. Record(1, [0xAF, 1, 0x21, 1]),
            .. Record(0, Wire.VideoBody(false, 20, -40))]);
        yield return ("messages", "adts", [.. configuration, .. Record(1, [0xAF, 1, 0xFF, 0xF1, 0, 0, 0, 0, 0, 0x21, 9])]);
        yield return ("messages", "metadata", Record(2, Amf(a =>
        {
            a.Text("@setDataFrame").Text("onMetaData");
            using (a.EcmaArray(4))
            {
                a.Name("videocodecid").Number(7).Name("audiocodecid").Number(10).Name("width").Number(1920).Name("encoder").Text("obs");
            }
        })));
        byte[] tag = [9, .. Wire.UInt24(9), .. Wire.UInt24(40), 0, 0, 0, 0, .. Wire.VideoBody(true, 20)[..9], .. Wire.UInt32(20)];
        yield return ("messages", "aggregate", [.. configuration, .. Record(3, [.. tag, .. tag])]);
        yield return ("messages", "enhanced-avc",
        [
            .. Record(0, [0x90, .. "avc1"u8, .. Wire.AvcRecord]),
            .. Record(0, [0x91, .. "avc1"u8, 0, 0, 40, .. Wire.VideoBody(true, 20)[5..]]),
            .. Record(0, [0xA3, .. "avc1"u8, .. Wire.VideoBody(false, 20)[5..]]), .. Record(1, [0x90, .. "mp4a"u8, .. Wire.AacRecord]),
            .. Record(1, [0x91, .. "mp4a"u8, 0x21, 1]),
        ]);
        yield return ("messages", "modex", [.. Record(0, [0x90, .. "avc1"u8, .. Wire.AvcRecord]),
            .. Record(0, [0x97, 2, 0x0F, 0x42, 0x3F, 0x01, .. "avc1"u8, 0, 0, 0, .. Wire.VideoBody(true, 20)[5..]])]);
        yield return ("messages", "multitrack",
        [
            .. Record(0, [0x96, 0x00, .. "avc1"u8, 1, .. Wire.AvcRecord]),
            .. Record(0, [0x96, 0x10, .. "avc1"u8, 0, .. Wire.UInt24((uint)Wire.AvcRecord.Length), .. Wire.AvcRecord, 1,
                .. Wire.UInt24((uint)Wire.AvcRecord.Length), .. Wire.AvcRecord]),
            .. Record(0,
                [0x96, 0x23, .. "avc1"u8, 1, .. Wire.UInt24(24), .. Wire.VideoBody(true, 20)[5..], .. "hvc1"u8, 2, .. Wire.UInt24(1), 7]),
        ]);
        yield return ("messages", "opus", [.. Record(1, [0x90, .. "Opus"u8, .. CodecConfig.Opus.Default().Record.Span]),
            .. Record(1, [0x91, .. "Opus"u8, 0xFC, 1, 2, 3])]);
    }

    private static IEnumerable<(string, string, byte[])> Sessions()
    {
        byte[] opening = [.. Wire.Connect(), .. Wire.CreateStream(), .. Wire.Publish("good")];
        yield return ("session", "short", [.. opening, .. Wire.VideoConfiguration(), .. Wire.AudioConfiguration(),
            .. Wire.Frame(0, true, 60), .. Wire.Audio(0, 30), .. Wire.Frame(40, false, 200)]);
        yield return ("session", "control",
        [
            .. opening, .. Wire.Message(MessageType.SetChunkSize, 0, 0, Wire.UInt32(4096), 2),
            .. Wire.Message(MessageType.UserControl, 0, 0, [0, 6, 0, 0, 0, 1], 2),
            .. Wire.Message(MessageType.WindowAcknowledgementSize, 0, 0, Wire.UInt32(2_500_000), 2),
            .. Wire.Message(MessageType.SetPeerBandwidth, 0, 0, [0, 0, 16, 0, 2], 2),
            .. Wire.Message(MessageType.Acknowledgement, 0, 0, Wire.UInt32(1000), 2),
            .. Wire.Message(MessageType.Abort, 0, 0, Wire.UInt32(6), 2),
        ]);
        yield return ("session", "late-times", [.. opening, .. Wire.VideoConfiguration(0xFFFFFF00), .. Wire.AudioConfiguration(0xFFFFFF00),
            .. Wire.Frame(0xFFFFFFD8, true, 60), .. Wire.Frame(0, false, 60), .. Wire.Audio(10, 30)]);
    }

    private static IEnumerable<(string, string, byte[])> Headers()
    {
        byte[] signature = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];
        yield return ("proxy", "tcp4", "PROXY TCP4 203.0.113.9 198.51.100.2 56324 1935\r\n"u8.ToArray());
        yield return ("proxy", "tcp6", "PROXY TCP6 2001:db8::9 2001:db8::1 56324 1935\r\n"u8.ToArray());
        yield return ("proxy", "unknown", "PROXY UNKNOWN\r\n"u8.ToArray());
        yield return ("proxy", "binary4", [.. signature, 0x21, 0x11, 0, 12, 203, 0, 113, 9, 198, 51, 100, 2, 0xDC, 4, 7, 0x8F]);
        yield return ("proxy", "binary6", [.. signature, 0x21, 0x21, 0, 36, .. new byte[36]]);
        yield return ("proxy", "local", [.. signature, 0x20, 0, 0, 0]);
    }

    private static IEnumerable<(string, string, byte[])> Records()
    {
        var number = 0;
        foreach (var hex in AvcRecords.All)
        {
            var record = Convert.FromHexString(hex);
            yield return ("avcC", $"x264-{++number}", record);
            yield return ("sps", $"x264-{number}", CodecConfig.Avc.Parse(record).Configuration.SpsUnits[0].ToArray());
        }

        foreach (var hex in (string[])["1190", "1210", "2B920800", "EB8A0800", "17880000BB8008", "F8E85000"])
        {
            yield return ("asc", hex.ToLowerInvariant(), Convert.FromHexString(hex));
        }

        yield return ("opus", "stereo", CodecConfig.Opus.Default().Record.ToArray());
        yield return ("samples", "avc", [0, 0, 0, 0, 2, 9, 16, 0, 0, 0, 2, 0x65, 1]);
    }

    private static IEnumerable<(string, string, byte[])> Nuts()
    {
        var output = new ArrayBufferWriter<byte>();
        new NutWriter([new NutStream(TrackKind.Video, NutTag.Avc, MediaTime.VideoTimescale, Wire.AvcRecord) { Width = 64,
            Height = 48 }]).WriteHeaders(output);
        for (var i = 0; i < 3; i++)
        {
            var payload = Wire.Filler(20 * (i + 1));
            output.Advance(NutWriter.WriteFrameHeader(output.GetSpan(NutWriter.MaxFrameHeader), 0, 3000 * i, i == 0, payload.Length));
            output.Write(payload);
        }

        yield return ("nut", "ours", output.WrittenSpan.ToArray());
    }

    private static byte[] Record(byte kind, byte[] body) => [kind, (byte)(body.Length >> 8), (byte)body.Length, .. body];

    private static byte[] Amf(Action<AmfWriter> write)
    {
        var writer = new AmfWriter();
        write(writer);
        return writer.Written.ToArray();
    }
}
