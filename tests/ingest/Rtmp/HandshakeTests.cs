using System.Buffers;
using System.Security.Cryptography;
using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Handshake;
using Shouldly;
using Xunit;

namespace Broadcast.Ingest.Tests.Rtmp;

public sealed class HandshakeTests
{
    [Fact]
    public void Simple_handshake_is_echoed_byte_by_byte_or_all_at_once()
    {
        var bytes = Wire.Handshake();
        var handshake = new ServerHandshake();
        var output = new ArrayBufferWriter<byte>();
        var pending = new List<byte>();
        for (var i = 0; i < bytes.Length; i++)
        {
            pending.Add(bytes[i]);
            Feed(handshake, pending, output).ShouldBe(i == bytes.Length - 1);
        }

        output.WrittenCount.ShouldBe(1 + 1536 + 1536);
        output.WrittenSpan[0].ShouldBe((byte)3);
        output.WrittenSpan[(1 + 1536)..].ToArray().ShouldBe(bytes[1..1537]);
        Feed(new ServerHandshake(), [.. bytes], new ArrayBufferWriter<byte>()).ShouldBeTrue();
    }

    [Fact]
    public void Bytes_after_the_handshake_are_not_consumed()
    {
        List<byte> bytes = [.. Wire.Handshake(), 1, 2, 3];
        Feed(new ServerHandshake(), bytes, new ArrayBufferWriter<byte>()).ShouldBeTrue();
        bytes.ShouldBe([(byte)1, (byte)2, (byte)3]);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(772)]
    public void H06_digest_in_either_layout_with_the_largest_pointer_is_answered_with_a_digest(int pointer)
    {
        var block = ClientBlock();
        block.AsSpan(pointer, 4).Fill(0xFF); // the largest possible sum
        HandshakeDigest.Sign(HandshakeDigest.PlayerKey, block, pointer);
        var output = new ArrayBufferWriter<byte>();
        Feed(new ServerHandshake(), [3, .. block, .. Wire.Filler(1536)], output).ShouldBeTrue();

        var (server, answer) = (output.WrittenSpan.Slice(1, 1536).ToArray(), output.WrittenSpan[1537..].ToArray());
        var offset = HandshakeDigest.Offset(server, pointer);
        byte[] joined = [.. server[..offset], .. server[(offset + 32)..]];
        HMACSHA256.HashData("Genuine Adobe Flash Media Server 001"u8, joined).ShouldBe(server[offset..(offset + 32)]);
        answer.ShouldNotBe(block);
    }

    [Fact]
    public void H06_wrong_digest_is_treated_as_a_simple_handshake()
    {
        var block = ClientBlock();
        var output = new ArrayBufferWriter<byte>();
        Feed(new ServerHandshake(), [3, .. block, .. Wire.Filler(1536)], output).ShouldBeTrue();
        output.WrittenSpan[1537..].ToArray().ShouldBe(block);
    }

    [Theory]
    [InlineData(0x16, IngestRejectionReason.TlsOnRtmpPort)]
    [InlineData((byte)'G', IngestRejectionReason.HttpOnRtmpPort)]
    [InlineData(0, IngestRejectionReason.NotRtmp)]
    [InlineData(6, IngestRejectionReason.NotRtmp)]
    [InlineData(32, IngestRejectionReason.NotRtmp)]
    [InlineData(255, IngestRejectionReason.NotRtmp)]
    public void Other_protocols_are_detected_by_their_first_byte(int first, IngestRejectionReason reason) =>
        Should.Throw<RtmpProtocolException>(() => Feed(new ServerHandshake(), [(byte)first], new ArrayBufferWriter<byte>()))
        .Reason.ShouldBe(reason);

    private static byte[] ClientBlock()
    {
        var block = Wire.Filler(1536);
        ((byte[])[0, 0, 0, 9, 128, 0, 7, 2]).CopyTo(block, 0);
        return block;
    }

    private static bool Feed(ServerHandshake handshake, List<byte> pending, ArrayBufferWriter<byte> output)
    {
        var reader = new SequenceReader<byte>(new ReadOnlySequence<byte>(pending.ToArray()));
        var done = handshake.TryComplete(ref reader, output);
        pending.RemoveRange(0, (int)reader.Consumed);
        return done;
    }
}
