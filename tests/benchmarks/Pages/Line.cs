namespace Broadcast.Benchmarks;

/// <summary>Simulated network of a browser.</summary>
/// <param name="Name">Name in tables.</param>
/// <param name="BitsPerSecond">Download bandwidth; 0 for no limit.</param>
/// <param name="Latency">Latency added to each request, in milliseconds.</param>
internal sealed record Line(string Name, double BitsPerSecond, double Latency)
{
    /// <summary>No limits: measures the pages and the server alone.</summary>
    public static Line Loopback { get; } = new("loopback", 0, 0);

    /// <summary>A phone with a fair connection.</summary>
    public static Line Phone { get; } = new("5 Mbit/s, 50 ms", 5_000_000, 50);
}
