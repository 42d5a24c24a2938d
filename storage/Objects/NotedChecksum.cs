using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>
/// The checksum of a file, noted with it as the extended attribute <c>user.broadcast.crc32c</c> (<c>getfattr -d FILE</c> shows it), so that it goes where the file goes and needs no file of its
/// own. Where the system or the file system has no such attributes, nothing is noted.
/// </summary>
internal static class NotedChecksum
{
    private const string Name = "user.broadcast.crc32c";
    private const int Digits = 8;

    /// <summary>Notes a sum.</summary>
    public static void Write(SafeFileHandle file, uint sum)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Set(file, Name, Encoding.ASCII.GetBytes(Crc32C.Format(sum)), Digits, 0);
        }
    }

    /// <summary>The sum that was noted, if one was.</summary>
    public static uint? Read(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var value = new byte[Digits + 1];
        return Get(file, Name, value, (nuint)value.Length) == Digits ? Crc32C.Parse(Encoding.ASCII.GetString(value, 0, Digits)) : null;
    }

    /// <summary>Forgets it: the file is to change.</summary>
    public static void Remove(SafeFileHandle file)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Take(file, Name);
        }
    }

    [DllImport("libc", EntryPoint = "fsetxattr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Set(SafeFileHandle file, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, byte[] value, nuint size, int flags);

    [DllImport("libc", EntryPoint = "fgetxattr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Get(SafeFileHandle file, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, byte[] value, nuint size);

    [DllImport("libc", EntryPoint = "fremovexattr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Take(SafeFileHandle file, [MarshalAs(UnmanagedType.LPUTF8Str)] string name);
}
