using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>
/// A short text noted with a file, so that it goes where the file goes and needs no file of its own (<c>getfattr -d FILE</c> shows it). Where the system or the file system has no such attributes, nothing is
/// noted.
/// </summary>
internal static class ExtendedAttribute
{
    /// <summary>Notes a text in ASCII.</summary>
    public static void Write(SafeFileHandle file, string name, string text)
    {
        if (OperatingSystem.IsLinux())
        {
            var value = Encoding.ASCII.GetBytes(text);
            _ = Set(file, name, value, (nuint)value.Length, 0);
        }
    }

    /// <summary>What was noted, if anything was; a text longer than looked for is none.</summary>
    public static string? Read(SafeFileHandle file, string name, int maxLength)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var value = new byte[maxLength];
        return Get(file, name, value, (nuint)value.Length) is >= 0 and var length ? Encoding.ASCII.GetString(value, 0, (int)length) : null;
    }

    /// <summary>Forgets it.</summary>
    public static void Remove(SafeFileHandle file, string name)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Take(file, name);
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
