using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Broadcast.Ingest.Rtmp.Handshake;

/// <summary>
/// Server side of the handshake (Adobe RTMP 1.0, 5.2): reads C0 and C1, writes S0, S1 and S2, reads C2. With a valid digest in C1 the
/// replies are signed; otherwise S2 echoes C1. The content of C2 is ignored: many encoders send other data there, and nothing depends on
/// it.
/// </summary>
internal sealed class ServerHandshake
{
    private const byte Version = 3;

    private bool _hasReplied;
    private int _clientEcho = HandshakeDigest.BlockSize;

    /// <summary>Processes received data.</summary>
    /// <param name="reader">On return, at the unread data. C0 and C1 are read together or not at all.</param>
    /// <param name="output">Receives the reply.</param>
    /// <returns>Whether the handshake is complete. Chunks follow.</returns>
    /// <exception cref="RtmpProtocolException">The first byte is not valid RTMP.</exception>
    public bool TryComplete(ref SequenceReader<byte> reader, IBufferWriter<byte> output)
    {
        if (!_hasReplied)
        {
            if (!reader.TryPeek(out var version))
            {
                return false;
            }

            if (version != Version)
            {
                throw RtmpProtocolException.NotRtmp(version);
            }

            Span<byte> request = stackalloc byte[1 + HandshakeDigest.BlockSize];
            if (!reader.TryCopyTo(request))
            {
                return false;
            }

            reader.Advance(request.Length);
            WriteReply(request[1..], output);
            _hasReplied = true;
        }

        var count = (int)Math.Min(_clientEcho, reader.Remaining);
        reader.Advance(count);
        _clientEcho -= count;
        return _clientEcho == 0;
    }

    private static void WriteReply(ReadOnlySpan<byte> clientBlock, IBufferWriter<byte> output)
    {
        const int Size = 1 + (2 * HandshakeDigest.BlockSize);
        var reply = output.GetSpan(Size)[..Size];
        reply[0] = Version;
        var serverBlock = reply.Slice(1, HandshakeDigest.BlockSize);
        var echo = reply[(1 + HandshakeDigest.BlockSize)..];
        RandomNumberGenerator.Fill(serverBlock);
        BinaryPrimitives.WriteUInt32BigEndian(serverBlock, 0);

        // A client that uses digests sends its version where the specification requires zeros.
        var pointer = BinaryPrimitives.ReadUInt32BigEndian(clientBlock[4..]) == 0 ? -1 : HandshakeDigest.Find(clientBlock);
        if (pointer < 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(serverBlock[4..], 0);
            clientBlock.CopyTo(echo);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(serverBlock[4..], 0x05000001);
            HandshakeDigest.Sign(HandshakeDigest.ServerKey, serverBlock, pointer);
            RandomNumberGenerator.Fill(echo);
            HandshakeDigest.SignReply(echo, clientBlock.Slice(HandshakeDigest.Offset(clientBlock, pointer), HandshakeDigest.Size));
        }

        output.Advance(Size);
    }
}
