namespace Broadcast.Benchmarks;

/// <summary>What taking streams in costs, part by part; <see cref="IngestPlan"/> says which parts, and how much of each.</summary>
internal static class IngestBenchmark
{
    /// <summary>Runs the parts of a plan.</summary>
    /// <param name="plan">Which.</param>
    /// <param name="shared">A folder on tmpfs.</param>
    /// <param name="reports">Takes the tables as they come, so that those of one part survive the failure of the next.</param>
    /// <param name="progress">Told of each step.</param>
    public static async Task RunAsync(IngestPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var sources = new Dictionary<double, SourceFile>();
        async Task<SourceFile> SourceAsync(double megabits) =>
            sources.TryGetValue(megabits, out var known) ? known : sources[megabits] = await SourceFile.MakeAsync(shared, megabits, progress);

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
                // The others are measured all the same: they take long, and one says nothing about the next.
                progress($"part {part} ended early: {e.Message.Split('\n')[0]}");
                failures.Add(e);
            }
        }

        if (failures.Count > 0)
        {
            throw new AggregateException(failures);
        }
    }
}

/// <summary>The figures of one kind of run over all rounds: their medians, or why there are none.</summary>
internal sealed class Rounds<T>
    where T : class
{
    private readonly List<T> _figures = [];

    /// <summary>Why there is no figure; the first reason counts.</summary>
    public string? Problem { get; private set; }

    /// <summary>Takes what a round gave.</summary>
    public void Add(T figures, string? problem)
    {
        _figures.Add(figures);
        Problem ??= problem;
    }

    /// <summary>The median of something, unless a round had a problem.</summary>
    public double? Median(Func<T, double?> of) => Problem is null ? MedianAnyway(of) : null;

    /// <summary>The median of something that no problem touches.</summary>
    public double? MedianAnyway(Func<T, double?> of)
    {
        var values = _figures.Select(of).OfType<double>().ToList();
        return values.Count > 0 ? Sample.Median(values) : null;
    }

    /// <summary>Says below a table why this one has no figure in it.</summary>
    public void Explain(Report report, string row, string column)
    {
        if (Problem is not null)
        {
            report.CouldNot(row, column, Problem);
        }
    }
}
