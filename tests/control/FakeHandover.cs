using System.Collections.Concurrent;
using Broadcast.Control.Servers;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ControlToCluster;

namespace Broadcast.Control.Tests;

/// <summary>Links of one server to the others, for handovers within this process.</summary>
internal sealed class FakeHandover : ISessionHandover
{
    /// <summary>The servers that can be reached.</summary>
    public ConcurrentDictionary<Guid, Server> Servers { get; } = new();

    /// <summary>Servers with a copy of every session.</summary>
    public IReadOnlyList<Guid> Followers { get; set; } = [];

    /// <summary>Id of the server that hands over.</summary>
    public Guid Self { get; set; }

    /// <summary>Calls so far, oldest first.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>Channels that the server mirrors now.</summary>
    public ConcurrentQueue<RemoteChannel> Followed { get; } = new();

    /// <summary>Decides whether a server is ready.</summary>
    public Func<Guid, bool> IsReady { get; set; } = _ => true;

    /// <summary>Replaces the offer.</summary>
    public Func<Server, Func<Task<bool>>, Task<bool>> Offering { get; set; } = (_, take) => take();

    public IReadOnlyList<Guid> FindFollowers(SessionId session) => Followers;

    public Task<bool> PrepareAsync(ClusterServer server, ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        Calls.Enqueue($"prepare {server.Id}");
        return Task.FromResult(IsReady(server.Id));
    }

    public Task<bool> OfferAsync(ClusterServer server, ChannelName channel, SessionId session, long epoch,
        CancellationToken cancellationToken)
    {
        Calls.Enqueue($"offer {server.Id}");
        var other = Servers[server.Id];
        return Offering(other,
            () => other.Get<ISessionReceiver>().TakeAsync(session, epoch, Self, FakeCandidates.Copy, cancellationToken));
    }

    public void Follow(ChannelName channel, RemoteChannel remote) => Followed.Enqueue(remote);
}
