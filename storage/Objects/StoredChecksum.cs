using Broadcast.Media.Storage;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>
/// The checksum of a file, stored in its extended attribute <c>user.broadcast.crc32c</c> (<see cref="ExtendedAttribute"/>).
/// </summary>
internal static class StoredChecksum
{
    private const string Name = "user.broadcast.crc32c";
    private const int Digits = 8;

    /// <summary>Stores a checksum.</summary>
    public static void Write(SafeFileHandle file, uint sum) => ExtendedAttribute.Write(file, Name, Crc32C.Format(sum));

    /// <summary>Reads the stored checksum, if any.</summary>
    public static uint? Read(SafeFileHandle file) => Crc32C.Parse(ExtendedAttribute.Read(file, Name, Digits + 1));

    /// <summary>Removes the checksum before the file changes.</summary>
    public static void Remove(SafeFileHandle file) => ExtendedAttribute.Remove(file, Name);
}
