using System.Buffers;
using System.Buffers.Binary;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>
/// Output of an encoder process: any split of the bytes yields the same frames, and no frame is longer than the input. Checksums are
/// corrected first, otherwise every mutation would be rejected by them.
/// </summary>
internal sealed class NutTarget : FuzzTarget
{
    public override string Name => "nut";

    public override IReadOnlyList<byte[]> Words { get; } = [NutFormat.FileId, Code(NutFormat.MainHeader), Code(NutFormat.StreamHeader),
        Code(NutFormat.Syncpoint), [0xFF, 0xFF, 0xFF, 0x7F], [0x81, 0x00], "H264"u8.ToArray()];

    // Each piece makes the reader parse all previous bytes again.
    public override long MostAllocated(int length) => (4096L * length) + (1024 * 1024);

    public override bool IsRefusal(Exception exception, out string reason)
    {
        reason = exception is InvalidNutException ? exception.Message : "";
        return reason.Length > 0;
    }

    public override void Run(byte[] input, ref Shape shape)
    {
        var repaired = Repaired(input);
        var whole = Read([repaired], out var refusal);
        var cut = Read(Cut(repaired), out var refusalOfCut);
        Hold(refusal?.Message == refusalOfCut?.Message, "cutting the bytes changes the refusal");
        Hold(whole.Count == cut.Count, "cutting the bytes changes the number of frames");
        for (var i = 0; i < whole.Count; i++)
        {
            Hold((whole[i].Stream, whole[i].Present, whole[i].IsKey) == (cut[i].Stream, cut[i].Present, cut[i].IsKey)
                && whole[i].Payload.Span.SequenceEqual(cut[i].Payload.Span), "cutting the bytes changes a frame");
            Hold(whole[i].Stream is >= 0 and < NutReader.MaxStreams, "a frame of no stream");
            shape.Kind(whole[i].IsKey ? 1 : 0);
            shape.Size(whole[i].Payload.Length);
            shape.Size(whole[i].Present);
            shape.Size(AnnexBConverter.ToLengths(whole[i].Payload.Span).Length);
        }

        if (refusal is not null)
        {
            throw refusal;
        }
    }

    private static List<NutFrame> Read(IEnumerable<byte[]> pieces, out InvalidNutException? refusal)
    {
        var reader = new NutReader();
        var frames = new List<NutFrame>();
        var rest = ReadOnlySequence<byte>.Empty;
        refusal = null;
        foreach (var piece in pieces)
        {
            rest = new ReadOnlySequence<byte>([.. rest.ToArray(), .. piece]);
            try
            {
                while (reader.TryRead(ref rest, out var frame))
                {
                    frames.Add(frame);
                }
            }
            catch (InvalidNutException e)
            {
                refusal = e;
                return frames;
            }
        }

        return frames;
    }

    private static byte[] Repaired(byte[] input)
    {
        var bytes = (byte[])input.Clone();
        for (var at = NutFormat.FileId.Length; at + 9 < bytes.Length && bytes[at] == NutFormat.StartByte;)
        {
            var fields = at + 8;
            var length = 0L;
            do
            {
                length = (length << 7) | (bytes[fields] & 0x7FL);
            }
            while ((bytes[fields++] & 0x80) != 0 && fields < bytes.Length && length < NutReader.MaxPacket);

            fields += length > NutFormat.ShortPacket ? 4 : 0;
            var end = fields + length;
            if (length < 4 || end > bytes.Length)
            {
                break;
            }

            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan((int)end - 4), NutFormat.Checksum(bytes.AsSpan(fields, (int)length - 4)));
            at = (int)end;
        }

        return bytes;
    }

    private static byte[] Code(ulong code)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, code);
        return bytes;
    }
}
