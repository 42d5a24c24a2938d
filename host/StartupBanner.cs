using Broadcast.Host.Listening;
using Broadcast.Media;

namespace Broadcast.Host;

/// <summary>The startup banner, printed to standard output when the server is ready.</summary>
/// <param name="Json">Whether to print a single JSON line only.</param>
/// <param name="IsUp">Whether the command is <c>up</c>, which also creates a first channel and prints instructions.</param>
internal sealed record StartupBanner(bool Json, bool IsUp)
{
    /// <summary>Prints the banner.</summary>
    /// <param name="urls">URLs on which the server listens.</param>
    /// <param name="delivery">Public URLs, if configured.</param>
    /// <param name="channel">Channel for the instructions; <see langword="null"/> if none exists.</param>
    /// <param name="firstKey">
    /// The first channel's stream key, printed only once; <see langword="null"/> if a channel already existed.
    /// </param>
    /// <param name="setupCode">One-time setup code of the dashboard, until it is used.</param>
    /// <param name="roles">Roles of the process.</param>
    public void Print(ServerUrls urls, DeliveryOptions delivery, string? channel, string? firstKey, string? setupCode, ServerRoles roles)
    {
        if (Json)
        {
            Broadcast.Host.Commands.CommandOutput.PrintJson(urls);
            return;
        }

        urls = urls.WithPublicUrl(delivery.PublicUrl);
        if (!roles.IsAll)
        {
            PrintRoles(urls, roles, setupCode);
            return;
        }

        var pages = urls.Http;
        List<string> lines = ["", "Broadcast is running.", "", "  Publish (OBS: Settings → Stream → Service: Custom)",
            $"    Server      {urls.Rtmp}/live", $"    with TLS    {urls.Rtmps}/live"];
        lines.AddRange((channel, firstKey) switch
        {
            (null, _) => ["    Stream key  no channels exist; create one with ./broadcast channel create NAME"],
            (_, not null) => [$"    Stream key  {firstKey}",
                $"                (shown only once; replace it with ./broadcast key rotate {channel})"],
            _ => [$"    Stream key  shown when it was created; replace it with ./broadcast key rotate {channel}"],
        });
        lines.AddRange(["", "  Watch", $"    {pages}/watch/{channel ?? "NAME"}", "", "  Dashboard",
            $"    {pages}/dashboard{(setupCode is null ? "" : "/setup")}"]);
        if (setupCode is not null)
        {
            lines.Add($"    set-up code {setupCode}  (valid once)");
        }

        lines.AddRange(["", "  Data", $"    {urls.Data}", ""]);
        if (urls.LanAddress is { } lanAddress)
        {
            lines.Add($"  From other machines: use {lanAddress} instead of 127.0.0.1.");
        }

        lines.AddRange(["  No encoder? Run ./broadcast demo in another terminal.  Press Ctrl-C to stop the server.", ""]);
        Console.Out.WriteLine(string.Join('\n', lines));
    }

    private static void PrintRoles(ServerUrls urls, ServerRoles roles, string? setupCode)
    {
        List<string> lines = ["", $"Broadcast is running with roles {roles}.", ""];
        lines.AddRange(new[]
        {
            ("Publish", urls.Rtmp is { } rtmp ? $"{rtmp}/live" : null), ("Viewers", roles.Origin ? urls.Http : null),
            ("Dashboard", roles.Control ? $"{urls.Http}/dashboard{(setupCode is null ? "" : "/setup")}" : null),
            ("set-up code", setupCode is null ? null : $"{setupCode}  (valid once)"), ("Internal", urls.Internal), ("Data", urls.Data),
        }.Where(line => line.Item2 is not null).Select(line => $"  {line.Item1,-12}{line.Item2}"));
        Console.Out.WriteLine(string.Join('\n', [.. lines, ""]));
    }
}
