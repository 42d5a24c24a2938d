using Broadcast.Media;

namespace Broadcast.Storage.Spooling;

/// <summary>What is to be deleted: names, or everything below a prefix. <paramref name="Note"/> is the file that remembers it, if there is one.</summary>
internal sealed record Deletion(IReadOnlyList<ObjectName> Names, string? Prefix, string? Note)
{
    public bool Covers(ObjectName name) => Prefix is not null ? name.Value.StartsWith(Prefix, StringComparison.Ordinal) : Names.Contains(name);
}

/// <summary>Deletions that a restart must not forget, one small file each: <c>prefix live/a/</c>, or a name a line.</summary>
internal sealed class DeletionNotes(string folder)
{
    private const string PrefixWord = "prefix ";

    public string Folder { get; } = folder;

    /// <summary>Writes one down; whole or not at all.</summary>
    public Deletion Write(Deletion deletion)
    {
        Directory.CreateDirectory(Folder);
        var path = Path.Combine(Folder, Guid.CreateVersion7().ToString("N"));
        File.WriteAllLines(path + "~", deletion.Prefix is { } prefix ? [PrefixWord + prefix] : deletion.Names.Select(name => name.Value));
        File.Move(path + "~", path);
        return deletion with { Note = path };
    }

    /// <summary>Those that were written down, oldest first. What cannot be understood is left out.</summary>
    public IEnumerable<Deletion> Read(int atMost)
    {
        if (!Directory.Exists(Folder))
        {
            yield break;
        }

        foreach (var path in Directory.EnumerateFiles(Folder).Where(path => !path.EndsWith('~')).Order(StringComparer.Ordinal).Take(atMost))
        {
            var lines = File.ReadAllLines(path);
            if (lines.Length == 1 && lines[0].StartsWith(PrefixWord, StringComparison.Ordinal) && ObjectName.TryParse(lines[0][PrefixWord.Length..^1], out _) && lines[0][^1] == '/')
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
        if (deletion.Note is { } path)
        {
            File.Delete(path);
        }
    }
}
