using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>What is told of bytes that go to a store.</summary>
/// <param name="Sum">Their CRC-32C.</param>
/// <param name="Md5">Their MD5 in base 64, for <c>Content-MD5</c>, where that was asked for.</param>
internal sealed record FileDigest(uint Sum, string? Md5)
{
    private const int Step = 1 << 17;

    /// <summary>That of bytes.</summary>
    public static FileDigest Of(ReadOnlySpan<byte> bytes, bool md5) => new(Crc32C.Append(0, bytes), md5 ? Convert.ToBase64String(Md5Of(bytes)) : null);

    /// <summary>That of a file, or of a part of it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="start">First byte.</param>
    /// <param name="count">How many; fewer where the file ends before.</param>
    /// <param name="md5">Whether the MD5 is wanted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<FileDigest> OfAsync(SafeFileHandle file, long start, long count, bool md5, CancellationToken cancellationToken)
    {
        using var hash = md5 ? CreateMd5() : null;
        var buffer = new byte[(int)Math.Clamp(count, 1, Step)];
        uint sum = 0;
        for (var end = start + count; start < end;)
        {
            var read = await RandomAccess.ReadAsync(file, buffer.AsMemory(0, (int)Math.Min(buffer.Length, end - start)), start, cancellationToken);
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

    // Nothing secret hangs on it: S3's Content-MD5 finds bytes that changed on their way, and every service knows it.
#pragma warning disable CA5351
    private static byte[] Md5Of(ReadOnlySpan<byte> bytes) => MD5.HashData(bytes);

    private static IncrementalHash CreateMd5() => IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
}
