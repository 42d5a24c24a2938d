using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>The checksum of a file, noted with it as the extended attribute <c>user.broadcast.crc32c</c> (<see cref="ExtendedAttribute"/>).</summary>
internal static class NotedChecksum
{
    private const string Name = "user.broadcast.crc32c";
    private const int Digits = 8;

    /// <summary>Notes a sum.</summary>
    public static void Write(SafeFileHandle file, uint sum) => ExtendedAttribute.Write(file, Name, Crc32C.Format(sum));

    /// <summary>The sum that was noted, if one was.</summary>
    public static uint? Read(SafeFileHandle file) => Crc32C.Parse(ExtendedAttribute.Read(file, Name, Digits + 1));

    /// <summary>Forgets it: the file is to change.</summary>
    public static void Remove(SafeFileHandle file) => ExtendedAttribute.Remove(file, Name);
}
