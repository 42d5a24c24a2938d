using Broadcast.Media;

namespace Broadcast.Control.Servers;

/// <summary>
/// Channels on air at other servers, as last read from the database: at start, with each lease renewal, and when a session starts or ends.
/// While the database is unavailable the last state applies.
/// </summary>
internal sealed class RemoteSessions
{
    private volatile Channels _channels = new([], []);

    /// <summary>Returns whether another server has the channel on air.</summary>
    public bool Has(long channelId) => _channels.Ids.Contains(channelId);

    /// <summary>Returns whether another server has the channel on air.</summary>
    public bool Has(ChannelName channel) => _channels.Names.Contains(channel.Value);

    /// <summary>Replaces the channels.</summary>
    public void Set(IEnumerable<(long Id, string Name)> channels)
    {
        var all = channels.ToList();
        _channels = new([.. all.Select(c => c.Id)], all.Select(c => c.Name).ToHashSet(StringComparer.Ordinal));
    }

    private sealed record Channels(HashSet<long> Ids, HashSet<string> Names);
}
