using System.Diagnostics;

namespace Broadcast.Storage.Tests;

/// <summary>
/// A file system of a few megabytes in memory, which fills quickly. Mounting requires root; without it, tests use /dev/full as far as
/// possible.
/// </summary>
internal sealed class TinyDisk : IDisposable
{
    private TinyDisk(string path) => Path = path;

    public string Path { get; }

    public static TinyDisk? Mount(int megabytes)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return null;
        }

        var path = Directory.CreateTempSubdirectory("broadcast-tiny-").FullName;
        Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", path);
        return new TinyDisk(path);
    }

    public void Dispose()
    {
        Run("umount", "-l", Path);
        Directory.Delete(Path);
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed.");
        }
    }
}
