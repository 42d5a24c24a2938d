using System.Globalization;
using System.Text.RegularExpressions;

namespace Broadcast.Benchmarks;

/// <summary>The metrics of a server at one moment, in the Prometheus text format.</summary>
internal sealed partial class MetricsPage(string text)
{
    /// <summary>Asks for them.</summary>
    /// <param name="address">The internal port.</param>
    public static async Task<MetricsPage> ReadAsync(Uri address)
    {
        using var client = new HttpClient();
        return new MetricsPage(await client.GetStringAsync(new Uri(address, "/metrics")));
    }

    /// <summary>The sum over all labels; 0 when there is no such metric yet.</summary>
    public double Sum(string metric) => Line().Matches(text).Where(m => m.Groups["name"].Value == metric).Sum(m => double.Parse(m.Groups["value"].Value, CultureInfo.InvariantCulture));

    /// <summary>What the ingest room and the spool count.</summary>
    public ServerCounts Counts() => new(
        Sum("broadcast_ingest_samples_total"), Sum("broadcast_ingest_bytes_total"), Sum("broadcast_samples_dropped_total"), Sum("broadcast_spool_memory_bytes"),
        Sum("broadcast_ingest_connections"));

    [GeneratedRegex(@"^(?<name>[a-z_]+)(?:\{[^}]*\})? (?<value>[-+.\deE]+)", RegexOptions.Multiline)]
    private static partial Regex Line();
}
