using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Broadcast.Benchmarks;

/// <summary>Resources of processes between two readings, from Linux's accounting.</summary>
internal sealed class ProcessMeter(params int[] processes)
{
    private readonly double _cpu = processes.Sum(Cpu);
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>CPU seconds since the creation of this meter: user and system time of all threads, in nanosecond resolution.</summary>
    public double CpuSeconds => processes.Sum(Cpu) - _cpu;

    /// <summary>Elapsed seconds since the creation of this meter.</summary>
    public double WallSeconds => Stopwatch.GetElapsedTime(_started).TotalSeconds;

    /// <summary>Current resident memory in bytes: private pages and file pages of the program, without the page cache and tmpfs.</summary>
    public long ResidentBytes => processes.Sum(Resident);

    private static double Cpu(int process)
    {
        // clock_getcpuclockid(3). /proc counts in hundredths of a second, too coarse for one stream in a run.
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
