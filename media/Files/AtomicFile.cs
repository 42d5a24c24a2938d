using System.Runtime.InteropServices;

namespace Broadcast.Media.Files;

/// <summary>Gives a finished file its name atomically, so that it is complete or absent.</summary>
public static class AtomicFile
{
    private const int ReadOnly = 0;
    private const int Enoent = 2;
    private const int Eacces = 13;
    private const int Eexist = 17;
    private const int Exdev = 18;
    private const int Enospc = 28;
    private const int Erofs = 30;
    private const int Edquot = 122;

    /// <summary>
    /// Replaces any existing file with <c>rename(2)</c>. (<see cref="File.Move(string, string, bool)"/> would copy between file systems.)
    /// </summary>
    /// <exception cref="IOException">Thrown also when the paths are on different file systems: <see cref="IsOtherFileSystem"/>.</exception>
    public static void Replace(string source, string target)
    {
        if (OperatingSystem.IsWindows())
        {
            File.Move(source, target, overwrite: true);
        }
        else if (Rename(source, target) != 0)
        {
            throw Failure(Marshal.GetLastPInvokeError(), source, target);
        }
    }

    /// <summary>
    /// Creates the file only when the name is unused, with <c>link(2)</c>, which fails for an existing name, and then <c>unlink(2)</c>.
    /// (<see cref="File.Move(string, string, bool)"/> would copy where linking is impossible, and an incomplete copy is visible.) A kill
    /// between the two leaves two names for one file, which is harmless.
    /// </summary>
    /// <returns><see langword="false"/> when the name exists.</returns>
    public static bool TryCreate(string source, string target)
    {
        if (OperatingSystem.IsWindows())
        {
            return TryMove(source, target);
        }

        if (Link(source, target) == 0)
        {
            File.Delete(source);
            return true;
        }

        return Marshal.GetLastPInvokeError() switch
        {
            Eexist => false,
            Enoent or Exdev or Enospc or Edquot or Erofs or Eacces => throw Failure(Marshal.GetLastPInvokeError(), source, target),

            // A file system without hard links (FAT, some network shares): one process owns the folder, so check and rename are sufficient.
            _ => TryMove(source, target),
        };
    }

    /// <summary>Flushes a folder to the disk, so that the names of its files survive a power failure. Has no effect on Windows.</summary>
    /// <exception cref="IOException">The flush failed.</exception>
    public static void FlushFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var handle = Open(path, ReadOnly);
        if (handle < 0)
        {
            throw new IOException($"{path} could not be opened: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }

        try
        {
            if (Flush(handle) != 0)
            {
                throw new IOException(
                    $"{path} could not be flushed to the disk: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
            }
        }
        finally
        {
            _ = Close(handle);
        }
    }

    /// <summary>Returns whether renaming failed because the paths are on different file systems.</summary>
    public static bool IsOtherFileSystem(IOException exception) => exception.HResult is Exdev or unchecked((int)0x80070011);

    private static Exception Failure(int errno, string source, string target) => errno switch
    {
        Enoent when File.Exists(source) => new DirectoryNotFoundException($"The folder of {target} does not exist."),
        Enoent => new FileNotFoundException($"{source} does not exist.", source),
        Eacces => new UnauthorizedAccessException($"{target} cannot be created."),
        Exdev => new IOException($"{source} and {target} are on different file systems.", errno),
        _ => new IOException($"{target} could not be created: {Marshal.GetPInvokeErrorMessage(errno)}", errno),
    };

    private static bool TryMove(string source, string target)
    {
        if (File.Exists(target))
        {
            return false;
        }

        Replace(source, target);
        return true;
    }

    [DllImport("libc", EntryPoint = "rename", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Rename([MarshalAs(UnmanagedType.LPUTF8Str)] string source,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string target);

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Flush(int handle);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int handle);

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string source, [MarshalAs(UnmanagedType.LPUTF8Str)] string target);
}
