namespace Broadcast.Media.Storage;

/// <summary>Reads opened spool content sequentially, from memory or stream. Not thread-safe.</summary>
/// <param name="content">The content; the caller disposes of it.</param>
public sealed class SpoolContentReader(SpoolContent content)
{
    private int _slice;
    private int _position;

    /// <summary>Fills a buffer with the next bytes.</summary>
    /// <param name="target">The buffer; no longer than the remaining content.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public async ValueTask ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (content.Slices is not { } slices)
        {
            await content.Stream!.ReadExactlyAsync(target, cancellationToken);
            return;
        }

        while (!target.IsEmpty)
        {
            var rest = slices[_slice][_position..];
            var taken = Math.Min(rest.Length, target.Length);
            rest[..taken].CopyTo(target);
            target = target[taken..];
            (_slice, _position) = taken == rest.Length ? (_slice + 1, 0) : (_slice, _position + taken);
        }
    }
}
