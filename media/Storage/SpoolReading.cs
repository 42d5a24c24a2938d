namespace Broadcast.Media;

/// <summary>Reads whole objects that are small.</summary>
public static class SpoolReading
{
    /// <summary>All bytes of a file or object, or <see langword="null"/> when it is nowhere, or longer than it may be.</summary>
    /// <param name="spool">Where it is.</param>
    /// <param name="name">Its name.</param>
    /// <param name="maxLength">Most bytes that are read.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Spool or store failed.</exception>
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
