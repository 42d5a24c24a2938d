using System.Collections.Concurrent;
using Broadcast.Media;

namespace Broadcast.Cluster.Relays;

/// <summary>Sessions of other servers whose encoders are connected to this server. Thread-safe.</summary>
internal sealed class RelayedSessions
{
    private readonly ConcurrentDictionary<RelayedPublication, SessionId> _publications = new();

    /// <summary>Channels with such encoders.</summary>
    public IEnumerable<ChannelName> Channels => _publications.Keys.Select(publication => publication.Session.Channel);

    /// <summary>Returns whether an encoder of a session is connected to this server.</summary>
    public bool Contains(SessionId session) => _publications.Values.Contains(session);

    /// <summary>Returns whether the owner of a session takes the messages of an encoder that is connected to this server.</summary>
    public bool IsOwnerResponding(SessionId session) =>
        _publications.Any(entry => entry.Value == session && entry.Key.IsConnected);

    /// <summary>Adds a publication.</summary>
    public void Add(RelayedPublication publication) => _publications[publication] = publication.Session.Id;

    /// <summary>Removes a publication.</summary>
    public void Remove(RelayedPublication publication) => _publications.TryRemove(publication, out _);
}
