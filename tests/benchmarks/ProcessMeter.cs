using System.Diagnostics;
using System.Globalization;

namespace Broadcast.Benchmarks;

/// <summary>What processes took between two looks, as Linux accounts for it in /proc.</summary>
internal sealed class ProcessMeter(params int[] processes)
{
    private const double TicksPerSecond = 100;
    private readonly double _cpu = processes.Sum(Cpu);
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>Processor seconds since this meter was made, user and system, all threads.</summary>
    public double CpuSeconds => processes.Sum(Cpu) - _cpu;

    /// <summary>Seconds of the clock since then.</summary>
    public double WallSeconds => Stopwatch.GetElapsedTime(_started).TotalSeconds;

    /// <summary>Resident memory now, in bytes: private pages and file pages of the program, not the page cache and not tmpfs.</summary>
    public long ResidentBytes => processes.Sum(Resident);

    private static double Cpu(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    private static long Resident(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
