using System.Buffers.Binary;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.Rtmp;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>A connection after its handshake: commands, control messages, media; the resulting timeline must be valid.</summary>
internal class SessionTarget : RtmpTarget
{
    private static readonly byte[] Handshake = Wire.Handshake();

    public override string Name => "session";

    public override int MaxLength => 16 * 1024;

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        Wire.Connect(), Wire.CreateStream(), Wire.Publish("good"), Wire.VideoConfiguration(), Wire.AudioConfiguration(),
        Wire.Frame(40, true, 20), Wire.Frame(80, false, 20),
        Wire.Audio(40, 10), Wire.Message(MessageType.SetChunkSize, 0, 0, Wire.UInt32(4096), 2),
        Wire.Message(MessageType.Abort, 0, 0, Wire.UInt32(6), 2),
        Wire.Message(MessageType.UserControl, 0, 0, [0, 6, 0, 0, 0, 1], 2),
        Wire.Message(MessageType.WindowAcknowledgementSize, 0, 0, Wire.UInt32(1), 2), [0xFF, 0xFF, 0xFF, 0xFF], [0xC6], [0xC4],
    ];

    // Messages reserve up to 64 KiB at their start (16 KiB before publishing), and publishing needs its queues.
    public override long MostAllocated(int length) => (4096L * length) + (8 * 1024 * 1024);

    public override void Run(byte[] input, ref Shape shape)
    {
        var session = new SessionHarness();
        session.Feeds(Handshake);
        try
        {
            foreach (var piece in Pieces(input))
            {
                session.Now = session.Now.AddMilliseconds(17);
                session.Feeds(piece);
            }
        }
        finally
        {
            shape.Kind((int)session.Session.Phase);
            Look(session, input, ref shape);
        }
    }

    /// <summary>Sent bytes, read by read.</summary>
    protected virtual IEnumerable<byte[]> Pieces(byte[] input) => Cut(input);

    private static void Look(SessionHarness session, byte[] input, ref Shape shape)
    {
        session.Feed?.Complete();
        var last = new Dictionary<int, Broadcast.Media.MediaTime>();
        var count = 0;
        foreach (var sample in session.Samples())
        {
            Hold(++count <= input.Length, "more samples than bytes");
            Hold(sample.Payload.Length > 0 && sample.Payload.Length <= input.Length, "a sample without bytes, or with more than came in");
            Hold(!last.TryGetValue(sample.Track.Id, out var before) || sample.Decode > before, "time stands still or goes back");
            Hold(sample.Decode.Ticks >= 0, "time begins before the session");
            last[sample.Track.Id] = sample.Decode;
            shape.Kind((sample.Track.Id * 2) + (sample.IsSync ? 1 : 0));
        }

        shape.Size(count);
        shape.Size(session.Session.IgnoredMessages);
        shape.Size(session.Feed?.Malformed ?? 0);
    }
}

/// <summary>
/// Message bodies after an accepted publish, without chunks: records of a kind, a two-byte length and a body. Covers FLV and Enhanced RTMP
/// tags, aggregates, metadata and commands.
/// </summary>
internal sealed class MessageTarget : SessionTarget
{
    private static readonly byte[] Opening = [.. Wire.Connect(), .. Wire.CreateStream(), .. Wire.Publish("good"),
        .. Wire.Message(MessageType.SetChunkSize, 0, 0, Wire.UInt32(65_536), 2)];

    private static readonly byte[] Kinds = [9, 8, 18, 22, 20, 15, 17];

    public override string Name => "messages";

    public override int MaxLength => 4096;

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        [0, 0, 10, 0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65], [1, 0, 4, 0xAF, 1, 0x21, 1], [0x90, .. "hvc1"u8], [0x91, .. "avc1"u8],
        [0x93, .. "av01"u8], [0x90, .. "vp09"u8], [0x90, .. "Opus"u8],
        [0x91, .. "fLaC"u8], [0x91, .. "ac-3"u8], [0x90, .. "ec-3"u8], [0x90, .. "mp4a"u8], [0x96, 0x00, .. "hvc1"u8, 0],
        [0x96, 0x10, .. "avc1"u8, 1], [0x96, 0x20], [0x97, 2, 0, 0, 1, 0x00],
        [0x95, 0x00, .. "Opus"u8, 0], [0x94, .. "hvc1"u8], "onMetaData"u8.ToArray(), "videoTrackIdInfoMap"u8.ToArray(),
        "audioTrackIdInfoMap"u8.ToArray(), "colorInfo"u8.ToArray(),
    ];

    protected override IEnumerable<byte[]> Pieces(byte[] input)
    {
        yield return Opening;
        uint time = 0;
        for (var at = 0; at + 3 <= input.Length; time += 20)
        {
            var length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(input.AsSpan(at + 1)), input.Length - at - 3);
            var kind = Kinds[input[at] % Kinds.Length];
            yield return Wire.Message((MessageType)kind, 1, time, input.AsSpan(at + 3, length), kind == 8 ? 4 : 6, chunkSize: 65_536);
            at += 3 + length;
        }
    }
}
