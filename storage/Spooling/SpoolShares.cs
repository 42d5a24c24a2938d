using Broadcast.Media;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Bytes of each channel that wait for the object store. While the spool is nearly full, a channel that holds more than an equal share of
/// it may not add more, so that one channel cannot cost the others their media.
/// </summary>
internal sealed class SpoolShares(long maxBytes)
{
    /// <summary>Usage in percent of the limit above which shares count.</summary>
    public const int NearlyFullPercent = 80;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _bytes = new(StringComparer.Ordinal);

    /// <summary>Returns the channel of a name, its second component; empty when it has none.</summary>
    public static ReadOnlySpan<char> ChannelOf(ObjectName name)
    {
        var rest = name.Value.AsSpan();
        rest = rest[(rest.IndexOf('/') + 1)..];
        return rest.IndexOf('/') is > 0 and var end ? rest[..end] : default;
    }

    /// <summary>Counts added or, if negative, removed bytes.</summary>
    public void Count(ObjectName name, long count)
    {
        var channel = ChannelOf(name);
        if (channel.IsEmpty || count == 0)
        {
            return;
        }

        lock (_lock)
        {
            var bytes = _bytes.GetAlternateLookup<ReadOnlySpan<char>>();
            bytes.TryGetValue(channel, out var before);
            if (before + count > 0)
            {
                bytes[channel] = before + count;
            }
            else
            {
                bytes.Remove(channel);
            }
        }
    }

    /// <summary>Returns whether a channel holds too much of the spool, its latest bytes included.</summary>
    /// <param name="name">Name of the file with the latest bytes.</param>
    /// <param name="total">Bytes of all channels.</param>
    public bool IsExceeded(ObjectName name, long total)
    {
        if (total <= maxBytes / 100 * NearlyFullPercent)
        {
            return false;
        }

        lock (_lock)
        {
            return _bytes.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(ChannelOf(name), out var own)
                && own > maxBytes / _bytes.Count;
        }
    }
}
