using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>
/// A short text stored with a file as an extended attribute (<c>getfattr -d FILE</c> shows it), so that it moves with the file. Without
/// support by the operating system or file system, nothing is stored.
/// </summary>
internal static class ExtendedAttribute
{
    /// <summary>Stores an ASCII text.</summary>
    public static void Write(SafeFileHandle file, string name, string text)
    {
        if (OperatingSystem.IsLinux())
        {
            var value = Encoding.ASCII.GetBytes(text);
            _ = Set(file, name, value, (nuint)value.Length, 0);
        }
    }

    /// <summary>Reads the text; <see langword="null"/> when it is missing or longer than <paramref name="maxLength"/>.</summary>
    public static string? Read(SafeFileHandle file, string name, int maxLength)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var value = new byte[maxLength];
        return Get(file, name, value, (nuint)value.Length) is >= 0 and var length ? Encoding.ASCII.GetString(value, 0, (int)length) : null;
    }

    /// <summary>Removes the text.</summary>
    public static void Remove(SafeFileHandle file, string name)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = Unset(file, name);
        }
    }

    [DllImport("libc", EntryPoint = "fsetxattr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Set(SafeFileHandle file, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, byte[] value,
        nuint size, int flags);

    [DllImport("libc", EntryPoint = "fgetxattr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Get(SafeFileHandle file, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, byte[] value, nuint size);

    [DllImport("libc", EntryPoint = "fremovexattr")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Unset(SafeFileHandle file, [MarshalAs(UnmanagedType.LPUTF8Str)] string name);
}
