using System.Globalization;
using Broadcast.Database;
using Microsoft.Extensions.Logging;

namespace Broadcast.Database.Postgres;

/// <summary>
/// Embedded PostgreSQL server in <c>postgres</c> under the data folder, run from the installed programs. It listens only on a Unix socket
/// inside its cluster. The cluster's mode is 0700 (PostgreSQL requires it), so only its owner and root have access, and no password is
/// needed. Every process that uses the server holds a shared lock on <c>postgres.use</c>. Start and stop happen under <c>postgres.lock</c>.
/// The last process to leave stops the server. A server left by killed processes is reused. The server's log is rotated by size
/// (<see cref="PostgresLog"/>).
/// </summary>
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    /// <summary>Exceeds every operation under the lock, including a first start on a slow disk and crash recovery.</summary>
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private readonly string _cluster;
    private readonly string _lockPath;
    private readonly string _usePath;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SocketFolder _socket;
    private readonly PostgresLog _log;
    private FileLock? _use;
    private ITimer? _rotation;

    private EmbeddedPostgres(string dataFolder, TimeProvider time, ILogger logger)
    {
        _cluster = Path.Combine(dataFolder, "postgres");
        _lockPath = Path.Combine(dataFolder, "postgres.lock");
        _usePath = Path.Combine(dataFolder, "postgres.use");
        _time = time;
        _logger = logger;
        _socket = SocketFolder.For(_cluster);
        _log = new(_cluster);
    }

    /// <summary>Folder of the socket, for a connection string's <c>Host</c>.</summary>
    public string Host => _socket.Path;

    /// <summary>Starts the server, or joins the running one.</summary>
    /// <exception cref="OperationException">The server cannot be started; the message gives the reason and what to do.</exception>
    public static async Task<EmbeddedPostgres> OpenAsync(string dataFolder, TimeProvider time, ILogger logger,
        CancellationToken cancellationToken)
    {
        var server = new EmbeddedPostgres(dataFolder, time, logger);
        try
        {
            using var exclusiveLock = await FileLock.ExclusiveAsync(server._lockPath, LockTimeout, time, cancellationToken);
            await server.EnsureRunningAsync(cancellationToken);
            server._use = FileLock.TryShared(server._usePath) ?? throw new OperationException(OperationErrorCode.Broken,
                $"{server._usePath} cannot be locked; the file system must support flock.");
            server._rotation = time.CreateTimer(_ => server._log.Rotate(), null, PostgresLog.Interval, PostgresLog.Interval);
            return server;
        }
        catch
        {
            server._socket.Dispose();
            throw;
        }
    }

    /// <summary>Restarts the server if it has exited.</summary>
    public async Task RepairAsync(CancellationToken cancellationToken)
    {
        using var exclusiveLock = await FileLock.ExclusiveAsync(_lockPath, LockTimeout, _time, cancellationToken);
        await EnsureRunningAsync(cancellationToken);
    }

    /// <summary>Leaves the server; the last process to leave stops it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_use is null)
        {
            return;
        }

        _rotation?.Dispose();
        _use.Dispose();
        _use = null;
        try
        {
            using var exclusiveLock = await FileLock.ExclusiveAsync(_lockPath, LockTimeout, _time, CancellationToken.None);
            using var exclusiveUse = FileLock.TryExclusive(_usePath);
            if (exclusiveUse is not null && Postmaster.Find(_cluster) is not null)
            {
                await StopAsync();
            }
        }
        catch (OperationException e)
        {
            DatabaseLog.ServerNotStopped(_logger, e.Message);   // the next command reuses it
        }

        _socket.Dispose();
    }

    private async Task EnsureRunningAsync(CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (Directory.Exists(_cluster))
        {
            if (await Postmaster.AcceptsConnectionsAsync(_socket, cancellationToken))
            {
                DatabaseLog.ServerAlreadyRunning(_logger, _cluster);
                return;
            }

            if (Postmaster.Find(_cluster) is null)
            {
                break;
            }

            // It is running but unreachable: starting, stopping, or its socket was deleted.
            if (_time.GetElapsedTime(started) > TimeSpan.FromSeconds(10))
            {
                await StopAsync();
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), _time, cancellationToken);
        }

        if (!Directory.Exists(_cluster))
        {
            await CreateAsync(cancellationToken);
        }

        await StartAsync(cancellationToken);
        DatabaseLog.ServerStarted(_logger, _cluster, _time.GetElapsedTime(started).TotalSeconds);
    }

    // Created under another name and then renamed, so that an incomplete cluster is never used.
    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        var binaries = PostgresBinaries.Find(major: null);
        var newCluster = _cluster + ".new";
        if (Directory.Exists(newCluster))
        {
            Directory.Delete(newCluster, recursive: true);
        }

        SocketFolder.CreatePrivateFolder(newCluster);
        if (Environment.IsPrivilegedProcess)
        {
            await PostgresProgram.ChangeOwnerAsync(newCluster, cancellationToken);
        }

        string[] arguments =
        [
            "-D", PostgresProgram.ClusterArgument(newCluster), "--username", ServerDatabase.User, "--auth", "trust", "--encoding", "UTF8",
            "--no-locale", "--data-checksums",
        ];
        var result = await PostgresProgram.RunOnClusterAsync(newCluster, binaries.InitDb, arguments, StartTimeout, cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new OperationException(OperationErrorCode.Broken, $"PostgreSQL's initdb failed in {newCluster}: {LastLines(result.Output)}");
        }

        Directory.Move(newCluster, _cluster);
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var binaries = Binaries();
        using (var exclusiveUse = FileLock.TryExclusive(_usePath))
        {
            if (exclusiveUse is not null || _use is not null)
            {
                Postmaster.RemoveForeignPidFile(_cluster);
            }
        }

        _log.Rotate();
        var cluster = PostgresProgram.ClusterArgument(_cluster);
        const string options =
            "-c listen_addresses='' -c unix_socket_directories=. -c port=5432 -c shared_buffers=32MB -c max_connections=100 -c "
            + "log_checkpoints=off -c log_min_error_statement=panic";
        string[] arguments = ["start", "-w", "-t", "60", "-D", cluster, "-l", cluster + "/" + PostgresLog.FileName, "-o", options];
        var started = _time.GetTimestamp();
        while (true)
        {
            var result = await PostgresProgram.RunOnClusterAsync(_cluster, binaries.PgCtl, arguments,
                StartTimeout + TimeSpan.FromSeconds(5), cancellationToken);
            if (result.ExitCode == 0)
            {
                return;
            }

            // After a kill -9 of the server its backends can live for a moment, and a new server does not start until they exit.
            if (_time.GetElapsedTime(started) > TimeSpan.FromSeconds(10))
            {
                throw new OperationException(
                    OperationErrorCode.Broken,
                    $"The embedded PostgreSQL server in {_cluster} does not start: {LastLines(result.Output)} {LastLines(_log.ReadTail())} "
                    + $"(full log: {_log.Path})");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), _time, cancellationToken);
        }
    }

    private async Task StopAsync()
    {
        var binaries = Binaries();
        foreach (var mode in (string[])["fast", "immediate"])
        {
            string[] arguments = ["stop", "-w", "-t", "5", "-m", mode, "-D", PostgresProgram.ClusterArgument(_cluster)];
            var result = await PostgresProgram.RunOnClusterAsync(_cluster, binaries.PgCtl, arguments, TimeSpan.FromSeconds(8),
                CancellationToken.None);
            if (result.ExitCode == 0 || Postmaster.Find(_cluster) is null)
            {
                DatabaseLog.ServerStopped(_logger, _cluster);
                return;
            }
        }

        throw new OperationException(OperationErrorCode.Broken,
            $"The embedded PostgreSQL server in {_cluster} does not stop; see {_log.Path}.");
    }

    private PostgresBinaries Binaries()
    {
        string version;
        try
        {
            version = File.ReadAllText(Path.Combine(_cluster, "PG_VERSION")).Trim();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new OperationException(OperationErrorCode.Broken,
                $"{_cluster} belongs to another user. Run as the user who created the data folder, or with sudo as before.", e);
        }
        catch (FileNotFoundException e)
        {
            throw new OperationException(OperationErrorCode.Broken,
                $"{_cluster} is not a PostgreSQL cluster. Move it away, or restore it from a backup.", e);
        }

        return PostgresBinaries.Find(int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null);
    }

    private static string LastLines(string text) =>
        string.Join(' ', text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(4));
}
