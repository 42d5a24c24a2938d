using System.Buffers;
using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>Result of verifying an object's checksum.</summary>
public enum VerificationResult
{
    /// <summary>The object does not exist.</summary>
    Missing,

    /// <summary>The checksum matches.</summary>
    Valid,

    /// <summary>The checksum does not match.</summary>
    Changed,

    /// <summary>The object has no checksum: it predates checksums, or its file system cannot store them.</summary>
    Unknown,
}

/// <summary>Verifies objects against their stored checksums.</summary>
public static class ObjectVerification
{
    /// <summary>Reads an object and verifies its checksum.</summary>
    /// <param name="store">The object store.</param>
    /// <param name="name">Name of the object.</param>
    /// <param name="cancellationToken">Cancels the verification.</param>
    /// <exception cref="ObjectStoreException">The object store failed.</exception>
    public static async Task<VerificationResult> VerifyAsync(IObjectStore store, ObjectName name, CancellationToken cancellationToken)
    {
        await using var content = await store.OpenAsync(name, 0, null, cancellationToken);
        if (content?.Checksum is not { } stored)
        {
            return content is null ? VerificationResult.Missing : VerificationResult.Unknown;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            uint sum = 0;
            while (await content.Stream.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            {
                sum = Crc32C.Append(sum, buffer.AsSpan(0, read));
            }

            return sum == stored ? VerificationResult.Valid : VerificationResult.Changed;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
