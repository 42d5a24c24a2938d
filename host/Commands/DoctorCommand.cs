using System.CommandLine;
using Broadcast.Host.Configuration;
using Broadcast.Host.Diagnostics;

namespace Broadcast.Host.Commands;

/// <summary><c>doctor</c>: checks everything a broadcast needs. Exit code 1 if a check fails.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var command = new Command("doctor", "Check ports, ffmpeg, encoders, disk, clock, database and storage, and suggest fixes");
        command.SetAction(CommandOutput.HandleErrors(async (parsed, cancellationToken) =>
        {
            var data = CommandOutput.DataFolderOf(parsed);
            var json = parsed.GetValue(CommandOutput.Json);
            var doctor = new Doctor(data,
                RunningServerOptions.Find(data) ?? ServerConfiguration.Read(data, new Dictionary<string, string?>(StringComparer.Ordinal)),
                TimeProvider.System);
            var failures = 0;
            await foreach (var check in doctor.ExamineAsync(cancellationToken))
            {
                failures += check.Outcome == CheckOutcome.Bad ? 1 : 0;
                if (json)
                {
                    CommandOutput.PrintJson(new { check = check.Name, outcome = check.Outcome.ToString().ToLowerInvariant(),
                        observed = check.Observed, remedy = check.Remedy });
                    continue;
                }

                var label = check.Outcome switch { CheckOutcome.Good => "ok  ", CheckOutcome.Warning => "warn", _ => "FAIL" };
                Console.Out.WriteLine($"{label}  {check.Name}: {check.Observed}");
                if (check.Remedy is not null)
                {
                    Console.Out.WriteLine($"      → {check.Remedy}");
                }
            }

            return failures == 0 ? 0 : CommandOutput.Failed;
        }));
        return command;
    }
}
