using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Database;

/// <summary>One migration of the schema: number, name and statements.</summary>
public sealed record Migration(int Number, string Name, string Sql);

/// <summary>Embedded, numbered SQL files, applied in order, once, in one transaction and by one process at a time.</summary>
public static class Migrations
{
    private const int MaxAttempts = 5;
    private const long LockKey = 0x42_72_6F_61_64;   // "Broad"

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>All migrations known to this program, by number.</summary>
    public static IReadOnlyList<Migration> All { get; } = Load();

    /// <summary>
    /// Migrates the schema to this program's version. Older servers can run meanwhile, and a deadlock or lock timeout can occur. The
    /// transaction is then rolled back and retried.
    /// </summary>
    /// <param name="source">Connections.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Logger.</param>
    /// <param name="cancellationToken">Cancels the migration.</param>
    /// <param name="lockTimeout">Lock timeout of one statement, because other statements queue behind it; default 5 s.</param>
    /// <exception cref="OperationException">
    /// <see cref="OperationErrorCode.Broken"/>: the schema is newer than this program. <see cref="OperationErrorCode.Unavailable"/>: other
    /// connections kept its tables locked during all attempts.
    /// </exception>
    public static async Task ApplyAsync(NpgsqlDataSource source, TimeProvider time, ILogger logger, CancellationToken cancellationToken,
        TimeSpan? lockTimeout = null)
    {
        for (var attemptsLeft = MaxAttempts; ;)
        {
            try
            {
                await ApplyOnceAsync(source, time, logger, lockTimeout ?? LockTimeout, cancellationToken);
                return;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable)
            {
                if (--attemptsLeft == 0)
                {
                    throw new OperationException(
                        OperationErrorCode.Unavailable,
                        $"The schema cannot be migrated while other connections lock its tables ({e.MessageText}). Wait for a running "
                        + "backup, or stop older servers.", e);
                }

                DatabaseLog.MigrationBlocked(logger, e.MessageText);
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    private static async Task ApplyOnceAsync(NpgsqlDataSource source, TimeProvider time, ILogger logger, TimeSpan lockTimeout,
        CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        if (await VersionAsync(connection, cancellationToken) == All[^1].Number)
        {
            return;
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // without timeout: waits for another process's migration
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({LockKey})", cancellationToken);
        await ExecuteAsync(connection,
            string.Create(CultureInfo.InvariantCulture, $"SET LOCAL lock_timeout = {lockTimeout.TotalMilliseconds:0}"), cancellationToken);

        // Create the table first, which locks it. With an advisory lock alone, the catalog cache could still report that it does not exist.
        await ExecuteAsync(connection,
            "CREATE TABLE IF NOT EXISTS schema_versions (version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL)",
            cancellationToken);
        var from = await CountAsync(connection, cancellationToken);
        if (from > All[^1].Number)
        {
            throw new OperationException(
                OperationErrorCode.Broken,
                $"The database's schema is version {from}; this program supports versions up to {All[^1].Number}. Run the newer program, "
                + "or restore a backup from before its migration.");
        }

        foreach (var migration in All.Where(m => m.Number > from))
        {
            await ExecuteAsync(connection, migration.Sql, cancellationToken);
            await using var record = new NpgsqlCommand("INSERT INTO schema_versions (version, name, applied_at) VALUES ($1, $2, $3)",
                connection)
            {
                Parameters = { new() { Value = migration.Number }, new() { Value = migration.Name },
                    new() { Value = time.GetUtcNow().UtcDateTime } },
            };
            await record.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        if (from != All[^1].Number)
        {
            DatabaseLog.Migrated(logger, from, All[^1].Number);
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
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith("migrations/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var name = Path.GetFileNameWithoutExtension(resource["migrations/".Length..]);
            all.Add(new(int.Parse(name.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture), name, reader.ReadToEnd()));
        }

        return all;
    }
}
