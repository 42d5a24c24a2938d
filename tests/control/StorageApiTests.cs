using Broadcast.Control.Identity;
using Broadcast.Control.Storage;
using Broadcast.Database;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class StorageApiTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Store_test_returns_each_step_and_is_audited()
    {
        var probe = new SaidStore { Steps = [new("write", TimeSpan.FromMilliseconds(12), null),
            new("read", TimeSpan.FromMilliseconds(30), "The key may not read: allow s3:GetObject.")] };
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, storage: probe);
        var admin = await server.TokenAsync(TokenRole.Admin);

        var (_, place, _) = await server.SendAsync("GET", "/api/v1/storage", admin);
        (place.GetProperty("kind").GetString(), place.GetProperty("location")
            .GetString()).ShouldBe(("bucket", "media at https://s3.example.org"));

        var (status, result, _) = await server.SendAsync("POST", "/api/v1/storage/test", admin);
        status.ShouldBe(200);
        (result.GetProperty("works").GetBoolean(), result.GetProperty("durationMilliseconds").GetInt32()).ShouldBe((false, 42));
        var step = result.GetProperty("steps")[1];
        (step.GetProperty("step").GetString(), step.GetProperty("works").GetBoolean(),
            step.GetProperty("problem").GetString()).ShouldBe(("read", false, "The key may not read: allow s3:GetObject."));

        var row = (await server.Get<AuditLog>().ListAsync(new(Action: "storage.test"))).ShouldHaveSingleItem();
        (row.Subject, row.Detail["works"], row.Detail["failed"], row.Actor.Id).ShouldBe(("storage/bucket", "false", "read", admin[..8]));
    }

    [Fact]
    public async Task Concurrent_store_test_is_rejected_and_runs_nothing()
    {
        var probe = new SaidStore { Steps = [new("write", TimeSpan.Zero, null)] };
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, storage: probe);
        var admin = await server.TokenAsync(TokenRole.Admin);
        probe.Hold = new();

        var first = server.SendAsync("POST", "/api/v1/storage/test", admin);
        await Poll.UntilAsync(() => probe.Trials == 1);
        (await server.SendAsync("POST", "/api/v1/storage/test", admin)).Status.ShouldBe(429);
        probe.Hold.SetResult();

        (await first).Body.GetProperty("works").GetBoolean().ShouldBeTrue();
        probe.Trials.ShouldBe(1);
    }

    [Fact]
    public async Task Store_tests_are_rate_limited()
    {
        await using var database = await postgres.OpenFreshAsync();
        var clock = new ManualTimeProvider();
        var (trial, probe) = (new StorageTest(database, clock), new SaidStore { Steps = [new("write", TimeSpan.Zero, null)] });

        (await trial.RunAsync(probe)).Succeeded.ShouldBeTrue();
        (await Should.ThrowAsync<OperationException>(trial.RunAsync(probe))).Code.ShouldBe(OperationErrorCode.TooManyAttempts);
        clock.Advance(StorageTest.MinInterval);
        (await trial.RunAsync(probe)).Succeeded.ShouldBeTrue();
    }

    private sealed class SaidStore : IStorageProbe
    {
        private int _trials;

        public IReadOnlyList<StorageStep> Steps { get; init; } = [];

        public TaskCompletionSource? Hold { get; set; }

        public int Trials => Volatile.Read(ref _trials);

        public StorageInfo Describe() => new("bucket", "media at https://s3.example.org");

        public async Task<IReadOnlyList<StorageStep>> TestAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _trials);
            await (Hold?.Task ?? Task.CompletedTask);
            return Steps;
        }
    }
}
