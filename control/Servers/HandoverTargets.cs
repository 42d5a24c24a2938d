using Broadcast.Media.ClusterToControl;

namespace Broadcast.Control.Servers;

/// <summary>A server that can take sessions over.</summary>
/// <param name="Server">The server.</param>
/// <param name="Load">Share of its machine's processors that it uses, 0 to 1.</param>
/// <param name="Sessions">Number of sessions that it owns.</param>
public sealed record HandoverTarget(ClusterServer Server, double Load, int Sessions);

/// <summary>
/// Distributes sessions over servers: first to servers that have a copy, then to the least loaded one. Each assignment counts as load.
/// Thread-safe.
/// </summary>
internal sealed class HandoverTargets(IReadOnlyList<HandoverTarget> servers)
{
    /// <summary>Assumed load of a session, as a share of a machine.</summary>
    private const double LoadOfSession = 0.05;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, int> _assigned = [];

    /// <summary>Servers for a session, the best first.</summary>
    /// <param name="followers">Servers with a copy, in order of preference.</param>
    public IReadOnlyList<ClusterServer> For(IReadOnlyList<Guid> followers)
    {
        lock (_lock)
        {
            return [.. servers
                .OrderBy(target => Rank(followers, target.Server.Id))
                .ThenBy(target => target.Load + (LoadOfSession * _assigned.GetValueOrDefault(target.Server.Id)))
                .ThenBy(target => target.Sessions + _assigned.GetValueOrDefault(target.Server.Id))
                .Select(target => target.Server)];
        }
    }

    /// <summary>Records that a server gets a session.</summary>
    public void Assign(ClusterServer server)
    {
        lock (_lock)
        {
            _assigned[server.Id] = _assigned.GetValueOrDefault(server.Id) + 1;
        }
    }

    private static int Rank(IReadOnlyList<Guid> followers, Guid server)
    {
        var index = followers.ToList().IndexOf(server);
        return index < 0 ? int.MaxValue : index;
    }
}
