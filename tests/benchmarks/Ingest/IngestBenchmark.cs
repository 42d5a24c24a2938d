namespace Broadcast.Benchmarks;

/// <summary>Cost of ingest by part; <see cref="IngestPlan"/> selects the parts and their sizes.</summary>
internal static class IngestBenchmark
{
    /// <summary>Runs the selected parts.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="shared">Folder on tmpfs.</param>
    /// <param name="reports">Receives each table when it is complete, so that a later failure does not lose it.</param>
    /// <param name="progress">Receives progress messages.</param>
    public static async Task RunAsync(IngestPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var sources = new Dictionary<double, SourceFile>();
        async Task<SourceFile> SourceAsync(double megabits) =>
            sources.TryGetValue(megabits, out var known) ? known
            : sources[megabits] = await SourceFile.MakeAsync(shared, megabits, progress);

        Task RunAsync(string part) => part switch
        {
            "parsers" => ParserLoops.RunAsync(plan, reports, progress),
            "memory" => IdleConnections.RunAsync(plan, shared, reports, progress),
            "publish" => PublishRate.RunAsync(plan, shared, reports, progress),
            "chunks" => ChunkSizes.RunAsync(plan, shared, SourceAsync, reports, progress),
            _ => StreamCost.RunAsync(plan, shared, SourceAsync, reports, progress),
        };

        List<Exception> failures = [];
        foreach (var part in plan.Parts)
        {
            try
            {
                await RunAsync(part);
            }
            catch (Exception e)
            {
                // The remaining parts still run: they take long and are independent.
                progress($"part {part} failed: {e.Message.Split('\n')[0]}");
                failures.Add(e);
            }
        }

        if (failures.Count > 0)
        {
            throw new AggregateException(failures);
        }
    }
}

/// <summary>Results of one kind of run over all rounds: medians, or the reason for their absence.</summary>
internal sealed class Rounds<T>
    where T : class
{
    private readonly List<T> _figures = [];

    /// <summary>Reason for missing results; the first one counts.</summary>
    public string? Problem { get; private set; }

    /// <summary>Adds the results of a round.</summary>
    public void Add(T figures, string? problem)
    {
        _figures.Add(figures);
        Problem ??= problem;
    }

    /// <summary>Returns a median, unless a round had a problem.</summary>
    public double? Median(Func<T, double?> of) => Problem is null ? MedianAnyway(of) : null;

    /// <summary>Returns a median regardless of problems.</summary>
    public double? MedianAnyway(Func<T, double?> of)
    {
        var values = _figures.Select(of).OfType<double>().ToList();
        return values.Count > 0 ? Sample.Median(values) : null;
    }

    /// <summary>Adds the problem below a table in place of the result.</summary>
    public void Explain(Report report, string row, string column)
    {
        if (Problem is not null)
        {
            report.CouldNot(row, column, Problem);
        }
    }
}
