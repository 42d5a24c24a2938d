using System.Security.Cryptography;

namespace Broadcast.Ingest.Rtmp.Handshake;

/// <summary>
/// Digests that players and some encoders embed in the random bytes of C1 and S1 to prove that they know the product's key. Not part of
/// Adobe's published specification; the layout is known from other implementations. Both layouts have a pointer of 4 bytes, whose sum
/// modulo 728 gives the position of the 32-byte digest.
/// </summary>
internal static class HandshakeDigest
{
    /// <summary>Size of C1, S1, C2 and S2 in bytes.</summary>
    public const int BlockSize = 1536;

    /// <summary>Size of a digest in bytes.</summary>
    public const int Size = 32;

    /// <summary>Position of the pointer in the two layouts: after time and version, or in the middle.</summary>
    public static ReadOnlySpan<int> Layouts => [8, 772];

    private static ReadOnlySpan<byte> SharedKey =>
    [
        0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E, 0x57,
        0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE,
    ];

    /// <summary>Key of the client's digest in C1.</summary>
    public static ReadOnlySpan<byte> PlayerKey => "Genuine Adobe Flash Player 001"u8;

    /// <summary>Key of the server's digest in S1.</summary>
    public static ReadOnlySpan<byte> ServerKey => "Genuine Adobe Flash Media Server 001"u8;

    /// <summary>Position of a layout's digest. It is always inside the block, because the remainder is below 728.</summary>
    public static int Offset(ReadOnlySpan<byte> block, int pointer) =>
        pointer + 4 + ((block[pointer] + block[pointer + 1] + block[pointer + 2] + block[pointer + 3]) % 728);

    /// <summary>Finds a client's digest.</summary>
    /// <returns>Pointer of its layout, or -1 without a valid digest, which means a simple handshake.</returns>
    public static int Find(ReadOnlySpan<byte> clientBlock)
    {
        Span<byte> computed = stackalloc byte[Size];
        foreach (var pointer in Layouts)
        {
            var offset = Offset(clientBlock, pointer);
            Compute(PlayerKey, clientBlock, offset, computed);
            if (CryptographicOperations.FixedTimeEquals(computed, clientBlock.Slice(offset, Size)))
            {
                return pointer;
            }
        }

        return -1;
    }

    /// <summary>Writes the digest into a block, in the given layout.</summary>
    public static void Sign(ReadOnlySpan<byte> key, Span<byte> block, int pointer)
    {
        var offset = Offset(block, pointer);
        Span<byte> digest = stackalloc byte[Size];
        Compute(key, block, offset, digest);
        digest.CopyTo(block[offset..]);
    }

    /// <summary>Writes the response to a peer's digest to the end of S2.</summary>
    /// <param name="block">S2, filled with random bytes.</param>
    /// <param name="peerDigest">Digest of C1.</param>
    public static void SignReply(Span<byte> block, ReadOnlySpan<byte> peerDigest)
    {
        Span<byte> key = stackalloc byte[ServerKey.Length + SharedKey.Length];
        ServerKey.CopyTo(key);
        SharedKey.CopyTo(key[ServerKey.Length..]);
        Span<byte> derived = stackalloc byte[Size];
        HMACSHA256.HashData(key, peerDigest, derived);
        HMACSHA256.HashData(derived, block[..^Size], block[^Size..]);
    }

    private static void Compute(ReadOnlySpan<byte> key, ReadOnlySpan<byte> block, int offset, Span<byte> digest)
    {
        Span<byte> joined = stackalloc byte[BlockSize - Size];
        block[..offset].CopyTo(joined);
        block[(offset + Size)..].CopyTo(joined[offset..]);
        HMACSHA256.HashData(key, joined, digest);
    }
}
