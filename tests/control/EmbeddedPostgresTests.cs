using System.Diagnostics;
using Broadcast.Control.Channels;
using Broadcast.Database;
using Broadcast.Database.Postgres;
using Broadcast.Media;
using Broadcast.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>
/// Real servers in real folders, as the user that runs the tests. As root, PostgreSQL runs as another user, which must be able to enter the
/// folders.
/// </summary>
public sealed class EmbeddedPostgresTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Private_database_runs_in_a_private_folder_and_stops_with_its_last_user()
    {
        using var folder = TempFolder.Create();
        var data = Private(folder, "data");
        await using (var database = await OpenAsync(data))
        {
            (await ScalarAsync(database, "SELECT current_user::text")).ShouldBe("broadcast");
            (await ScalarAsync(database, "SHOW listen_addresses")).ShouldBe("");
            (await ScalarAsync(database, "SHOW fsync")).ShouldBe("on");
            Directory.Exists(Path.Combine(data, "postgres", "base")).ShouldBeTrue();
            File.GetUnixFileMode(Path.Combine(data, "postgres.use")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.GetUnixFileMode(Path.Combine(data, "postgres"))
                .ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        Postmaster.Find(Path.Combine(data, "postgres")).ShouldBeNull();
        File.Exists(Path.Combine(data, "postgres", "postmaster.pid")).ShouldBeFalse();
    }

    [Fact]
    public async Task Log_of_the_private_database_is_rotated_while_it_runs_and_contains_no_statements()
    {
        using var folder = TempFolder.Create();
        var data = await PreparedAsync(folder);
        await using var database = await OpenAsync(data);
        var log = new PostgresLog(Path.Combine(data, "postgres"));
        foreach (var time in (int[])[1, 2])
        {
            await File.AppendAllTextAsync(log.Path, new string('x', PostgresLog.MaxBytes + 100));
            log.Rotate();

            new FileInfo(log.Path).Length.ShouldBe(0);
            new FileInfo(log.OldPath).Length.ShouldBe(PostgresLog.MaxBytes);
            await Should.ThrowAsync<PostgresException>(() => ScalarAsync(database, $"SELECT 'private text' FROM missing{time}"));
            await Poll.UntilAsync(() => log.ReadTail().Contains($"missing{time}", StringComparison.Ordinal));
            log.ReadTail().ShouldNotContain("private text");
            new FileInfo(log.Path).Length.ShouldBeLessThan(10_000, "the server continues at the start of the truncated file");
        }

        log.Rotate();
        new FileInfo(log.OldPath).Length.ShouldBe(PostgresLog.MaxBytes, "a small log is left alone");
    }

    [Fact]
    public async Task Private_database_works_in_a_long_path_and_keeps_rows_across_a_restart()
    {
        using var folder = TempFolder.Create();
        var data = Private(folder, new string('l', 90), "with a space and 'quotes'", "ünïcode");
        data.Length.ShouldBeGreaterThan(107);
        await using (var database = await OpenAsync(data))
        {
            await new ChannelRepository(database, TimeProvider.System).CreateAsync("kept", new());
        }

        await using (var database = await OpenAsync(data))
        {
            (await new ChannelRepository(database, TimeProvider.System).ListAsync()).ShouldHaveSingleItem().Name.ShouldBe("kept");
        }
    }

    [Fact]
    public async Task Database_server_of_a_killed_process_is_adopted_and_stopped_by_the_next()
    {
        using var folder = TempFolder.Create();
        var data = await PreparedAsync(folder);
        var cluster = Path.Combine(data, "postgres");
        await using (var owner = OpenElsewhere(data))
        {
            await Poll.UntilAsync(() => owner.OutputLines.Contains("open"), Timeout);
        }   // kill -9

        var orphan = Postmaster.Find(cluster).ShouldNotBeNull();
        await using (await OpenAsync(data))
        {
            Postmaster.Find(cluster).ShouldBe(orphan);
        }

        Postmaster.Find(cluster).ShouldBeNull();
    }

    [Fact]
    public async Task Concurrent_processes_share_one_database_server_until_the_last_exits()
    {
        using var folder = TempFolder.Create();
        var data = Private(folder, "data");
        var cluster = Path.Combine(data, "postgres");
        await using var first = OpenElsewhere(data);
        await using var second = OpenElsewhere(data);
        int server;
        await using (var here = await OpenAsync(data))
        {
            await using var again = await OpenAsync(data);
            await Poll.UntilAsync(() => first.OutputLines.Contains("open") && second.OutputLines.Contains("open"), Timeout);
            server = Postmaster.Find(cluster).ShouldNotBeNull();
            (await ScalarAsync(here, "SELECT pg_postmaster_start_time()::text")).ShouldBe(
                await ScalarAsync(again, "SELECT pg_postmaster_start_time()::text"));
        }

        first.Input.Close();
        await Poll.UntilAsync(() => first.HasExited, Timeout);
        Postmaster.Find(cluster).ShouldBe(server);

        second.Input.Close();
        await Poll.UntilAsync(() => second.HasExited, Timeout);
        second.ExitCode.ShouldBe(0);
        Postmaster.Find(cluster).ShouldBeNull();
    }

    [Fact]
    public async Task Killed_database_server_is_restarted_with_every_committed_row()
    {
        using var folder = TempFolder.Create();
        var data = await PreparedAsync(folder);
        var cluster = Path.Combine(data, "postgres");
        await using var database = await OpenAsync(data);
        await new ChannelRepository(database, TimeProvider.System).CreateAsync("kept", new());

        Process.GetProcessById(Postmaster.Find(cluster).ShouldNotBeNull()).Kill();
        await Poll.UntilAsync(() => Postmaster.Find(cluster) is null);
        await database.RepairAsync(default);

        await Poll.UntilAsync(async () =>
        {
            try
            {
                return (await new ChannelRepository(database, TimeProvider.System).ListAsync()).Single().Name == "kept";
            }
            catch (NpgsqlException)
            {
                return false;   // a pooled connection to the dead server
            }
        });
    }

    [Fact]
    public async Task Stale_pid_file_with_the_id_of_another_process_does_not_prevent_the_start()
    {
        using var folder = TempFolder.Create();
        var data = await PreparedAsync(folder);
        await using var stranger = ChildProcess.Start("sleep", ["60"]);
        var pidFile = Path.Combine(data, "postgres", "postmaster.pid");
        await File.WriteAllTextAsync(pidFile, $"{stranger.Id}\n/proc/self/fd/9\n1\n5432\n.\n\n  1 1\nready   \n");

        await using var database = await OpenAsync(data);

        (await ScalarAsync(database, "SELECT 'up'")).ShouldBe("up");
        stranger.HasExited.ShouldBeFalse();
    }

    [Fact]
    public async Task Incomplete_cluster_is_created_again()
    {
        using var folder = TempFolder.Create();
        var data = Private(folder, "data");
        Directory.CreateDirectory(Path.Combine(data, "postgres.new", "base"));

        await using var database = await OpenAsync(data);

        (await ScalarAsync(database, "SELECT 'up'")).ShouldBe("up");
        Directory.Exists(Path.Combine(data, "postgres.new")).ShouldBeFalse();
    }

    [Fact]
    public async Task Folder_that_is_not_a_cluster_is_rejected_with_a_reason()
    {
        using var folder = TempFolder.Create();
        var data = Private(folder, "data");
        Directory.CreateDirectory(Path.Combine(data, "postgres"));

        var refusal = await Should.ThrowAsync<OperationException>(() => OpenAsync(data));

        refusal.Code.ShouldBe(OperationErrorCode.Broken);
        refusal.Message.ShouldContain("not a PostgreSQL cluster");
    }

    [Fact]
    public void Missing_PostgreSQL_programs_are_reported_with_the_install_command()
    {
        Should.Throw<OperationException>(() => PostgresBinaries.Find(null, ["/nonexistent"])).Message
            .ShouldContain("apt install postgresql");
    }

    [Theory]
    [InlineData("BROADCAST__Storage__SecretKey")]
    [InlineData("AWS_SECRET_ACCESS_KEY")]
    [InlineData("PGPASSWORD")]
    public void Secrets_in_the_environment_are_not_passed_to_the_database_server(string name)
    {
        Environment.SetEnvironmentVariable(name, "secret");
        try
        {
            PostgresProgram.Prepare("postgres", []).Environment.Keys.ShouldNotContain(name);
        }
        finally
        {
            Environment.SetEnvironmentVariable(name, null);
        }
    }

    [Fact]
    public void Missing_major_version_is_reported_by_number()
    {
        using var folder = TempFolder.Create();
        var bin = Directory.CreateDirectory(folder.Sub("17", "bin")).FullName;
        foreach (var program in (string[])["initdb", "pg_ctl", "postgres"])
        {
            File.WriteAllText(Path.Combine(bin, program), "");
        }

        PostgresBinaries.Find(null, [bin]).Major.ShouldBe(17);
        Should.Throw<OperationException>(() => PostgresBinaries.Find(15, [bin])).Message.ShouldContain("postgresql-15");
    }

    private static string Private(TempFolder folder, params string[] parts) =>
        Directory.CreateDirectory(folder.Sub(parts), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;

    private static async Task<string> PreparedAsync(TempFolder folder)
    {
        var data = Private(folder, "data");
        await ClusterTemplate.CopyToAsync(data);
        return data;
    }

    private static Task<ServerDatabase> OpenAsync(string data) =>
        ServerDatabase.OpenAsync(new DataFolder(data), new(), TimeProvider.System);

    private static ChildProcess OpenElsewhere(string data) =>
        ChildProcess.Start(Path.Combine(AppContext.BaseDirectory, "Broadcast.Control.Tests"), ["open-database", data], openInput: true);

    private static async Task<object?> ScalarAsync(ServerDatabase database, string sql)
    {
        await using var command = database.Source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
