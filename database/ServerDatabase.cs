using System.Net.Sockets;
using Broadcast.Media;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Broadcast.Database;

/// <summary>
/// PostgreSQL database of the installation: a configured server, or an embedded one in the data folder. Opening it migrates the schema.
/// The server process and every command open it separately. An embedded server runs until its last user closes it.
/// </summary>
public sealed class ServerDatabase : IAsyncDisposable
{
    /// <summary>Name of the user and of the database on the embedded server.</summary>
    public const string User = "broadcast";

    /// <summary>Maximum number of connections of HTTP requests, which include those of the API.</summary>
    public const int MaxRequestConnections = 12;

    /// <summary>Maximum number of connections of services, encoder admission and commands.</summary>
    public const int MaxServiceConnections = 8;

    /// <summary>
    /// Maximum number of connections for lookups on behalf of viewers and publishers: 6 each for recordings and events, 2
    /// for the chat of positions in the past, the rest for stream keys.
    /// </summary>
    public const int MaxLookupConnections = 16;

    private const string IdleInTransactionTimeout = "25P03";
    private const int MaxLeaseConnections = 2;
    private const int MaxReloadConnections = 2;
    private const int MaxProbeConnections = 1;
    private readonly DataFolder _folder;
    private readonly Func<DatabaseOptions> _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly IHttpContextAccessor? _requests;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private Broadcast.Database.Postgres.EmbeddedPostgres? _server;
    private ConnectionPools? _pools;
    private bool _skipsMigrations;

    /// <summary>Creates a database that is not open yet.</summary>
    public ServerDatabase(DataFolder folder, DatabaseOptions options, TimeProvider time, ILogger<ServerDatabase>? logger = null)
        : this(folder, () => options, time, logger)
    {
    }

    /// <summary>
    /// Creates a database that is not open yet. Options are read when it is opened, so that the host reports all invalid options together.
    /// </summary>
    public ServerDatabase(DataFolder folder, Func<DatabaseOptions> options, TimeProvider time, ILogger<ServerDatabase>? logger,
        IHttpContextAccessor? requests = null)
    {
        _folder = folder;
        _options = options;
        _time = time;
        _requests = requests;
        _logger = logger ?? NullLogger<ServerDatabase>.Instance;
        DapperTypeHandlers.Register();
    }

    /// <summary>
    /// Maximum number of connections of one process, all pools together. PostgreSQL's default of 100 connections, 3 of them reserved, is
    /// sufficient for two servers and a command. While the database hangs, each connection can block one thread of the thread pool,
    /// because Npgsql cancels statements synchronously.
    /// </summary>
    public const int MaxConnections =
        MaxRequestConnections + MaxServiceConnections + MaxLookupConnections + MaxLeaseConnections + MaxReloadConnections
        + MaxProbeConnections;

    /// <summary>
    /// Connections of the current HTTP request, or outside of requests those of services, which requests cannot exhaust. All times are in
    /// UTC.
    /// </summary>
    /// <exception cref="OperationException">The database is not open (<see cref="OperationErrorCode.Unavailable"/>).</exception>
    public NpgsqlDataSource Source => _requests?.HttpContext is null ? Pools.Services : Pools.Requests;

    /// <summary>Connections for lookups on behalf of viewers and publishers, which API requests cannot exhaust.</summary>
    public NpgsqlDataSource LookupSource => Pools.Lookups;

    /// <summary>Indicates whether the database is the private one of this data folder, which no other server uses.</summary>
    public bool IsPrivate => !_options().HasServer;

    /// <summary>Connections for renewing the server's lease, which nothing else can exhaust.</summary>
    public NpgsqlDataSource LeaseSource => Pools.Leases;

    /// <summary>Connections for complete reloads of caches, with <see cref="DatabaseOptions.ReloadTimeout"/>.</summary>
    public NpgsqlDataSource ReloadSource => Pools.Reloads;

    /// <summary>A new connection with each opening, because pooled ones may not have noticed a change of the network.</summary>
    public NpgsqlDataSource ProbeSource => Pools.Probes;

    private ConnectionPools Pools => Volatile.Read(ref _pools)
        ?? throw new OperationException(OperationErrorCode.Unavailable, "The database is not reachable yet. Try again in a moment.");

    /// <summary>Connection settings including the password, for client programs. Never display them.</summary>
    public NpgsqlConnectionStringBuilder Settings { get; private set; } = [];

    /// <summary>
    /// Opens the database: starts or joins the embedded server unless another is configured, and applies missing migrations.
    /// </summary>
    /// <exception cref="OperationException">
    /// <see cref="OperationErrorCode.Broken"/>: PostgreSQL is not installed, does not start, or the schema is newer than this program.
    /// <see cref="OperationErrorCode.Unavailable"/>: the configured server does not respond.
    /// </exception>
    public static async Task<ServerDatabase> OpenAsync(
        DataFolder folder, DatabaseOptions options, TimeProvider time, ILogger<ServerDatabase>? logger = null,
        CancellationToken cancellationToken = default)
    {
        var database = new ServerDatabase(folder, options, time, logger);
        try
        {
            await database.OpenAsync(cancellationToken);
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens the database without migrating its schema, to inspect or replace it.</summary>
    /// <exception cref="OperationException">See
    /// <see cref="OpenAsync(DataFolder, DatabaseOptions, TimeProvider, ILogger{ServerDatabase}?, CancellationToken)"/>.</exception>
    public static async Task<ServerDatabase> OpenWithoutMigrationAsync(DataFolder folder, DatabaseOptions options, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var database = new ServerDatabase(folder, options, time) { _skipsMigrations = true };
        try
        {
            await database.OpenAsync(cancellationToken);
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens the database; see the static method. No effect when it is open.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_pools is not null)
            {
                return;
            }

            if (!_options().HasServer)
            {
                _server ??= await Broadcast.Database.Postgres.EmbeddedPostgres.OpenAsync(_folder.Path, _time, _logger, cancellationToken);
            }

            var pools = await ConnectAsync(cancellationToken);
            Volatile.Write(ref _pools, pools);
        }
        catch (Exception e) when (IsUnavailable(e) && e is not OperationException { InnerException: PostgresException })
        {
            throw new OperationException(
                OperationErrorCode.Unavailable,
                _server is null
                    ? $"The database does not respond ({Describe(e)}). Check that the server in Database:ConnectionString is running and "
                        + "accepts connections from this machine."
                    : $"The embedded PostgreSQL server does not respond ({Describe(e)}). See postgres/server.log in the data folder.",
                e);
        }
        catch (PostgresException e)
        {
            throw new OperationException(OperationErrorCode.Broken,
                $"The database rejected the connection: {e.MessageText} ({e.SqlState}). Check the user, its privileges and the database "
                + "name in Database:ConnectionString.", e);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Restarts the embedded server after a failure if it has exited. No effect for a configured server.</summary>
    public async Task RepairAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_server is not null)
            {
                await _server.RepairAsync(cancellationToken);
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Returns whether an error means that the database is unavailable, not that it rejected a request.</summary>
    public static bool IsUnavailable(Exception exception) => exception switch
    {
        // 08 connection, 40 rolled back (serialization failure, deadlock), 53 out of resources, 57 operator intervention (shutting down,
        // starting up, canceled), 58 system error (I/O); a server that became a read-only standby; a lock that was not available; a
        // transaction that was ended because this server did not continue it; an internal error.
        PostgresException { SqlState: var state } => state[..2] is "08" or "40" or "53" or "57" or "58"
            || state is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.LockNotAvailable
                or IdleInTransactionTimeout or PostgresErrorCodes.InternalError,
        NpgsqlException or TimeoutException or SocketException => true,
        OperationException { Code: OperationErrorCode.Unavailable } => true,
        _ => false,
    };

    /// <summary>
    /// Returns whether a failed write may succeed later: always, unless the database rejected its values (classes 22 and 23) or the error
    /// is not the database's.
    /// </summary>
    public static bool IsRetryable(Exception exception) =>
        IsUnavailable(exception) || exception is PostgresException { SqlState: var state } && state[..2] is not ("22" or "23");

    /// <summary>Closes the database. The last user of an embedded server stops it, which takes up to 5 s.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_pools is not null)
        {
            await _pools.DisposeAsync();
            _pools = null;
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
            _server = null;
        }
    }

    /// <summary>Logs that the database is unavailable.</summary>
    public static void LogUnavailable(ILogger logger, Exception e) => DatabaseLog.DatabaseUnavailable(logger, Describe(e));

    /// <summary>Describes an error in a few words, for a log line or a message.</summary>
    public static string Describe(Exception e) => e switch
    {
        PostgresException p => $"{p.MessageText}, {p.SqlState}",
        { InnerException: SocketException s } => s.Message,
        _ => e.Message,
    };

    private async Task<ConnectionPools> ConnectAsync(CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(_server is null ? _options().ConnectionString : null);
        if (_server is not null)
        {
            settings = new NpgsqlConnectionStringBuilder { Host = _server.Host, Port = 5432, Username = User, Database = "postgres" };
            await CreateDatabaseAsync(settings, cancellationToken);
            settings.Database = User;
        }

        settings.ApplicationName ??= "broadcast";
        settings.Timeout = Math.Min(settings.Timeout, 5);

        // Npgsql requests the cancellation of a statement on a second connection, synchronously, whatever this setting is. -1 only omits
        // the wait for the result of that request: the connection is closed at once.
        settings.CancellationTimeout = -1;
        settings.CommandTimeout = (int)_options().CommandTimeout.TotalSeconds;
        settings.MaxAutoPrepare = Math.Max(settings.MaxAutoPrepare, 50);
        settings.AutoPrepareMinUsages = 2;
        settings.Timezone = "UTC";
        Settings = settings;
        var pools = ConnectionPools.Create(settings, _options().ReloadTimeout);
        try
        {
            if (_skipsMigrations)
            {
                await using var connection = await pools.Services.OpenConnectionAsync(cancellationToken);
            }
            else
            {
                await Migrations.ApplyAsync(pools.Services, _time, _logger, cancellationToken);
            }

            return pools;
        }
        catch
        {
            await pools.DisposeAsync();
            throw;
        }
    }

    // A server found running can still be in crash recovery. It then accepts connections and reports "not yet".
    private async Task<NpgsqlConnection> ConnectWithRetryAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            try
            {
                return await source.OpenConnectionAsync(cancellationToken);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.CannotConnectNow
                && _time.GetElapsedTime(started) < TimeSpan.FromSeconds(60))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), _time, cancellationToken);
            }
        }
    }

    private async Task CreateDatabaseAsync(NpgsqlConnectionStringBuilder settings, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(settings);
        await using var connection = await ConnectWithRetryAsync(source, cancellationToken);
        await using var query = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = 'broadcast'", connection);
        if (await query.ExecuteScalarAsync(cancellationToken) is not null)
        {
            return;
        }

        try
        {
            await using var create = new NpgsqlCommand("CREATE DATABASE broadcast", connection);
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // A concurrent command created it first.
        }
    }

    /// <summary>Connection pools, one per purpose, so that one purpose cannot exhaust the connections of another.</summary>
    private sealed record ConnectionPools(NpgsqlDataSource Requests, NpgsqlDataSource Services, NpgsqlDataSource Lookups,
        NpgsqlDataSource Leases, NpgsqlDataSource Reloads, NpgsqlDataSource Probes) : IAsyncDisposable
    {
        public static ConnectionPools Create(NpgsqlConnectionStringBuilder settings, TimeSpan reloadTimeout) => new(
            Create(settings, MaxRequestConnections),
            Create(settings, MaxServiceConnections),
            Create(settings, MaxLookupConnections, s => s.Timeout = Math.Min(s.Timeout, 2)),
            Create(settings, MaxLeaseConnections),
            Create(settings, MaxReloadConnections, s => s.CommandTimeout = (int)reloadTimeout.TotalSeconds),
            Create(settings, MaxProbeConnections, SetProbe));

        public async ValueTask DisposeAsync()
        {
            foreach (var source in (NpgsqlDataSource[])[Requests, Services, Lookups, Leases, Reloads, Probes])
            {
                await source.DisposeAsync();
            }
        }

        // An attempt has no time for a second host: the next one begins there.
        private static void SetProbe(NpgsqlConnectionStringBuilder settings) => (settings.Pooling, settings.Timeout,
            settings.LoadBalanceHosts) = (false, 1, settings.Host?.Contains(',', StringComparison.Ordinal) == true);

        private static NpgsqlDataSource Create(NpgsqlConnectionStringBuilder settings, int maxConnections,
            Action<NpgsqlConnectionStringBuilder>? change = null)
        {
            var own = new NpgsqlConnectionStringBuilder(settings.ConnectionString)
            {
                MaxPoolSize = Math.Min(settings.MaxPoolSize, maxConnections),
                MinPoolSize = Math.Min(settings.MinPoolSize, Math.Min(settings.MaxPoolSize, maxConnections)),
            };
            change?.Invoke(own);
            return NpgsqlDataSource.Create(own);
        }
    }
}
