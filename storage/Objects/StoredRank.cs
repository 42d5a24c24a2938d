using Broadcast.Media.Storage;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>
/// The rank of a manifest, stored in the extended attribute <c>user.broadcast.rank</c> of its file (<see cref="ExtendedAttribute"/>).
/// </summary>
internal static class StoredRank
{
    private const string Name = "user.broadcast.rank";
    private const int MaxLength = 128;

    /// <summary>Stores a rank.</summary>
    public static void Write(SafeFileHandle file, ManifestRank rank) => ExtendedAttribute.Write(file, Name, rank.ToString());

    /// <summary>Reads the rank of a file; <see langword="null"/> when the file or the rank does not exist.</summary>
    public static ManifestRank? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return ManifestRank.TryParse(ExtendedAttribute.Read(file, Name, MaxLength), out var rank) ? rank : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
