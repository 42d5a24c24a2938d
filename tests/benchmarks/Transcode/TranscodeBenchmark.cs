namespace Broadcast.Benchmarks;

/// <summary>
/// Cost and delay of encoding a ladder, and its behavior during worker crashes and overload; <see cref="TranscodePlan"/> selects the parts
/// and their sizes.
/// </summary>
internal static class TranscodeBenchmark
{
    /// <summary>Runs the selected parts.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="shared">Folder on tmpfs.</param>
    /// <param name="reports">Receives each table when it is complete, so that a later failure does not lose it.</param>
    /// <param name="progress">Receives progress messages.</param>
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
