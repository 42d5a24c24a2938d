using System.Collections.Frozen;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Servers;

/// <summary>Channel on air at another server.</summary>
/// <param name="ChannelId">Database id of the channel.</param>
/// <param name="Channel">Name of the channel.</param>
/// <param name="Session">Open session of the channel.</param>
/// <param name="Server">Display name of the server.</param>
/// <param name="FreeIn">Time from the read until this server may admit an encoder, unless the other one renews its lease.</param>
internal sealed record RemoteSession(long ChannelId, string Channel, SessionId Session, string Server, TimeSpan FreeIn)
{
    /// <summary>The session and its owner, for links between servers; <see langword="null"/> when the owner has no row.</summary>
    public RemoteChannel? Target { get; init; }
}

/// <summary>
/// Channels on air at other servers, as last read from the database: at start, with each lease renewal, when a session starts or ends, when
/// a server gives its lease back, and when an encoder asks after the lease would have ended. While the database is unavailable the last
/// state applies.
/// </summary>
internal sealed class RemoteSessions([FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    private volatile State _state = new(FrozenDictionary<long, RemoteSession>.Empty, FrozenDictionary<ChannelName, RemoteSession>.Empty,
        FrozenDictionary<ChannelName, SessionId>.Empty, 0);

    /// <summary>Returns whether another server has the channel on air.</summary>
    public bool Has(long channelId) => _state.Channels.ContainsKey(channelId);

    /// <summary>Returns whether another server has the channel on air.</summary>
    public bool Has(ChannelName channel) => _state.Names.ContainsKey(channel);

    /// <summary>Finds the session of a channel that is on air at another server.</summary>
    public RemoteSession? Find(ChannelName channel) => _state.Names.GetValueOrDefault(channel);

    /// <summary>Finds the session of a channel that is on air at another server.</summary>
    public RemoteSession? Find(long channelId) => _state.Channels.GetValueOrDefault(channelId);

    /// <summary>Finds the open session of a channel whose owner is gone, and that no server has taken over yet.</summary>
    public SessionId? FindLost(ChannelName channel) => _state.Lost.TryGetValue(channel, out var session) ? session : null;

    /// <summary>All channels on air at other servers.</summary>
    public IReadOnlyList<RemoteSession> All => _state.Channels.Values;

    /// <summary>Returns whether a channel's owner would have lost it since the last read, unless it has renewed its lease.</summary>
    public bool IsDue(long channelId) => _state is var state && state.Channels.TryGetValue(channelId, out var session)
        && time.GetElapsedTime(state.ReadAt) >= session.FreeIn;

    /// <summary>Adds a channel whose session this server has handed over, until the database is read again.</summary>
    public void Add(RemoteSession session) =>
        Replace(_state.Channels.Values.Where(known => known.ChannelId != session.ChannelId).Append(session));

    /// <summary>Removes a session that this server has taken over.</summary>
    public void Remove(SessionId session) => Replace(_state.Channels.Values.Where(known => known.Session != session));

    /// <summary>Replaces the channels with those of the open sessions.</summary>
    public void Set(IReadOnlyCollection<ClaimedSession> open) => Set(
        open.Select(session => session.Remote).OfType<RemoteSession>(),
        open.Where(session => session is { Remote: null, Standing: OwnershipStatus.LeaseExpired or OwnershipStatus.Abandoned }));

    /// <summary>Replaces the channels.</summary>
    /// <param name="sessions">Channels on air at other servers.</param>
    /// <param name="lost">Sessions whose owner is gone; at most one for each channel.</param>
    public void Set(IEnumerable<RemoteSession> sessions, IEnumerable<ClaimedSession>? lost = null)
    {
        var channels = sessions.ToFrozenDictionary(session => session.ChannelId);
        _state = new(channels, channels.Values.ToFrozenDictionary(session => ChannelName.Parse(session.Channel)),
            (lost ?? []).ToFrozenDictionary(session => ChannelName.Parse(session.Channel), session => session.Id), time.GetTimestamp());
    }

    private void Replace(IEnumerable<RemoteSession> sessions)
    {
        var channels = sessions.ToFrozenDictionary(session => session.ChannelId);
        _state = _state with
        {
            Channels = channels,
            Names = channels.Values.ToFrozenDictionary(session => ChannelName.Parse(session.Channel)),
        };
    }

    private sealed record State(
        FrozenDictionary<long, RemoteSession> Channels, FrozenDictionary<ChannelName, RemoteSession> Names,
        FrozenDictionary<ChannelName, SessionId> Lost, long ReadAt);
}
