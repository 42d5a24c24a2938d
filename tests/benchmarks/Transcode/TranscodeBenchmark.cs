namespace Broadcast.Benchmarks;

/// <summary>What encoding a ladder costs, how long it takes, and how it bears death and overload; <see cref="TranscodePlan"/> says which parts, and how much of each.</summary>
internal static class TranscodeBenchmark
{
    /// <summary>Runs the parts of a plan.</summary>
    /// <param name="plan">Which.</param>
    /// <param name="shared">A folder on tmpfs.</param>
    /// <param name="reports">Takes the tables as they come, so that those of one part survive the failure of the next.</param>
    /// <param name="progress">Told of each step.</param>
    public static async Task RunAsync(TranscodePlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        List<Exception> failures = [];
        foreach (var part in plan.Parts)
        {
            try
            {
                await (part switch
                {
                    "cost" => EncodeCost.RunAsync(plan, shared, reports, progress),
                    "delay" => StageDelay.RunAsync(plan, shared, reports, progress),
                    "kills" => WorkerKills.RunAsync(plan, shared, reports, progress),
                    _ => Overload.RunAsync(plan, shared, reports, progress),
                });
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
