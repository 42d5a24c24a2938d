using System.CommandLine;
using Broadcast.Control.Identity;

namespace Broadcast.Host.Commands;

/// <summary><c>key create|rotate|revoke|list</c>.</summary>
internal static class KeyCommand
{
    public static Command Create()
    {
        var channel = new Argument<string>("CHANNEL") { Description = "Channel name" };
        var id = new Argument<string>("KEY-ID") { Description = "Key ID: the part of the key before the underscore, from 'key list'" };
        var optionalId = new Option<string?>("--key") { Description = "ID of the key; required if the channel has several",
            HelpName = "KEY-ID" };
        var role = new Option<string?>("--role") { Description =
            "primary, backup (publishes in parallel and takes over on input loss) or guest (primary)", HelpName = "ROLE" };
        var label = new Option<string?>("--label") { Description = "Note about who uses the key" };
        var overlap = new Option<double>("--overlap") { Description =
            "Seconds for which the old key stays valid (0: disconnect its encoder at once)", HelpName = "SECONDS" };

        var expires = new Option<string?>("--expires") { Description = "Lifetime: 90m, 2h, 7d (default: no expiry)", HelpName = "LENGTH" };
        var create = new Command("create", "Create another stream key for a channel; it is shown only once") { channel, role,
            label, expires };
        create.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var text = parsed.GetValue(role) ?? "primary";
            var keyRole = StreamKeys.FindRole(text.ToLowerInvariant())
                ?? throw new StartException($"'{text}' is not a stream key role. Use primary, backup or guest.");

            var expiresAt = parsed.GetValue(expires) is { } length
                ? TimeProvider.System.GetUtcNow() + ViewerTokenCommand.ParseDuration(length) : (DateTimeOffset?)null;
            PrintIssued(parsed, await new StreamKeys(database, TimeProvider.System).CreateAsync(parsed.GetValue(channel)!, keyRole,
                parsed.GetValue(label) ?? "", expiresAt, cancellationToken));
        }));

        var rotate = new Command("rotate", "Replace a stream key; the new one is shown only once") { channel, optionalId, overlap };
        rotate.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
            PrintIssued(parsed, await new StreamKeys(database, TimeProvider.System).RotateAsync(
            parsed.GetValue(channel)!, parsed.GetValue(optionalId), TimeSpan.FromSeconds(Math.Clamp(parsed.GetValue(overlap), 0, 1e7)),
            cancellationToken))));

        var revoke = new Command("revoke", "Revoke a stream key and disconnect its encoder") { channel, id };
        revoke.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            await new StreamKeys(database, TimeProvider.System).RevokeAsync(parsed.GetValue(channel)!, parsed.GetValue(id)!,
                cancellationToken);
            ChannelCommand.Report(parsed, new { revoked = parsed.GetValue(id) }, $"Key {parsed.GetValue(id)} revoked.");
        }));

        var list = new Command("list", "List a channel's stream keys, without their secrets") { channel };
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var keys = await new StreamKeys(database, TimeProvider.System).ListAsync(parsed.GetValue(channel)!, cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(keys.Select(k => new { id = k.Id, role = StreamKeys.Name(k.Role), label = k.Label,
                    createdAt = k.CreatedAt, lastUsedAt = k.LastUsedAt, expiresAt = k.ExpiresAt, revokedAt = k.RevokedAt }));
                return;
            }

            CommandOutput.PrintTable(["id", "role", "label", "created", "last used", "state"], keys.Select(k => new[]
            {
                k.Id, StreamKeys.Name(k.Role), k.Label, $"{k.CreatedAt:u}", k.LastUsedAt is { } used ? $"{used:u}" : "never",
                k.RevokedAt is not null ? "revoked" : k.ExpiresAt is { } end ? $"active until {end:u}" : "active",
            }));
        }));
        return new Command("key", "Manage stream keys") { create, rotate, revoke, list };
    }

    private static void PrintIssued(ParseResult parsed, IssuedStreamKey issued) => ChannelCommand.Report(
        parsed,
        new { channel = issued.Key.Channel, id = issued.Key.Id, streamKey = issued.StreamKey },
        $"Stream key of '{issued.Key.Channel}', shown only once:\n  {issued.StreamKey}");
}
