using System.Security.Cryptography;
using Broadcast.Media.Storage;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>Checksums of bytes that are put into a store.</summary>
/// <param name="Sum">The CRC-32C.</param>
/// <param name="Md5">The MD5 in base64 for <c>Content-MD5</c>, if requested.</param>
internal sealed record FileDigest(uint Sum, string? Md5)
{
    private const int BufferSize = 1 << 17;

    /// <summary>Digest of a buffer.</summary>
    public static FileDigest Of(ReadOnlySpan<byte> bytes, bool md5) =>
        new(Crc32C.Append(0, bytes), md5 ? Convert.ToBase64String(Md5Of(bytes)) : null);

    /// <summary>Digest of a file, or of a part of it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="start">Offset of the first byte.</param>
    /// <param name="count">Number of bytes; fewer when the file ends earlier.</param>
    /// <param name="md5">Whether to compute the MD5.</param>
    /// <param name="cancellationToken">Cancels the calculation.</param>
    public static async Task<FileDigest> OfAsync(SafeFileHandle file, long start, long count, bool md5, CancellationToken cancellationToken)
    {
        using var hash = md5 ? CreateMd5() : null;
        var buffer = new byte[(int)Math.Clamp(count, 1, BufferSize)];
        uint sum = 0;
        for (var end = start + count; start < end;)
        {
            var read = await RandomAccess.ReadAsync(file, buffer.AsMemory(0, (int)Math.Min(buffer.Length, end - start)), start,
                cancellationToken);
            if (read == 0)
            {
                break;
            }

            sum = Crc32C.Append(sum, buffer.AsSpan(0, read));
            hash?.AppendData(buffer, 0, read);
            start += read;
        }

        return new FileDigest(sum, hash is null ? null : Convert.ToBase64String(hash.GetHashAndReset()));
    }

    // Not used for security: S3's Content-MD5 detects transmission errors, and every service supports it.
#pragma warning disable CA5351
    private static byte[] Md5Of(ReadOnlySpan<byte> bytes) => MD5.HashData(bytes);

    private static IncrementalHash CreateMd5() => IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
}
