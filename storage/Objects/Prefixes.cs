using Broadcast.Media;

namespace Broadcast.Storage.Objects;

/// <summary>What every store agrees on about prefixes.</summary>
internal static class Prefixes
{
    /// <summary>Whether any object's name could begin so. What could not (an empty or dotted segment) finds nothing, in every store, and never reaches a path.</summary>
    public static bool CanMatch(string prefix) =>
        prefix.Length == 0 || ObjectName.TryParse(prefix, out _) || ObjectName.TryParse(prefix + "x", out _);

    /// <exception cref="ArgumentException">Neither empty nor a folder's name.</exception>
    public static void RequireFolder(string prefix)
    {
        if (prefix.Length > 0 && prefix[^1] != '/')
        {
            throw new ArgumentException($"'{prefix}' is not a folder's name: end it with '/'.", nameof(prefix));
        }
    }
}
