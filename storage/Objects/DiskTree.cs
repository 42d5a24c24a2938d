using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>Walks a folder of objects in name order. Files that are not object names (temporary or foreign files) are ignored.</summary>
internal static class DiskTree
{
    /// <summary>
    /// Lists all files whose names start with a prefix, in ordinal order. Folders sort as if their names ended in '/', which matches the
    /// order of their contents.
    /// </summary>
    /// <exception cref="ObjectStoreException">A folder cannot be read.</exception>
    public static IEnumerable<ObjectInfo> Walk(string root, string prefix)
    {
        if (!Prefixes.CanMatch(prefix))
        {
            yield break;
        }

        var folder = prefix[..(prefix.LastIndexOf('/') + 1)];
        var rest = new Stack<string>();
        Push(root, folder, prefix, rest);
        while (rest.TryPop(out var next))
        {
            if (next[^1] == '/')
            {
                Push(root, next, prefix, rest);
            }
            else if (ObjectName.TryParse(next, out var name) && Describe(name, new FileInfo(Path.Combine(root, next))) is { } found)
            {
                yield return found;
            }
        }
    }

    /// <summary>Lists the non-empty folders one level below a folder.</summary>
    public static IEnumerable<string> Folders(string root, string prefix)
    {
        var level = new Stack<string>();
        if (Prefixes.CanMatch(prefix))
        {
            Push(root, prefix, prefix, level);
        }

        foreach (var entry in level.Where(entry => entry[^1] == '/'))
        {
            if (Walk(root, entry).Any())
            {
                yield return entry[prefix.Length..^1];
            }
        }
    }

    /// <summary>Metadata of a file; <see langword="null"/> when it does not exist.</summary>
    public static ObjectInfo? Describe(ObjectName name, FileInfo file)
    {
        try
        {
            return file.Exists ? new ObjectInfo(name, file.Length, new DateTimeOffset(file.LastWriteTimeUtc)) : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// Creates a folder and its parents. Retries when <see cref="RemoveEmptyFolders"/> removes it concurrently: the system may report an
    /// existing folder that is already gone.
    /// </summary>
    /// <exception cref="IOException">A disk error.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be created.</exception>
    public static void MakeFolder(string folder)
    {
        const int Attempts = 20;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Directory.CreateDirectory(folder);
                return;
            }
            catch (IOException) when (attempt < Attempts && !File.Exists(folder))
            {
                // Removed concurrently.
            }
        }
    }

    /// <summary>
    /// Removes a folder and its parents while they are empty, but never the root. A folder that is filled concurrently stays.
    /// </summary>
    public static void RemoveEmptyFolders(string root, string folder)
    {
        while (folder.Length > root.Length && folder.StartsWith(root, StringComparison.Ordinal))
        {
            try
            {
                if (Directory.EnumerateFileSystemEntries(folder).Any())
                {
                    return;
                }

                Directory.Delete(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return;
            }

            folder = Path.GetDirectoryName(folder)!;
        }
    }

    private static void Push(string root, string folder, string prefix, Stack<string> stack)
    {
        var found = new List<string>();
        try
        {
            foreach (var entry in new DirectoryInfo(Path.Combine(root, folder)).EnumerateFileSystemInfos())
            {
                var name = folder + entry.Name + (entry is DirectoryInfo ? "/" : "");
                var fits = name.StartsWith(prefix, StringComparison.Ordinal)
                    || (entry is DirectoryInfo && prefix.StartsWith(name, StringComparison.Ordinal));
                if (fits && Prefixes.CanMatch(name))
                {
                    found.Add(name);
                }
            }
        }
        catch (DirectoryNotFoundException) when (Directory.Exists(root))
        {
            return;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DiskErrors.Explain(e, $"Could not list {(folder.Length == 0 ? "the store" : folder)}", root);
        }

        found.Sort((left, right) => string.CompareOrdinal(right, left));
        found.ForEach(stack.Push);
    }
}
