using System.Globalization;
using System.Text.RegularExpressions;

namespace Broadcast.Benchmarks;

/// <summary>Metrics of a server at one instant, in the Prometheus text format.</summary>
internal sealed partial class MetricsPage(string text)
{
    /// <summary>Reads the metrics.</summary>
    /// <param name="address">Address of the internal port.</param>
    public static async Task<MetricsPage> ReadAsync(Uri address)
    {
        using var client = new HttpClient();
        return new MetricsPage(await client.GetStringAsync(new Uri(address, "/metrics")));
    }

    /// <summary>Returns the sum over all labels; 0 for a missing metric.</summary>
    public double Sum(string metric) => Line().Matches(text).Where(m => m.Groups["name"].Value == metric)
        .Sum(m => double.Parse(m.Groups["value"].Value, CultureInfo.InvariantCulture));

    /// <summary>Returns the counters of the ingest module and the spool.</summary>
    public ServerCounts Counts() => new(
        Sum("broadcast_ingest_samples_total"), Sum("broadcast_ingest_bytes_total"), Sum("broadcast_samples_dropped_total"),
        Sum("broadcast_spool_memory_bytes"),
        Sum("broadcast_ingest_connections"));

    [GeneratedRegex(@"^(?<name>[a-z_]+)(?:\{[^}]*\})? (?<value>[-+.\deE]+)", RegexOptions.Multiline)]
    private static partial Regex Line();
}
