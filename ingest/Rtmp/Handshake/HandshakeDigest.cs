using System.Security.Cryptography;

namespace Broadcast.Ingest.Rtmp.Handshake;

/// <summary>
/// The digests that players and some encoders hide in the random bytes of C1 and S1, by which each side shows that it knows the product's key. Not in
/// Adobe's published specification; the layout is common knowledge among implementations. Both layouts hold a pointer of four bytes whose sum, modulo 728,
/// leads to the 32 bytes of digest.
/// </summary>
internal static class HandshakeDigest
{
    /// <summary>Bytes of C1, S1, C2 and S2.</summary>
    public const int BlockSize = 1536;

    /// <summary>Bytes of a digest.</summary>
    public const int Size = 32;

    /// <summary>Where the pointer is in the two layouts: right behind time and version, or in the middle.</summary>
    public static ReadOnlySpan<int> Layouts => [8, 772];

    private static ReadOnlySpan<byte> SharedKey =>
    [
        0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E, 0x57,
        0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE,
    ];

    /// <summary>What the client's digest in C1 is made with.</summary>
    public static ReadOnlySpan<byte> PlayerKey => "Genuine Adobe Flash Player 001"u8;

    /// <summary>What the server's digest in S1 is made with.</summary>
    public static ReadOnlySpan<byte> ServerKey => "Genuine Adobe Flash Media Server 001"u8;

    /// <summary>Where the digest of a layout lies: always inside the block, as the remainder is under 728.</summary>
    public static int Offset(ReadOnlySpan<byte> block, int pointer) =>
        pointer + 4 + ((block[pointer] + block[pointer + 1] + block[pointer + 2] + block[pointer + 3]) % 728);

    /// <summary>Finds a client's digest.</summary>
    /// <returns>The pointer of its layout, or -1 when there is no valid digest: then the handshake is the simple one.</returns>
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

    /// <summary>Puts the digest into a block, in the layout given.</summary>
    public static void Sign(ReadOnlySpan<byte> key, Span<byte> block, int pointer)
    {
        var offset = Offset(block, pointer);
        Span<byte> digest = stackalloc byte[Size];
        Compute(key, block, offset, digest);
        digest.CopyTo(block[offset..]);
    }

    /// <summary>Puts the answer to a peer's digest at the end of S2.</summary>
    /// <param name="block">S2, filled with random bytes.</param>
    /// <param name="peerDigest">The digest of C1.</param>
    public static void SignAnswer(Span<byte> block, ReadOnlySpan<byte> peerDigest)
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
