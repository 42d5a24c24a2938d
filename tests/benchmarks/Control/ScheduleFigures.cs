namespace Broadcast.Benchmarks;

/// <summary>Punctuality of a schedule.</summary>
/// <param name="Decided">Milliseconds from each planned time to its execution, by the clock of the executing process.</param>
/// <param name="Received">Milliseconds from each planned time to its notification in another process.</param>
/// <param name="Doubles">Number of repeated executions.</param>
/// <param name="Misses">Number of missed executions.</param>
/// <param name="Kills">Number of kills.</param>
/// <param name="ByTheKilled">Number of executions by the repeatedly killed process.</param>
internal sealed record ScheduleFigures(IReadOnlyList<double> Decided, IReadOnlyList<double> Received, int Doubles, int Misses, int Kills,
    int ByTheKilled)
{
    /// <summary>Further steps by name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<double>> Others { get; init; } = new Dictionary<string, IReadOnlyList<double>>();

    /// <summary>Returns a percentile of milliseconds; <see langword="null"/> for an empty list.</summary>
    /// <param name="values">The values.</param>
    /// <param name="share">The share: 0.99 for p99, 1 for the maximum.</param>
    public static double? Percentile(IReadOnlyList<double> values, double share) =>
        values.Count == 0 ? null : Sample.Percentile(values, share);

    public override string ToString() => FormattableString.Invariant(
        $"{Decided.Count} done, p50 {Percentile(Decided, 0.5):0} ms, p99 {Percentile(Decided, 0.99):0} ms, maximum {Percentile(Decided, 1):0} ms; {Doubles} doubles, {Misses} misses, {Kills} kills, {ByTheKilled} by the killed process");
}
