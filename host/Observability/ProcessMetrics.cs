using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Reflection;
using Broadcast.Media;

namespace Broadcast.Host.Observability;

/// <summary>
/// Resource usage of this process, under the names of Prometheus client libraries, so that existing dashboards work. Encoder processes are
/// not included.
/// </summary>
internal static class ProcessMetrics
{
    private static readonly Lock AddLock = new();
    private static bool _isAdded;

    /// <summary>Creates the instruments, once per process.</summary>
    public static void Add()
    {
        lock (AddLock)
        {
            if (_isAdded)
            {
                return;
            }

            _isAdded = true;
        }

        var started = (double)new DateTimeOffset(Process.GetCurrentProcess().StartTime.ToUniversalTime(),
            TimeSpan.Zero).ToUnixTimeMilliseconds() / 1000;
        var version = new KeyValuePair<string, object?>("version", Version);
        Telemetry.Meter.CreateObservableGauge("broadcast_build_info", () => new Measurement<int>(1, version),
            description: "Always 1, with the version as a label.");
        Telemetry.Meter.CreateObservableGauge("process_start_time_seconds", () => started, "s",
            "Start time of the process, in seconds since 1970.");
        Telemetry.Meter.CreateObservableCounter("process_cpu_seconds", () => Environment.CpuUsage.TotalTime.TotalSeconds, "s",
            "CPU time used by the process.");
        Telemetry.Meter.CreateObservableGauge("process_resident_memory_bytes", () => Environment.WorkingSet, "By",
            "Resident memory of the process.");
        Telemetry.Meter.CreateObservableGauge("process_open_fds", OpenFiles, description: "Open file descriptors.");
        Telemetry.Meter.CreateObservableGauge("process_max_fds", MaxFiles, description: "Maximum number of open file descriptors.");
        Telemetry.Meter.CreateObservableGauge("dotnet_gc_heap_bytes", () => GC.GetTotalMemory(forceFullCollection: false), "By",
            "Size of the managed heap.");
        Telemetry.Meter.CreateObservableCounter("dotnet_gc_pause_seconds", () => GC.GetTotalPauseDuration().TotalSeconds, "s",
            "Total pause time of the garbage collector.");
        Telemetry.Meter.CreateObservableGauge("dotnet_thread_pool_threads", () => ThreadPool.ThreadCount,
            description: "Threads of the thread pool.");
        Telemetry.Meter.CreateObservableGauge("dotnet_thread_pool_queue_length", () => ThreadPool.PendingWorkItemCount,
            description: "Work items that wait for a thread of the thread pool.");
    }

    /// <summary>Version of the program.</summary>
    internal static string Version { get; } =
        typeof(ProcessMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? "unknown";

    /// <summary>Number of open files; empty if the system does not report it.</summary>
    private static IEnumerable<Measurement<long>> OpenFiles() =>
        OperatingSystem.IsLinux() ? [new(Directory.EnumerateFileSystemEntries("/proc/self/fd").LongCount())] : [];

    private static IEnumerable<Measurement<long>> MaxFiles()
    {
        if (OperatingSystem.IsLinux() && File.ReadLines("/proc/self/limits")
            .FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal)) is { } line
            && long.TryParse(line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], NumberStyles.None,
                CultureInfo.InvariantCulture, out var maxFiles))
        {
            yield return new(maxFiles);
        }
    }
}
