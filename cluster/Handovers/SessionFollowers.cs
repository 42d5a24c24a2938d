using System.Collections.Concurrent;
using Broadcast.Media;

namespace Broadcast.Cluster.Handovers;

/// <summary>Servers that follow the sessions of this server, or forward encoders to them. Thread-safe.</summary>
internal sealed class SessionFollowers
{
    private readonly ConcurrentDictionary<Link, SessionId> _links = new();

    /// <summary>Adds a link, until it is disposed.</summary>
    /// <param name="session">The session.</param>
    /// <param name="server">The other server.</param>
    /// <param name="hasEncoder">Whether it forwards an encoder.</param>
    public IDisposable Add(SessionId session, Guid server, bool hasEncoder)
    {
        var link = new Link(this, server, hasEncoder);
        _links[link] = session;
        return link;
    }

    /// <summary>Servers that follow a session, those with an encoder first.</summary>
    public IReadOnlyList<Guid> Of(SessionId session) =>
        [.. _links.Where(entry => entry.Value == session).OrderByDescending(entry => entry.Key.HasEncoder).Select(entry => entry.Key.Server)
            .Distinct()];

    private sealed class Link(SessionFollowers followers, Guid server, bool hasEncoder) : IDisposable
    {
        public Guid Server => server;

        public bool HasEncoder => hasEncoder;

        public void Dispose() => followers._links.TryRemove(this, out _);
    }
}
