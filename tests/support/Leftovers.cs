namespace Broadcast.Testing;

/// <summary>Programs that outlived the one that started them, found by a path of a test's own on their command line.</summary>
internal static class Leftovers
{
    /// <summary>SIGQUIT (for PostgreSQL: stop at once) to every process whose command line names a path below <paramref name="folder"/>.</summary>
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
