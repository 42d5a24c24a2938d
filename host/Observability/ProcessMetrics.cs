using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Reflection;
using Broadcast.Media;

namespace Broadcast.Host.Observability;

/// <summary>
/// What this process takes of its machine, under the names that Prometheus's own clients use, so that dashboards made for those fit. Encoder processes are not in it: the system has them as processes of
/// their own.
/// </summary>
internal static class ProcessMetrics
{
    private static readonly Lock Once = new();
    private static bool _isThere;

    /// <summary>Makes the instruments, once in a process.</summary>
    public static void Add()
    {
        lock (Once)
        {
            if (_isThere)
            {
                return;
            }

            _isThere = true;
        }

        var started = (double)new DateTimeOffset(Process.GetCurrentProcess().StartTime.ToUniversalTime(), TimeSpan.Zero).ToUnixTimeMilliseconds() / 1000;
        var version = new KeyValuePair<string, object?>("version", Version);
        Telemetry.Meter.CreateObservableGauge("broadcast_build_info", () => new Measurement<int>(1, version), description: "1, with the version that runs as a label.");
        Telemetry.Meter.CreateObservableGauge("process_start_time_seconds", () => started, "s", "When this process started, in seconds since 1970.");
        Telemetry.Meter.CreateObservableCounter("process_cpu_seconds", () => Environment.CpuUsage.TotalTime.TotalSeconds, "s", "Processor time that this process has used.");
        Telemetry.Meter.CreateObservableGauge("process_resident_memory_bytes", () => Environment.WorkingSet, "By", "Memory of this process that is in RAM.");
        Telemetry.Meter.CreateObservableGauge("process_open_fds", OpenFiles, description: "Open file descriptors.");
        Telemetry.Meter.CreateObservableGauge("process_max_fds", MostFiles, description: "File descriptors that may be open.");
        Telemetry.Meter.CreateObservableGauge("dotnet_gc_heap_bytes", () => GC.GetTotalMemory(forceFullCollection: false), "By", "Bytes of objects in the managed heap.");
        Telemetry.Meter.CreateObservableCounter("dotnet_gc_pause_seconds", () => GC.GetTotalPauseDuration().TotalSeconds, "s", "Time in which the garbage collector stopped this process.");
    }

    /// <summary>The version that runs.</summary>
    internal static string Version { get; } =
        typeof(ProcessMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    /// <summary>Nothing where the system does not tell.</summary>
    private static IEnumerable<Measurement<long>> OpenFiles() =>
        OperatingSystem.IsLinux() ? [new(Directory.EnumerateFileSystemEntries("/proc/self/fd").LongCount())] : [];

    private static IEnumerable<Measurement<long>> MostFiles()
    {
        if (OperatingSystem.IsLinux() && File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal)) is { } line
            && long.TryParse(line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], NumberStyles.None, CultureInfo.InvariantCulture, out var most))
        {
            yield return new(most);
        }
    }
}
