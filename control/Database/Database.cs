using System.Net.Sockets;
using Broadcast.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// The control room's PostgreSQL: a configured one, or the private server in the data folder. Opening it brings its schema up to date. The server process and every command open
/// it for themselves; a private server runs as long as anybody has it open.
/// </summary>
public sealed class Database : IAsyncDisposable
{
    internal const string User = "broadcast";
    private readonly DataFolder _folder;
    private readonly Func<DatabaseOptions> _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private PrivateServer.PrivateServer? _server;
    private NpgsqlDataSource? _source;
    private bool _isLeftAsItIs;

    /// <summary>A database that is not open yet.</summary>
    public Database(DataFolder folder, DatabaseOptions options, TimeProvider time, ILogger<Database>? logger = null)
        : this(folder, () => options, time, logger)
    {
    }

    // Options are read when it is opened: bad ones are told by the host's start, all together.
    internal Database(DataFolder folder, Func<DatabaseOptions> options, TimeProvider time, ILogger<Database>? logger)
    {
        _folder = folder;
        _options = options;
        _time = time;
        _logger = logger ?? NullLogger<Database>.Instance;
        Dialect.Register();
    }

    /// <summary>Connections. All times in it are UTC.</summary>
    /// <exception cref="ControlException">It is not open (<see cref="ControlCode.Unavailable"/>).</exception>
    public NpgsqlDataSource Source => Volatile.Read(ref _source) ?? throw new ControlException(ControlCode.Unavailable, "The database is not reachable yet. Try again in a moment.");

    /// <summary>How its connections are made, password and all: for programs that connect by themselves. Never to be shown.</summary>
    internal NpgsqlConnectionStringBuilder Settings { get; private set; } = [];

    /// <summary>Opens it: starts or joins the private server when no other is configured, and applies the migrations that are missing.</summary>
    /// <exception cref="ControlException">
    /// <see cref="ControlCode.Broken"/>: PostgreSQL is not installed, does not start, or the schema is newer than this program. <see cref="ControlCode.Unavailable"/>: the
    /// configured server does not answer.
    /// </exception>
    public static async Task<Database> OpenAsync(
        DataFolder folder, DatabaseOptions options, TimeProvider time, ILogger<Database>? logger = null, CancellationToken cancellationToken = default)
    {
        var database = new Database(folder, options, time, logger);
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

    /// <summary>Opens it without touching its schema, whichever version that is: to look at it, or to put another in its place.</summary>
    /// <exception cref="ControlException">As with <see cref="OpenAsync(DataFolder, DatabaseOptions, TimeProvider, ILogger{Database}?, CancellationToken)"/>.</exception>
    internal static async Task<Database> OpenAsItIsAsync(DataFolder folder, DatabaseOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var database = new Database(folder, options, time) { _isLeftAsItIs = true };
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

    /// <summary>Opens it; see the static method. Opening an open one does nothing.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_source is not null)
            {
                return;
            }

            if (!_options().HasServer)
            {
                _server ??= await PrivateServer.PrivateServer.OpenAsync(_folder.Path, _time, _logger, cancellationToken);
            }

            var source = await ConnectAsync(cancellationToken);
            Volatile.Write(ref _source, source);
        }
        catch (Exception e) when (IsAway(e) && e is not ControlException { InnerException: PostgresException })
        {
            throw new ControlException(
                ControlCode.Unavailable,
                _server is null
                    ? $"The database does not answer ({Describe(e)}). Check that the server of Database:ConnectionString runs and lets this machine in."
                    : $"The private PostgreSQL server does not answer ({Describe(e)}). Look into postgres/server.log in the data folder.",
                e);
        }
        catch (PostgresException e)
        {
            throw new ControlException(ControlCode.Broken, $"The database refused: {e.MessageText} ({e.SqlState}). Check the user, its rights and the name in Database:ConnectionString.", e);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>After a failure: starts the private server again when it is gone. Does nothing for a configured server, which is somebody else's to mend.</summary>
    public async Task MendAsync(CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_server is not null)
            {
                await _server.MendAsync(cancellationToken);
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Whether an error says that the database is away (as opposed to: it answered, and the answer was no).</summary>
    public static bool IsAway(Exception exception) => exception switch
    {
        // 08 connection, 53 out of resources, 57 operator intervention (shutting down, starting up, canceled).
        PostgresException { SqlState: var state } => state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("53", StringComparison.Ordinal) || state.StartsWith("57", StringComparison.Ordinal),
        NpgsqlException or TimeoutException or SocketException => true,
        ControlException { Code: ControlCode.Unavailable } => true,
        _ => false,
    };

    /// <summary>Closes it. The last user of a private server stops it, which takes up to 5 s.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_source is not null)
        {
            await _source.DisposeAsync();
            _source = null;
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
            _server = null;
        }
    }

    internal static string Describe(Exception e) => e switch
    {
        PostgresException p => $"{p.MessageText}, {p.SqlState}",
        { InnerException: SocketException s } => s.Message,
        _ => e.Message,
    };

    private async Task<NpgsqlDataSource> ConnectAsync(CancellationToken cancellationToken)
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
        settings.CommandTimeout = (int)_options().CommandTimeout.TotalSeconds;
        settings.MaxAutoPrepare = Math.Max(settings.MaxAutoPrepare, 50);
        settings.AutoPrepareMinUsages = 2;
        settings.Timezone = "UTC";
        Settings = settings;
        var source = NpgsqlDataSource.Create(settings);
        try
        {
            if (_isLeftAsItIs)
            {
                await using var connection = await source.OpenConnectionAsync(cancellationToken);
            }
            else
            {
                await Migrations.ApplyAsync(source, _time, _logger, cancellationToken);
            }

            return source;
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }

    // A server found running may still be reading its log after a crash; it accepts connections then and says 'not yet'.
    private async Task<NpgsqlConnection> ConnectPatientlyAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            try
            {
                return await source.OpenConnectionAsync(cancellationToken);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.CannotConnectNow && _time.GetElapsedTime(started) < TimeSpan.FromSeconds(60))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), _time, cancellationToken);
            }
        }
    }

    private async Task CreateDatabaseAsync(NpgsqlConnectionStringBuilder settings, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(settings);
        await using var connection = await ConnectPatientlyAsync(source, cancellationToken);
        await using var ask = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = 'broadcast'", connection);
        if (await ask.ExecuteScalarAsync(cancellationToken) is not null)
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
            // A racing command was first.
        }
    }
}
