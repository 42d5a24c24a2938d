using System.Globalization;

namespace Broadcast.Testing;

/// <summary>
/// A stopped database with the schema and an API token of role admin, made once per process with a command of the server's program. Each
/// server starts on a copy, which takes a tenth of the CPU time of a new database.
/// </summary>
internal static class ServerTemplate
{
    private const string Cluster = "postgres";
    private const string MemoryDisk = "/dev/shm";
    private const long FreeBytes = 2L << 30;

    private static readonly Lazy<Task<(TempFolder Folder, string Token)>> Made = new(MakeAsync);

    /// <summary>Copies the database to a data folder and returns its token.</summary>
    public static async Task<string> CopyToAsync(string data)
    {
        var (folder, token) = await Made.Value;
        Directory.CreateDirectory(data);
        (await ChildProcess.RunAsync("cp", ["-a", folder.Sub(Cluster), data])).EnsureSuccess();
        return token;
    }

    /// <summary>
    /// Creates a folder for a server's data, in memory if there is room: databases of tests are small, and most of their cost is that of
    /// the disk. The folder's name has the process id, so that a later run deletes the folders of killed runs.
    /// </summary>
    public static TempFolder CreateFolder()
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"bc-{Environment.ProcessId}");
        return HasMemoryDisk() ? TempFolder.Create(prefix, parent: MemoryDisk) : TempFolder.Create(prefix);
    }

    private static bool HasMemoryDisk() =>
        Directory.Exists(MemoryDisk) && new DriveInfo(MemoryDisk).AvailableFreeSpace > FreeBytes;

    private static async Task<(TempFolder Folder, string Token)> MakeAsync()
    {
        DeleteFoldersOfEndedProcesses();
        var folder = CreateFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        var made = await ChildProcess.RunAsync("dotnet",
            [Repository.ServerProgram(), "token", "create", "--role", "admin", "--json", "--data", folder.Path]);
        return (folder, made.EnsureSuccess().Json().GetProperty("token").GetString()!);
    }

    private static void DeleteFoldersOfEndedProcesses()
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
}
