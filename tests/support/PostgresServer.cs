namespace Broadcast.Testing;

/// <summary>
/// A PostgreSQL server of its own for several servers under test, with the schema and an API token of role admin. It listens only on a Unix
/// socket in its folder, or also on an address; then it may have an asynchronous standby that takes its place.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Programs = "/usr/lib/postgresql";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly TempFolder _folder;
    private readonly string _address;
    private readonly IReadOnlyList<string> _settings;
    private PostgresNode? _primary;
    private PostgresNode? _standby;

    private PostgresServer(TempFolder folder, string adminToken, string address, IReadOnlyList<string> settings) =>
        (_folder, AdminToken, _address, _settings) = (folder, adminToken, address, settings);

    /// <summary>API token of role admin.</summary>
    public string AdminToken { get; }

    /// <summary>Ports of the server and of its standby; empty if it listens only on a Unix socket.</summary>
    public IReadOnlyList<int> Ports { get; private set; } = [];

    /// <summary>Connection string of the database; the same after <see cref="FailOverAsync"/>.</summary>
    public string ConnectionString => Ports.Count switch
    {
        0 => $"Host={_primary!.Folder}",
        1 => $"Host={_address};Port={Ports[0]}",
        _ => $"Host={string.Join(',', Ports.Select(port => $"{_address}:{port}"))};Target Session Attributes=primary",
    } + ";Username=broadcast;Database=broadcast";

    /// <summary>Starts a server on a Unix socket and waits until it accepts connections.</summary>
    /// <param name="settings">Further settings, such as <c>shared_preload_libraries=pg_stat_statements</c>.</param>
    public static Task<PostgresServer> StartAsync(params string[] settings) => StartAsync("", "", false, settings);

    /// <summary>Starts a server on an address of this machine.</summary>
    /// <param name="address">The address.</param>
    /// <param name="range">Clients, without a password.</param>
    /// <param name="hasStandby">Starts an asynchronous standby as well.</param>
    /// <param name="settings">Further settings of both.</param>
    public static async Task<PostgresServer> StartAsync(string address, string range, bool hasStandby, params string[] settings)
    {
        var folder = MemoryFolder.Create();
        var server = new PostgresServer(folder, await ServerTemplate.CopyToAsync(folder.Sub("data")), address, settings);
        try
        {
            await server.RunAsync(range, hasStandby);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops replication: from now on, the standby misses what is committed.</summary>
    public async Task StopReplicationAsync()
    {
        await _standby!.QueryAsync("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()");
        await Poll.UntilAsync(async () => (await _standby.QueryAsync("SELECT count(*) FROM pg_stat_wal_receiver")).Trim() == "0", Deadline,
            "the standby receives nothing");
    }

    /// <summary>Suspends the server, so that its connections get no answer, and promotes the standby.</summary>
    public async Task FailOverAsync()
    {
        _primary!.Suspend();
        await _standby!.QueryAsync("SELECT pg_promote(true, 30)");
    }

    /// <summary>Destroys the server that was suspended, and creates a standby of the promoted one in its place.</summary>
    public async Task RenewStandbyAsync()
    {
        var lost = _primary!;
        _primary = _standby!;
        await lost.DestroyAsync();
        await AddStandbyAsync(lost);
    }

    /// <summary>Stops the server and deletes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in new[] { _standby, _primary })
        {
            await (node?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        OrphanProcesses.End(_folder.Path);
        await _folder.DisposeAsync();
    }

    private async Task RunAsync(string range, bool hasStandby)
    {
        var first = _folder.Sub("data", "postgres");
        var version = (await File.ReadAllTextAsync(Path.Combine(first, "PG_VERSION"))).Trim();
        (string, string)? owner = null;
        if (Environment.IsPrivilegedProcess)
        {
            // PostgreSQL refuses to run as root. The owner of the cluster must reach it through the folders above.
            foreach (var folder in new[] { _folder.Path, _folder.Sub("data") })
            {
                File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            }

            var ids = (await ChildProcess.RunAsync("stat", ["-c", "%u %g", first])).EnsureSuccess().Output.Trim().Split(' ');
            owner = (ids[0], ids[1]);
        }

        if (_address.Length > 0)
        {
            Ports = hasStandby ? [FreePort.Next(), FreePort.Next()] : [FreePort.Next()];
            await File.AppendAllTextAsync(Path.Combine(first, "pg_hba.conf"), $"\nhost all all {range} trust\n");
        }

        _primary = NodeIn(first, Ports.Count > 0 ? Ports[0] : 5432);
        await _primary.StartAsync(_settings);
        if (hasStandby)
        {
            await AddStandbyAsync(NodeIn(_folder.Sub("data", "standby"), Ports[1]));
        }

        PostgresNode NodeIn(string folder, int port) => new(Path.Combine(Programs, version, "bin"), folder, _address, port, owner);
    }

    private async Task AddStandbyAsync(PostgresNode standby)
    {
        await standby.CopyAsync(_primary!);
        _standby = standby;
        await standby.StartAsync(_settings);
        await Poll.UntilAsync(
            async () => (await standby.QueryAsync("SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'")).Trim() == "1",
            Deadline, "the standby follows the server");
    }
}
