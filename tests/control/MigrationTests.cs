using Broadcast.Control.Channels;
using Broadcast.Database;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class MigrationTests(PostgresFixture postgres)
{
    [Fact]
    public void Migrations_are_numbered_without_gaps() =>
        Migrations.All.Select(m => m.Number).ShouldBe(Enumerable.Range(1, Migrations.All.Count));

    [Fact]
    public async Task Empty_database_opened_concurrently_is_migrated_once()
    {
        await postgres.ExecuteAsync("CREATE DATABASE crowd");
        var options = await postgres.FreshAsync();
        options.ConnectionString = new Npgsql.NpgsqlConnectionStringBuilder(
            options.ConnectionString) { Database = "crowd" }.ConnectionString;

        var opened = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => postgres.OpenAsync(options)));

        await using var command = opened[0].Source.CreateCommand("SELECT count(*) FROM schema_versions");
        (await command.ExecuteScalarAsync()).ShouldBe((long)Migrations.All.Count);
        foreach (var database in opened)
        {
            await database.DisposeAsync();
        }
    }

    [Fact]
    public async Task Oldest_database_is_migrated_with_its_channels_while_a_server_uses_it()
    {
        await postgres.ExecuteAsync("CREATE DATABASE older");
        var options = await postgres.FreshAsync();
        options.ConnectionString = new Npgsql.NpgsqlConnectionStringBuilder(
            options.ConnectionString) { Database = "older" }.ConnectionString;
        await using var older = Npgsql.NpgsqlDataSource.Create(options.ConnectionString);
        await using (var first = older.CreateCommand($"""
            {Migrations.All[0].Sql}
            CREATE TABLE schema_versions (version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL);
            INSERT INTO schema_versions VALUES (1, '0001_channels', now());
            INSERT INTO channels (name, title, ladder, latency, reconnect_window_seconds, created_at) VALUES ('demo', '', 'passthrough', 'low', 60, now());
            """))
        {
            await first.ExecuteNonQueryAsync();
        }

        await using var database = await postgres.OpenAsync(options);

        var channels = new ChannelRepository(database, TimeProvider.System);
        var channel = await channels.GetAsync("demo");
        (channel.Takeover, channel.TakeoverAfter, channel.Access).ShouldBe(("silent", TimeSpan.Zero, "public"));
        await using var still = older.CreateCommand(
            "INSERT INTO channels (name, title, ladder, latency, reconnect_window_seconds, created_at) VALUES ('late', '', 'auto', 'low', "
            + "60, now())");
        (await still.ExecuteNonQueryAsync()).ShouldBe(1, "a server of before goes on");
        channel.Record.ShouldBeFalse("what was not recorded before is not recorded now");
        (await channels.GetAsync("late")).Record.ShouldBeTrue();
        (await channels.ListAsync()).Count.ShouldBe(2);
        (await channels.SetAsync("demo", new(Ladder: "720p@2500k"))).Ladder.ShouldBe("720p@2500k", "rungs of its own");
    }

    [Fact]
    public async Task Migration_keeps_the_rows_of_the_previous_version_under_new_names()
    {
        var options = await PreviousSchema.CreateAsync(postgres, "previous_names");

        await using var database = await postgres.OpenAsync(options);

        await PreviousSchema.ShouldBeReadableAsync(database);
    }

    [Fact]
    public async Task Migration_waits_for_a_table_that_is_in_use()
    {
        await postgres.ExecuteAsync("CREATE DATABASE busy");
        var options = await postgres.FreshAsync();
        options.ConnectionString = new Npgsql.NpgsqlConnectionStringBuilder(
            options.ConnectionString) { Database = "busy" }.ConnectionString;
        await using var source = Npgsql.NpgsqlDataSource.Create(options.ConnectionString);
        await using (var first = source.CreateCommand($"""
            {Migrations.All[0].Sql}
            CREATE TABLE schema_versions (version int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL);
            INSERT INTO schema_versions VALUES (1, '0001_channels', now());
            """))
        {
            await first.ExecuteNonQueryAsync();
        }

        await using var busy = await source.OpenConnectionAsync();
        var reading = await busy.BeginTransactionAsync();
        await using (var read = new Npgsql.NpgsqlCommand("SELECT count(*) FROM channels", busy))
        {
            await read.ExecuteScalarAsync();
        }

        var log = new CapturingLogger();
        var applying = Migrations.ApplyAsync(source, TimeProvider.System, log.For<ServerDatabase>(), default,
            TimeSpan.FromMilliseconds(20));
        await Poll.UntilAsync(() => log.Lines.Count > 0);
        await reading.CommitAsync();

        await applying;
        log.Lines.First().ShouldContain("migration is blocked");
        await using var count = source.CreateCommand("SELECT count(*) FROM schema_versions");
        (await count.ExecuteScalarAsync()).ShouldBe((long)Migrations.All.Count);
    }

    [Fact]
    public async Task Schema_newer_than_the_program_is_rejected()
    {
        var options = await postgres.FreshAsync();
        await using (var database = await postgres.OpenAsync(options))
        {
            await using var command = database.Source.CreateCommand("INSERT INTO schema_versions VALUES (9999, 'future', now())");
            await command.ExecuteNonQueryAsync();
        }

        var refusal = await Should.ThrowAsync<OperationException>(() => postgres.OpenAsync(options));

        refusal.Code.ShouldBe(OperationErrorCode.Broken);
        refusal.Message.ShouldContain("9999");
    }

    [Fact]
    public async Task Unreachable_database_is_reported_without_its_password()
    {
        var options = new DatabaseOptions { ConnectionString = "Host=127.0.0.1;Port=1;Username=u;Password=hunter2;Database=d" };

        var refusal = await Should.ThrowAsync<OperationException>(() => postgres.OpenAsync(options));

        refusal.Code.ShouldBe(OperationErrorCode.Unavailable);
        refusal.ToString().ShouldNotContain("hunter2");
    }
}
