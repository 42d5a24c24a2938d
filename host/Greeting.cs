using Broadcast.Host.Listening;

namespace Broadcast.Host;

/// <summary>What the server says on standard output once everything can be used.</summary>
/// <param name="Json">One JSON line, and nothing else.</param>
/// <param name="IsUp">Whether this is <c>up</c>, which also makes a first channel and explains itself.</param>
internal sealed record Greeting(bool Json, bool IsUp)
{
    /// <summary>Says it.</summary>
    /// <param name="addresses">Where the server listens.</param>
    /// <param name="delivery">Addresses to hand out instead, when configured.</param>
    /// <param name="channel">The channel to explain with; <see langword="null"/> when there is none.</param>
    /// <param name="firstKey">The first channel's key, shown this once; <see langword="null"/> when there was a channel already.</param>
    /// <param name="setupCode">One-time code for the dashboard, while nobody has used it.</param>
    public void Say(ServerAddresses addresses, DeliveryOptions delivery, string? channel, string? firstKey, string? setupCode)
    {
        if (Json)
        {
            Commands.Output.Line(addresses);
            return;
        }

        addresses = addresses.At(delivery.PublicUrl);
        var pages = addresses.Http;
        List<string> lines = ["", "Broadcast is running.", "", "  Publish (OBS: Settings → Stream → Service: Custom)", $"    Server      {addresses.Rtmp}/live", $"    with TLS    {addresses.Rtmps}/live"];
        lines.AddRange((channel, firstKey) switch
        {
            (null, _) => ["    Stream key  there is no channel yet; ./broadcast channel create NAME makes one"],
            (_, not null) => [$"    Stream key  {firstKey}", $"                (shown only now; ./broadcast key rotate {channel} makes a new one)"],
            _ => [$"    Stream key  the one you were shown; ./broadcast key rotate {channel} makes a new one"],
        });
        lines.AddRange(["", "  Watch", $"    {pages}/watch/{channel ?? "NAME"}", "", "  Dashboard", $"    {pages}/dashboard{(setupCode is null ? "" : "/setup")}"]);
        if (setupCode is not null)
        {
            lines.Add($"    set-up code {setupCode}  (works once)");
        }

        lines.AddRange(["", "  Data", $"    {addresses.Data}", ""]);
        if (addresses.Elsewhere is { } elsewhere)
        {
            lines.Add($"  From other machines: the same addresses with {elsewhere} in place of 127.0.0.1.");
        }

        lines.AddRange(["  No encoder at hand? Run ./broadcast demo in another terminal.  Ctrl-C ends the server.", ""]);
        Console.Out.WriteLine(string.Join('\n', lines));
    }
}
