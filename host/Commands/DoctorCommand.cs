using System.CommandLine;
using Broadcast.Host.Configuration;
using Broadcast.Host.Diagnosis;

namespace Broadcast.Host.Commands;

/// <summary><c>doctor</c>: looks at everything a broadcast needs. Exit code 1 when something is bad.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var command = new Command("doctor", "Check ports, ffmpeg, encoders, disk, clock, database and storage, and say how to mend each");
        command.SetAction(Output.Guarded(async (parsed, cancellationToken) =>
        {
            var data = Output.Folder(parsed);
            var json = parsed.GetValue(Output.Json);
            var doctor = new Doctor(data, ServerConfiguration.Read(data, new Dictionary<string, string?>(StringComparer.Ordinal)), TimeProvider.System);
            var bad = 0;
            await foreach (var check in doctor.ExamineAsync(cancellationToken))
            {
                bad += check.Finding == Finding.Bad ? 1 : 0;
                if (json)
                {
                    Output.Line(new { check = check.Name, finding = check.Finding.ToString().ToLowerInvariant(), seen = check.Seen, mend = check.Mend });
                    continue;
                }

                var mark = check.Finding switch { Finding.Good => "ok  ", Finding.Warning => "warn", _ => "BAD " };
                Console.Out.WriteLine($"{mark}  {check.Name}: {check.Seen}");
                if (check.Mend is not null)
                {
                    Console.Out.WriteLine($"      → {check.Mend}");
                }
            }

            return bad == 0 ? 0 : Output.Failed;
        }));
        return command;
    }
}
