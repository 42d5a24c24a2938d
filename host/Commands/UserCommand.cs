using System.CommandLine;
using System.Security.Cryptography;
using Broadcast.Control.Identity;

namespace Broadcast.Host.Commands;

/// <summary><c>user create|list|set|disable|enable|reset-password|delete</c>: dashboard users.</summary>
internal static class UserCommand
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int GeneratedLength = 20;

    private static readonly Argument<string> Name = new("NAME") { Description = "Login name: a-z, 0-9 and . _ @ + -" };
    private static readonly Option<string?> Role =
        new("--role") { Description = string.Join(", ", Broadcast.Control.Identity.TokenRoles.Names), HelpName = "ROLE" };
    private static readonly Option<string?> DisplayName = new("--display-name") { Description = "Display name" };

    private static readonly Option<bool> FromInput = new("--password-stdin")
    {
        Description =
            $"Read the password, at least {UserRules.MinPassword} characters, from the first line of standard input (default: generate one)",
    };

    public static Command Create()
    {
        var create = new Command("create", "Create a user; a generated password is shown only once") { Name, Role, DisplayName, FromInput };
        create.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var password = Password(parsed, out var isGenerated);
            var role = RoleOf(parsed)
                ?? throw new StartException($"--role is required: {string.Join(", ", Broadcast.Control.Identity.TokenRoles.Names)}.");
            var created = await new UserRepository(database, TimeProvider.System).CreateAsync(parsed.GetValue(Name)!, password, role,
                parsed.GetValue(DisplayName) ?? "", cancellationToken);
            Done(parsed, created.Name, isGenerated ? password : null, $"User '{created.Name}' created.");
        }));

        var list = new Command("list", "List all users");
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var users = await new UserRepository(database, TimeProvider.System).ListAsync(cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(users.Select(View));
                return;
            }

            CommandOutput.PrintTable(["name", "display name", "role", "second factor", "last login", "state"], users.Select(u => new[]
            {
                u.Name, u.DisplayName, Broadcast.Control.Identity.TokenRoles.Name(u.Role), u.HasTotp ? "yes" : "no",
                u.LastLoginAt is { } at ? $"{at:u}" : "never", u.DisabledAt is null ? "active" : "disabled",
            }));
        }));

        var set = new Command("set", "Change a user. Options not given stay unchanged") { Name, Role, DisplayName };
        set.SetAction(Change(parsed => new(parsed.GetValue(DisplayName), RoleOf(parsed)), "changed"));
        var disable = new Command("disable", "Disable a user and end their logins") { Name };
        disable.SetAction(Change(_ => new(IsDisabled: true), "disabled; all logins ended"));
        var enable = new Command("enable", "Enable a disabled user") { Name };
        enable.SetAction(Change(_ => new(IsDisabled: false), "enabled"));

        var keepsFactor = new Option<bool>("--keep-second-factor") { Description = "Keep the user's second factor (default: remove it)" };
        var reset = new Command("reset-password", "Set a new password for a user and end their logins") { Name, FromInput, keepsFactor };
        reset.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var (users, name) = (new UserRepository(database, TimeProvider.System), parsed.GetValue(Name)!);
            var password = Password(parsed, out var isGenerated);
            await users.SetPasswordAsync(name, password, null, cancellationToken);
            if (!parsed.GetValue(keepsFactor))
            {
                await users.ResetTotpAsync(name, cancellationToken);
            }

            Done(parsed, name, isGenerated ? password : null, $"Password of user '{name}' changed.");
        }));

        var delete = new Command("delete", "Delete a user and end their logins") { Name };
        delete.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            await new UserRepository(database, TimeProvider.System).DeleteAsync(parsed.GetValue(Name)!, cancellationToken);
            ChannelCommand.Report(parsed, new { deleted = parsed.GetValue(Name) }, $"User '{parsed.GetValue(Name)}' deleted.");
        }));
        return new Command("user", "Manage dashboard users") { create, list, set, disable, enable, reset, delete };
    }

    private static Func<ParseResult, CancellationToken, Task<int>> Change(Func<ParseResult, UserChange> read, string outcome) =>
        CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
    {
        var changed = await new UserRepository(database, TimeProvider.System).SetAsync(parsed.GetValue(Name)!, read(parsed),
            cancellationToken);
        ChannelCommand.Report(parsed, View(changed), $"User '{changed.Name}' {outcome}.");
    });

    private static TokenRole? RoleOf(ParseResult parsed) => parsed.GetValue(Role) is not { } text ? null
        : Broadcast.Control.Identity.TokenRoles.TryParse(text, out var role) ? role : throw new StartException(
            $"'{text}' is not a role. Use one of: {string.Join(", ", Broadcast.Control.Identity.TokenRoles.Names)}.");

    // Not an argument: command lines are visible to all users of the machine.
    private static string Password(ParseResult parsed, out bool isGenerated)
    {
        isGenerated = !parsed.GetValue(FromInput);
        return isGenerated ? RandomNumberGenerator.GetString(Alphabet, GeneratedLength) : Console.In.ReadLine() ?? "";
    }

    private static void Done(ParseResult parsed, string name, string? password, string text) =>
        ChannelCommand.Report(parsed, new { user = name, password },
            password is null ? text : $"{text} Password, shown only once:\n  {password}");

    private static object View(UserInfo u) => new
    {
        name = u.Name, displayName = u.DisplayName, role = Broadcast.Control.Identity.TokenRoles.Name(u.Role), totp = u.HasTotp,
        createdAt = u.CreatedAt, lastLoginAt = u.LastLoginAt, disabledAt = u.DisabledAt,
    };
}
