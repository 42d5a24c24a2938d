using System.Net;
using System.Text.Json;
using Broadcast.Control.Database;
using Broadcast.Control.Identity;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Users, passwords and logins, with a real database and a stopped clock.</summary>
public sealed class UserTests(PostgresFixture postgres)
{
    internal const string Password = "correct horse battery";

    [Fact]
    public async Task Password_is_stored_only_as_a_hash_and_only_the_right_one_logs_in()
    {
        await using var people = await PeopleRig.OpenAsync(postgres);
        var jane = await people.Users.CreateAsync("jane", Password, TokenRole.Producer, "Jane");

        (jane.Role, jane.DisplayName, jane.HasTotp, jane.DisabledAt).ShouldBe((TokenRole.Producer, "Jane", false, null));
        var hash = (string)(await people.ScalarAsync("SELECT password_hash FROM users"))!;
        hash.ShouldNotContain("horse");
        BitConverter.ToUInt32([.. Convert.FromBase64String(hash)[5..9].Reverse()])
            .ShouldBe((uint)UserPasswordHasher.Iterations, "version 3 has the count in bytes 5 to 8");
        (await people.LoginAsync("jane", Password)).ShouldBeOfType<LoginResult.Succeeded>();
        (await people.LoginAsync(" JANE ", Password)).ShouldBeOfType<LoginResult.Succeeded>();
        (await people.LoginAsync("jane", Password + " ")).ShouldBeOfType<LoginResult.Refused>();
        (await people.LoginAsync("jane", "")).ShouldBeOfType<LoginResult.Refused>();
        (await people.LoginAsync("jane", new string('x', 100_000))).ShouldBeOfType<LoginResult.Refused>();
        (await people.LoginAsync("jane", "\ud800 half of a character")).ShouldBeOfType<LoginResult.Refused>();
        (await people.LoginAsync("nobody", Password)).ShouldBeOfType<LoginResult.Refused>();
        (await people.LoginAsync("jane' OR true --\0", Password)).ShouldBeOfType<LoginResult.Refused>();
        (await people.Users.GetAsync("jane")).LastLoginAt.ShouldBe(people.Clock.GetUtcNow());
        (await Should.ThrowAsync<ControlException>(() => people.Users.CreateAsync("jane", Password, TokenRole.Viewer))).Code
            .ShouldBe(ControlErrorCode.Conflict);
    }

    [Fact]
    public async Task Password_hash_with_fewer_iterations_is_upgraded_at_the_next_login()
    {
        await using var people = await PeopleRig.OpenAsync(postgres);
        await people.Users.CreateAsync("jane", Password, TokenRole.Viewer);
        var old = new Microsoft.AspNetCore.Identity.PasswordHasher<object>(Options.Create(
            new Microsoft.AspNetCore.Identity.PasswordHasherOptions { IterationCount = 1000 })).HashPassword(new(), Password);
        await people.ScalarAsync($"UPDATE users SET password_hash = '{old}'");

        (await people.LoginAsync("jane", Password)).ShouldBeOfType<LoginResult.Succeeded>();

        (await people.ScalarAsync("SELECT password_hash FROM users")).ShouldNotBe(old);
        (await people.LoginAsync("jane", Password)).ShouldBeOfType<LoginResult.Succeeded>();
    }

    [Theory]
    [InlineData("short", "12")]
    [InlineData("eleven char", "12")]
    [InlineData("I am jane.doe, hello", "name")]
    [InlineData("aaaabbbbccccdddd", "different")]
    public void Easily_guessed_password_is_rejected_with_the_reason(string password, string reason) =>
        UserRules.ValidatePassword("jane.doe", password).ShouldHaveSingleItem().Message.ShouldContain(reason);

    [Theory]
    [InlineData("twelve chars")]
    [InlineData("пароль из слов")]
    [InlineData("1234567890123")]
    public void Password_needs_no_particular_character_classes(string password) =>
    UserRules.ValidatePassword("jane", password).ShouldBeEmpty();

    [Theory]
    [InlineData("jane", true)]
    [InlineData("jane.doe+tv@example.org", true)]
    [InlineData("j", true)]
    [InlineData("Jane", false)]
    [InlineData("-jane", false)]
    [InlineData("jane ", false)]
    [InlineData("jane\n", false)]
    [InlineData("ja/ne", false)]
    [InlineData("", false)]
    public void User_names_are_valid_in_URLs(string name, bool isGood) => UserRules.Validate(name, null).Any().ShouldBe(!isGood);

    [Fact]
    public async Task Login_ends_when_idle_expired_or_logged_out_without_affecting_other_logins()
    {
        await using var people = await PeopleRig.OpenAsync(postgres);
        await people.Users.CreateAsync("jane", Password, TokenRole.Producer);
        var (one, two) = (await people.InAsync("jane"), await people.InAsync("jane"));
        (await people.Sessions.VerifyAsync(one, default))!.Role.ShouldBe(TokenRole.Producer);
        (await people.Sessions.VerifyAsync(one[..9] + two[9..], default)).ShouldBeNull();
        (await people.Sessions.VerifyAsync("nonsense", default)).ShouldBeNull();
        (await people.Sessions.VerifyAsync(null, default)).ShouldBeNull();

        for (var hours = 0; hours < 167; hours += 11)
        {
            people.Clock.Advance(TimeSpan.FromHours(11));
            (await people.Sessions.VerifyAsync(one, default) is not null).ShouldBe(hours + 11 < 168, $"after {hours + 11} h");
        }

        (await people.Sessions.VerifyAsync(two, default)).ShouldBeNull("it was idle");
        var (three, four) = (await people.InAsync("jane"), await people.InAsync("jane"));
        (await people.Sessions.ListAsync("jane")).Select(s => s.Id).ShouldBe([three[..8], four[..8]], ignoreOrder: true);
        await people.Sessions.EndAsync("jane", three[..8]);
        (await people.Sessions.VerifyAsync(three, default)).ShouldBeNull();
        (await people.Sessions.VerifyAsync(four, default)).ShouldNotBeNull();
        (await Should.ThrowAsync<ControlException>(() => people.Sessions.EndAsync("jane", three[..8]))).Code
            .ShouldBe(ControlErrorCode.NotFound);
    }

    [Fact]
    public async Task Least_recently_used_login_is_removed_above_the_limit()
    {
        await using var people = await PeopleRig.OpenAsync(postgres);
        await people.Users.CreateAsync("jane", Password, TokenRole.Viewer);
        var first = await people.InAsync("jane");
        people.Clock.Advance(TimeSpan.FromMinutes(1));
        await people.ScalarAsync(
            "INSERT INTO user_sessions SELECT 'x' || lpad(n::text, 7, '0'), user_id, hash, created_at, last_used_at + interval '30 s', "
            + $"expires_at, '', '' FROM user_sessions, generate_series(2, {UserSessions.MaxPerUser}) AS n");

        await people.InAsync("jane");

        (await people.Sessions.ListAsync("jane")).Count.ShouldBe(UserSessions.MaxPerUser);
        (await people.Sessions.VerifyAsync(first, default)).ShouldBeNull();
    }

    [Fact]
    public async Task Disabling_a_user_ends_all_logins_permanently()
    {
        await using var people = await PeopleRig.OpenAsync(postgres);
        await people.Users.CreateAsync("jane", Password, TokenRole.Viewer);
        var login = await people.InAsync("jane");

        (await people.Users.SetAsync("jane", new(IsDisabled: true))).DisabledAt.ShouldNotBeNull();
        (await people.Sessions.VerifyAsync(login, default)).ShouldBeNull();
        (await people.LoginAsync("jane", Password)).ShouldBeOfType<LoginResult.Refused>();

        (await people.Users.SetAsync("jane", new(IsDisabled: false))).DisabledAt.ShouldBeNull();
        (await people.Sessions.VerifyAsync(login, default)).ShouldBeNull();
        (await people.LoginAsync("jane", Password)).ShouldBeOfType<LoginResult.Succeeded>();
    }

    [Fact]
    public async Task Role_change_applies_from_the_next_request()
    {
        await using var people = await PeopleRig.OpenAsync(postgres);
        await people.Users.CreateAsync("jane", Password, TokenRole.Viewer);
        var login = await people.InAsync("jane");

        await people.Users.SetAsync("jane", new(Role: TokenRole.Producer));

        (await people.Sessions.VerifyAsync(login, default))!.Role.ShouldBe(TokenRole.Producer);
    }

    [Fact]
    public async Task Password_change_ends_all_logins_except_the_current_one()
    {
        await using var people = await PeopleRig.OpenAsync(postgres);
        await people.Users.CreateAsync("jane", Password, TokenRole.Viewer);
        var (mine, other) = (await people.InAsync("jane"), await people.InAsync("jane"));

        await people.Users.SetPasswordAsync("jane", "another good password", mine[..8]);

        (await people.Sessions.VerifyAsync(mine, default)).ShouldNotBeNull();
        (await people.Sessions.VerifyAsync(other, default)).ShouldBeNull();
        (await people.LoginAsync("jane", Password)).ShouldBeOfType<LoginResult.Refused>();
        (await people.LoginAsync("jane", "another good password")).ShouldBeOfType<LoginResult.Succeeded>();
        await people.Users.SetPasswordAsync("jane", Password);
        (await people.Sessions.VerifyAsync(mine, default)).ShouldBeNull();
    }

    [Fact]
    public async Task Last_admin_cannot_be_disabled_demoted_or_deleted()
    {
        await using var people = await PeopleRig.OpenAsync(postgres);
        await people.Users.CreateAsync("jane", Password, TokenRole.Admin);
        await people.Users.CreateAsync("jim", Password, TokenRole.Producer);
        var login = await people.InAsync("jane");

        foreach (var change in (Func<Task>[])[
            () => people.Users.SetAsync("jane", new(IsDisabled: true)), () => people.Users.SetAsync("jane", new(Role: TokenRole.Producer)),
            () => people.Users.DeleteAsync("jane")])
        {
            (await Should.ThrowAsync<ControlException>(change)).Code.ShouldBe(ControlErrorCode.Conflict);
        }

        (await people.Sessions.VerifyAsync(login, default))!.Role.ShouldBe(TokenRole.Admin, "nothing of it was done");
        await people.Users.SetAsync("jim", new(Role: TokenRole.Admin));
        await people.Users.DeleteAsync("jane");
        (await people.Users.ListAsync()).ShouldHaveSingleItem().Name.ShouldBe("jim");
        (await people.Sessions.VerifyAsync(login, default)).ShouldBeNull();
    }

    [Fact]
    public async Task Two_admins_cannot_disable_each_other_concurrently()
    {
        await using var people = await PeopleRig.OpenAsync(postgres);
        await people.Users.CreateAsync("jane", Password, TokenRole.Admin);
        await people.Users.CreateAsync("jim", Password, TokenRole.Admin);

        var done = await Task.WhenAll(new[] { "jane", "jim" }.Select(async name =>
        {
            try
            {
                await people.Users.SetAsync(name, new(IsDisabled: true));
                return true;
            }
            catch (ControlException e) when (e.Code == ControlErrorCode.Conflict)
            {
                return false;
            }
        }));

        done.Count(d => d).ShouldBe(1);
    }

    [Fact]
    public async Task Login_attempts_by_address_or_user_are_limited_even_with_the_right_password()
    {
        await using var people = await PeopleRig.OpenAsync(postgres, new() { AttemptsPerMinute = 3 });
        await people.Users.CreateAsync("jane", Password, TokenRole.Viewer);
        for (var i = 0; i < 3; i++)
        {
            (await people.LoginAsync($"nobody{i}", "a wrong password")).ShouldBeOfType<LoginResult.Refused>();
        }

        (await Should.ThrowAsync<ControlException>(() => people.LoginAsync("jane", Password))).Code
            .ShouldBe(ControlErrorCode.TooManyAttempts);
        (await people.LoginAsync("jane", Password, address: "192.0.2.2")).ShouldBeOfType<LoginResult.Succeeded>("another address");
        for (var i = 0; i < 30; i++)
        {
            await people.WrongAsync($"198.51.100.{i}", "jane");
        }

        (await Should.ThrowAsync<ControlException>(() => people.LoginAsync("jane", Password, address: "192.0.2.3"))).Code
            .ShouldBe(ControlErrorCode.TooManyAttempts);
        people.Clock.Advance(TimeSpan.FromMinutes(1));
        (await people.LoginAsync("jane", Password)).ShouldBeOfType<LoginResult.Succeeded>();
    }

    [Fact]
    public async Task Wrong_passwords_from_elsewhere_do_not_lock_out_a_client_that_logged_in_before()
    {
        await using var people = await PeopleRig.OpenAsync(postgres, new() { AttemptsPerMinute = 3 });
        await people.Users.CreateAsync("jane", Password, TokenRole.Admin);
        (await people.LoginAsync("jane", Password, address: "192.0.2.1")).ShouldBeOfType<LoginResult.Succeeded>();
        people.Clock.Advance(TimeSpan.FromDays(30));
        for (var i = 0; i < 40; i++)
        {
            await people.WrongAsync($"198.51.100.{i}", "jane");
        }

        (await people.LoginAsync("JANE ", Password, address: "192.0.2.1")).ShouldBeOfType<LoginResult.Succeeded>();
        (await Should.ThrowAsync<ControlException>(() => people.LoginAsync("jane", Password, address: "192.0.2.2"))).Code
            .ShouldBe(ControlErrorCode.TooManyAttempts, "a client that was never in");

        for (var i = 0; i < 3; i++)
        {
            await people.WrongAsync("192.0.2.1", "jane");
        }

        (await Should.ThrowAsync<ControlException>(() => people.LoginAsync("jane", Password, address: "192.0.2.1"))).Code
            .ShouldBe(ControlErrorCode.TooManyAttempts, "its own wrong passwords count");
    }

    [Fact]
    public async Task Wrong_passwords_from_elsewhere_do_not_lock_out_a_browser_that_logged_in_before()
    {
        await using var people = await PeopleRig.OpenAsync(postgres, new() { AttemptsPerMinute = 3 });
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
        await using var people = await PeopleRig.OpenAsync(postgres, new() { AttemptsPerMinute = 1 });
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

    private static async Task TooManyAsync(PeopleRig people, string? device) =>
        (await Should.ThrowAsync<ControlException>(() => people.LoginAsync("jane", Password, address: "192.0.2.2", device: device))).Code
            .ShouldBe(ControlErrorCode.TooManyAttempts, device);

    [Fact]
    public async Task Known_clients_of_a_user_are_bounded_and_expire()
    {
        await using var people = await PeopleRig.OpenAsync(postgres, new() { AttemptsPerMinute = 1 });
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

        (await Should.ThrowAsync<ControlException>(() => people.LoginAsync("jane", Password, address: "192.0.2.1"))).Code
            .ShouldBe(ControlErrorCode.TooManyAttempts);
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

        (await Should.ThrowAsync<ControlException>(() => queue.AcquireAsync(isKnown: false, default))).Code
            .ShouldBe(ControlErrorCode.TooManyAttempts);
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
        await using var people = await PeopleRig.OpenAsync(postgres, new() { AttemptsPerMinute = 3 });
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
        await using var people = await PeopleRig.OpenAsync(postgres);
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
        await using var people = await PeopleRig.OpenAsync(postgres, new() { AttemptsPerMinute = 1 });
        await people.WrongAsync("192.0.2.1", "jane");
        await people.ScalarAsync("UPDATE login_failures SET ends_at = ends_at + interval '1 day'");

        (await IsLimitReachedAsync(people.Attempts, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0), "jane")).ShouldBeFalse();
        await people.WrongAsync("192.0.2.1", "jane");
        (await IsLimitReachedAsync(people.Attempts, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0), "jane")).ShouldBeTrue(
            "it is counted anew");
    }

    [Fact]
    public async Task User_changes_are_audited_without_secrets()
    {
        await using var people = await PeopleRig.OpenAsync(postgres);
        await people.Users.CreateAsync("jane", Password, TokenRole.Viewer);
        await people.Users.SetAsync("jane", new("Jane", TokenRole.Producer, false));
        var login = await people.InAsync("jane");
        await people.Sessions.EndAsync("jane", login[..8]);
        await people.Sessions.EndAllAsync("jane");
        await people.Users.SetPasswordAsync("jane", "another good password");
        await people.Users.DeleteAsync("jane");

        var rows = await new AuditLog(people.Database).ListAsync(new());
        rows.Select(r => r.Action).Reverse()
            .ShouldBe(["user.create", "user.change", "login.begin", "login.end", "login.end_all", "user.set_password", "user.delete"]);
        rows.ShouldAllBe(r => r.Subject == "user/jane");
        rows[^3].Actor.ShouldBe(new(ActorKind.User, "jane", "Jane", "192.0.2.1"));
        var text = JsonSerializer.Serialize(rows);
        ((string[])[Password, "another good password", login[9..]]).ShouldAllBe(s => !text.Contains(s, StringComparison.Ordinal));
    }

    private static async Task<bool> IsLimitReachedAsync(LoginAttempts attempts, IPEndPoint? remote, string name) =>
        (await attempts.CheckAsync(remote, null, name, isLoggedIn: false, default)).IsLimitReached;
}

/// <summary>Users with a database and a stopped clock.</summary>
internal sealed class PeopleRig : IAsyncDisposable
{
    private PeopleRig(ControlDatabase database, ControlOptions options)
    {
        var control = Options.Create(options);
        Database = database;
        Users = new(database, Clock);
        Sessions = new(database, control, Clock);
        Attempts = new(database, control, Clock);
        Factors = new(database, Attempts, Clock);
        Logins = new(database, Sessions, Factors, Attempts, Clock, NullLogger<Logins>.Instance);
    }

    public ManualTimeProvider Clock { get; } = new();

    public ControlDatabase Database { get; }

    public UserRepository Users { get; }

    public UserSessions Sessions { get; }

    public LoginAttempts Attempts { get; }

    public SecondFactors Factors { get; }

    public Logins Logins { get; }

    public static async Task<PeopleRig> OpenAsync(PostgresFixture postgres, ControlOptions? options = null) =>
        new(await postgres.OpenFreshAsync(), options ?? new());

    public Task<LoginResult> LoginAsync(string name, string password, string? code = null, string address = "192.0.2.1",
        string? device = null) =>
        Logins.LoginAsync(name, password, code, new IPEndPoint(IPAddress.Parse(address), 1), device, "test", default);

    public async Task<string> InAsync(string name, string? code = null) =>
        (await LoginAsync(name, UserTests.Password, code)).ShouldBeOfType<LoginResult.Succeeded>().Cookie;

    /// <summary>Logs in and returns the browser's device cookie.</summary>
    public async Task<string> DeviceAsync(string name, string address, string? device = null) =>
        (await LoginAsync(name, UserTests.Password, null, address, device)).ShouldBeOfType<LoginResult.Succeeded>().Device;

    /// <summary>Records a failed login without the time of a password check.</summary>
    public async Task WrongAsync(string address, string name, LoginAttempts? at = null)
    {
        await (at ?? Attempts).RecordFailureAsync(new IPEndPoint(IPAddress.Parse(address), 0), null, name);
    }

    public async Task<object?> ScalarAsync(string sql)
    {
        await using var command = Database.Source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
