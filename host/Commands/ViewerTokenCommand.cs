using System.CommandLine;
using System.Globalization;
using Broadcast.Control.Access;
using Broadcast.Database;
using Broadcast.Host.Listening;

namespace Broadcast.Host.Commands;

/// <summary><c>viewer-token create|list|revoke</c>: viewer tokens.</summary>
internal static class ViewerTokenCommand
{
    private static readonly Argument<string> Channel = new("CHANNEL") { Description = "Channel name" };

    public static Command Create()
    {
        var expires = new Option<string?>("--expires") { Description = "Lifetime, such as 90m, 2h or 7d (1d)", HelpName = "TIME" };
        var address = new Option<string?>("--address") { Description =
            "IP address or network of the viewer, such as 203.0.113.0/24 (default: any)", HelpName = "ADDRESS" };
        var label = new Option<string?>("--label") { Description = "Note about who uses the token" };
        var preview = new Option<bool>("--preview") { Description = "Grant preview access to events that are not live yet" };
        var create = new Command("create", "Create a viewer token for a channel and print its playback URLs, which are shown only once") {
            Channel, expires, address, label, preview };
        create.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var time = TimeProvider.System;
            var expiresAt = parsed.GetValue(expires) is { } text ? time.GetUtcNow() + ParseDuration(text) : (DateTimeOffset?)null;
            var issued = await Tokens(database).CreateAsync(parsed.GetValue(Channel)!, expiresAt, parsed.GetValue(address),
                parsed.GetValue(label) ?? "", parsed.GetValue(preview), cancellationToken);
            PrintIssued(parsed, issued);
        }));

        var list = new Command("list", "List a channel's viewer tokens, without their signatures") { Channel };
        list.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var tokens = await AllAsync(Tokens(database), parsed.GetValue(Channel)!, cancellationToken);
            if (parsed.GetValue(CommandOutput.Json))
            {
                CommandOutput.PrintJson(tokens.Select(t => new { id = t.Id, label = t.Label, network = t.Network, createdAt = t.CreatedAt,
                    expiresAt = t.ExpiresAt, revokedAt = t.RevokedAt, preview = t.Preview }));
                return;
            }

            CommandOutput.PrintTable(["id", "label", "address", "created", "state"], tokens.Select(t => new[]
            {
                t.Id, t.Label, t.Network.Length == 0 ? "any" : t.Network, $"{t.CreatedAt:u}",
                t.RevokedAt is not null ? "revoked" : t.ExpiresAt
                    <= TimeProvider.System.GetUtcNow() ? "expired" : $"active {(t.Preview ? "with preview " : "")}until {t.ExpiresAt:u}",
            }));
        }));

        var id = new Argument<string>("TOKEN-ID") { Description =
            "Token ID, from 'viewer-token list', or the ID of a token that you signed yourself" };
        var revoke = new Command("revoke", "Revoke a viewer token and stop its playback within seconds") { Channel, id };
        revoke.SetAction(CommandDatabase.WithDatabase(async (parsed, database, cancellationToken) =>
        {
            var isServerIssued = await Tokens(database).RevokeAsync(parsed.GetValue(Channel)!, parsed.GetValue(id)!, cancellationToken);
            ChannelCommand.Report(
                parsed,
                new { revoked = parsed.GetValue(id), issuedByServer = isServerIssued },
                isServerIssued ? $"Token {parsed.GetValue(id)} revoked."
                : $"Token {parsed.GetValue(id)} was not issued by this server. A token that you signed with this ID is revoked.");
        }));
        return new Command("viewer-token", "Manage viewer tokens") { create, list, revoke };
    }

    /// <summary>Parses a duration such as <c>90s</c>, <c>90m</c>, <c>2h</c> or <c>7d</c>.</summary>
    /// <exception cref="StartException">The text is not a duration.</exception>
    internal static TimeSpan ParseDuration(string text)
    {
        var unit = text.Length > 0 ? text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 } : 0;
        return unit > 0 && text.Length <= 10
            && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? TimeSpan.FromSeconds((long)number * unit)
            : throw new StartException($"'{text}' is not a duration. Use 90s, 90m, 2h or 7d.");
    }

    // A channel has at most 10,000 tokens; a page has 500.
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

    private static ViewerTokens Tokens(ServerDatabase database) =>
        new(database, new ViewerKeys(database, TimeProvider.System), TimeProvider.System);

    private static void PrintIssued(ParseResult parsed, IssuedViewerToken issued)
    {
        var folder = CommandOutput.DataFolderOf(parsed);
        var urls = PlaybackUrls.Of(ViewerUrlProvider.Of(CommandDatabase.Delivery(folder), DataFolderLock.Find(folder)?.Http
            ?? "http://YOUR-SERVER:8080"), issued.Info.Channel, issued.Token);
        ChannelCommand.Report(
            parsed,
            new { channel = issued.Info.Channel, id = issued.Info.Id, token = issued.Token, expiresAt = issued.Info.ExpiresAt, urls.Watch,
                urls.Embed, urls.Hls, urls.Dash },
            $"""
            Viewer token {issued.Info.Id} for '{issued.Info.Channel}', valid until {issued.Info.ExpiresAt:u}. URLs, shown only once:
              Watch  {urls.Watch}
              Embed  {urls.Embed}
              HLS    {urls.Hls}
              DASH   {urls.Dash}
            """);
    }
}
