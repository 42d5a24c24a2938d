namespace Broadcast.Testing;

/// <summary>
/// Servers on one database, each with its own data folder. Their ports stay the same across restarts, so that encoders and viewers can keep
/// a list of addresses.
/// </summary>
public sealed class BroadcastCluster : IAsyncDisposable
{
    private readonly List<BroadcastServer> _servers = [];

    private BroadcastCluster(PostgresServer database, ClusterNetwork? network) => (Database, Network) = (database, network);

    /// <summary>The database.</summary>
    public PostgresServer Database { get; }

    /// <summary>Network of the servers; <see langword="null"/> if they run on loopback.</summary>
    public ClusterNetwork? Network { get; }

    /// <summary>The servers, in the order of their first start.</summary>
    public IReadOnlyList<BroadcastServer> Servers => _servers;

    /// <summary>Starts a database and servers.</summary>
    /// <param name="count">Number of servers.</param>
    /// <param name="environment">Options of all servers, such as <c>BROADCAST__Cluster__…</c>.</param>
    /// <param name="last">Further environment of the last server.</param>
    /// <param name="database">Settings of the database.</param>
    public static async Task<BroadcastCluster> StartAsync(int count = 2, IReadOnlyDictionary<string, string?>? environment = null,
        IReadOnlyDictionary<string, string?>? last = null, params string[] database) =>
        await StartAsync(await PostgresServer.StartAsync(database), null, count, environment, last);

    /// <summary>Starts servers on a database, and stops it with them.</summary>
    /// <param name="database">The database.</param>
    /// <param name="network">Network with a namespace for each server; <see langword="null"/> for loopback. Not deleted with them.</param>
    /// <param name="count">Number of servers.</param>
    /// <param name="environment">Options of all servers, such as <c>BROADCAST__Cluster__…</c>.</param>
    /// <param name="last">Further environment of the last server.</param>
    public static async Task<BroadcastCluster> StartAsync(PostgresServer database, ClusterNetwork? network, int count,
        IReadOnlyDictionary<string, string?>? environment = null, IReadOnlyDictionary<string, string?>? last = null)
    {
        var cluster = new BroadcastCluster(database, network);
        try
        {
            var options = new Dictionary<string, string?>(environment ?? new Dictionary<string, string?>(), StringComparer.Ordinal)
            {
                ["BROADCAST__Database__ConnectionString"] = database.ConnectionString,
            };
            for (var i = 0; i < count; i++)
            {
                var address = network?.AddressOf(i) ?? "127.0.0.1";
                string[] ports = [.. new[] { "--http", "--rtmp", "--internal" }.SelectMany(flag => new[] { flag,
                    $"{address}:{FreePort.Next()}" }), "--rtmps", "127.0.0.1:0"];
                foreach (var (name, value) in i == count - 1 && last is not null ? last : new Dictionary<string, string?>())
                {
                    options[name] = value;
                }

                cluster._servers.Add(await BroadcastServer.StartAsync(ports, options, adminToken: database.AdminToken,
                    through: network?.CommandIn(i)));
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the servers, then the database.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_servers.Select(server => server.DisposeAsync().AsTask()));
        await Database.DisposeAsync();
    }
}
