using System.Diagnostics;
using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>Delay of a frame from the stage's input to a rung's output in real time, and the encoder's share of it.</summary>
internal static class StageDelay
{
    private const double MostOver = 3;

    /// <summary>Startup of a worker, which does not count: it catches up first.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    /// <summary>Measures both latency profiles.</summary>
    public static async Task RunAsync(TranscodePlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        var source = await CodedSource.MakeAsync(shared, 854, 480, 30, 10, 1.5, progress);
        var report = new Report("Delay from the stage's input to a rung's output, 480p30", "frames of 33 ms",
            ["p50", "p95", "held by x264", "p50 over it", "p95 over it"]);
        reports.Add(report);
        foreach (var latency in new[] { "low", "standard" })
        {
            var (delays, command) = await MeasureAsync(plan, source, latency);
            for (var rung = 0; rung < delays.Count; rung++)
            {
                var held = await EncoderHold.MeasureAsync(command.Encoder(rung), command.Sizes[rung], source.Rate);
                var (p50, p95) = (Sample.Percentile(delays[rung].Delays, 0.5), Sample.Percentile(delays[rung].Delays, 0.95));
                report.Add($"{latency}: {delays[rung].Name}", Aim.AtMost(MostOver, p95 - held).For("p95 over it"), p50, p95, held,
                    p50 - held, p95 - held);
                progress(string.Create(CultureInfo.InvariantCulture,
                    $"{latency}: {delays[rung].Name} p50 {p50:0.0}, p95 {p95:0.0} frames; x264 holds {held}"));
            }
        }
    }

    private static async Task<(List<(string Name, List<double> Delays)> Rungs, WorkerCommand Command)> MeasureAsync(TranscodePlan plan,
        CodedSource source, string latency)
    {
        await using var stage = new StageUnderTest(source.Frames[0].Track, latency);
        using var stop = new CancellationTokenSource(Settling + plan.Measured, TimeProvider.System);
        var feeding = Feeder.LiveAsync(stage, source, stop.Token);
        await stage.ReachAsync(0);
        var command = WorkerCommand.OfRunning();
        await feeding;

        // Frames flushed at the end do not count.
        var frames = stage.Rungs.Select(r => (r, stage.Seen(r))).ToList();
        await stage.EndAsync();
        var from = (long)(Settling.TotalSeconds * Broadcast.Media.MediaTime.VideoTimescale);
        return ([.. frames.Select(r => (r.r, r.Item2.Where(p => p.Present >= from)
            .Select(p => Stopwatch.GetElapsedTime(stage.GivenAt(p.Present), p.At) / source.Interval).ToList()))], command);
    }
}
