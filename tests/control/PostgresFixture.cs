using Broadcast.Control.Tests;
using Broadcast.Control.Database;
using Broadcast.Media;
using Broadcast.Testing;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]
[assembly: TestCollectionOrderer(typeof(LongestClassesFirst))]

namespace Broadcast.Control.Tests;

/// <summary>One private server for all tests that need a database, and an empty database for each test.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private readonly SemaphoreSlim _creating = new(1, 1);
    private TempFolder? _folder;
    private ControlDatabase? _server;
    private int _count;

    public async ValueTask InitializeAsync()
    {
        _folder = TempFolder.Create();
        await ClusterTemplate.CopyToAsync(_folder.Path);
        _server = await ControlDatabase.OpenAsync(new DataFolder(_folder.Path), new(), TimeProvider.System);
        // Databases live for one test: nothing has to survive a crash, and a thousand databases would keep autovacuum busy.
        foreach (var setting in (string[])["fsync = off", "full_page_writes = off", "autovacuum = off", "checkpoint_timeout = '1h'",
            "max_wal_size = '16GB'"])
        {
            await ExecuteAsync($"ALTER SYSTEM SET {setting}");
        }

        await ExecuteAsync("SELECT pg_reload_conf()");
        await ExecuteAsync("CREATE DATABASE blank");

        await (await ControlDatabase.OpenAsync(new DataFolder(_folder.Path), Options("blank"), TimeProvider.System)).DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _folder?.Dispose();
        await ClusterTemplate.DeleteAsync();
    }

    /// <summary>Returns the options of a new database with the schema.</summary>
    public async Task<DatabaseOptions> FreshAsync()
    {
        await _creating.WaitAsync();
        try
        {
            var name = $"t{++_count}";
            await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE blank");
            return Options(name);
        }
        finally
        {
            _creating.Release();
        }
    }

    /// <summary>Opens a new database.</summary>
    public async Task<ControlDatabase> OpenFreshAsync() => await OpenAsync(await FreshAsync());

    /// <summary>Opens a database once more.</summary>
    public Task<ControlDatabase> OpenAsync(DatabaseOptions options) =>
        ControlDatabase.OpenAsync(new DataFolder(_folder!.Path), options, TimeProvider.System);

    public async Task ExecuteAsync(string sql)
    {
        await using var command = _server!.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private DatabaseOptions Options(string database) => new()
    {
        ConnectionString = new NpgsqlConnectionStringBuilder(_server!.Source.ConnectionString) { Database = database, Pooling = true,
            MaxPoolSize = 10 }.ConnectionString,
        CommandTimeout = TimeSpan.FromSeconds(60),
    };
}
