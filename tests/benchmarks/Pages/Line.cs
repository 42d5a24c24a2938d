namespace Broadcast.Benchmarks;

/// <summary>The line between a browser and the world.</summary>
/// <param name="Name">As tables call it.</param>
/// <param name="BitsPerSecond">Downwards; 0 for what loopback gives.</param>
/// <param name="Latency">Added to every request, in milliseconds.</param>
internal sealed record Line(string Name, double BitsPerSecond, double Latency)
{
    /// <summary>Nothing in the way: what pages and server take themselves.</summary>
    public static Line Loopback { get; } = new("loopback", 0, 0);

    /// <summary>A phone on a fair day.</summary>
    public static Line Phone { get; } = new("5 Mbit/s, 50 ms", 5_000_000, 50);
}
