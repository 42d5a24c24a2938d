using Broadcast.Media;

namespace Broadcast.Storage.Objects;

/// <summary>Walks a folder of objects in the order of their names. What is not an object's name (temporary files, strangers) is not seen.</summary>
internal static class DiskTree
{
    /// <summary>Every file whose name begins so, in ordinal order: folders are walked as if their names ended in '/', which is how their contents sort.</summary>
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

    /// <summary>Folders one level below, in which there is anything at all.</summary>
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

    /// <summary>What is known of a file, or <see langword="null"/> when it is gone.</summary>
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
    /// Makes a folder and those above it. One that <see cref="RemoveEmptyFolders"/> takes away at the same moment is made again: the system then says of a folder that it
    /// is there already, and it is not.
    /// </summary>
    /// <exception cref="IOException">The disk refused.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
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
                // Taken away between two looks.
            }
        }
    }

    /// <summary>Removes a folder and those above it while they are empty, but never the root. One that is filled meanwhile stays.</summary>
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
                var fits = name.StartsWith(prefix, StringComparison.Ordinal) || (entry is DirectoryInfo && prefix.StartsWith(name, StringComparison.Ordinal));
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
            throw DiskFaults.Explain(e, $"Could not list {(folder.Length == 0 ? "the store" : folder)}", root);
        }

        found.Sort((left, right) => string.CompareOrdinal(right, left));
        found.ForEach(stack.Push);
    }
}
