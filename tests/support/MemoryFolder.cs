using System.Globalization;

namespace Broadcast.Testing;

/// <summary>
/// Folders for databases of tests, in memory if there is room: such databases are small, and most of their cost is that of the disk. A
/// folder's name has the process ID, so that a later run can delete the folders of killed runs.
/// </summary>
public static class MemoryFolder
{
    private const string MemoryDisk = "/dev/shm";
    private const long RequiredBytes = 2L << 30;

    /// <summary>Creates an empty folder.</summary>
    public static TempFolder Create()
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"bc-{Environment.ProcessId}");
        return HasMemoryDisk() ? TempFolder.Create(prefix, parent: MemoryDisk) : TempFolder.Create(prefix);
    }

    /// <summary>Ends the processes that use folders of ended test runs, and deletes the folders.</summary>
    public static void DeleteFoldersOfEndedProcesses()
    {
        foreach (var path in HasMemoryDisk() ? Directory.GetDirectories(MemoryDisk, "bc-*-*") : [])
        {
            if (int.TryParse(Path.GetFileName(path).Split('-')[1], NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                && !Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}")))
            {
                OrphanProcesses.End(path);
                Directory.Delete(path, recursive: true);
            }
        }
    }

    private static bool HasMemoryDisk() =>
        Directory.Exists(MemoryDisk) && new DriveInfo(MemoryDisk).AvailableFreeSpace > RequiredBytes;
}
