using System.Diagnostics;
using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>
/// Overload: enough streams of 1080p60 with full ladders to need twice the machine's CPUs. Measures the lag of the rungs' frames behind the
/// source from the first second, and the quality reductions.
/// </summary>
internal static class Overload
{
    private const double TimesTheMachine = 2;
    private const double MostBehind = 4;

    /// <summary>Runs the benchmark.</summary>
    public static async Task RunAsync(TranscodePlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var source = await CodedSource.MakeAsync(shared, 1920, 1080, 60, 10, 8, progress);
        var cost = await CostAsync(source);
        var streams = (int)Math.Ceiling(TimesTheMachine * Environment.ProcessorCount / cost);
        var demand = streams * cost / Environment.ProcessorCount;
        progress(string.Create(CultureInfo.InvariantCulture,
            $"{streams} streams that need {cost:0.00} CPUs each: {demand:0.0} times the machine's capacity, for {plan.Overload.TotalSeconds:0} s"));
        var stages = Enumerable.Range(0, streams).Select(_ => new StageUnderTest(source.Frames[0].Track, "standard", progress: progress))
            .ToList();
        using var stop = new CancellationTokenSource(plan.Overload, TimeProvider.System);
        var given = await Task.WhenAll(stages.Select(s => Task.Run(() => Feeder.LiveAsync(s, source, stop.Token))));
        await Task.WhenAll(stages.Select(s => s.EndAsync()));

        var title = string.Create(CultureInfo.InvariantCulture,
            $"Overload: {streams} × 1080p60 with source and four rungs, {demand:0.0} times the machine's capacity, {plan.Overload.TotalSeconds:0} s");
        var report = new Report(title, "seconds behind the source", ["p50", "p95", "longest", "% of frames", "steps", "rungs at the end"]);
        reports.Add(report);
        for (var i = 0; i < streams; i++)
        {
            var stage = stages[i];
            var seen = stage.Rungs.SelectMany(stage.Seen).ToList();
            var delays = seen.Select(p => Stopwatch.GetElapsedTime(stage.GivenAt(p.Present), p.At).TotalSeconds).DefaultIfEmpty().ToList();
            var longest = delays.Max();
            report.Add($"stream {i + 1}", Aim.Under(MostBehind, longest).For("longest"),
                Sample.Median(delays), Sample.Percentile(delays, 0.95), longest, seen.Count * 100.0 / (given[i] * stage.Rungs.Count),
                stage.Log.Steps.Count, stage.Log.Rungs.Count);
            await stage.DisposeAsync();
        }
    }

    /// <summary>Number of CPUs that one stream needs at full quality.</summary>
    private static async Task<double> CostAsync(CodedSource source)
    {
        var meter = new ChildrenMeter();
        var count = source.Rate * 5;
        await using (var stage = new StageUnderTest(source.Frames[0].Track, "standard", new Broadcast.Testing.ManualTimeProvider()))
        {
            await Feeder.FastAsync(stage, source, 0, count);
        }

        return (meter.Children + meter.Self) / count * source.Rate;
    }
}
