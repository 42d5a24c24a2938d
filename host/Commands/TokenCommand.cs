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
        var expires = new Option<string?>("--expires") { Description = "How long it works: 90m, 2h, 7d (for ever when not given)", HelpName = "LENGTH" };
        var channels = new Option<string[]>("--channel") { Description = "Only this channel's addresses; may be given several times", HelpName = "NAME" };
        var scopes = new Option<string[]>("--scope") { Description = $"Only this part of the API; may be given several times: {string.Join(", ", Scopes.Names)}", HelpName = "SCOPE" };
        var create = new Command("create", "Make a bearer token for /api/v1; it is shown this once") { role, label, expires, channels, scopes };
        create.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            if (!Control.Roles.TryParse(parsed.GetValue(role), out var wanted))
            {
                throw new StartException($"'{parsed.GetValue(role)}' is not a role: {string.Join(", ", Control.Roles.Names)}.");
            }

            var ends = parsed.GetValue(expires) is { } length ? TimeProvider.System.GetUtcNow() + ViewerCommand.Length(length) : (DateTimeOffset?)null;
            var limits = new TokenLimits(parsed.GetValue(channels) is { Length: > 0 } names ? names : null, parsed.GetValue(scopes) is { Length: > 0 } parts ? parts : null);
            var issued = await new Tokens(database, TimeProvider.System).CreateAsync(wanted, parsed.GetValue(label) ?? "", ends, limits, cancellationToken);
            ChannelCommand.Done(parsed, new { token = issued.Token }, $"Token, shown only now:\n  {issued.Token}\nUse it as: Authorization: Bearer …");
        }));

        var list = new Command("list", "Show all tokens, without their secrets");
        list.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var tokens = await new Tokens(database, TimeProvider.System).ListAsync(cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(tokens.Select(t => new { id = t.Id, role = Control.Roles.Name(t.Role), label = t.Label, createdAt = t.CreatedAt, lastUsedAt = t.LastUsedAt, expiresAt = t.ExpiresAt, revokedAt = t.RevokedAt, channels = t.Limits.Channels, scopes = t.Limits.Scopes }));
                return;
            }

            Output.Table(["id", "role", "label", "only for", "made", "last used", "state"], tokens.Select(t => new[]
            {
                t.Id, Control.Roles.Name(t.Role), t.Label, string.Join(' ', (t.Limits.Channels ?? []).Concat(t.Limits.Scopes ?? [])), $"{t.CreatedAt:u}", t.LastUsedAt is { } used ? $"{used:u}" : "never", t.RevokedAt is not null ? "revoked" : t.ExpiresAt <= TimeProvider.System.GetUtcNow() ? "expired" : t.ExpiresAt is { } end ? $"works until {end:u}" : "works",
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
