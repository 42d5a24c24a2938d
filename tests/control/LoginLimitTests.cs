using System.Net;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Limits of failed logins and of waiting password computations.</summary>
public sealed class LoginLimitTests(PostgresFixture postgres)
{
    private const string Password = UserTests.Password;

    [Fact]
    public async Task Login_attempts_by_address_or_user_are_limited_even_with_the_right_password()
    {
        await using var people = await UserHarness.OpenAsync(postgres, new() { AttemptsPerMinute = 3 });
        await people.Users.CreateAsync("jane", Password, TokenRole.Viewer);
        for (var i = 0; i < 3; i++)
        {
            (await people.LoginAsync($"nobody{i}", "a wrong password")).ShouldBeOfType<LoginResult.Refused>();
        }

        (await Should.ThrowAsync<OperationException>(() => people.LoginAsync("jane", Password))).Code
            .ShouldBe(OperationErrorCode.TooManyAttempts);
        (await people.LoginAsync("jane", Password, address: "192.0.2.2")).ShouldBeOfType<LoginResult.Succeeded>("another address");
        for (var i = 0; i < 30; i++)
        {
            await people.WrongAsync($"198.51.100.{i}", "jane");
        }

        (await Should.ThrowAsync<OperationException>(() => people.LoginAsync("jane", Password, address: "192.0.2.3"))).Code
            .ShouldBe(OperationErrorCode.TooManyAttempts);
        people.Clock.Advance(TimeSpan.FromMinutes(1));
        (await people.LoginAsync("jane", Password)).ShouldBeOfType<LoginResult.Succeeded>();
    }

    [Fact]
    public async Task Wrong_passwords_from_elsewhere_do_not_lock_out_a_client_that_logged_in_before()
    {
        await using var people = await UserHarness.OpenAsync(postgres, new() { AttemptsPerMinute = 3 });
        await people.Users.CreateAsync("jane", Password, TokenRole.Admin);
        (await people.LoginAsync("jane", Password, address: "192.0.2.1")).ShouldBeOfType<LoginResult.Succeeded>();
        people.Clock.Advance(TimeSpan.FromDays(30));
        for (var i = 0; i < 40; i++)
        {
            await people.WrongAsync($"198.51.100.{i}", "jane");
        }

        (await people.LoginAsync("JANE ", Password, address: "192.0.2.1")).ShouldBeOfType<LoginResult.Succeeded>();
        (await Should.ThrowAsync<OperationException>(() => people.LoginAsync("jane", Password, address: "192.0.2.2"))).Code
            .ShouldBe(OperationErrorCode.TooManyAttempts, "a client that was never in");

        for (var i = 0; i < 3; i++)
        {
            await people.WrongAsync("192.0.2.1", "jane");
        }

        (await Should.ThrowAsync<OperationException>(() => people.LoginAsync("jane", Password, address: "192.0.2.1"))).Code
            .ShouldBe(OperationErrorCode.TooManyAttempts, "its own wrong passwords count");
    }

    [Fact]
    public async Task Wrong_passwords_from_elsewhere_do_not_lock_out_a_browser_that_logged_in_before()
    {
        await using var people = await UserHarness.OpenAsync(postgres, new() { AttemptsPerMinute = 3 });
        await people.Users.CreateAsync("jane", Password, TokenRole.Admin);
        await people.Users.CreateAsync("jim", Password, TokenRole.Viewer);
        var device = await people.DeviceAsync("jane", "192.0.2.1");
        var others = await people.DeviceAsync("jim", "192.0.2.9");
        people.Clock.Advance(TimeSpan.FromDays(30));
        for (var i = 0; i < 40; i++)
        {
            await people.WrongAsync("192.0.2.2", "jane");
        }

        // The device has moved to the network of the one who guesses.
        (await people.DeviceAsync("jane", "192.0.2.2", device)).ShouldBe(device, "it keeps its cookie");
        Secret.New(out var unknown);
        foreach (var notHers in new[] { null, "", unknown, others, device[..^1] })
        {
            await TooManyAsync(people, notHers);
        }

        people.Clock.Advance(TimeSpan.FromMinutes(2));
        for (var i = 0; i < 3; i++)
        {
            (await people.LoginAsync("jane", "a wrong password", address: $"198.51.100.{i}", device: device))
                .ShouldBeOfType<LoginResult.Refused>();
        }

        await TooManyAsync(people, device);
        (await people.LoginAsync("jane", Password, address: "192.0.2.3")).ShouldBeOfType<LoginResult.Succeeded>("the count of the device");
    }

    [Fact]
    public async Task Known_browser_is_forgotten_when_the_password_changes_or_after_90_days()
    {
        await using var people = await UserHarness.OpenAsync(postgres, new() { AttemptsPerMinute = 1 });
        await people.Users.CreateAsync("jane", Password, TokenRole.Admin);
        var device = await people.DeviceAsync("jane", "192.0.2.1");
        (await people.ScalarAsync("SELECT count(*) FROM login_clients WHERE is_device")).ShouldBe(1L);

        await people.Users.SetPasswordAsync("jane", Password);
        (await people.ScalarAsync("SELECT count(*) FROM login_clients WHERE is_device")).ShouldBe(0L);
        (await people.ScalarAsync("SELECT count(*) FROM login_clients")).ShouldBe(1L, "the network stays known");
        await people.WrongAsync("192.0.2.2", "jane");
        await TooManyAsync(people, device);

        people.Clock.Advance(TimeSpan.FromMinutes(2));
        var fresh = await people.DeviceAsync("jane", "192.0.2.1", device);
        fresh.ShouldNotBe(device, "a forgotten value is not used again");
        people.Clock.Advance(TimeSpan.FromDays(91));
        await people.WrongAsync("192.0.2.2", "jane");
        await TooManyAsync(people, fresh);
    }

    private static async Task TooManyAsync(UserHarness people, string? device) =>
        (await Should.ThrowAsync<OperationException>(() => people.LoginAsync("jane", Password, address: "192.0.2.2", device: device))).Code
            .ShouldBe(OperationErrorCode.TooManyAttempts, device);

    [Fact]
    public async Task Known_clients_of_a_user_are_bounded_and_expire()
    {
        await using var people = await UserHarness.OpenAsync(postgres, new() { AttemptsPerMinute = 1 });
        await people.Users.CreateAsync("jane", Password, TokenRole.Admin);
        await people.ScalarAsync($"""
            INSERT INTO login_clients (user_id, client, last_login_at) SELECT id, sha256(n::text::bytea), '2029-12-31T12:00Z'::timestamptz + n * interval '1 second'
            FROM users, generate_series(1, {LoginAttempts.MaxClients}) n
            """);

        (await people.LoginAsync("jane", Password, address: "192.0.2.1")).ShouldBeOfType<LoginResult.Succeeded>();
        (await people.ScalarAsync("SELECT count(*) FROM login_clients")).ShouldBe((long)LoginAttempts.MaxClients);
        (await people.ScalarAsync("SELECT count(*) FROM login_clients WHERE client = sha256('1')")).ShouldBe(0L, "the oldest");

        people.Clock.Advance(TimeSpan.FromDays(91));
        for (var i = 0; i < 10; i++)
        {
            await people.WrongAsync($"198.51.100.{i}", "jane");
        }

        (await Should.ThrowAsync<OperationException>(() => people.LoginAsync("jane", Password, address: "192.0.2.1"))).Code
            .ShouldBe(OperationErrorCode.TooManyAttempts);
    }

    [Fact]
    public async Task Unknown_clients_cannot_take_the_places_of_known_ones_in_the_password_queue()
    {
        var queue = new PasswordHashQueue(maxRunning: 1);
        var running = await queue.AcquireAsync(isKnown: false, default);
        var waiting = new List<Task<IDisposable>>();
        for (var i = 0; i < PasswordHashQueue.MaxWaitingUnknown; i++)
        {
            waiting.Add(queue.AcquireAsync(isKnown: false, default));
        }

        (await Should.ThrowAsync<OperationException>(() => queue.AcquireAsync(isKnown: false, default))).Code
            .ShouldBe(OperationErrorCode.TooManyAttempts);
        var known = queue.AcquireAsync(isKnown: true, default);
        using var cancellation = new CancellationTokenSource();
        var canceled = queue.AcquireAsync(isKnown: true, cancellation.Token);
        await cancellation.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(canceled);

        running.Dispose();
        (await known).Dispose();
        waiting.Count(w => w.IsCompleted).ShouldBeLessThanOrEqualTo(1, "the known client was first");
        foreach (var one in waiting)
        {
            (await one).Dispose();
        }
    }

    [Fact]
    public async Task Passwords_are_hashed_on_threads_outside_the_thread_pool()
    {
        UserPasswordHasher.MaxConcurrent.ShouldBe(Math.Max(1, Environment.ProcessorCount / 2));
        (await UserPasswordHasher.RunAsync(() => Thread.CurrentThread.IsThreadPoolThread)).ShouldBeFalse();
    }

    [Fact]
    public async Task Login_failures_are_counted_across_processes_and_restarts_and_stored_as_hashes()
    {
        await using var people = await UserHarness.OpenAsync(postgres, new() { AttemptsPerMinute = 3 });
        var (here, other) = (people.Attempts,
            new LoginAttempts(people.Database, Options.Create(new ControlOptions { AttemptsPerMinute = 3 }), people.Clock));
        var remote = new IPEndPoint(IPAddress.Parse("2001:db8:1:2::3"), 0);
        await people.WrongAsync("2001:db8:1:2::1", "correct horse battery");
        await people.WrongAsync("2001:db8:1:2::2", "jim", other);
        (await IsLimitReachedAsync(here, remote, "jane")).ShouldBeFalse();
        await people.WrongAsync("2001:db8:1:2::2", "jim", other);

        (await IsLimitReachedAsync(here, remote, "jane")).ShouldBeTrue("one subscriber has all addresses of a /64");
        (await IsLimitReachedAsync(other, remote, "jane")).ShouldBeTrue();
        (await IsLimitReachedAsync(here, new IPEndPoint(IPAddress.Parse("2001:db8:1:3::1"), 0), "jane")).ShouldBeFalse();
        (await IsLimitReachedAsync(here, null, "jim")).ShouldBeFalse("a name is let be wrong more often");
        (await people.ScalarAsync("SELECT count(*) FROM login_failures")).ShouldBe(3L);
        people.Clock.Advance(TimeSpan.FromMinutes(1));
        (await IsLimitReachedAsync(here, remote, "jane")).ShouldBeFalse();
        await people.WrongAsync("2001:db8:1:2::1", "jim");
        (await people.ScalarAsync("SELECT max(failures) FROM login_failures")).ShouldBe(1,
            "it begins anew, and what counts no more is cleared away");
        (await people.ScalarAsync("SELECT count(*) FROM login_failures")).ShouldBe(2L);
    }

    [Fact]
    public async Task Stored_login_failures_are_bounded_and_the_earliest_to_expire_is_removed()
    {
        await using var people = await UserHarness.OpenAsync(postgres);
        await people.ScalarAsync(
            "INSERT INTO login_failures SELECT sha256(n::text::bytea), 1, '2030-01-01T12:00:30Z'::timestamptz + n * interval '1 "
            + $"millisecond' FROM generate_series(1, {LoginAttempts.MaxRows}) AS n");

        await people.WrongAsync("192.0.2.1", "jane");

        (await people.ScalarAsync("SELECT count(*) FROM login_failures")).ShouldBe((long)LoginAttempts.MaxRows);
        (await people.ScalarAsync("SELECT count(*) FROM login_failures WHERE key = ANY (ARRAY[sha256('1'), sha256('2')])")).ShouldBe(0L);
        (await people.ScalarAsync("SELECT count(*) FROM login_failures WHERE key = sha256('3')")).ShouldBe(1L);
    }

    [Fact]
    public async Task Login_failure_with_an_end_far_in_the_future_locks_no_user_out()
    {
        await using var people = await UserHarness.OpenAsync(postgres, new() { AttemptsPerMinute = 1 });
        await people.WrongAsync("192.0.2.1", "jane");
        await people.ScalarAsync("UPDATE login_failures SET ends_at = ends_at + interval '1 day'");

        (await IsLimitReachedAsync(people.Attempts, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0), "jane")).ShouldBeFalse();
        await people.WrongAsync("192.0.2.1", "jane");
        (await IsLimitReachedAsync(people.Attempts, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0), "jane")).ShouldBeTrue(
            "it is counted anew");
    }

    private static async Task<bool> IsLimitReachedAsync(LoginAttempts attempts, IPEndPoint? remote, string name) =>
        (await attempts.CheckAsync(remote, null, name, isLoggedIn: false, default)).IsLimitReached;
}
