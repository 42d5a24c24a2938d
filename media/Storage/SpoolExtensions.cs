namespace Broadcast.Media.Storage;

/// <summary>Reads small objects as a whole.</summary>
public static class SpoolExtensions
{
    /// <summary>Reads all bytes of a file or object; <see langword="null"/> when it does not exist, or is too long.</summary>
    /// <param name="spool">The spool.</param>
    /// <param name="name">Name of the file or object.</param>
    /// <param name="maxLength">Maximum size in bytes.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public static async Task<byte[]?> ReadAllAsync(this ISpool spool, ObjectName name, int maxLength, CancellationToken cancellationToken)
    {
        await using var content = await spool.ReadAsync(name, 0, null, cancellationToken);
        if (content is null || content.Length > maxLength)
        {
            return null;
        }

        var bytes = new byte[content.Length];
        if (content.Stream is { } stream)
        {
            var read = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
            return bytes[..read];
        }

        var position = 0;
        foreach (var slice in content.Slices!)
        {
            slice.CopyTo(bytes.AsMemory(position));
            position += slice.Length;
        }

        return bytes;
    }
}
