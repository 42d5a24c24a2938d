namespace Broadcast.Benchmarks;

/// <summary>How punctual the schedule is, what the API gives and how soon encoders are let in; <see cref="ControlPlan"/> says which of it, and how much of each.</summary>
internal static class ControlBenchmark
{
    /// <summary>Runs the parts of a plan.</summary>
    /// <param name="plan">Which.</param>
    /// <param name="shared">A folder on tmpfs.</param>
    /// <param name="reports">Takes the tables as they come, so that those of one part survive the failure of the next.</param>
    /// <param name="progress">Told of each step.</param>
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
