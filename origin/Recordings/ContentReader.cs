using Broadcast.Media;

namespace Broadcast.Origin.Recordings;

/// <summary>Reads what was opened in the spool in order, from wherever it is.</summary>
/// <param name="content">What was opened; its owner disposes of it.</param>
internal sealed class ContentReader(SpoolContent content)
{
    private int _slice;
    private int _position;

    /// <summary>Fills memory with the next bytes.</summary>
    /// <param name="target">Where to; no more than is left.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Spool or store failed.</exception>
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
