using Broadcast.Control.Identity;
using Broadcast.Database;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Second factors, with a real database and a stopped clock.</summary>
public sealed class SecondFactorTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Second_factor_is_active_after_its_first_valid_code_and_accepts_each_code_once()
    {
        await using var people = await UserHarness.OpenAsync(postgres);
        var jane = await JaneAsync(people);

        var made = await people.Factors.StartAsync(jane, default);
        made.Uri.ShouldContain($"secret={made.Secret}&");
        made.ToString().ShouldNotContain(made.Secret);
        (await people.LoginAsync("jane", UserTests.Password)).ShouldBeOfType<LoginResult.Succeeded>("it is not confirmed");
        (await Should.ThrowAsync<OperationException>(() => people.Factors.ConfirmAsync(jane, "000000x", default))).Code
            .ShouldBe(OperationErrorCode.Invalid);
        (await people.Factors.ConfirmAsync(jane, await CodeAsync(people), default)).Count.ShouldBe(SecondFactors.RecoveryCodes);

        (await people.LoginAsync("jane", UserTests.Password)).ShouldBeOfType<LoginResult.NeedsCode>();
        (await people.LoginAsync("jane", "a wrong password", await CodeAsync(people, 1))).ShouldBeOfType<LoginResult.Refused>(
            "the password comes first");
        (await people.LoginAsync("jane", UserTests.Password, await CodeAsync(people))).ShouldBeOfType<LoginResult.WrongCode>(
            "it has confirmed the factor");
        people.Clock.Advance(TimeSpan.FromSeconds(60));
        var code = await CodeAsync(people);
        (await people.LoginAsync("jane", UserTests.Password, $"{code[..3]} {code[3..]}")).ShouldBeOfType<LoginResult.Succeeded>(
            "people type it as it is shown");
        (await people.LoginAsync("jane", UserTests.Password, code)).ShouldBeOfType<LoginResult.WrongCode>();
        (await people.Users.GetAsync("jane")).HasTotp.ShouldBeTrue();
        (await Should.ThrowAsync<OperationException>(() => people.Factors.StartAsync(jane, default))).Code
            .ShouldBe(OperationErrorCode.Conflict);
    }

    [Fact]
    public async Task Recovery_code_replaces_one_code_once()
    {
        await using var people = await UserHarness.OpenAsync(postgres);
        var codes = await EnrolAsync(people, await JaneAsync(people));

        (await people.LoginAsync("jane", UserTests.Password, codes[3].ToUpperInvariant())).ShouldBeOfType<LoginResult.Succeeded>();
        (await people.LoginAsync("jane", UserTests.Password, codes[3])).ShouldBeOfType<LoginResult.WrongCode>();
        (await people.LoginAsync("jane", UserTests.Password,
            codes[4].Replace("-", "", StringComparison.Ordinal))).ShouldBeOfType<LoginResult.Succeeded>();
        (await people.ScalarAsync("SELECT count(*) FROM recovery_codes")).ShouldBe(8L);
    }

    [Fact]
    public async Task Code_used_concurrently_is_accepted_once()
    {
        await using var people = await UserHarness.OpenAsync(postgres);
        await EnrolAsync(people, await JaneAsync(people));
        people.Clock.Advance(TimeSpan.FromSeconds(60));
        var code = await CodeAsync(people);

        var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => people.LoginAsync("jane", UserTests.Password, code)));

        results.OfType<LoginResult.Succeeded>().Count().ShouldBe(1);
    }

    [Fact]
    public async Task No_code_is_checked_for_15_minutes_after_five_wrong_ones()
    {
        await using var people = await UserHarness.OpenAsync(postgres);
        var codes = await EnrolAsync(people, await JaneAsync(people));
        for (var i = 0; i < LoginAttempts.MaxCodes; i++)
        {
            (await people.LoginAsync("jane", UserTests.Password, "wrong")).ShouldBeOfType<LoginResult.WrongCode>();
        }

        (await Should.ThrowAsync<OperationException>(() => people.LoginAsync("jane", UserTests.Password, codes[0]))).Code
            .ShouldBe(OperationErrorCode.TooManyAttempts);
        (await people.ScalarAsync("SELECT max(failures) FROM login_failures")).ShouldBe(LoginAttempts.MaxCodes,
            "they are counted though the login that each belongs to is taken back");
        people.Clock.Advance(LoginAttempts.CodeWindow);
        (await people.LoginAsync("jane", UserTests.Password, codes[0])).ShouldBeOfType<LoginResult.Succeeded>();
    }

    [Fact]
    public async Task Second_factor_is_disabled_by_a_valid_code_or_by_an_admin()
    {
        await using var people = await UserHarness.OpenAsync(postgres);
        var jane = await JaneAsync(people);
        var codes = await EnrolAsync(people, jane);

        (await Should.ThrowAsync<OperationException>(() => people.Factors.DisableAsync(jane, "wrong", default))).Code
            .ShouldBe(OperationErrorCode.Invalid);
        await people.Factors.DisableAsync(jane, codes[0], default);
        (await people.LoginAsync("jane", UserTests.Password)).ShouldBeOfType<LoginResult.Succeeded>();

        people.Clock.Advance(TimeSpan.FromMinutes(1));
        await EnrolAsync(people, jane);
        await people.Users.ResetTotpAsync("jane");
        await people.Users.ResetTotpAsync("jane");
        (await people.LoginAsync("jane", UserTests.Password)).ShouldBeOfType<LoginResult.Succeeded>();
        (await people.ScalarAsync("SELECT count(*) FROM recovery_codes")).ShouldBe(0L);
        (await new AuditLog(people.Database).ListAsync(new(Subject: "user/jane"))).Select(r => r.Action)
            .Where(a => a.StartsWith("totp.", StringComparison.Ordinal)).Reverse()
            .ShouldBe(["totp.enable", "totp.disable", "totp.enable", "totp.reset"]);
    }

    private static async Task<AuthenticatedUser> JaneAsync(UserHarness people)
    {
        await people.Users.CreateAsync("jane", UserTests.Password, TokenRole.Viewer);
        return (await people.Sessions.VerifyAsync(await people.InAsync("jane"), default))!;
    }

    private static async Task<IReadOnlyList<string>> EnrolAsync(UserHarness people, AuthenticatedUser user)
    {
        await people.Factors.StartAsync(user, default);
        return await people.Factors.ConfirmAsync(user, await CodeAsync(people), default);
    }

    private static async Task<string> CodeAsync(UserHarness people, int steps = 0) =>
        Totp.CodeOf((byte[])(await people.ScalarAsync("SELECT totp_secret FROM users"))!, Totp.StepOf(people.Clock.GetUtcNow()) + steps);
}
