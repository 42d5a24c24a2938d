using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Broadcast.Benchmarks;

/// <summary>Processor time of the processes that this one has started, as far as they have ended, and of this one.</summary>
internal sealed class ChildrenMeter
{
    private readonly double _children = ChildSeconds();
    private readonly ProcessMeter _self = new(Environment.ProcessId);

    /// <summary>Seconds of ended children and their children since this meter was made, user and system (<c>getrusage</c>(2), <c>RUSAGE_CHILDREN</c>).</summary>
    public double Children => ChildSeconds() - _children;

    /// <summary>Seconds of this process since then.</summary>
    public double Self => _self.CpuSeconds;

    /// <summary>Processes that this one has started and that run now.</summary>
    public static IReadOnlyList<int> Running() => Of(Environment.ProcessId);

    /// <summary>Processes that another has started and that run now.</summary>
    public static IReadOnlyList<int> Of(int process) => [.. Directory.EnumerateDirectories($"/proc/{process}/task").SelectMany(ChildrenOf).Order()];

    private static IEnumerable<int> ChildrenOf(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => int.Parse(p, CultureInfo.InvariantCulture)).ToList();
        }
        catch (IOException)
        {
            // The thread has ended; another took its children.
            return [];
        }
    }

    private static double ChildSeconds()
    {
        const int EndedChildren = -1;
        return NativeMethods.GetUsage(EndedChildren, out var usage) == 0
            ? usage.UserSeconds + usage.SystemSeconds + ((usage.UserMicroseconds + usage.SystemMicroseconds) / 1e6)
            : throw new Win32Exception();
    }

    /// <summary>The beginning of <c>struct rusage</c>, with room for its rest.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 144)]
    private struct Usage
    {
        public long UserSeconds;
        public long UserMicroseconds;
        public long SystemSeconds;
        public long SystemMicroseconds;
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "getrusage", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int GetUsage(int who, out Usage usage);
    }
}
