using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Broadcast.Ingest.Rtmp.Handshake;

/// <summary>
/// The server's side of the handshake (Adobe RTMP 1.0, 5.2): C0 and C1 in, S0, S1 and S2 out, C2 in. With a valid digest in C1 the answers are signed;
/// otherwise S2 is C1 again. What C2 says is not looked at: many encoders send something else there, and nothing hangs on it.
/// </summary>
internal sealed class ServerHandshake
{
    private const byte Version = 3;

    private bool _answered;
    private int _clientEcho = HandshakeDigest.BlockSize;

    /// <summary>Takes what has arrived.</summary>
    /// <param name="reader">Left behind what was read; C0 and C1 are read together, whole or not at all.</param>
    /// <param name="output">Where the answer goes.</param>
    /// <returns>Whether the handshake is done; what follows are chunks.</returns>
    /// <exception cref="RtmpProtocolException">The first byte shows that it is not RTMP.</exception>
    public bool TryComplete(ref SequenceReader<byte> reader, IBufferWriter<byte> output)
    {
        if (!_answered)
        {
            if (!reader.TryPeek(out var version))
            {
                return false;
            }

            if (version != Version)
            {
                throw RtmpProtocolException.NotRtmp(version);
            }

            Span<byte> opening = stackalloc byte[1 + HandshakeDigest.BlockSize];
            if (!reader.TryCopyTo(opening))
            {
                return false;
            }

            reader.Advance(opening.Length);
            Answer(opening[1..], output);
            _answered = true;
        }

        var count = (int)Math.Min(_clientEcho, reader.Remaining);
        reader.Advance(count);
        _clientEcho -= count;
        return _clientEcho == 0;
    }

    private static void Answer(ReadOnlySpan<byte> clientBlock, IBufferWriter<byte> output)
    {
        const int Size = 1 + (2 * HandshakeDigest.BlockSize);
        var answer = output.GetSpan(Size)[..Size];
        answer[0] = Version;
        var serverBlock = answer.Slice(1, HandshakeDigest.BlockSize);
        var echo = answer[(1 + HandshakeDigest.BlockSize)..];
        RandomNumberGenerator.Fill(serverBlock);
        BinaryPrimitives.WriteUInt32BigEndian(serverBlock, 0);

        // A client that knows digests says its version where the specification wants zeros.
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
            HandshakeDigest.SignAnswer(echo, clientBlock.Slice(HandshakeDigest.Offset(clientBlock, pointer), HandshakeDigest.Size));
        }

        output.Advance(Size);
    }
}
