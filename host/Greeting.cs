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
    /// <param name="firstKey">The first channel's key, shown this once; <see langword="null"/> when there was a channel already.</param>
    /// <param name="setupCode">One-time code for the dashboard, while nobody has used it.</param>
    public void Say(ServerAddresses addresses, DeliveryOptions delivery, string? firstKey, string? setupCode)
    {
        if (Json)
        {
            Commands.Output.Line(addresses);
            return;
        }

        var pages = delivery.PublicUrl?.TrimEnd('/') ?? addresses.Http;
        var lines = new List<string> { "", "Broadcast is running.", "", "  Publish (OBS: Settings → Stream → Service: Custom)", $"    Server      {addresses.Rtmp}/live" };
        lines.Add(firstKey is not null
            ? $"    Stream key  {firstKey}\n                (shown only now; ./broadcast key rotate main makes a new one)"
            : "    Stream key  the one you were shown; ./broadcast key rotate main makes a new one");
        lines.AddRange([$"    with TLS    {addresses.Rtmps}/live", "", "  Watch", $"    {pages}/watch/main", "", "  Dashboard", $"    {pages}/dashboard"]);
        if (setupCode is not null)
        {
            lines.Add($"    set-up code {setupCode}  (works once)");
        }

        lines.AddRange(["", "  Data", $"    {addresses.Data}", "", "  No encoder at hand? Run ./broadcast demo in another terminal.  Ctrl-C ends the server.", ""]);
        Console.Out.WriteLine(string.Join('\n', lines));
    }
}
