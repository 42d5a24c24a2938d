using System.CommandLine;
using Broadcast.Control.Identity;

namespace Broadcast.Host.Commands;

/// <summary><c>token create|list|revoke</c>: bearer tokens of the API.</summary>
internal static class TokenCommand
{
    public static Command Create()
    {
        var role = new Option<string>("--role") { Description = string.Join(", ", Broadcast.Control.Identity.TokenRoles.Names),
            HelpName = "ROLE", Required = true };
        var label = new Option<string?>("--label") { Description = "Note about the token's use" };
        var expires = new Option<string?>("--expires") { Description = "Lifetime: 90m, 2h, 7d (default: no expiry)", HelpName = "LENGTH" };
        var channels = new Option<string[]>("--channel") { Description = "Restrict the token to this channel; may be repeated",
            HelpName = "NAME" };
        var scopes = new Option<string[]>("--scope") { Description =
            $"Restrict the token to this scope; may be repeated: {string.Join(", ", Scopes.Names)}", HelpName = "SCOPE" };
        var create = new Command("create", "Create a bearer token for /api/v1; it is shown only once") { role, label, expires,
            channels, scopes };
        create.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            if (!Broadcast.Control.Identity.TokenRoles.TryParse(parsed.GetValue(role), out var tokenRole))
            {
                throw new StartException(
                    $"'{parsed.GetValue(role)}' is not a role. Use one "
                    + $"of: {string.Join(", ", Broadcast.Control.Identity.TokenRoles.Names)}.");
            }

            var expiresAt = parsed.GetValue(expires) is { } length
                ? TimeProvider.System.GetUtcNow() + ViewerTokenCommand.ParseDuration(length) : (DateTimeOffset?)null;
            var limits = new TokenLimits(parsed.GetValue(channels) is { Length: > 0 } names ? names : null,
                parsed.GetValue(scopes) is { Length: > 0 } scopeNames ? scopeNames : null);
            var issued = await new TokenRepository(database, TimeProvider.System).CreateAsync(tokenRole, parsed.GetValue(label) ?? "",
                expiresAt, limits, cancellationToken);
            ChannelCommand.Report(parsed, new { token = issued.Token },
                $"Token, shown only once:\n  {issued.Token}\nUse it as: Authorization: Bearer …");
        }));

        var list = new Command("list", "List all tokens, without their secrets");
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var tokens = await new TokenRepository(database, TimeProvider.System).ListAsync(cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(
                    tokens.Select(t => new { id = t.Id, role = Broadcast.Control.Identity.TokenRoles.Name(t.Role), label = t.Label,
                        createdAt = t.CreatedAt, lastUsedAt = t.LastUsedAt, expiresAt = t.ExpiresAt, revokedAt = t.RevokedAt,
                        channels = t.Limits.Channels, scopes = t.Limits.Scopes }));
                return;
            }

            CommandOutput.PrintTable(["id", "role", "label", "limited to", "created", "last used", "state"], tokens.Select(t => new[]
            {
                t.Id, Broadcast.Control.Identity.TokenRoles.Name(t.Role), t.Label,
                string.Join(' ', (t.Limits.Channels ?? []).Concat(t.Limits.Scopes ?? [])), $"{t.CreatedAt:u}",
                t.LastUsedAt is { } used ? $"{used:u}" : "never", t.RevokedAt is not null ? "revoked" : t.ExpiresAt
                            <= TimeProvider.System.GetUtcNow() ? "expired" : t.ExpiresAt is { } end ? $"active until {end:u}" : "active",
            }));
        }));

        var id = new Argument<string>("TOKEN-ID") { Description = "Token ID, from 'token list'" };
        var revoke = new Command("revoke", "Revoke a token") { id };
        revoke.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            await new TokenRepository(database, TimeProvider.System).RevokeAsync(parsed.GetValue(id)!, cancellationToken);
            ChannelCommand.Report(parsed, new { revoked = parsed.GetValue(id) }, $"Token {parsed.GetValue(id)} revoked.");
        }));
        return new Command("token", "Manage API tokens") { create, list, revoke };
    }
}
