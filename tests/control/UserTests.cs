using System.Text.Json;
using Broadcast.Control.Identity;
using Broadcast.Database;
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
        await using var people = await UserHarness.OpenAsync(postgres);
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
        (await Should.ThrowAsync<OperationException>(() => people.Users.CreateAsync("jane", Password, TokenRole.Viewer))).Code
            .ShouldBe(OperationErrorCode.Conflict);
    }

    [Fact]
    public async Task Password_hash_with_fewer_iterations_is_upgraded_at_the_next_login()
    {
        await using var people = await UserHarness.OpenAsync(postgres);
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
        await using var people = await UserHarness.OpenAsync(postgres);
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
        (await Should.ThrowAsync<OperationException>(() => people.Sessions.EndAsync("jane", three[..8]))).Code
            .ShouldBe(OperationErrorCode.NotFound);
    }

    [Fact]
    public async Task Least_recently_used_login_is_removed_above_the_limit()
    {
        await using var people = await UserHarness.OpenAsync(postgres);
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
        await using var people = await UserHarness.OpenAsync(postgres);
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
        await using var people = await UserHarness.OpenAsync(postgres);
        await people.Users.CreateAsync("jane", Password, TokenRole.Viewer);
        var login = await people.InAsync("jane");

        await people.Users.SetAsync("jane", new(Role: TokenRole.Producer));

        (await people.Sessions.VerifyAsync(login, default))!.Role.ShouldBe(TokenRole.Producer);
    }

    [Fact]
    public async Task Password_change_ends_all_logins_except_the_current_one()
    {
        await using var people = await UserHarness.OpenAsync(postgres);
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
        await using var people = await UserHarness.OpenAsync(postgres);
        await people.Users.CreateAsync("jane", Password, TokenRole.Admin);
        await people.Users.CreateAsync("jim", Password, TokenRole.Producer);
        var login = await people.InAsync("jane");

        foreach (var change in (Func<Task>[])[
            () => people.Users.SetAsync("jane", new(IsDisabled: true)), () => people.Users.SetAsync("jane", new(Role: TokenRole.Producer)),
            () => people.Users.DeleteAsync("jane")])
        {
            (await Should.ThrowAsync<OperationException>(change)).Code.ShouldBe(OperationErrorCode.Conflict);
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
        await using var people = await UserHarness.OpenAsync(postgres);
        await people.Users.CreateAsync("jane", Password, TokenRole.Admin);
        await people.Users.CreateAsync("jim", Password, TokenRole.Admin);

        var done = await Task.WhenAll(new[] { "jane", "jim" }.Select(async name =>
        {
            try
            {
                await people.Users.SetAsync(name, new(IsDisabled: true));
                return true;
            }
            catch (OperationException e) when (e.Code == OperationErrorCode.Conflict)
            {
                return false;
            }
        }));

        done.Count(d => d).ShouldBe(1);
    }

    [Fact]
    public async Task User_changes_are_audited_without_secrets()
    {
        await using var people = await UserHarness.OpenAsync(postgres);
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
}
