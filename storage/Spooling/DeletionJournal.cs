using System.Text;
using Broadcast.Media;
using Broadcast.Storage.Objects;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// A pending deletion of objects, or of everything below a prefix. <paramref name="JournalPath"/> is the path of its journal file, if any.
/// </summary>
internal sealed record Deletion(IReadOnlyList<ObjectName> Names, string? Prefix, string? JournalPath)
{
    public bool Covers(ObjectName name) => Prefix is not null ? name.Value.StartsWith(Prefix, StringComparison.Ordinal)
        : Names.Contains(name);
}

/// <summary>Deletions that survive a restart, each in a small file: <c>prefix live/a/</c>, or one name per line.</summary>
internal sealed class DeletionJournal(string folder)
{
    private const string PrefixWord = "prefix ";

    public string Folder { get; } = folder;

    /// <summary>Flushes a file to the disk; tests count or fail it.</summary>
    internal Action<SafeFileHandle> FlushFile { get; init; } = RandomAccess.FlushToDisk;

    /// <summary>Flushes a folder to the disk; tests count or fail it.</summary>
    internal Action<string> FlushParent { get; init; } = AtomicFile.FlushFolder;

    /// <summary>Writes a deletion atomically and flushes it to the disk, so that it survives a power failure.</summary>
    public Deletion Write(Deletion deletion)
    {
        Directory.CreateDirectory(Folder);
        var path = Path.Combine(Folder, Guid.CreateVersion7().ToString("N"));
        var lines = deletion.Prefix is { } prefix ? [PrefixWord + prefix] : deletion.Names.Select(name => name.Value);
        using (var file = File.OpenHandle(path + "~", FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.Write(file, Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))), 0);
            FlushFile(file);
        }

        AtomicFile.Replace(path + "~", path);
        FlushParent(Folder);
        return deletion with { JournalPath = path };
    }

    /// <summary>Reads the stored deletions, oldest first. Invalid entries are skipped.</summary>
    public IEnumerable<Deletion> Read(int maxCount)
    {
        if (!Directory.Exists(Folder))
        {
            yield break;
        }

        foreach (var path in Directory.EnumerateFiles(Folder).Where(path => !path.EndsWith('~')).Order(StringComparer.Ordinal)
            .Take(maxCount))
        {
            var lines = File.ReadAllLines(path);
            if (lines.Length == 1 && lines[0].StartsWith(PrefixWord, StringComparison.Ordinal)
                && ObjectName.TryParse(lines[0][PrefixWord.Length..^1], out _) && lines[0][^1] == '/')
            {
                yield return new Deletion([], lines[0][PrefixWord.Length..], path);
            }
            else
            {
                yield return new Deletion([.. lines.Where(line => ObjectName.TryParse(line, out _)).Select(ObjectName.Parse)], null, path);
            }
        }
    }

    public static void Remove(Deletion deletion)
    {
        if (deletion.JournalPath is { } path)
        {
            File.Delete(path);
        }
    }
}
