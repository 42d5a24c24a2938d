namespace Broadcast.Testing;

/// <summary>Processes that outlived their parent, identified by a test's own path on their command line.</summary>
internal static class OrphanProcesses
{
    /// <summary>
    /// Sends SIGQUIT (immediate stop of PostgreSQL) to all processes with a path below <paramref name="folder"/> on their command line.
    /// </summary>
    public static void End(string folder)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out var pid) && pid != Environment.ProcessId && Names(directory, folder))
            {
                _ = ChildProcess.NativeMethods.Kill(pid, (int)UnixSignal.Quit);
            }
        }
    }

    private static bool Names(string process, string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Split('\0')
                .Any(argument => argument == folder || argument.Contains(folder + "/", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
