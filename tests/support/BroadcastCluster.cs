namespace Broadcast.Testing;

/// <summary>
/// Servers on one database, each with its own data folder. Their ports stay the same across restarts, so that encoders and viewers can keep
/// a list of addresses.
/// </summary>
public sealed class BroadcastCluster : IAsyncDisposable
{
    private readonly List<BroadcastServer> _servers = [];

    private BroadcastCluster(PostgresServer database) => Database = database;

    /// <summary>The database.</summary>
    public PostgresServer Database { get; }

    /// <summary>The servers, in the order of their first start.</summary>
    public IReadOnlyList<BroadcastServer> Servers => _servers;

    /// <summary>Starts a database and servers.</summary>
    /// <param name="count">Number of servers.</param>
    /// <param name="environment">Options of all servers, such as <c>BROADCAST__Cluster__…</c>.</param>
    /// <param name="last">Further environment of the last server.</param>
    /// <param name="database">Settings of the database.</param>
    public static async Task<BroadcastCluster> StartAsync(int count = 2, IReadOnlyDictionary<string, string?>? environment = null,
        IReadOnlyDictionary<string, string?>? last = null, params string[] database)
    {
        var cluster = new BroadcastCluster(await PostgresServer.StartAsync(database));
        try
        {
            var options = new Dictionary<string, string?>(environment ?? new Dictionary<string, string?>(), StringComparer.Ordinal)
            {
                ["BROADCAST__Database__ConnectionString"] = cluster.Database.ConnectionString,
            };
            for (var i = 0; i < count; i++)
            {
                string[] ports = [.. new[] { "--http", "--rtmp", "--internal" }.SelectMany(flag => new[] { flag,
                    $"127.0.0.1:{FreePort.Next()}" }), "--rtmps", "127.0.0.1:0"];
                foreach (var (name, value) in i == count - 1 && last is not null ? last : new Dictionary<string, string?>())
                {
                    options[name] = value;
                }

                cluster._servers.Add(await BroadcastServer.StartAsync(ports, options, adminToken: cluster.Database.AdminToken));
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
