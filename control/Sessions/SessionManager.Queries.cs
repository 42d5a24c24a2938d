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

    /// <summary>
    /// Finds the sessions from which the media of an open session come: those that its encoders announce, and in turn those of sessions
    /// that are open here. Empty unless an encoder is a target of a Broadcast.
    /// </summary>
    public IReadOnlyList<SessionId> FindUpstream(SessionId session)
    {
        lock (_lock)
        {
            return FindAllUpstream(_channels.Find(session)?.Publishers.SelectMany(publisher => publisher.Upstream) ?? []);
        }
    }

    /// <summary>Returns whether media of some sessions come from a channel, directly or through other channels.</summary>
    /// <param name="sessions">The sessions.</param>
    /// <param name="channelId">Database id of the channel.</param>
    public bool ComeFrom(IReadOnlyList<SessionId> sessions, long channelId)
    {
        lock (_lock)
        {
            return sessions.Count > 0 && FindAllUpstream(sessions).Any(session => _channels.Find(session)?.ChannelId == channelId);
        }
    }

    private IReadOnlyList<SessionId> FindAllUpstream(IEnumerable<SessionId> sessions)
    {
        var found = sessions.Distinct().ToList();
        if (found.Count == 0)
        {
            return [];
        }

        for (var i = 0; i < found.Count; i++)
        {
            var further = _channels.Find(found[i])?.Publishers.SelectMany(publisher => publisher.Upstream) ?? [];
            found.AddRange(further.Except(found).ToList());
        }

        return found;
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
