using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;
using Broadcast.Control.Tests;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Testing;
using Npgsql;
using Xunit;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(PostgresFixture))]
[assembly: TestCollectionOrderer(typeof(LongestClassesFirst))]
[assembly: DropDatabasesOfTests]

namespace Broadcast.Control.Tests;

/// <summary>
/// One private server for all tests that need a database, and an empty database for each test. Databases of ended tests are dropped, so
/// that they do not fill the memory.
/// </summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    /// <summary>Number of ended tests whose databases remain. A test disposes its objects before its database is dropped.</summary>
    private const int RetainedTests = 40;

    private static readonly ConcurrentQueue<string> EndedTests = new();

    private readonly SemaphoreSlim _creating = new(1, 1);
    private readonly Dictionary<string, List<string>> _databases = new(StringComparer.Ordinal);
    private TempFolder? _folder;
    private ServerDatabase? _server;
    private int _count;

    public async ValueTask InitializeAsync()
    {
        MemoryFolder.DeleteFoldersOfEndedProcesses();
        _folder = MemoryFolder.Create();
        await ClusterTemplate.CopyToAsync(_folder.Path);
        _server = await ServerDatabase.OpenAsync(new DataFolder(_folder.Path), new(), TimeProvider.System);

        // Databases live for one test: nothing has to survive a crash or to be vacuumed.
        foreach (var setting in (string[])["fsync = off", "full_page_writes = off", "autovacuum = off"])
        {
            await ExecuteAsync($"ALTER SYSTEM SET {setting}");
        }

        await ExecuteAsync("SELECT pg_reload_conf()");
        await ExecuteAsync("CREATE DATABASE blank");

        await (await ServerDatabase.OpenAsync(new DataFolder(_folder.Path), Options("blank"), TimeProvider.System)).DisposeAsync();
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
            while (EndedTests.Count > RetainedTests && EndedTests.TryDequeue(out var ended))
            {
                await DropAsync(ended);
            }

            var name = $"t{++_count}";
            await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE blank");
            if (TestContext.Current.Test is { } test)
            {
                (CollectionsMarshal.GetValueRefOrAddDefault(_databases, test.UniqueID, out _) ??= []).Add(name);
            }

            return Options(name);
        }
        finally
        {
            _creating.Release();
        }
    }

    /// <summary>Opens a new database.</summary>
    public async Task<ServerDatabase> OpenFreshAsync() => await OpenAsync(await FreshAsync());

    /// <summary>Opens a database once more.</summary>
    public Task<ServerDatabase> OpenAsync(DatabaseOptions options) =>
        ServerDatabase.OpenAsync(new DataFolder(_folder!.Path), options, TimeProvider.System);

    public async Task ExecuteAsync(string sql)
    {
        await using var command = _server!.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Records that a test has ended.</summary>
    internal static void End(string testId) => EndedTests.Enqueue(testId);

    private async Task DropAsync(string testId)
    {
        if (_databases.Remove(testId, out var names))
        {
            foreach (var name in names)
            {
                await ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            }
        }
    }

    private DatabaseOptions Options(string database) => new()
    {
        ConnectionString = new NpgsqlConnectionStringBuilder(_server!.Source.ConnectionString) { Database = database, Pooling = true,
            MaxPoolSize = 10 }.ConnectionString,
        CommandTimeout = TimeSpan.FromSeconds(60),
    };
}

/// <summary>Reports each ended test to <see cref="PostgresFixture"/>.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class DropDatabasesOfTestsAttribute : BeforeAfterTestAttribute
{
    public override void After(MethodInfo methodUnderTest, IXunitTest test) => PostgresFixture.End(test.UniqueID);
}
