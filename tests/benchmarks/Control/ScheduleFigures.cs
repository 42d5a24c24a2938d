namespace Broadcast.Benchmarks;

/// <summary>How punctual a schedule was.</summary>
/// <param name="Decided">Milliseconds from each planned time to when it was done, by the clock of who did it.</param>
/// <param name="Heard">The same to when another process heard that it was done.</param>
/// <param name="Doubles">How often something was done that was done already.</param>
/// <param name="Misses">How often something was never done.</param>
/// <param name="Kills">How often a process was killed meanwhile.</param>
/// <param name="ByTheKilled">How much of it was done by the process that was killed again and again.</param>
internal sealed record ScheduleFigures(IReadOnlyList<double> Decided, IReadOnlyList<double> Heard, int Doubles, int Misses, int Kills, int ByTheKilled)
{
    /// <summary>Further steps with their planned times, by name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<double>> Others { get; init; } = new Dictionary<string, IReadOnlyList<double>>();

    /// <summary>Of a list of milliseconds; <see langword="null"/> when it is empty.</summary>
    /// <param name="values">The list.</param>
    /// <param name="share">0.99 for p99, 1 for the largest.</param>
    public static double? Percentile(IReadOnlyList<double> values, double share) => values.Count == 0 ? null : Sample.Percentile(values, share);

    public override string ToString() => FormattableString.Invariant(
        $"{Decided.Count} done, p50 {Percentile(Decided, 0.5):0} ms, p99 {Percentile(Decided, 0.99):0} ms, largest {Percentile(Decided, 1):0} ms; {Doubles} doubles, {Misses} misses, {Kills} kills, {ByTheKilled} by the one that was killed");
}
