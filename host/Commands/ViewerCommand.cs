using System.CommandLine;
using System.Globalization;
using Broadcast.Control;
using Broadcast.Host.Listening;

namespace Broadcast.Host.Commands;

/// <summary><c>viewer create|list|revoke</c> and <c>viewer key create|list|revoke</c>: who may watch a channel that is not public.</summary>
internal static class ViewerCommand
{
    private static readonly Argument<string> Channel = new("CHANNEL") { Description = "The channel's name" };

    public static Command Create()
    {
        var expires = new Option<string?>("--expires") { Description = "How long it lasts, such as 90m, 2h or 7d (1d)", HelpName = "TIME" };
        var address = new Option<string?>("--address") { Description = "Where its viewer must be: an address, or a network such as 203.0.113.0/24", HelpName = "ADDRESS" };
        var label = new Option<string?>("--label") { Description = "Whose it is" };
        var preview = new Option<bool>("--preview") { Description = "It opens what is hidden until its event goes live, too" };
        var create = new Command("create", "Make a token to watch a channel with, and print the addresses that hold it; they are shown this once") { Channel, expires, address, label, preview };
        create.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var time = TimeProvider.System;
            var ends = parsed.GetValue(expires) is { } text ? time.GetUtcNow() + Length(text) : (DateTimeOffset?)null;
            var issued = await Tokens(database).CreateAsync(parsed.GetValue(Channel)!, ends, parsed.GetValue(address), parsed.GetValue(label) ?? "", parsed.GetValue(preview), cancellationToken);
            Issued(parsed, issued);
        }));

        var list = new Command("list", "Show a channel's viewer tokens, without their signatures") { Channel };
        list.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var tokens = await AllAsync(Tokens(database), parsed.GetValue(Channel)!, cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(tokens.Select(t => new { id = t.Id, label = t.Label, address = t.Address, createdAt = t.CreatedAt, expiresAt = t.ExpiresAt, revokedAt = t.RevokedAt, preview = t.Preview }));
                return;
            }

            Output.Table(["id", "label", "address", "made", "state"], tokens.Select(t => new[]
            {
                t.Id, t.Label, t.Address.Length == 0 ? "any" : t.Address, $"{t.CreatedAt:u}",
                t.RevokedAt is not null ? "revoked" : t.ExpiresAt <= TimeProvider.System.GetUtcNow() ? "expired" : $"opens {(t.Preview ? "previews, too, " : "")}until {t.ExpiresAt:u}",
            }));
        }));

        var id = new Argument<string>("TOKEN-ID") { Description = "As 'viewer list' shows it, or the id of a token that you signed yourself" };
        var revoke = new Command("revoke", "Take a viewer token back; who watches with it stops within seconds") { Channel, id };
        revoke.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var isOurs = await Tokens(database).RevokeAsync(parsed.GetValue(Channel)!, parsed.GetValue(id)!, cancellationToken);
            ChannelCommand.Done(
                parsed,
                new { revoked = parsed.GetValue(id), madeHere = isOurs },
                isOurs ? $"Token {parsed.GetValue(id)} opens nothing any more." : $"Token {parsed.GetValue(id)} was not made here. If you signed one with this id, it opens nothing any more.");
        }));
        return new Command("viewer", "Make, list and take back tokens to watch channels with, and the keys that they are signed with") { create, list, revoke, Keys() };
    }

    /// <summary>A length of time as people write it: <c>90s</c>, <c>90m</c>, <c>2h</c>, <c>7d</c>.</summary>
    /// <exception cref="StartException">It is none.</exception>
    internal static TimeSpan Length(string text)
    {
        var unit = text.Length > 0 ? text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 } : 0;
        return unit > 0 && text.Length <= 10 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? TimeSpan.FromSeconds((long)number * unit)
            : throw new StartException($"'{text}' is not a length of time. Write it as 90s, 90m, 2h or 7d.");
    }

    private static Command Keys()
    {
        var label = new Option<string?>("--label") { Description = "Who signs with it" };
        var create = new Command("create", "Make a key to sign viewer tokens with yourself; its secret is shown this once. Those that there are go on") { Channel, label };
        create.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var issued = await new ViewerKeys(database, TimeProvider.System).CreateAsync(parsed.GetValue(Channel)!, parsed.GetValue(label) ?? "", cancellationToken);
            ChannelCommand.Done(
                parsed,
                new { channel = issued.Key.Channel, id = issued.Key.Id, secret = issued.Secret },
                $"Signing key of '{issued.Key.Channel}', shown only now:\n  id      {issued.Key.Id}\n  secret  {issued.Secret}");
        }));

        var list = new Command("list", "Show the keys that a channel's viewer tokens are signed with, without their secrets") { Channel };
        list.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            var keys = await new ViewerKeys(database, TimeProvider.System).ListAsync(parsed.GetValue(Channel)!, cancellationToken);
            if (parsed.GetValue(Output.Json))
            {
                Output.Line(keys.Select(k => new { id = k.Id, label = k.Label, ofServer = k.IsServers, createdAt = k.CreatedAt, revokedAt = k.RevokedAt }));
                return;
            }

            Output.Table(["id", "label", "whose", "made", "state"], keys.Select(k => new[]
            {
                k.Id, k.Label, k.IsServers ? "the server's" : "yours", $"{k.CreatedAt:u}", k.RevokedAt is null ? "works" : "revoked",
            }));
        }));

        var id = new Argument<string>("KEY-ID") { Description = "As 'viewer key list' shows it" };
        var revoke = new Command("revoke", "Take a signing key back, and with it all tokens that were signed with it") { Channel, id };
        revoke.SetAction(Store.Work(async (parsed, database, cancellationToken) =>
        {
            await new ViewerKeys(database, TimeProvider.System).RevokeAsync(parsed.GetValue(Channel)!, parsed.GetValue(id)!, cancellationToken);
            ChannelCommand.Done(parsed, new { revoked = parsed.GetValue(id) }, $"Tokens signed with key {parsed.GetValue(id)} open nothing any more.");
        }));
        return new Command("key", "Make, list and take back signing keys") { create, list, revoke };
    }

    // A channel has 10,000 at most, and a page 500.
    private static async Task<List<ViewerTokenInfo>> AllAsync(ViewerTokens tokens, string channel, CancellationToken cancellationToken)
    {
        var all = new List<ViewerTokenInfo>();
        IReadOnlyList<ViewerTokenInfo> page;
        do
        {
            page = await tokens.ListAsync(channel, ViewerTokens.MaxPage, all.Count == 0 ? null : all[^1].Id, cancellationToken);
            all.AddRange(page);
        }
        while (page.Count == ViewerTokens.MaxPage);

        return all;
    }

    private static ViewerTokens Tokens(Database database) => new(database, new ViewerKeys(database, TimeProvider.System), TimeProvider.System);

    private static void Issued(ParseResult parsed, IssuedViewerToken issued)
    {
        var folder = Output.Folder(parsed);
        var addresses = PlaybackAddresses.Of(ViewerAddressBook.Of(Store.Delivery(folder), RunningServer.Find(folder)?.Http ?? "http://YOUR-SERVER:8080"), issued.Info.Channel, issued.Token);
        ChannelCommand.Done(
            parsed,
            new { channel = issued.Info.Channel, id = issued.Info.Id, token = issued.Token, expiresAt = issued.Info.ExpiresAt, addresses.Watch, addresses.Embed, addresses.Hls, addresses.Dash },
            $"""
            Token {issued.Info.Id} to watch '{issued.Info.Channel}' until {issued.Info.ExpiresAt:u}. Its addresses, shown only now:
              Watch  {addresses.Watch}
              Embed  {addresses.Embed}
              HLS    {addresses.Hls}
              DASH   {addresses.Dash}
            """);
    }
}
