using System.Buffers;
using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Ingest.Tests.Rtmp;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>RTMP chunks: any split of the bytes yields the same messages, and no message is longer than the input.</summary>
internal sealed class ChunkTarget : RtmpTarget
{
    private static readonly ChunkLimits Limits = new(64 * 1024, 256 * 1024, 16 * 1024, 16, 512 * 1024);

    public override string Name => "chunks";

    public override IReadOnlyList<byte[]> Words { get; } =
    [
        Wire.Message(MessageType.SetChunkSize, 0, 0, Wire.UInt32(4096), 2), Wire.Message(MessageType.Abort, 0, 0, Wire.UInt32(6), 2),
        [0x06, 0, 0, 0, 0, 0, 5, 9, 1, 0, 0, 0],
        [0x46, 0, 0, 40, 0, 0, 5, 9],
        [0x86, 0, 0, 40], [0xC6], [0xC0, 6], [0xC1, 6, 0], [0x00, 0], [0x01, 0, 0], [0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF],
    ];

    // A message reserves up to 64 KiB at its start, within the limit of all incomplete messages; memory freed by Abort can be reserved
    // again. A connection bounds both by its limits and by the message rate limiter, which is absent here: 16 bytes start and abort a
    // message.
    public override long MostAllocated(int length) => (4096L * 4 * length) + (4 * 1024 * 1024);

    public override void Run(byte[] input, ref Shape shape)
    {
        var whole = Read([input], out var refusal);
        var cut = Read(Cut(input), out var refusalOfCut);
        Hold(refusal?.Message == refusalOfCut?.Message, "cutting the bytes changes the refusal");
        Hold(whole.Count == cut.Count, "cutting the bytes changes the number of messages");
        long total = 0;
        for (var i = 0; i < whole.Count; i++)
        {
            Hold(Same(whole[i], cut[i]), "cutting the bytes changes a message");
            total += whole[i].Payload.Length;
            shape.Kind((int)whole[i].Type);
            shape.Size(whole[i].Payload.Length);
        }

        Hold(total <= input.Length, "more bytes come out than went in");
        if (refusal is not null)
        {
            throw refusal;
        }
    }

    private static bool Same(in RtmpMessage a, in RtmpMessage b) =>
        (a.Type, a.Stream, a.Timestamp) == (b.Type, b.Stream, b.Timestamp) && a.Payload.Span.SequenceEqual(b.Payload.Span);

    private static List<RtmpMessage> Read(IEnumerable<byte[]> pieces, out RtmpProtocolException? refusal)
    {
        var reader = new ChunkReader(Limits, 128);
        var messages = new List<RtmpMessage>();
        byte[] rest = [];
        refusal = null;
        foreach (var piece in pieces)
        {
            rest = [.. rest, .. piece];
            var sequence = new SequenceReader<byte>(new ReadOnlySequence<byte>(rest));
            try
            {
                while (reader.TryRead(ref sequence, out var message))
                {
                    messages.Add(message);
                }
            }
            catch (RtmpProtocolException e)
            {
                refusal = e;
                return messages;
            }

            rest = sequence.UnreadSequence.ToArray();
            Hold(rest.Length < ChunkHeader.MaxSize, "more than a header is left unread");
        }

        return messages;
    }
}
