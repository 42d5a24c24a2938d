using System.CommandLine;
using Broadcast.Control.Access;

namespace Broadcast.Host.Commands;

/// <summary><c>viewer-key create|list|revoke</c>: signing keys of viewer tokens.</summary>
internal static class ViewerKeyCommand
{
    private static readonly Argument<string> Channel = new("CHANNEL") { Description = "Channel name" };

    public static Command Create()
    {
        var label = new Option<string?>("--label") { Description = "Note about who signs with the key" };
        var create = new Command("create",
            "Create a signing key for your own viewer tokens; its secret is shown only once. Existing keys stay valid") { Channel, label };
        create.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var issued = await new ViewerKeys(database, TimeProvider.System).CreateAsync(parsed.GetValue(Channel)!, parsed.GetValue(label)
                ?? "", cancellationToken);
            ChannelCommand.Report(
                parsed,
                new { channel = issued.Key.Channel, id = issued.Key.Id, secret = issued.Secret },
                $"Signing key of '{issued.Key.Channel}', shown only once:\n  id      {issued.Key.Id}\n  secret  {issued.Secret}");
        }));

        var list = new Command("list", "List a channel's signing keys, without their secrets") { Channel };
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var keys = await new ViewerKeys(database, TimeProvider.System).ListAsync(parsed.GetValue(Channel)!, cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(keys.Select(k => new { id = k.Id, label = k.Label, serverManaged = k.IsServerManaged,
                    createdAt = k.CreatedAt, revokedAt = k.RevokedAt }));
                return;
            }

            CommandOutput.PrintTable(["id", "label", "signed by", "created", "state"], keys.Select(k => new[]
            {
                k.Id, k.Label, k.IsServerManaged ? "server" : "you", $"{k.CreatedAt:u}", k.RevokedAt is null ? "active" : "revoked",
            }));
        }));

        var id = new Argument<string>("KEY-ID") { Description = "Key ID, from 'viewer-key list'" };
        var revoke = new Command("revoke", "Revoke a signing key and all tokens signed with it") { Channel, id };
        revoke.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            await new ViewerKeys(database, TimeProvider.System).RevokeAsync(parsed.GetValue(Channel)!, parsed.GetValue(id)!,
                cancellationToken);
            ChannelCommand.Report(parsed, new { revoked = parsed.GetValue(id) },
                $"Key {parsed.GetValue(id)} and all tokens signed with it revoked.");
        }));
        return new Command("viewer-key", "Manage the signing keys of viewer tokens") { create, list, revoke };
    }
}
