using Broadcast.Control.AuthCallbacks;
using Broadcast.Media;

namespace Broadcast.Control.Sessions;

/// <content>Channels and sessions in use, for other parts of control.</content>
internal sealed partial class SessionManager
{
    /// <summary>Keys in use, without those of publishers that an auth callback allowed without a key.</summary>
    public string[] KeysInUse()
    {
        lock (_lock)
        {
            return [.. _channels.Publishers.Select(o => o.KeyId).Where(id => id[0] != AuthCallbackChannels.IdPrefix)];
        }
    }

    /// <summary>Channels with an open session or an encoder.</summary>
    public long[] ChannelsInUse()
    {
        lock (_lock)
        {
            return [.. _channels.All.Select(c => c.ChannelId)];
        }
    }

    /// <summary>Channels and ids of the open sessions.</summary>
    public IReadOnlyList<(ChannelName Channel, SessionId Session)> OpenSessions() => [.. Sessions().Select(s => (s.Channel, s.Id))];

    /// <summary>Open sessions.</summary>
    public IReadOnlyList<BroadcastSession> Sessions()
    {
        lock (_lock)
        {
            return [.. _channels.Sessions];
        }
    }

    /// <summary>Returns whether an encoder publishes on a channel; <see langword="null"/> when the channel is not in use here.</summary>
    public bool? IsPublishing(long channelId)
    {
        lock (_lock)
        {
            return _channels.Find(channelId) is { } channel ? !channel.IsEmpty : null;
        }
    }

    /// <summary>Database id of the channel of an open session; <see langword="null"/> when the session is not open here.</summary>
    public long? FindChannelId(SessionId session)
    {
        lock (_lock)
        {
            return _channels.Find(session)?.ChannelId;
        }
    }

    /// <summary>Finds the epoch of an open session.</summary>
    public long? FindEpoch(SessionId session)
    {
        lock (_lock)
        {
            return _channels.Find(session)?.Session?.Epoch;
        }
    }

    /// <summary>Returns whether a session is open.</summary>
    public bool HasOpen(SessionId session)
    {
        lock (_lock)
        {
            return _channels.Find(session) is not null;
        }
    }
}
