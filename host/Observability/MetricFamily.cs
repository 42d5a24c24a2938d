namespace Broadcast.Host.Observability;

/// <summary>What a family of series counts.</summary>
internal enum MetricKind
{
    /// <summary>Only grows, from the start of the process.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Values by size, in buckets.</summary>
    Histogram,
}

/// <summary>All series of one name at one moment.</summary>
/// <param name="Name">The instrument's name; a counter's without <c>_total</c>.</param>
/// <param name="Kind">What it counts.</param>
/// <param name="Unit">In UCUM, as <see cref="System.Diagnostics.Metrics.Instrument.Unit"/> has it; may be empty.</param>
/// <param name="Help">What it is, in a sentence.</param>
/// <param name="Points">Its series, ordered by labels.</param>
internal sealed record MetricFamily(string Name, MetricKind Kind, string Unit, string Help, IReadOnlyList<MetricPoint> Points);

/// <summary>One series at one moment.</summary>
/// <param name="Labels">Names and values, as they were given.</param>
/// <param name="Value">The count, the level, or the sum of a histogram's values.</param>
/// <param name="Count">How many values a histogram has seen; 0 for others.</param>
/// <param name="Buckets">A histogram's buckets: how many values were at most so large, the bound growing; empty for others. What is larger than the last is in <paramref name="Count"/> alone.</param>
internal sealed record MetricPoint(IReadOnlyList<KeyValuePair<string, string>> Labels, double Value, long Count, IReadOnlyList<MetricBucket> Buckets);

/// <summary>How many values were at most so large.</summary>
/// <param name="Bound">The largest value that is counted here.</param>
/// <param name="Count">How many.</param>
internal readonly record struct MetricBucket(double Bound, long Count);
