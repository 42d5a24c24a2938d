using System.Runtime.InteropServices;
using System.Text;

namespace Broadcast.Transcoder.Workers;

/// <summary>GPU devices of the machine, and their groups, which a worker needs under another user than the server's.</summary>
internal static class DeviceGroups
{
    private const int CurrentFolder = -100;
    private const uint GroupMask = 0x10;

    /// <summary>Size of the kernel's <c>struct statx</c>, and offset of its group; the same on all architectures.</summary>
    private const int StatusSize = 256, GroupOffset = 24;

    private static readonly (string Folder, string Pattern)[] Devices = [("/dev/dri", "renderD*"), ("/dev", "nvidia*"), ("/dev", "dxg")];

    /// <summary>Paths of the devices.</summary>
    public static IReadOnlyList<string> Paths() =>
        [.. Devices.Where(d => Directory.Exists(d.Folder)).SelectMany(d => Directory.EnumerateFileSystemEntries(d.Folder, d.Pattern))];

    /// <summary>Group IDs without root's, in ascending order; empty if there are no devices.</summary>
    public static IReadOnlyList<uint> All() => [.. Paths().Select(Of).OfType<uint>().Where(group => group != 0).Distinct().Order()];

    /// <summary>Group ID of a file; <see langword="null"/> if it cannot be read.</summary>
    internal static uint? Of(string path)
    {
        var status = new byte[StatusSize];
        return Native.Status(CurrentFolder, ref MemoryMarshal.GetReference(Encoding.UTF8.GetBytes(path + '\0').AsSpan()), 0, GroupMask,
            ref MemoryMarshal.GetReference(status.AsSpan())) == 0
            ? MemoryMarshal.Read<uint>(status.AsSpan(GroupOffset)) : null;
    }

    private static class Native
    {
        [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Status(int folder, ref byte path, int flags, uint mask, ref byte status);
    }
}
