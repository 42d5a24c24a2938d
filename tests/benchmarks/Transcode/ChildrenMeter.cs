using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Broadcast.Benchmarks;

/// <summary>CPU time of this process and of its exited children.</summary>
internal sealed class ChildrenMeter
{
    private readonly double _children = ChildSeconds();
    private readonly ProcessMeter _self = new(Environment.ProcessId);

    /// <summary>
    /// User and system seconds of exited children and their children since the creation of this meter (<c>getrusage</c>(2),
    /// <c>RUSAGE_CHILDREN</c>).
    /// </summary>
    public double Children => ChildSeconds() - _children;

    /// <summary>CPU seconds of this process since then.</summary>
    public double Self => _self.CpuSeconds;

    /// <summary>Running child processes of this process.</summary>
    public static IReadOnlyList<int> Running() => Of(Environment.ProcessId);

    /// <summary>Running child processes of another process.</summary>
    public static IReadOnlyList<int> Of(int process) =>
        [.. Directory.EnumerateDirectories($"/proc/{process}/task").SelectMany(ChildrenOf).Order()];

    private static IEnumerable<int> ChildrenOf(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(p => int.Parse(p, CultureInfo.InvariantCulture)).ToList();
        }
        catch (IOException)
        {
            // The thread has exited; another thread inherited its children.
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

    /// <summary>The first fields of <c>struct rusage</c>; Size reserves the rest.</summary>
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
