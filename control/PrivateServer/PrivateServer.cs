using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control.PrivateServer;

/// <summary>
/// A PostgreSQL server of our own in <c>postgres</c> under the data folder, started from the installed programs. It listens on a Unix socket inside its cluster only; the cluster
/// is 0700 (PostgreSQL refuses to run otherwise), so nobody but its owner and root gets in, and no password is needed. Every process that uses it holds
/// <c>postgres.use</c> as a shared lock; starting and stopping happen under <c>postgres.lock</c>; whoever leaves last stops it. A server left over by processes that were
/// killed is simply used again.
/// </summary>
internal sealed class PrivateServer : IAsyncDisposable
{
    /// <summary>Longer than anything done under the lock: a first start on a slow disk, a recovery after a power cut.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly string _cluster;
    private readonly string _lockPath;
    private readonly string _usePath;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SocketFolder _socket;
    private FileLock? _use;

    private PrivateServer(string dataFolder, TimeProvider time, ILogger logger)
    {
        _cluster = Path.Combine(dataFolder, "postgres");
        _lockPath = Path.Combine(dataFolder, "postgres.lock");
        _usePath = Path.Combine(dataFolder, "postgres.use");
        _time = time;
        _logger = logger;
        _socket = SocketFolder.For(_cluster);
    }

    /// <summary>The folder of the socket, for a connection string's <c>Host</c>.</summary>
    public string Host => _socket.Path;

    /// <summary>Starts the server, or joins the one that runs.</summary>
    /// <exception cref="ControlException">It cannot be started; the message says why and what to do.</exception>
    public static async Task<PrivateServer> OpenAsync(string dataFolder, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var server = new PrivateServer(dataFolder, time, logger);
        try
        {
            using var alone = await FileLock.ExclusiveAsync(server._lockPath, Patience, time, cancellationToken);
            await server.EnsureRunningAsync(cancellationToken);
            server._use = FileLock.TryShared(server._usePath) ?? throw new ControlException(ControlCode.Broken, $"{server._usePath} cannot be locked: does this file system know flock?");
            return server;
        }
        catch
        {
            server._socket.Dispose();
            throw;
        }
    }

    /// <summary>Starts the server again when it is gone.</summary>
    public async Task MendAsync(CancellationToken cancellationToken)
    {
        using var alone = await FileLock.ExclusiveAsync(_lockPath, Patience, _time, cancellationToken);
        await EnsureRunningAsync(cancellationToken);
    }

    /// <summary>Leaves; the last to leave stops the server.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_use is null)
        {
            return;
        }

        _use.Dispose();
        _use = null;
        try
        {
            using var alone = await FileLock.ExclusiveAsync(_lockPath, Patience, _time, CancellationToken.None);
            using var last = FileLock.TryExclusive(_usePath);
            if (last is not null && Postmaster.Find(_cluster) is not null)
            {
                await StopAsync();
            }
        }
        catch (ControlException e)
        {
            ControlLog.ServerNotStopped(_logger, e.Message);   // it is adopted by the next command
        }

        _socket.Dispose();
    }

    private async Task EnsureRunningAsync(CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (Directory.Exists(_cluster))
        {
            if (await Postmaster.AnswersAsync(_socket, cancellationToken))
            {
                ControlLog.ServerJoined(_logger, _cluster);
                return;
            }

            if (Postmaster.Find(_cluster) is null)
            {
                break;
            }

            // It runs, and cannot be reached: on its way up or down, or its socket was deleted.
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
        ControlLog.ServerStarted(_logger, _cluster, _time.GetElapsedTime(started).TotalSeconds);
    }

    // Made aside and renamed, so that a half-made cluster is never taken for one.
    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        var binaries = PostgresBinaries.Find(major: null);
        var fresh = _cluster + ".new";
        if (Directory.Exists(fresh))
        {
            Directory.Delete(fresh, recursive: true);
        }

        SocketFolder.MakePrivate(fresh);
        if (Environment.IsPrivilegedProcess)
        {
            await Command.GiveAwayAsync(fresh, cancellationToken);
        }

        string[] arguments =
        [
            "-D", Command.ClusterArgument(fresh), "--username", Database.User, "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--data-checksums",
        ];
        var result = await Command.RunOnClusterAsync(fresh, binaries.InitDb, arguments, StartLimit, cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new ControlException(ControlCode.Broken, $"PostgreSQL's initdb failed in {fresh}: {LastLines(result.Output)}");
        }

        Directory.Move(fresh, _cluster);
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var binaries = Binaries();
        using (var last = FileLock.TryExclusive(_usePath))
        {
            if (last is not null || _use is not null)
            {
                Postmaster.ForgetStranger(_cluster);
            }
        }

        var log = Path.Combine(_cluster, "server.log");
        if (File.Exists(log) && new FileInfo(log).Length > 1024 * 1024)
        {
            File.Delete(log);
        }

        var cluster = Command.ClusterArgument(_cluster);
        const string options = "-c listen_addresses='' -c unix_socket_directories=. -c port=5432 -c shared_buffers=32MB -c max_connections=100 -c log_checkpoints=off";
        string[] arguments = ["start", "-w", "-t", "60", "-D", cluster, "-l", cluster + "/server.log", "-o", options];
        var started = _time.GetTimestamp();
        while (true)
        {
            var result = await Command.RunOnClusterAsync(_cluster, binaries.PgCtl, arguments, StartLimit + TimeSpan.FromSeconds(5), cancellationToken);
            if (result.ExitCode == 0)
            {
                return;
            }

            // After a kill -9 of the server its sessions may live for a moment more, and it does not start beside them.
            if (_time.GetElapsedTime(started) > TimeSpan.FromSeconds(10))
            {
                throw new ControlException(
                    ControlCode.Broken,
                    $"The private PostgreSQL server in {_cluster} does not start: {LastLines(result.Output)} {LastLines(ReadLog(log))} (all of it is in {log})");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), _time, cancellationToken);
        }
    }

    private async Task StopAsync()
    {
        var binaries = Binaries();
        foreach (var mode in (string[])["fast", "immediate"])
        {
            string[] arguments = ["stop", "-w", "-t", "5", "-m", mode, "-D", Command.ClusterArgument(_cluster)];
            var result = await Command.RunOnClusterAsync(_cluster, binaries.PgCtl, arguments, TimeSpan.FromSeconds(8), CancellationToken.None);
            if (result.ExitCode == 0 || Postmaster.Find(_cluster) is null)
            {
                ControlLog.ServerStopped(_logger, _cluster);
                return;
            }
        }

        throw new ControlException(ControlCode.Broken, $"The private PostgreSQL server in {_cluster} does not stop; see {_cluster}/server.log.");
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
            throw new ControlException(ControlCode.Broken, $"{_cluster} belongs to another user. Run as the user who made the data folder, or with sudo as before.", e);
        }
        catch (FileNotFoundException e)
        {
            throw new ControlException(ControlCode.Broken, $"{_cluster} is not a PostgreSQL cluster. Move it away, or restore it from a backup.", e);
        }

        return PostgresBinaries.Find(int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null);
    }

    private static string ReadLog(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static string LastLines(string text) => string.Join(' ', text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(4));
}
