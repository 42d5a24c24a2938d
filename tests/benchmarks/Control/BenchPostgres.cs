using Broadcast.Database;
using Broadcast.Database.Postgres;
using Broadcast.Media;
using Broadcast.Testing;
using Npgsql;

namespace Broadcast.Benchmarks;

/// <summary>
/// A PostgreSQL server for a benchmark, created like the product's private one, with the product's schema. Accepts external connections and
/// can be stopped.
/// </summary>
internal sealed class BenchPostgres : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private readonly string _folder;

    private BenchPostgres(string folder, ServerDatabase store) => (_folder, Store) = (folder, store);

    /// <summary>The database, opened in this process.</summary>
    public ServerDatabase Store { get; }

    private string Cluster => Path.Combine(_folder, "postgres");

    /// <summary>Creates and starts the server.</summary>
    /// <param name="folder">Folder of the server; must be new.</param>
    public static async Task<BenchPostgres> StartAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        return new(folder, await ServerDatabase.OpenAsync(new DataFolder(folder), new DatabaseOptions(), TimeProvider.System));
    }

    /// <summary>Returns a connection string for other processes.</summary>
    /// <param name="name">Application name of the connection.</param>
    /// <param name="connections">Maximum number of connections; the server allows a hundred.</param>
    public string ConnectionString(string name, int connections) =>
        new NpgsqlConnectionStringBuilder(Store.Settings.ConnectionString) { ApplicationName = name,
            MaxPoolSize = connections }.ConnectionString;

    /// <summary>Runs statements.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var command = Store.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Reads rows.</summary>
    /// <param name="sql">The query.</param>
    /// <param name="read">Converts a row.</param>
    public async Task<List<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read)
    {
        await using var command = Store.Source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>Stops the server and cuts all connections.</summary>
    public async Task StopAsync()
    {
        var process = Postmaster.Find(Cluster) ?? throw new InvalidOperationException($"No PostgreSQL runs on {Cluster}.");
        _ = ChildProcess.NativeMethods.Kill(process, (int)UnixSignal.Interrupt);
        await Poll.UntilAsync(() => Postmaster.Find(Cluster) is null, Timeout, "PostgreSQL is stopped");
    }

    /// <summary>Restarts the server.</summary>
    public Task StartAgainAsync() => Store.RepairAsync(CancellationToken.None);

    public ValueTask DisposeAsync() => Store.DisposeAsync();
}
