using System.Buffers;
using Broadcast.Media;
using Broadcast.Storage.Objects;

namespace Broadcast.Storage;

/// <summary>What came of reading an object against its checksum.</summary>
public enum ObjectVerdict
{
    /// <summary>It is not there.</summary>
    Missing,

    /// <summary>Its bytes are those that were put.</summary>
    Good,

    /// <summary>Its bytes are others.</summary>
    Changed,

    /// <summary>No checksum was noted with it: it is from before there were any, or its file system cannot note one.</summary>
    Unknown,
}

/// <summary>Reads objects against the checksums that were noted with them.</summary>
public static class ObjectVerification
{
    /// <summary>Reads all of an object.</summary>
    /// <param name="store">The store.</param>
    /// <param name="name">The object.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ObjectStoreException">The store failed.</exception>
    public static async Task<ObjectVerdict> VerifyAsync(IObjectStore store, ObjectName name, CancellationToken cancellationToken)
    {
        await using var content = await store.OpenAsync(name, 0, null, cancellationToken);
        if (content?.Checksum is not { } noted)
        {
            return content is null ? ObjectVerdict.Missing : ObjectVerdict.Unknown;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            uint sum = 0;
            while (await content.Stream.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            {
                sum = Crc32C.Append(sum, buffer.AsSpan(0, read));
            }

            return sum == noted ? ObjectVerdict.Good : ObjectVerdict.Changed;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
