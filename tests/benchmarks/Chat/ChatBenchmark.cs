namespace Broadcast.Benchmarks;

/// <summary>Chat of a live channel behind Varnish; <see cref="ChatPlan"/> selects the parts and their sizes.</summary>
internal static class ChatBenchmark
{
    private const double SourceMegabits = 2.5;

    /// <summary>Runs the selected parts.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="shared">Folder on tmpfs.</param>
    /// <param name="reports">Receives each table when it is complete, so that a later failure does not lose it.</param>
    /// <param name="progress">Receives progress messages.</param>
    public static async Task RunAsync(ChatPlan plan, string shared, List<Report> reports, Action<string> progress)
    {
        if (plan.Parts.Contains("cost"))
        {
            Prosody.Require();
        }

        var source = await SourceFile.MakeAsync(shared, SourceMegabits, progress);
        List<Exception> failures = [];
        foreach (var part in plan.Parts)
        {
            try
            {
                await (part switch
                {
                    "shown" => ShownMessages.RunAsync(plan, shared, source, reports, progress),
                    "cost" => MessageCost.RunAsync(plan, shared, source, reports, progress),
                    _ => RemovedMessages.RunAsync(plan, shared, source, reports, progress),
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
