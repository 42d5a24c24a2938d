namespace Broadcast.Testing;

/// <summary>
/// A PostgreSQL server of its own for several servers under test, with the schema and an API token of role admin. It listens only on a Unix
/// socket in its folder.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Programs = "/usr/lib/postgresql";
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);
    private readonly TempFolder _folder;
    private ChildProcess? _process;

    private PostgresServer(TempFolder folder, string adminToken) => (_folder, AdminToken) = (folder, adminToken);

    /// <summary>API token of role admin.</summary>
    public string AdminToken { get; }

    /// <summary>Connection string of the database.</summary>
    public string ConnectionString => $"Host={Cluster};Username=broadcast;Database=broadcast";

    private string Cluster => _folder.Sub("data", "postgres");

    /// <summary>Starts a server and waits until it accepts connections.</summary>
    /// <param name="settings">Further settings, such as <c>shared_preload_libraries=pg_stat_statements</c>.</param>
    public static async Task<PostgresServer> StartAsync(params string[] settings)
    {
        var folder = MemoryFolder.Create();
        var server = new PostgresServer(folder, await ServerTemplate.CopyToAsync(folder.Sub("data")));
        try
        {
            await server.RunAsync(settings);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops the server and deletes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Signal(UnixSignal.Quit);
            await _process.DisposeAsync();
        }

        OrphanProcesses.End(_folder.Path);
        await _folder.DisposeAsync();
    }

    private async Task RunAsync(string[] settings)
    {
        var version = (await File.ReadAllTextAsync(Path.Combine(Cluster, "PG_VERSION"))).Trim();
        string[] command =
        [
            Path.Combine(Programs, version, "bin", "postgres"), "-D", Cluster,
            .. new[] { "listen_addresses=", "unix_socket_directories=.", "port=5432", "max_connections=200", "fsync=off" }
                .Concat(settings).SelectMany(setting => new[] { "-c", setting }),
        ];
        if (Environment.IsPrivilegedProcess)
        {
            // PostgreSQL refuses to run as root. The owner of the cluster must reach it through the folders above.
            foreach (var folder in new[] { _folder.Path, _folder.Sub("data") })
            {
                File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            }

            var owner = (await ChildProcess.RunAsync("stat", ["-c", "%u %g", Cluster])).EnsureSuccess().Output.Trim().Split(' ');
            command = ["setpriv", "--reuid", owner[0], "--regid", owner[1], "--clear-groups", "--", .. command];
        }

        _process = ChildProcess.Start(command[0], command[1..], workingDirectory: "/");
        await _process.WaitForLineAsync(line => line.Contains("ready to accept connections", StringComparison.Ordinal), StartDeadline);
    }
}
