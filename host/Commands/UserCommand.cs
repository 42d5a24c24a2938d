using System.CommandLine;
using System.Security.Cryptography;
using Broadcast.Control;

namespace Broadcast.Host.Commands;

/// <summary><c>user create|list|set|disable|enable|reset-password|delete</c>: the people who may log in.</summary>
internal static class UserCommand
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int GeneratedLength = 20;

    private static readonly Argument<string> Name = new("NAME") { Description = "By which they log in: a-z, 0-9 and . _ @ + -" };
    private static readonly Option<string?> Role = new("--role") { Description = string.Join(", ", Control.Roles.Names), HelpName = "ROLE" };
    private static readonly Option<string?> DisplayName = new("--display-name") { Description = "What people call them" };

    private static readonly Option<bool> FromInput = new("--password-stdin")
    {
        Description = $"Read the password, {UserRules.MinPassword} characters or more, from the first line of standard input; without it one is made and shown once",
    };

    public static Command Create()
    {
        var create = new Command("create", "Make a user; without --password-stdin the password is made, and shown this once") { Name, Role, DisplayName, FromInput };
        create.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var password = Password(parsed, out var isMade);
            var role = RoleOf(parsed) ?? throw new StartException($"--role is needed: {string.Join(", ", Control.Roles.Names)}.");
            var made = await new Users(database, TimeProvider.System).CreateAsync(parsed.GetValue(Name)!, password, role, parsed.GetValue(DisplayName) ?? "", cancellationToken);
            Done(parsed, made.Name, isMade ? password : null, $"User '{made.Name}' may log in.");
        }));

        var list = new Command("list", "Show all users");
        list.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var users = await new Users(database, TimeProvider.System).ListAsync(cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(users.Select(View));
                return;
            }

            Output.Table(["name", "display name", "role", "second factor", "last login", "state"], users.Select(u => new[]
            {
                u.Name, u.DisplayName, Control.Roles.Name(u.Role), u.HasTotp ? "yes" : "no", u.LastLoginAt is { } at ? $"{at:u}" : "never", u.DisabledAt is null ? "works" : "disabled",
            }));
        }));

        var set = new Command("set", "Change a user; what is not named stays") { Name, Role, DisplayName };
        set.SetAction(Change(parsed => new(parsed.GetValue(DisplayName), RoleOf(parsed)), "is changed"));
        var disable = new Command("disable", "Let a user in no more; all their logins end at once") { Name };
        disable.SetAction(Change(_ => new(IsDisabled: true), "is disabled, and logged in nowhere"));
        var enable = new Command("enable", "Let a user in again") { Name };
        enable.SetAction(Change(_ => new(IsDisabled: false), "may log in again"));

        var keepsFactor = new Option<bool>("--keep-second-factor") { Description = "Leave their authenticator as it is; without it, it is taken away" };
        var reset = new Command("reset-password", "Give a user another password; all their logins end") { Name, FromInput, keepsFactor };
        reset.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var (users, name) = (new Users(database, TimeProvider.System), parsed.GetValue(Name)!);
            var password = Password(parsed, out var isMade);
            await users.SetPasswordAsync(name, password, null, cancellationToken);
            if (!parsed.GetValue(keepsFactor))
            {
                await users.ResetTotpAsync(name, cancellationToken);
            }

            Done(parsed, name, isMade ? password : null, $"User '{name}' has another password.");
        }));

        var delete = new Command("delete", "Delete a user and their logins") { Name };
        delete.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            await new Users(database, TimeProvider.System).DeleteAsync(parsed.GetValue(Name)!, cancellationToken);
            ChannelCommand.Done(parsed, new { deleted = parsed.GetValue(Name) }, $"User '{parsed.GetValue(Name)}' is deleted.");
        }));
        return new Command("user", "Make, change, disable and list the people who may log in") { create, list, set, disable, enable, reset, delete };
    }

    private static Func<ParseResult, CancellationToken, Task<int>> Change(Func<ParseResult, UserChange> read, string words) => Store.Work(async (parsed, database, cancellationToken) =>
    {
        var changed = await new Users(database, TimeProvider.System).SetAsync(parsed.GetValue(Name)!, read(parsed), cancellationToken);
        ChannelCommand.Done(parsed, View(changed), $"User '{changed.Name}' {words}.");
    });

    private static TokenRole? RoleOf(ParseResult parsed) => parsed.GetValue(Role) is not { } text ? null
        : Control.Roles.TryParse(text, out var role) ? role : throw new StartException($"'{text}' is not a role: {string.Join(", ", Control.Roles.Names)}.");

    // Not as an argument: those of a process are for everybody on the machine to see.
    private static string Password(ParseResult parsed, out bool isMade)
    {
        isMade = !parsed.GetValue(FromInput);
        return isMade ? RandomNumberGenerator.GetString(Alphabet, GeneratedLength) : Console.In.ReadLine() ?? "";
    }

    private static void Done(ParseResult parsed, string name, string? password, string text) =>
        ChannelCommand.Done(parsed, new { user = name, password }, password is null ? text : $"{text} Password, shown only now:\n  {password}");

    private static object View(UserInfo u) => new
    {
        name = u.Name, displayName = u.DisplayName, role = Control.Roles.Name(u.Role), totp = u.HasTotp, createdAt = u.CreatedAt, lastLoginAt = u.LastLoginAt, disabledAt = u.DisabledAt,
    };
}
