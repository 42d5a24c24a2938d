using Broadcast.Control.Backup;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Backups with a real PostgreSQL and its own programs.</summary>
public sealed class BackupTests(PostgresFixture postgres) : IAsyncDisposable
{
    private readonly TempFolder _folder = TempFolder.Create();

    public ValueTask DisposeAsync() => _folder.DisposeAsync();

    [Fact]
    public async Task Backup_of_a_running_server_restores_the_same_data()
    {
        var options = await postgres.FreshAsync();
        string before;
        BackupContents contents;
        await using (var database = await postgres.OpenAsync(options))
        {
            await new ChannelRepository(database, TimeProvider.System).CreateAsync("kept", new(Title: "it's \\ \"kept\""));
            before = await EverythingAsync(database);
            contents = await WriteAsync(database);
        }

        contents.ShouldBe(new BackupContents(Migrations.All[^1].Number, 1, 1, 0));
        var empty = await EmptyAsync("restored");
        (await RestoreAsync(empty)).ShouldBe(contents);

        await using var restored = await postgres.OpenAsync(empty);
        var row = (await new AuditLog(restored).ListAsync(new(Action: "database.restore"))).ShouldHaveSingleItem();
        (row.Subject, row.Detail["file"], row.Detail["channels"],
            row.Detail.ContainsKey("replace")).ShouldBe(("database/control", Archive, "1", false));
        await ExecuteAsync(restored, "DELETE FROM audit_log WHERE action = 'database.restore'");
        (await EverythingAsync(restored)).ShouldBe(before);
    }

    [Fact]
    public async Task Nonempty_database_is_replaced_only_on_request_and_only_completely()
    {
        var (source, target) = (await postgres.FreshAsync(), await postgres.FreshAsync());
        await using (var database = await postgres.OpenAsync(source))
        {
            await new ChannelRepository(database, TimeProvider.System).CreateAsync("from-the-backup", new());
            await WriteAsync(database);
        }

        await using (var database = await postgres.OpenAsync(target))
        {
            await new ChannelRepository(database, TimeProvider.System).CreateAsync("was-there", new());
            await ExecuteAsync(database,
                "CREATE TYPE later AS ENUM ('a'); CREATE TABLE of_a_newer_version (id bigint PRIMARY KEY REFERENCES channels (id), what "
                + "later)");
            var used = await Should.ThrowAsync<OperationException>(() => RestoreAsync(target, replace: true));
            used.Message.ShouldContain("Stop every server");
        }

        var refusal = await Should.ThrowAsync<OperationException>(() => RestoreAsync(target));
        (refusal.Code, refusal.Message).ShouldSatisfyAllConditions(r => r.Code.ShouldBe(OperationErrorCode.Conflict),
            r => r.Message.ShouldContain("--replace"));

        // A backup with corrupt last bytes is detected before any change.
        var whole = await File.ReadAllBytesAsync(Archive);
        await File.WriteAllBytesAsync(Archive, whole.AsMemory(0, whole.Length * 2 / 3));
        (await Should.ThrowAsync<OperationException>(() => RestoreAsync(target, replace: true))).Message
            .ShouldContain("not a readable backup");
        (await ChannelsAsync(target)).ShouldBe(["was-there"]);

        await File.WriteAllBytesAsync(Archive, whole);
        await RestoreAsync(target, replace: true);
        (await ChannelsAsync(target)).ShouldBe(["from-the-backup"]);
    }

    [Fact]
    public async Task Restored_open_sessions_have_no_owner()
    {
        var options = await postgres.FreshAsync();
        await using (var database = await postgres.OpenAsync(options))
        {
            await new ChannelRepository(database, TimeProvider.System).CreateAsync("demo", new());
            await ExecuteAsync(database, """
                INSERT INTO servers (id, run, name, place, started_at, last_seen_at, unbroken_since, lease_until, released)
                SELECT i, i, 'before', '', now(), now(), now(), now() + interval '1 hour', false FROM gen_random_uuid() i;
                INSERT INTO sessions (id, channel_id, epoch, latency, started_at, owner, ended_at, end_reason)
                SELECT s.id, c.id, 1, 'low', now(), v.id, s.ended, s.reason
                FROM channels c, servers v, (VALUES ('01J00000000000000000000001', now(), 'over'), ('01J00000000000000000000002', NULL,
                    NULL)) s (id, ended, reason)
                """);
            await WriteAsync(database);
        }

        await RestoreAsync(options, replace: true);

        await using var restored = await postgres.OpenAsync(options);
        await using var command = restored.Source.CreateCommand(
            "SELECT string_agg(id || ' ' || (owner IS NULL)::text, ', ' ORDER BY id) || ', servers ' || (SELECT count(*) FROM servers) "
            + "FROM sessions");
        (await command.ExecuteScalarAsync()).ShouldBe("01J00000000000000000000001 false, 01J00000000000000000000002 true, servers 0");
    }

    [Fact]
    public async Task Restore_migrates_a_backup_of_the_previous_schema()
    {
        var options = await PreviousSchema.CreateAsync(postgres, "previous_backup");
        await using (var database = await ServerDatabase.OpenWithoutMigrationAsync(new DataFolder(_folder.Path), options,
            TimeProvider.System, default))
        {
            (await WriteAsync(database)).Schema.ShouldBe(24);
        }

        var target = await EmptyAsync("previous_restored");
        (await RestoreAsync(target)).Schema.ShouldBe(Migrations.All[^1].Number);

        await using var restored = await postgres.OpenAsync(target);
        await PreviousSchema.ShouldBeReadableAsync(restored);
    }

    [Fact]
    public async Task Backup_with_a_newer_schema_or_another_format_is_rejected()
    {
        var options = await postgres.FreshAsync();
        await using (var database = await postgres.OpenAsync(options))
        {
            await ExecuteAsync(database, "INSERT INTO schema_versions VALUES (9999, 'future', now())");
            await WriteAsync(database);
            (await Should.ThrowAsync<OperationException>(async () => await RestoreAsync(await EmptyAsync("too_old")))).Message
                .ShouldContain("9999");
        }

        await File.WriteAllTextAsync(Archive, "PGDMP, but no archive");
        (await Should.ThrowAsync<OperationException>(async () => await RestoreAsync(await EmptyAsync("no_archive")))).Message
            .ShouldContain("not a readable backup");
    }

    [Fact]
    public void Database_password_is_passed_to_client_programs_in_the_environment()
    {
        var settings = new NpgsqlConnectionStringBuilder(
            "Host=db;Username=u;Password=hunter2;Database=d;SSL Mode=VerifyFull;Root Certificate=/ca.pem;Search Path=my schema");
        using var connection = new NpgsqlConnection(settings.ConnectionString);

        var environment = PostgresClient.EnvironmentOf(connection, settings);

        (environment["PGPASSWORD"], environment["PGUSER"], environment["PGDATABASE"], environment["PGSSLMODE"],
            environment["PGSSLROOTCERT"], environment["PGOPTIONS"])
            .ShouldBe(("hunter2", "u", "d", "verify-full", "/ca.pem", @"-c search_path=my\ schema"));
    }

    [Fact]
    public void Missing_or_outdated_client_programs_are_reported_with_the_package_to_install()
    {
        Should.Throw<OperationException>(() => Broadcast.Database.Postgres.PostgresBinaries.FindClient(17, []))
            .Message.ShouldContain("postgresql-client-17");
        var old = _folder.Sub("postgresql", "13", "bin");
        Directory.CreateDirectory(old);
        foreach (var program in new[] { "pg_dump", "pg_restore", "psql" })
        {
            File.WriteAllText(Path.Combine(old, program), "");
        }

        Broadcast.Database.Postgres.PostgresBinaries.FindClient(13, [old]).Folder.ShouldBe(old);
        Should.Throw<OperationException>(() => Broadcast.Database.Postgres.PostgresBinaries.FindClient(17, [old]))
            .Message.ShouldContain("is version 13");
    }

    [Theory]
    [InlineData("--\nCOPY public.schema_versions (version, name, applied_at) FROM stdin;\n1\ta\tx\n12\tb\tx\n3\tc\tx\n\\.\n99\tno\n", 12)]
    [InlineData("COPY public.schema_versions (version) FROM stdin;\n\\.\n", null)]
    [InlineData("", null)]
    public void Schema_version_is_the_highest_in_the_versions_table(string script, int? version) =>
    DatabaseBackup.ParseVersion(script).ShouldBe(version);

    private string Archive => _folder.Sub("backup");

    private async Task<BackupContents> WriteAsync(ServerDatabase database)
    {
        await using var file = File.Create(Archive);
        return await DatabaseBackup.WriteAsync(database, file, null, default);
    }

    private Task<BackupContents> RestoreAsync(DatabaseOptions options, bool replace = false) =>
        DatabaseBackup.RestoreAsync(new DataFolder(_folder.Path), options, Archive, replace, TimeProvider.System, default);

    private async Task<DatabaseOptions> EmptyAsync(string name)
    {
        await postgres.ExecuteAsync($"CREATE DATABASE {name}");
        var options = await postgres.FreshAsync();
        options.ConnectionString = new NpgsqlConnectionStringBuilder(options.ConnectionString) { Database = name }.ConnectionString;
        return options;
    }

    private async Task<List<string>> ChannelsAsync(DatabaseOptions options)
    {
        await using var database = await postgres.OpenAsync(options);
        return [.. (await new ChannelRepository(database, TimeProvider.System).ListAsync()).Select(channel => channel.Name)];
    }

    private static async Task ExecuteAsync(ServerDatabase database, string sql)
    {
        await using var command = database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Every row of every table, in order.</summary>
    private static async Task<string> EverythingAsync(ServerDatabase database)
    {
        await using var command = database.Source.CreateCommand(
            "SELECT string_agg(table_name || E'\\n' || query_to_xml(format('SELECT * FROM %I ORDER BY 1', table_name), true, false, "
            + "'')::text, E'\\n' ORDER BY table_name) FROM information_schema.tables WHERE table_schema = 'public'");
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
