using System.Globalization;

namespace Broadcast.Testing;

/// <summary>One server process of <see cref="PostgresServer"/> with its data.</summary>
/// <param name="programs">Folder of PostgreSQL's programs.</param>
/// <param name="folder">Folder of the data.</param>
/// <param name="address">Address to listen on; empty for a Unix socket in the folder only.</param>
/// <param name="port">Port of the socket and of the address.</param>
/// <param name="owner">User and group to run as; <see langword="null"/> for the current ones.</param>
internal sealed class PostgresNode(string programs, string folder, string address, int port, (string User, string Group)? owner)
    : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private ChildProcess? _process;

    /// <summary>Port of the socket and of the address.</summary>
    public int Port => port;

    /// <summary>Folder of the data.</summary>
    public string Folder => folder;

    /// <summary>Starts the process and waits until it accepts connections.</summary>
    public async Task StartAsync(IEnumerable<string> settings)
    {
        string[] all =
        [
            $"listen_addresses={address}", "unix_socket_directories=.", string.Create(CultureInfo.InvariantCulture, $"port={port}"),
            "max_connections=200", "fsync=off", .. settings,
        ];
        var command = AsOwner("postgres", ["-D", folder, .. all.SelectMany(setting => new[] { "-c", setting })]);
        _process = ChildProcess.Start(command[0], command[1..], workingDirectory: "/");
        await _process.WaitForLineAsync(
            line => line.Contains("ready to accept", StringComparison.Ordinal) && line.Contains("connections", StringComparison.Ordinal),
            Deadline);
    }

    /// <summary>Copies another server, to follow it.</summary>
    public async Task CopyAsync(PostgresNode primary)
    {
        if (owner is { } other)
        {
            (await ChildProcess.RunAsync("install", ["-d", "-m", "700", "-o", other.User, "-g", other.Group, folder])).EnsureSuccess();
        }

        var command = AsOwner("pg_basebackup", ["-h", primary.Folder, "-p", primary.Port.ToString(CultureInfo.InvariantCulture), "-U",
            "broadcast", "-D", folder, "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]);
        (await ChildProcess.RunAsync(command[0], command[1..], workingDirectory: "/")).EnsureSuccess();
    }

    /// <summary>Executes statements, each in a transaction of its own, and returns the rows.</summary>
    public async Task<string> QueryAsync(params string[] statements) =>
        (await ChildProcess.RunAsync(Path.Combine(programs, "psql"),
            ["-h", folder, "-p", port.ToString(CultureInfo.InvariantCulture), "-U", "broadcast", "-d", "broadcast", "-X", "-q", "-A", "-t",
                "-v", "ON_ERROR_STOP=1", .. statements.SelectMany(statement => new[] { "-c", statement })])).EnsureSuccess().Output;

    /// <summary>Suspends all processes of the server: its connections stay open and get no answer.</summary>
    public void Suspend()
    {
        foreach (var process in Processes())
        {
            _ = ChildProcess.NativeMethods.Kill(process, (int)UnixSignal.Stop);
        }
    }

    /// <summary>Kills all processes of the server, suspended or not, and deletes its data.</summary>
    public async Task DestroyAsync()
    {
        foreach (var process in Processes())
        {
            _ = ChildProcess.NativeMethods.Kill(process, (int)UnixSignal.Kill);
        }

        await _process!.WaitForExitAsync(Deadline);
        await _process.DisposeAsync();
        _process = null;
        Directory.Delete(folder, recursive: true);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Signal(UnixSignal.Quit);
            await _process.DisposeAsync();
        }
    }

    /// <summary>Returns the main process and its children.</summary>
    private List<int> Processes()
    {
        var main = _process!.Id;
        List<int> all = [main];
        foreach (var path in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(path), out var process) && Parent(path) == main)
            {
                all.Add(process);
            }
        }

        return all;
    }

    private static int Parent(string process)
    {
        try
        {
            // The name in parentheses may contain blanks; state and parent follow.
            var stat = File.ReadAllText(Path.Combine(process, "stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return -1;
        }
    }

    private string[] AsOwner(string program, string[] arguments)
    {
        string[] command = [Path.Combine(programs, program), .. arguments];
        return owner is { } other
            ? ["setpriv", "--reuid", other.User, "--regid", other.Group, "--clear-groups", "--", .. command] : command;
    }
}
