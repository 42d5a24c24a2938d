using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>
/// The channels that other servers have on air, as the database told last: learnt at the start, with each beat and when a session begins or ends anywhere. While the database is away what was known holds.
/// </summary>
internal sealed class SessionsElsewhere
{
    private volatile Known _known = new([], []);

    /// <summary>Whether another server has the channel on air.</summary>
    public bool Has(long channelId) => _known.Ids.Contains(channelId);

    /// <summary>Whether another server has the channel on air.</summary>
    public bool Has(ChannelName channel) => _known.Names.Contains(channel.Value);

    /// <summary>What is so now.</summary>
    public void Set(IEnumerable<(long Id, string Name)> channels)
    {
        var all = channels.ToList();
        _known = new([.. all.Select(c => c.Id)], all.Select(c => c.Name).ToHashSet(StringComparer.Ordinal));
    }

    private sealed record Known(HashSet<long> Ids, HashSet<string> Names);
}
