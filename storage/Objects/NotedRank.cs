using Broadcast.Media;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>How new a list is, noted with its file as the extended attribute <c>user.broadcast.rank</c> (<see cref="ExtendedAttribute"/>).</summary>
internal static class NotedRank
{
    private const string Name = "user.broadcast.rank";
    private const int MaxLength = 128;

    /// <summary>Notes a rank.</summary>
    public static void Write(SafeFileHandle file, ListRank rank) => ExtendedAttribute.Write(file, Name, rank.ToString());

    /// <summary>The rank of the file of a path, if there is one and it has one.</summary>
    public static ListRank? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return ListRank.TryParse(ExtendedAttribute.Read(file, Name, MaxLength), out var rank) ? rank : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
