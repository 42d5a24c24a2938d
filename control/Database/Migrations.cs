using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control;

/// <summary>One step of the schema: its number, what it is called and the statements that make it.</summary>
internal sealed record Migration(int Number, string Name, string Sql);

/// <summary>Numbered SQL files, embedded; applied in order, each once, all in one transaction, by one process at a time.</summary>
internal static class Migrations
{
    private const int Tries = 5;
    private const long LockKey = 0x42_72_6F_61_64;   // "Broad"

    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>All that this program knows, by number.</summary>
    public static IReadOnlyList<Migration> All { get; } = Load();

    /// <summary>
    /// Brings the schema to this program's version. Servers of before may be at work meanwhile, and both may come to wait for each other's locks: then all of it is undone and tried again.
    /// </summary>
    /// <param name="source">Connections.</param>
    /// <param name="time">Time.</param>
    /// <param name="logger">Told what was done, and what is in the way.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="lockPatience">How long one statement waits for a lock, which others queue behind; 5 s when not given.</param>
    /// <exception cref="ControlException">
    /// <see cref="ControlCode.Broken"/>: the schema is newer than this program. <see cref="ControlCode.Unavailable"/>: its tables stayed locked by others for all tries.
    /// </exception>
    public static async Task ApplyAsync(NpgsqlDataSource source, TimeProvider time, ILogger logger, CancellationToken cancellationToken, TimeSpan? lockPatience = null)
    {
        for (var left = Tries; ;)
        {
            try
            {
                await ApplyOnceAsync(source, time, logger, lockPatience ?? LockPatience, cancellationToken);
                return;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable)
            {
                if (--left == 0)
                {
                    throw new ControlException(
                        ControlCode.Unavailable, $"The schema cannot be changed while others keep its tables locked ({e.MessageText}). Look for a backup that runs, or stop the servers of before", e);
                }

                ControlLog.MigrationBlocked(logger, e.MessageText);
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    private static async Task ApplyOnceAsync(NpgsqlDataSource source, TimeProvider time, ILogger logger, TimeSpan lockPatience, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        if (await VersionAsync(connection, cancellationToken) == All[^1].Number)
        {
            return;
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({LockKey})", cancellationToken);   // this one for as long as it takes: another migrates
        await ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"SET LOCAL lock_timeout = {lockPatience.TotalMilliseconds:0}"), cancellationToken);

        // First this, which takes a lock on the table: asked under an advisory lock alone, the catalog cache may still say that there is none.
        await ExecuteAsync(connection, "CREATE TABLE IF NOT EXISTS schema_versions (version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL)", cancellationToken);
        var from = await CountAsync(connection, cancellationToken);
        if (from > All[^1].Number)
        {
            throw new ControlException(
                ControlCode.Broken,
                $"The database's schema is version {from}; this program knows versions up to {All[^1].Number}. Run the newer program that made it, or restore a backup from before it.");
        }

        foreach (var migration in All.Where(m => m.Number > from))
        {
            await ExecuteAsync(connection, migration.Sql, cancellationToken);
            await using var record = new NpgsqlCommand("INSERT INTO schema_versions (version, name, applied_at) VALUES ($1, $2, $3)", connection)
            {
                Parameters = { new() { Value = migration.Number }, new() { Value = migration.Name }, new() { Value = time.GetUtcNow().UtcDateTime } },
            };
            await record.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        if (from != All[^1].Number)
        {
            ControlLog.Migrated(logger, from, All[^1].Number);
        }
    }

    private static async Task<int> VersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var exists = new NpgsqlCommand("SELECT to_regclass('schema_versions') IS NOT NULL", connection);
        return (bool)(await exists.ExecuteScalarAsync(cancellationToken))! ? await CountAsync(connection, cancellationToken) : 0;
    }

    private static async Task<int> CountAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT coalesce(max(version), 0) FROM schema_versions", connection);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static List<Migration> Load()
    {
        var assembly = typeof(Migrations).Assembly;
        var all = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith("migrations/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var name = Path.GetFileNameWithoutExtension(resource["migrations/".Length..]);
            all.Add(new(int.Parse(name.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture), name, reader.ReadToEnd()));
        }

        return all;
    }
}
