using Broadcast.Media;

namespace Broadcast.Storage.Objects;

/// <summary>Rules for prefixes, common to all stores.</summary>
internal static class Prefixes
{
    /// <summary>
    /// Returns whether an object name can start with a prefix. Invalid prefixes (with an empty or dotted segment) match nothing in any
    /// store, and never reach a path.
    /// </summary>
    public static bool CanMatch(string prefix) =>
        prefix.Length == 0 || ObjectName.TryParse(prefix, out _) || ObjectName.TryParse(prefix + "x", out _);

    /// <exception cref="ArgumentException">The prefix is neither empty nor a folder name.</exception>
    public static void RequireFolder(string prefix)
    {
        if (prefix.Length > 0 && prefix[^1] != '/')
        {
            throw new ArgumentException($"'{prefix}' is not a folder name: end it with '/'.", nameof(prefix));
        }
    }
}
