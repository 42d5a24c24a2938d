using System.CommandLine;
using Broadcast.Control;

namespace Broadcast.Host.Commands;

/// <summary><c>token create|list|revoke</c>: bearer tokens of the API.</summary>
internal static class TokenCommand
{
    public static Command Create()
    {
        var role = new Option<string>("--role") { Description = string.Join(", ", Control.Roles.Names), HelpName = "ROLE", Required = true };
        var label = new Option<string?>("--label") { Description = "What it is for" };
        var create = new Command("create", "Make a bearer token for /api/v1; it is shown this once") { role, label };
        create.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            if (!Control.Roles.TryParse(parsed.GetValue(role), out var wanted))
            {
                throw new StartException($"'{parsed.GetValue(role)}' is not a role: {string.Join(", ", Control.Roles.Names)}.");
            }

            var issued = await new Tokens(database, TimeProvider.System).CreateAsync(wanted, parsed.GetValue(label) ?? "", null, cancellationToken);
            ChannelCommand.Done(parsed, new { token = issued.Token }, $"Token, shown only now:\n  {issued.Token}\nUse it as: Authorization: Bearer …");
        }));

        var list = new Command("list", "Show all tokens, without their secrets");
        list.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var tokens = await new Tokens(database, TimeProvider.System).ListAsync(cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(tokens.Select(t => new { id = t.Id, role = Control.Roles.Name(t.Role), label = t.Label, createdAt = t.CreatedAt, lastUsedAt = t.LastUsedAt, expiresAt = t.ExpiresAt, revokedAt = t.RevokedAt }));
                return;
            }

            Output.Table(["id", "role", "label", "made", "last used", "state"], tokens.Select(t => new[]
            {
                t.Id, Control.Roles.Name(t.Role), t.Label, $"{t.CreatedAt:u}", t.LastUsedAt is { } used ? $"{used:u}" : "never", t.RevokedAt is null ? "works" : "revoked",
            }));
        }));

        var id = new Argument<string>("TOKEN-ID") { Description = "As 'token list' shows it" };
        var revoke = new Command("revoke", "Take a token back") { id };
        revoke.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            await new Tokens(database, TimeProvider.System).RevokeAsync(parsed.GetValue(id)!, cancellationToken);
            ChannelCommand.Done(parsed, new { revoked = parsed.GetValue(id) }, $"Token {parsed.GetValue(id)} opens nothing any more.");
        }));
        return new Command("token", "Make, list and take back API tokens") { create, list, revoke };
    }
}
