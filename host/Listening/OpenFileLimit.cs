using System.Runtime.InteropServices;

namespace Broadcast.Host.Listening;

/// <summary>
/// Number of files, including connections, that the process may open (<c>RLIMIT_NOFILE</c>). At this limit the runtime cannot start threads
/// and ends the process, so connections must leave enough for everything else.
/// </summary>
internal static partial class OpenFileLimit
{
    /// <summary>Files for everything except connections of clients: media, PostgreSQL, the object store, processes, threads.</summary>
    public const int Reserve = 2000;

    /// <summary>Number of connections of the default configuration, if the process may open enough files.</summary>
    public const int MaxConnections = 50_000;

    /// <summary>The limit of this process; <see langword="null"/> if it is unlimited or unknown.</summary>
    public static long? Read()
    {
        // RLIMIT_NOFILE is 7 on Linux. The runtime raises the soft limit to the hard limit at startup.
        var limit = default(Native.Limit);
        return OperatingSystem.IsLinux() && Native.GetLimit(7, ref limit) == 0 && limit.Soft < long.MaxValue ? (long)limit.Soft : null;
    }

    /// <summary>
    /// Number of connections of clients on all listeners together: what is left after the reserve, which is at most half of a small limit.
    /// </summary>
    /// <param name="files">The limit of the process; <see langword="null"/> if there is none.</param>
    public static int ConnectionsOf(long? files) =>
        files is not { } limit ? MaxConnections : (int)Math.Clamp(limit - Math.Min(Reserve, limit / 2), 1, MaxConnections);

    private static partial class Native
    {
        [DllImport("libc", EntryPoint = "getrlimit")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int GetLimit(int resource, ref Limit limit);

        [StructLayout(LayoutKind.Sequential)]
        public struct Limit
        {
            public ulong Soft;
            public ulong Hard;
        }
    }
}
