using System.Collections.Concurrent;
using Broadcast.Media;

namespace Broadcast.Cluster.Handovers;

/// <summary>Servers that follow the sessions of this server, or forward encoders to them. Thread-safe.</summary>
internal sealed class SessionFollowers(TimeProvider time)
{
    private readonly ConcurrentDictionary<Link, SessionId> _links = new();
    private long _lastEnd;

    /// <summary>Indicates whether any of these servers acknowledges what this one sends.</summary>
    public bool IsAnyResponding => _links.Keys.Any(link => link.IsResponding());

    /// <summary>Adds a link, until it is disposed.</summary>
    /// <param name="session">The session.</param>
    /// <param name="server">The other server.</param>
    /// <param name="hasEncoder">Whether it forwards an encoder.</param>
    /// <param name="isResponding">Returns whether the other server acknowledges what it is sent.</param>
    public IDisposable Add(SessionId session, Guid server, bool hasEncoder, Func<bool> isResponding)
    {
        var link = new Link(this, server, hasEncoder, isResponding);
        _links[link] = session;
        return link;
    }

    /// <summary>Servers that follow a session, those with an encoder first.</summary>
    public IReadOnlyList<Guid> Of(SessionId session) =>
        [.. _links.Where(entry => entry.Value == session).OrderByDescending(entry => entry.Key.HasEncoder).Select(entry => entry.Key.Server)
            .Distinct()];

    /// <summary>Returns whether there is such a server, or was one within a time.</summary>
    public bool HadAny(TimeSpan within) => !_links.IsEmpty
        || (Interlocked.Read(ref _lastEnd) is not 0 and var end && time.GetElapsedTime(end) <= within);

    private void Remove(Link link)
    {
        Interlocked.Exchange(ref _lastEnd, Math.Max(1, time.GetTimestamp()));
        _links.TryRemove(link, out _);
    }

    private sealed class Link(SessionFollowers followers, Guid server, bool hasEncoder, Func<bool> isResponding) : IDisposable
    {
        public Guid Server => server;

        public bool HasEncoder => hasEncoder;

        public Func<bool> IsResponding => isResponding;

        public void Dispose() => followers.Remove(this);
    }
}
