using System.CommandLine;
using Broadcast.Control;

namespace Broadcast.Host.Commands;

/// <summary><c>key create|rotate|revoke|list</c>.</summary>
internal static class KeyCommand
{
    public static Command Create()
    {
        var channel = new Argument<string>("CHANNEL") { Description = "The channel's name" };
        var id = new Argument<string>("KEY-ID") { Description = "The part of the key before the underscore; 'key list' shows it" };
        var optionalId = new Option<string?>("--key") { Description = "Which key, by its id; needed when the channel has several", HelpName = "KEY-ID" };
        var role = new Option<string?>("--role") { Description = "primary, backup (publishes beside the primary and stands in for it) or guest (primary)", HelpName = "ROLE" };
        var label = new Option<string?>("--label") { Description = "Whose it is" };
        var overlap = new Option<double>("--overlap") { Description = "Seconds that the old key goes on working (0: its encoder is sent away at once)", HelpName = "SECONDS" };

        var expires = new Option<string?>("--expires") { Description = "How long it works: 90m, 2h, 7d (for ever when not given)", HelpName = "LENGTH" };
        var create = new Command("create", "Make one more stream key for a channel; it is shown this once") { channel, role, label, expires };
        create.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var text = parsed.GetValue(role) ?? "primary";
            if (!Enum.TryParse<KeyRole>(text, ignoreCase: true, out var wanted) || !Enum.IsDefined(wanted) || char.IsDigit(text[0]))
            {
                throw new StartException($"'{text}' is not a role of a stream key: primary, backup or guest.");
            }

            var ends = parsed.GetValue(expires) is { } length ? TimeProvider.System.GetUtcNow() + ViewerCommand.Length(length) : (DateTimeOffset?)null;
            Issued(parsed, await new StreamKeys(database, TimeProvider.System).CreateAsync(parsed.GetValue(channel)!, wanted, parsed.GetValue(label) ?? "", ends, cancellationToken));
        }));

        var rotate = new Command("rotate", "Replace a key by a new one, shown this once") { channel, optionalId, overlap };
        rotate.SetAction(Store.Work(async (parsed, database, cancellationToken) => Issued(parsed, await new StreamKeys(database, TimeProvider.System).RotateAsync(
            parsed.GetValue(channel)!, parsed.GetValue(optionalId), TimeSpan.FromSeconds(Math.Clamp(parsed.GetValue(overlap), 0, 1e7)), cancellationToken))));

        var revoke = new Command("revoke", "Take a key back; an encoder that publishes with it is sent away") { channel, id };
        revoke.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            await new StreamKeys(database, TimeProvider.System).RevokeAsync(parsed.GetValue(channel)!, parsed.GetValue(id)!, cancellationToken);
            ChannelCommand.Done(parsed, new { revoked = parsed.GetValue(id) }, $"Key {parsed.GetValue(id)} lets nobody in any more.");
        }));

        var list = new Command("list", "Show a channel's keys, without their secrets") { channel };
        list.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var keys = await new StreamKeys(database, TimeProvider.System).ListAsync(parsed.GetValue(channel)!, cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(keys.Select(k => new { id = k.Id, role = k.Role.ToString().ToLowerInvariant(), label = k.Label, createdAt = k.CreatedAt, lastUsedAt = k.LastUsedAt, expiresAt = k.ExpiresAt, revokedAt = k.RevokedAt }));
                return;
            }

            Output.Table(["id", "role", "label", "made", "last used", "state"], keys.Select(k => new[]
            {
                k.Id, k.Role.ToString().ToLowerInvariant(), k.Label, $"{k.CreatedAt:u}", k.LastUsedAt is { } used ? $"{used:u}" : "never",
                k.RevokedAt is not null ? "revoked" : k.ExpiresAt is { } end ? $"works until {end:u}" : "works",
            }));
        }));
        return new Command("key", "Make, replace, take back and list stream keys") { create, rotate, revoke, list };
    }

    private static void Issued(ParseResult parsed, IssuedKey issued) => ChannelCommand.Done(
        parsed,
        new { channel = issued.Key.Channel, id = issued.Key.Id, streamKey = issued.StreamKey },
        $"Stream key of '{issued.Key.Channel}', shown only now:\n  {issued.StreamKey}");
}
