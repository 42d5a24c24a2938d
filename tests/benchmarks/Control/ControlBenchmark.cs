namespace Broadcast.Benchmarks;

/// <summary>
/// Benchmarks of the control module: punctuality of the schedule, throughput of the API and time to authorize encoders.
/// <see cref="ControlPlan"/> selects the parts and their sizes.
/// </summary>
internal static class ControlBenchmark
{
    /// <summary>Runs the selected parts.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="shared">Folder on tmpfs.</param>
    /// <param name="reports">Receives each table when it is complete, so that a later failure does not lose it.</param>
    /// <param name="progress">Receives progress messages.</param>
    public static async Task RunAsync(ControlPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        foreach (var part in plan.Parts)
        {
            await (part switch
            {
                "schedule" => ScheduleBenchmark.RunAsync(plan, shared, reports, progress),
                "api" => ApiBenchmark.RunAsync(plan, shared, reports, progress),
                _ => AuthorizationBenchmark.RunAsync(plan, shared, reports, progress),
            });
        }
    }
}
