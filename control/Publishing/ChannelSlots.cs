using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Control.Publishing;

/// <summary>
/// Channels in use, by channel, session and publication. A channel is in use while it has a session or an encoder. Owned by
/// <see cref="SessionManager"/> and accessed under its lock.
/// </summary>
internal sealed class ChannelSlots
{
    private readonly Dictionary<long, ChannelSlot> _channels = [];

    /// <summary>All channels in use.</summary>
    public IReadOnlyCollection<ChannelSlot> All => _channels.Values;

    /// <summary>Open sessions.</summary>
    public IEnumerable<BroadcastSession> Sessions => _channels.Values.Select(c => c.Session).OfType<BroadcastSession>();

    /// <summary>Publishers of all channels.</summary>
    public IEnumerable<ActivePublisher> Publishers => _channels.Values.SelectMany(c => c.Publishers);

    /// <summary>Gets or adds a channel, and applies its current reconnect window.</summary>
    public ChannelSlot GetOrAdd(long channelId, TimeSpan window)
    {
        if (!_channels.TryGetValue(channelId, out var channel))
        {
            channel = new ChannelSlot(channelId);
            _channels.Add(channelId, channel);
        }

        channel.Window = window;
        return channel;
    }

    /// <summary>Finds a channel in use.</summary>
    public ChannelSlot? Find(long channelId) => _channels.GetValueOrDefault(channelId);

    /// <summary>Finds the channel of an open session.</summary>
    public ChannelSlot? Find(SessionId session) => _channels.Values.FirstOrDefault(c => c.Session?.Id == session);

    /// <summary>Finds the channel on which a grant is in use.</summary>
    public ChannelSlot? Find(PublishGrant grant) =>
        _channels.Values.FirstOrDefault(c => c[grant.Role]?.Publication == grant.PublicationId);

    /// <summary>Removes a channel without session and encoder; another one stays.</summary>
    public void RemoveUnused(ChannelSlot channel)
    {
        if (channel is { Session: null, IsEmpty: true })
        {
            _channels.Remove(channel.ChannelId);
        }
    }
}
