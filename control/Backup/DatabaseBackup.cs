using System.Globalization;
using Broadcast.Media;
using Npgsql;

namespace Broadcast.Control;

/// <summary>What a backup holds, or what was restored.</summary>
/// <param name="Schema">The schema's version.</param>
/// <param name="Channels">How many channels there are.</param>
/// <param name="StreamKeys">How many stream keys.</param>
/// <param name="Sessions">How many sessions are remembered.</param>
public sealed record BackupContents(int Schema, long Channels, long StreamKeys, long Sessions);

/// <summary>
/// Backs the control room's database up, and restores it: a plain archive of <c>pg_dump</c> (custom format), which <c>pg_restore</c> can read without us. It is a snapshot, taken while
/// the server goes on. It holds hashes of keys and tokens and the secrets that viewers' tokens are signed with, so it is to be kept like those.
/// </summary>
public static class DatabaseBackup
{
    internal const string ApplicationName = "broadcast-backup";

    private const string Versions = "schema_versions";

    /// <summary>Drops all that a database of ours can have in its schema; what belongs to an extension stays. Behind it, in the same transaction, comes what is restored.</summary>
    private const string DropAll = """
        SET client_min_messages = warning;
        SET lock_timeout = '30s';
        DO $drop$
        DECLARE statements text[]; statement text; ours oid := current_schema()::regnamespace;
        BEGIN
            SELECT array_agg(format('DROP %s IF EXISTS %I.%I CASCADE',
                CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, current_schema(), c.relname))
            INTO statements FROM pg_class c WHERE c.relnamespace = ours AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i', 'a'));
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
    /// <param name="database">The database, open.</param>
    /// <param name="output">Takes the archive; it need not seek.</param>
    /// <param name="progress">Told of the bytes written so far.</param>
    /// <param name="cancellationToken">Gives up; what was written then is no backup.</param>
    /// <exception cref="ControlException"><c>pg_dump</c> is not installed or too old, or it failed; the message says what to do.</exception>
    public static async Task<BackupContents> WriteAsync(Database database, Stream output, Action<long>? progress, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var client = PostgresClient.For(connection, database.Settings);
        var contents = await ContentsAsync(connection, cancellationToken);
        string[] arguments =
        [
            "--format=custom", "--no-password", "--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions", "--lock-wait-timeout=60s",
            $"--schema=\"{await SchemaAsync(connection, cancellationToken)}\"",
        ];
        await client.RunAsync("pg_dump", arguments, null, (dump, token) => CopyAsync(dump, output, progress, token), cancellationToken);
        return contents;
    }

    /// <summary>Puts what a backup holds in the place of what a database holds: all of it or, where that fails, nothing. Then brings its schema up to date, and frees the sessions that were open then from their servers.</summary>
    /// <param name="folder">The data folder; no server may run on it.</param>
    /// <param name="options">Where the database is.</param>
    /// <param name="path">The backup.</param>
    /// <param name="replace">Whether the database may have something in it, which is lost then.</param>
    /// <param name="time">Time.</param>
    /// <param name="cancellationToken">Gives up; the database is as it was then.</param>
    /// <param name="unnoted">Told why the audit log has no row of it, where that could not be written: what is restored is restored.</param>
    /// <exception cref="ControlException">It is no backup, of a newer schema, or the database is in use or not empty; or restoring failed.</exception>
    public static async Task<BackupContents> RestoreAsync(
        DataFolder folder, DatabaseOptions options, string path, bool replace, TimeProvider time, CancellationToken cancellationToken, Action<string>? unnoted = null)
    {
        // The private server runs until both openings are closed, so it is started once.
        await using var before = await Database.OpenAsItIsAsync(folder, options, time, cancellationToken);
        await using (var connection = await before.Source.OpenConnectionAsync(cancellationToken))
        {
            var client = PostgresClient.For(connection, before.Settings);
            await RequireRestorableAsync(client, path, cancellationToken);
            await RequireUnusedAsync(connection, time, cancellationToken);
            await RequireRoomAsync(connection, replace, cancellationToken);
            await ReplaceAsync(client, path, await SchemaAsync(connection, cancellationToken), cancellationToken);
        }

        await using var after = await Database.OpenAsync(folder, options, time, cancellationToken: cancellationToken);
        await using var restored = await after.Source.OpenConnectionAsync(cancellationToken);
        await ReleaseAsync(restored, cancellationToken);
        var contents = await ContentsAsync(restored, cancellationToken);

        // In the log of the backup, whose last row is as old as that is.
        var detail = AuditLog.Detail(("file", path), ("replace", replace ? "true" : null), ("channels", Number(contents.Channels)), ("streamKeys", Number(contents.StreamKeys)), ("sessions", Number(contents.Sessions)));
        if (await new AuditLog(after).TryNoteAsync(time.GetUtcNow(), "database.restore", "database/control", detail) is { } reason)
        {
            unnoted?.Invoke(reason);
        }

        return contents;
    }

    /// <summary>No server runs, so none has a session or a lease: whichever starts first goes on with what was open.</summary>
    private static async Task ReleaseAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var release = new NpgsqlCommand("UPDATE sessions SET owner = NULL WHERE ended_at IS NULL; DELETE FROM servers", connection);
        await release.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The schema's version in what <c>pg_restore</c> prints of the table of versions; <see langword="null"/> when that is not in the archive.</summary>
    internal static int? ParseVersion(string script)
    {
        var lines = script.Split('\n').SkipWhile(line => !line.StartsWith("COPY ", StringComparison.Ordinal)).Skip(1).TakeWhile(line => line != "\\.");
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
            // All of it is read once: what is damaged must not be found out half way.
            await client.RunAsync("pg_restore", ["--file=-", path], null, (output, token) => output.CopyToAsync(Stream.Null, token), cancellationToken);
            await client.RunAsync(
                "pg_restore", ["--data-only", $"--table={Versions}", "--file=-", path], null,
                async (output, token) =>
                {
                    using var reader = new StreamReader(output, leaveOpen: true);
                    script = await reader.ReadToEndAsync(token);
                },
                cancellationToken);
        }
        catch (ControlException e) when (e.Code == ControlCode.Broken)
        {
            throw new ControlException(ControlCode.Broken, $"{path} is not a backup that can be read. {e.Message} (One made by a newer pg_dump needs that version's pg_restore.)", e);
        }

        var version = ParseVersion(script) ?? throw new ControlException(ControlCode.Broken, $"{path} is a PostgreSQL archive, but not of a Broadcast database. Nothing was changed.");
        var known = Migrations.All[^1].Number;
        if (version > known)
        {
            throw new ControlException(
                ControlCode.Broken, $"{path} has schema version {version}; this program knows versions up to {known}. Restore it with the newer program that made it. Nothing was changed.");
        }
    }

    private static async Task RequireUnusedAsync(NpgsqlConnection connection, TimeProvider time, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        await using var ask = new NpgsqlCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = current_setting('application_name')", connection);
        while ((long)(await ask.ExecuteScalarAsync(cancellationToken))! is > 0 and var others)
        {
            // One that has just closed is seen for a moment more.
            if (time.GetElapsedTime(began) < TimeSpan.FromSeconds(1))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
                continue;
            }

            throw new ControlException(ControlCode.Conflict, $"A server or another command has the database open ({others} connections). Stop every server that uses it, then restore. Nothing was changed.");
        }
    }

    private static async Task RequireRoomAsync(NpgsqlConnection connection, bool replace, CancellationToken cancellationToken)
    {
        var tables = new List<string>();
        await using (var list = new NpgsqlCommand("SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')", connection))
        await using (var reader = await list.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                tables.Add(reader.GetString(0));
            }
        }

        if (tables.Count > 0 && !tables.Contains(Versions))
        {
            throw new ControlException(ControlCode.Conflict, "The database holds tables that are not Broadcast's. Give it a database of its own. Nothing was changed.");
        }

        foreach (var table in tables.Where(table => table != Versions && !replace))
        {
            await using var any = new NpgsqlCommand($"SELECT EXISTS (SELECT 1 FROM \"{table.Replace("\"", "\"\"", StringComparison.Ordinal)}\")", connection);
            if ((bool)(await any.ExecuteScalarAsync(cancellationToken))!)
            {
                throw new ControlException(
                    ControlCode.Conflict, $"The database is not empty (there is something in {table}). With --replace all that it holds is lost, and the backup takes its place. Nothing was changed.");
            }
        }
    }

    /// <summary>One transaction: what is there goes, what the backup holds comes.</summary>
    private static Task ReplaceAsync(PostgresClient client, string path, string schema, CancellationToken cancellationToken) => client.RunAsync(
        "psql",
        ["--no-psqlrc", "--no-password", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-"],
        async (script, token) =>
        {
            await script.WriteAsync(System.Text.Encoding.UTF8.GetBytes(DropAll), token);
            try
            {
                await client.RunAsync(
                    "pg_restore", ["--no-owner", "--no-privileges", $"--schema={schema}", "--file=-", path], null, (dump, stop) => dump.CopyToAsync(script, stop), token);
            }
            catch (ControlException)
            {
                // Half a script must not be committed. This is an error wherever it stands, in the rows of a table too.
                await script.WriteAsync("\n\\.\nSELECT broadcast_backup_is_damaged;\n"u8.ToArray(), token);
                throw;
            }

            // Nor one that made nothing, because the backup's schema has another name.
            await script.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"\nSELECT max(version) FROM \"{schema}\".{Versions};\n"), token);
        },
        (output, token) => output.CopyToAsync(Stream.Null, token),
        cancellationToken);

    private static async Task<BackupContents> ContentsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"SELECT (SELECT max(version) FROM {Versions}), (SELECT count(*) FROM channels WHERE deleted_at IS NULL), (SELECT count(*) FROM stream_keys), (SELECT count(*) FROM sessions)", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new BackupContents(reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
    }

    private static async Task<string> SchemaAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT current_schema()::text", connection);
        return await command.ExecuteScalarAsync(cancellationToken) as string
            ?? throw new ControlException(ControlCode.Broken, "The database has no schema that this user may use. Check the user's rights and Search Path in Database:ConnectionString.");
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
