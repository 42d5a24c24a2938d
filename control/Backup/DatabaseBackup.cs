using System.Globalization;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media;
using Npgsql;

namespace Broadcast.Control.Backup;

/// <summary>Contents of a backup or of a restored database.</summary>
/// <param name="Schema">Schema version.</param>
/// <param name="Channels">Number of channels.</param>
/// <param name="StreamKeys">Number of stream keys.</param>
/// <param name="Sessions">Number of sessions.</param>
public sealed record BackupContents(int Schema, long Channels, long StreamKeys, long Sessions);

/// <summary>
/// Backs up and restores the control database as a <c>pg_dump</c> archive (custom format), which <c>pg_restore</c> can read without this
/// program. The backup is a snapshot taken while the server runs. It contains hashes of keys and tokens and the secrets that sign viewer
/// tokens, so protect it like those.
/// </summary>
public static class DatabaseBackup
{
    internal const string ApplicationName = "broadcast-backup";

    private const string Versions = "schema_versions";

    /// <summary>
    /// Drops all objects of the control schema except those of extensions. The restore follows in the same transaction. A partitioned table
    /// depends on itself, by the columns of its key.
    /// </summary>
    private const string DropAll = """
        SET client_min_messages = warning;
        SET lock_timeout = '30s';
        DO $drop$
        DECLARE statements text[]; statement text; ours oid := current_schema()::regnamespace;
        BEGIN
            SELECT array_agg(format('DROP %s IF EXISTS %I.%I CASCADE',
                CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, current_schema(), c.relname))
            INTO statements FROM pg_class c WHERE c.relnamespace = ours AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refobjid <> c.oid AND d.deptype IN ('e', 'i', 'a'));
            FOREACH statement IN ARRAY coalesce(statements, '{}') LOOP EXECUTE statement; END LOOP;
            SELECT array_agg(format('DROP ROUTINE IF EXISTS %I.%I(%s) CASCADE', current_schema(), p.proname, pg_get_function_identity_arguments(p.oid)))
            INTO statements FROM pg_proc p WHERE p.pronamespace = ours
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e');
            FOREACH statement IN ARRAY coalesce(statements, '{}') LOOP EXECUTE statement; END LOOP;
            SELECT array_agg(format('DROP TYPE IF EXISTS %I.%I CASCADE', current_schema(), t.typname))
            INTO statements FROM pg_type t WHERE t.typnamespace = ours AND t.typtype IN ('e', 'd')
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e');
            FOREACH statement IN ARRAY coalesce(statements, '{}') LOOP EXECUTE statement; END LOOP;
        END
        $drop$;

        """;

    /// <summary>Writes a backup.</summary>
    /// <param name="database">Open database.</param>
    /// <param name="output">Receives the archive; it need not be seekable.</param>
    /// <param name="progress">Receives the number of bytes written so far.</param>
    /// <param name="cancellationToken">Cancels the backup; the partial output is unusable.</param>
    /// <exception cref="OperationException"><c>pg_dump</c> is not installed or too old, or it failed; the message says what to
    /// do.</exception>
    public static async Task<BackupContents> WriteAsync(ServerDatabase database, Stream output, Action<long>? progress,
        CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var client = PostgresClient.For(connection, database.Settings);
        var contents = await ContentsAsync(connection, cancellationToken);
        string[] arguments =
        [
            "--format=custom", "--no-password", "--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions",
            "--lock-wait-timeout=60s",
            $"--schema=\"{await SchemaAsync(connection, cancellationToken)}\"",
        ];
        await client.RunAsync("pg_dump", arguments, null, (dump, token) => CopyAsync(dump, output, progress, token), cancellationToken);
        return contents;
    }

    /// <summary>
    /// Replaces the contents of a database with a backup, entirely or, on failure, not at all. It then migrates the schema and releases
    /// open sessions from their servers.
    /// </summary>
    /// <param name="folder">Data folder; no server may be running on it.</param>
    /// <param name="options">Location of the database.</param>
    /// <param name="path">Path of the backup.</param>
    /// <param name="replace">Whether the database may contain data, which is lost.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Cancels the restore; the database is then unchanged.</param>
    /// <param name="auditFailed">Receives the reason when the audit log row could not be written. The restore is still complete.</param>
    /// <exception cref="OperationException">The file is not a backup or has a newer schema, the database is in use or not empty, or the
    /// restore failed.</exception>
    public static async Task<BackupContents> RestoreAsync(
        DataFolder folder, DatabaseOptions options, string path, bool replace, TimeProvider time, CancellationToken cancellationToken,
        Action<string>? auditFailed = null)
    {
        // The embedded server runs until both connections are closed, so it starts only once.
        await using var original = await ServerDatabase.OpenWithoutMigrationAsync(folder, options, time, cancellationToken);
        await using (var connection = await original.Source.OpenConnectionAsync(cancellationToken))
        {
            var client = PostgresClient.For(connection, original.Settings);
            await RequireRestorableAsync(client, path, cancellationToken);
            await RequireUnusedAsync(connection, time, cancellationToken);
            await RequireEmptyAsync(connection, replace, cancellationToken);
            await ReplaceAsync(client, path, await SchemaAsync(connection, cancellationToken), cancellationToken);
        }

        await using var after = await ServerDatabase.OpenAsync(folder, options, time, cancellationToken: cancellationToken);
        await using var restored = await after.Source.OpenConnectionAsync(cancellationToken);
        await ReleaseAsync(restored, cancellationToken);
        var contents = await ContentsAsync(restored, cancellationToken);

        // The restored audit log ends at the time of the backup; this row follows.
        var detail = AuditLog.Detail(("file", path), ("replace", replace ? "true" : null), ("channels", Number(contents.Channels)),
            ("streamKeys", Number(contents.StreamKeys)), ("sessions", Number(contents.Sessions)));
        if (await new AuditLog(after).TryRecordAsync(time.GetUtcNow(), "database.restore", "database/control", detail) is { } reason)
        {
            auditFailed?.Invoke(reason);
        }

        return contents;
    }

    /// <summary>Clears owners and leases. No server runs, so the first one to start takes over the open sessions.</summary>
    private static async Task ReleaseAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var release = new NpgsqlCommand("UPDATE sessions SET owner = NULL WHERE ended_at IS NULL; DELETE FROM servers",
            connection);
        await release.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// Parses the schema version from <c>pg_restore</c>'s output of the version table; <see langword="null"/> when the archive has none.
    /// </summary>
    internal static int? ParseVersion(string script)
    {
        var lines = script.Split('\n').SkipWhile(line => !line.StartsWith("COPY ", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => line != "\\.");
        int? version = null;
        foreach (var line in lines)
        {
            if (int.TryParse(line.Split('\t')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                version = Math.Max(version ?? 0, number);
            }
        }

        return version;
    }

    private static async Task RequireRestorableAsync(PostgresClient client, string path, CancellationToken cancellationToken)
    {
        var script = "";
        try
        {
            // Read the whole archive first, so that damage is found before anything changes.
            await client.RunAsync("pg_restore", ["--file=-", path], null, (output, token) => output.CopyToAsync(Stream.Null, token),
                cancellationToken);
            await client.RunAsync(
                "pg_restore", ["--data-only", $"--table={Versions}", "--file=-", path], null,
                async (output, token) =>
                {
                    using var reader = new StreamReader(output, leaveOpen: true);
                    script = await reader.ReadToEndAsync(token);
                },
                cancellationToken);
        }
        catch (OperationException e) when (e.Code == OperationErrorCode.Broken)
        {
            throw new OperationException(OperationErrorCode.Broken,
                $"{path} is not a readable backup. {e.Message} (A backup of a newer pg_dump needs that version's pg_restore.)", e);
        }

        var version = ParseVersion(script) ?? throw new OperationException(OperationErrorCode.Broken,
            $"{path} is a PostgreSQL archive, but not of a Broadcast database. Nothing was changed.");
        var latest = Migrations.All[^1].Number;
        if (version > latest)
        {
            throw new OperationException(
                OperationErrorCode.Broken,
                $"{path} has schema version {version}; this program supports versions up to {latest}. Restore it with the newer program "
                + "that created it. Nothing was changed.");
        }
    }

    private static async Task RequireUnusedAsync(NpgsqlConnection connection, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        await using var query = new NpgsqlCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = "
            + "current_setting('application_name')", connection);
        while ((long)(await query.ExecuteScalarAsync(cancellationToken))! is > 0 and var connections)
        {
            // A connection that was just closed stays visible for a moment.
            if (time.GetElapsedTime(started) < TimeSpan.FromSeconds(1))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
                continue;
            }

            throw new OperationException(OperationErrorCode.Conflict,
                $"A server or another command is using the database ({connections} connections). Stop every server that uses it, then "
                + "restore. Nothing was changed.");
        }
    }

    private static async Task RequireEmptyAsync(NpgsqlConnection connection, bool replace, CancellationToken cancellationToken)
    {
        var tables = new List<string>();
        await using (var list = new NpgsqlCommand(
            "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')", connection))
        await using (var reader = await list.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                tables.Add(reader.GetString(0));
            }
        }

        if (tables.Count > 0 && !tables.Contains(Versions))
        {
            throw new OperationException(OperationErrorCode.Conflict,
                "The database contains tables of other programs. Use a separate database. Nothing was changed.");
        }

        foreach (var table in tables.Where(table => table != Versions && !replace))
        {
            await using var query =
                new NpgsqlCommand($"SELECT EXISTS (SELECT 1 FROM \"{table.Replace("\"", "\"\"", StringComparison.Ordinal)}\")", connection);
            if ((bool)(await query.ExecuteScalarAsync(cancellationToken))!)
            {
                throw new OperationException(
                    OperationErrorCode.Conflict,
                    $"The database is not empty (table {table} has rows). --replace deletes its contents and restores the backup. "
                    + "Nothing was changed.");
            }
        }
    }

    /// <summary>Drops and restores in one transaction.</summary>
    private static Task ReplaceAsync(PostgresClient client, string path, string schema, CancellationToken cancellationToken) =>
        client.RunAsync(
        "psql",
        ["--no-psqlrc", "--no-password", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-"],
        async (script, token) =>
        {
            await script.WriteAsync(System.Text.Encoding.UTF8.GetBytes(DropAll), token);
            try
            {
                await client.RunAsync(
                    "pg_restore", ["--no-owner", "--no-privileges", $"--schema={schema}", "--file=-", path], null,
                    (dump, stop) => dump.CopyToAsync(script, stop), token);
            }
            catch (OperationException)
            {
                // A partial script must not be committed. This line is an error in any context, including table rows.
                await script.WriteAsync("\n\\.\nSELECT broadcast_backup_is_damaged;\n"u8.ToArray(), token);
                throw;
            }

            // Fails if nothing was restored because the backup's schema has another name.
            await script.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"\nSELECT max(version) FROM \"{schema}\".{Versions};\n"), token);
        },
        (output, token) => output.CopyToAsync(Stream.Null, token),
        cancellationToken);

    private static async Task<BackupContents> ContentsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT (SELECT max(version) FROM {Versions}), (SELECT count(*) FROM channels WHERE deleted_at IS NULL), (SELECT count(*) "
            + "FROM stream_keys), (SELECT count(*) FROM sessions)", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new BackupContents(reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
    }

    private static async Task<string> SchemaAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT current_schema()::text", connection);
        return await command.ExecuteScalarAsync(cancellationToken) as string
            ?? throw new OperationException(OperationErrorCode.Broken,
                "The database has no schema that this user can use. Check the user's privileges and Search Path in "
                + "Database:ConnectionString.");
    }

    private static async Task CopyAsync(Stream from, Stream to, Action<long>? progress, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 16];
        for (long total = 0; ;)
        {
            var read = await from.ReadAsync(buffer, cancellationToken);
            if (read == 0)
            {
                return;
            }

            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            progress?.Invoke(total += read);
        }
    }
}
