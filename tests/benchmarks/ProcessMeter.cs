using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Broadcast.Benchmarks;

/// <summary>What processes took between two looks, as Linux accounts for it.</summary>
internal sealed class ProcessMeter(params int[] processes)
{
    private readonly double _cpu = processes.Sum(Cpu);
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>Processor seconds since this meter was made, user and system, all threads, to the nanosecond.</summary>
    public double CpuSeconds => processes.Sum(Cpu) - _cpu;

    /// <summary>Seconds of the clock since then.</summary>
    public double WallSeconds => Stopwatch.GetElapsedTime(_started).TotalSeconds;

    /// <summary>Resident memory now, in bytes: private pages and file pages of the program, not the page cache and not tmpfs.</summary>
    public long ResidentBytes => processes.Sum(Resident);

    private static double Cpu(int process)
    {
        // clock_getcpuclockid(3). /proc counts hundredths of a second, of which one stream takes few in a run.
        const int ScheduledTime = 2;
        return NativeMethods.ClockGetTime((~process << 3) | ScheduledTime, out var time) == 0
            ? time.Seconds + (time.Nanoseconds / 1e9)
            : throw new IOException($"Process {process} has ended.");
    }

    private static long Resident(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "clock_gettime")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int ClockGetTime(int clock, out TimeSpec time);
    }
}
