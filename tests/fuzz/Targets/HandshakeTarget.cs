using System.Buffers;
using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Handshake;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>RTMP handshake: any split of the bytes completes it at the same byte.</summary>
internal sealed class HandshakeTarget : RtmpTarget
{
    public override string Name => "handshake";

    public override void Run(byte[] input, ref Shape shape)
    {
        var whole = Feed([input], out var left);
        var cut = Feed(Cut(input), out var leftOfCut);
        Hold(whole.Done == cut.Done && whole.Written == cut.Written && left == leftOfCut && whole.Refusal == cut.Refusal,
            "cutting the bytes changes the handshake");
        Hold(whole.Written is 0 or 1 + (2 * HandshakeDigest.BlockSize), "the answer has another length");
        shape.Kind(whole.Done ? 1 : 0);
        shape.Size(whole.Written);
        shape.Kind(whole.Signed ? 1 : 0);
        shape.Words(whole.Refusal);
    }

    private static (bool Done, int Written, bool Signed, string Refusal) Feed(IEnumerable<byte[]> pieces, out int left)
    {
        var handshake = new ServerHandshake();
        var output = new ArrayBufferWriter<byte>();
        var (rest, done, refusal) = (Array.Empty<byte>(), false, "");
        foreach (var piece in pieces)
        {
            rest = [.. rest, .. piece];
            if (done || refusal.Length > 0)
            {
                continue;
            }

            var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(rest));
            try
            {
                done = handshake.TryComplete(ref reader, output);
            }
            catch (RtmpProtocolException e)
            {
                refusal = e.Message;
            }

            rest = rest[(int)reader.Consumed..];
        }

        left = rest.Length;
        var signed = output.WrittenCount > 8 && output.WrittenSpan[5] != 0;
        return (done, output.WrittenCount, signed, refusal);
    }
}
