using Broadcast.Control.Secrets;
using Broadcast.Control.Targets;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Warning of servers that share a database but not the keys of its secrets.</summary>
public sealed class SecretKeyCheckTests(PostgresFixture postgres) : IDisposable
{
    private const int Warning = 5198;
    private static readonly string Key = Convert.ToBase64String(Enumerable.Repeat((byte)1, 32).ToArray());
    private readonly TempFolder _a = TempFolder.Create();
    private readonly TempFolder _b = TempFolder.Create();

    [Fact]
    public async Task Second_server_of_a_database_warns_at_its_start_and_the_first_one_does_not()
    {
        var options = await postgres.FreshAsync();
        var (logA, logB, logC) = (new CapturingLogger(), new CapturingLogger(), new CapturingLogger());
        await using var a = await Server.StartAsync(options.ConnectionString, _a.Path, log: logA);
        await using (var b = await Server.StartAsync(options.ConnectionString, _b.Path, log: logB))
        {
            logB.Count(Warning).ShouldBe(1);
            logB.Contains("2 servers share the database, and Control:SecretKeys is not set").ShouldBeTrue();
            (await SecretKeyCheck.FindSeparateAsync(a.Get<ServerDatabase>(), a.Get<SecretProtector>(), default)).ShouldNotBeNull()
                .Remedy.ShouldContain("the same value on all servers");
            await b.StopAsync();
        }

        // A server that has ended regularly does not count.
        logA.Count(Warning).ShouldBe(0);
        (await SecretKeyCheck.FindSeparateAsync(a.Get<ServerDatabase>(), a.Get<SecretProtector>(), default)).ShouldBeNull();
        await using var c = await Server.StartAsync(options.ConnectionString, _b.Path, log: logC, settings: ("Control:SecretKeys", Key));
        logC.Count(Warning).ShouldBe(0, "its keys are configured");
    }

    [Fact]
    public async Task Stream_key_of_another_servers_key_file_is_unreadable()
    {
        var options = await postgres.FreshAsync();
        await using var a = await Server.StartAsync(options.ConnectionString, _a.Path, firstChannel: true);
        await using var b = await Server.StartAsync(options.ConnectionString, _b.Path);
        await AddAsync(a, "one");
        await AddAsync(b, "two");

        var problem = await FindAsync(a);
        problem.ShouldNotBeNull().Observed.ShouldBe("1 of 2 stream keys cannot be decrypted here");
        problem.Remedy.ShouldContain("Set the same Control:SecretKeys on all servers");

        // The remedy: the keys of both files, on each server.
        var keys = new[] { _a, _b }.Select(folder => File.ReadAllText(Path.Combine(folder.Path, SecretProtector.FileName)).Trim()).ToList();
        var both = new SecretProtector(new DataFolder("/nonexistent"), () => keys);
        (await SecretKeyCheck.FindUnreadableAsync(a.Get<ServerDatabase>(), both, default)).ShouldBeNull();
        (await SecretKeyCheck.FindSeparateAsync(a.Get<ServerDatabase>(), both, default)).ShouldBeNull();
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    private static Task<SecretKeyProblem?> FindAsync(Server server) =>
        SecretKeyCheck.FindUnreadableAsync(server.Get<ServerDatabase>(), server.Get<SecretProtector>(), default);

    private static Task AddAsync(Server server, string name) => server.Get<TargetRepository>().AddAsync("main",
        new TargetRequest(name, "rtmp://203.0.113.1/live", $"key-of-{name}"));
}
