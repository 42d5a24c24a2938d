using System.Collections.Concurrent;
using Broadcast.Media;

namespace Broadcast.Cluster.Relays;

/// <summary>Sessions of other servers whose encoders are connected to this server. Thread-safe.</summary>
internal sealed class RelayedSessions(TimeProvider time)
{
    /// <summary>
    /// Time for which an encoder counts as waiting after its last request. An encoder that is refused connects again within a few seconds.
    /// </summary>
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<RelayedPublication, SessionId> _publications = new();
    private readonly ConcurrentDictionary<SessionId, long> _waiting = new();

    /// <summary>Channels with such encoders.</summary>
    public IEnumerable<ChannelName> Channels => _publications.Keys.Select(publication => publication.Session.Channel);

    /// <summary>
    /// Returns whether an encoder of a session is connected to this server. This includes an encoder that waits to be admitted because the
    /// owner cannot be reached.
    /// </summary>
    public bool Contains(SessionId session) => _publications.Values.Contains(session)
        || (_waiting.TryGetValue(session, out var since) && time.GetElapsedTime(since) < WaitLimit);

    /// <summary>Returns whether the owner of a session takes the messages of an encoder that is connected to this server.</summary>
    public bool IsOwnerResponding(SessionId session) =>
        _publications.Any(entry => entry.Value == session && entry.Key.IsConnected);

    /// <summary>Adds a publication.</summary>
    public void Add(RelayedPublication publication) => _publications[publication] = publication.Session.Id;

    /// <summary>Removes a publication.</summary>
    public void Remove(RelayedPublication publication) => _publications.TryRemove(publication, out _);

    /// <summary>Notes an encoder that waits because the owner of its session cannot be reached.</summary>
    public void AddWaiting(SessionId session)
    {
        foreach (var (other, since) in _waiting)
        {
            if (time.GetElapsedTime(since) >= WaitLimit)
            {
                _waiting.TryRemove(KeyValuePair.Create(other, since));
            }
        }

        _waiting[session] = time.GetTimestamp();
    }
}
