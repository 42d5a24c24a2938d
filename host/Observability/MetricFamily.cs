namespace Broadcast.Host.Observability;

/// <summary>Metric type of a family.</summary>
internal enum MetricKind
{
    /// <summary>Only increases, from process start.</summary>
    Counter,

    /// <summary>Increases and decreases.</summary>
    Gauge,

    /// <summary>Distribution of values in buckets.</summary>
    Histogram,
}

/// <summary>All series of one name at one time.</summary>
/// <param name="Name">The instrument's name; without <c>_total</c> for counters.</param>
/// <param name="Kind">Metric type.</param>
/// <param name="Unit">UCUM unit, as in <see cref="System.Diagnostics.Metrics.Instrument.Unit"/>; may be empty.</param>
/// <param name="Help">Description in one sentence.</param>
/// <param name="Points">The series, ordered by labels.</param>
internal sealed record MetricFamily(string Name, MetricKind Kind, string Unit, string Help, IReadOnlyList<MetricPoint> Points);

/// <summary>One series at one time.</summary>
/// <param name="Labels">Label names and values.</param>
/// <param name="Value">The count, the level, or the sum of a histogram.</param>
/// <param name="Count">Number of histogram values; 0 for other types.</param>
/// <param name="Buckets">
/// Cumulative histogram buckets in ascending order; empty for other types. Values above the last bound count in <paramref name="Count"/>
/// only.
/// </param>
internal sealed record MetricPoint(IReadOnlyList<KeyValuePair<string, string>> Labels, double Value, long Count,
    IReadOnlyList<MetricBucket> Buckets);

/// <summary>Cumulative histogram bucket.</summary>
/// <param name="Bound">Upper bound, inclusive.</param>
/// <param name="Count">Number of values up to the bound.</param>
internal readonly record struct MetricBucket(double Bound, long Count);
