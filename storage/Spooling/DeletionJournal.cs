using System.Globalization;
using System.Text;
using Broadcast.Media;
using Broadcast.Media.Files;
using Broadcast.Storage.Objects;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Deletions that survive a restart, each in a small file: <c>prefix live/a/</c>, or one name per line. The names of the files are UUIDs of
/// version 7, ascending in the order of the calls.
/// </summary>
internal sealed class DeletionJournal(string folder)
{
    private const string PrefixWord = "prefix ";
    private readonly Lock _idLock = new();
    private UInt128 _lastId;

    public string Folder { get; } = folder;

    /// <summary>Flushes a file to the disk; tests count or fail it.</summary>
    internal Action<SafeFileHandle> FlushFile { get; init; } = RandomAccess.FlushToDisk;

    /// <summary>Flushes a folder to the disk; tests count or fail it.</summary>
    internal Action<string> FlushParent { get; init; } = AtomicFile.FlushFolder;

    /// <summary>Lists the files of a folder; tests count it.</summary>
    internal Func<string, IEnumerable<string>> ListFiles { get; init; } = Directory.EnumerateFiles;

    /// <summary>Writes a deletion atomically and flushes it to the disk, so that it survives a power failure.</summary>
    public Deletion Write(Deletion deletion)
    {
        var written = WriteFile(deletion);
        FlushFolder();
        return written;
    }

    /// <summary>Writes a deletion atomically. It survives a power failure after <see cref="FlushFolder"/>.</summary>
    public Deletion WriteFile(Deletion deletion)
    {
        Directory.CreateDirectory(Folder);
        var path = PathOf(NextId());
        var lines = deletion.Prefix is { } prefix ? [PrefixWord + prefix] : deletion.Names.Select(name => name.Value);
        using (var file = File.OpenHandle(path + "~", FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.Write(file, Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))), 0);
            FlushFile(file);
        }

        AtomicFile.Replace(path + "~", path);
        return deletion with { JournalPath = path };
    }

    /// <summary>Flushes the names of the files written so far.</summary>
    public void FlushFolder() => FlushParent(Folder);

    /// <summary>Lists the stored deletions, oldest first.</summary>
    public List<UInt128> List()
    {
        var found = new List<UInt128>();
        if (Directory.Exists(Folder))
        {
            foreach (var path in ListFiles(Folder))
            {
                if (IdOf(path) is { } id)
                {
                    found.Add(id);
                }
            }

            found.Sort();
        }

        return found;
    }

    /// <summary>Reads the oldest stored deletions.</summary>
    public IEnumerable<Deletion> Read(int maxCount) => List().Take(maxCount).Select(Read).OfType<Deletion>();

    /// <summary>Reads a stored deletion; <see langword="null"/> when it no longer exists. Invalid lines are skipped.</summary>
    public Deletion? Read(UInt128 id)
    {
        var path = PathOf(id);
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }

        return lines.Length == 1 && FolderOf(lines[0]) is { } prefix ? new Deletion([], prefix, path)
            : new Deletion([.. lines.Where(line => ObjectName.TryParse(line, out _)).Select(ObjectName.Parse)], null, path);
    }

    public static void Remove(Deletion deletion)
    {
        if (deletion.JournalPath is { } path)
        {
            File.Delete(path);
        }
    }

    /// <summary>Returns the ID of a stored deletion; <see langword="null"/> for temporary and foreign files.</summary>
    public static UInt128? IdOf(string path) =>
        UInt128.TryParse(Path.GetFileName(path.AsSpan()), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id)
        ? id : null;

    private static string? FolderOf(string line) =>
        line.StartsWith(PrefixWord, StringComparison.Ordinal) && line[PrefixWord.Length..] is [.., '/'] prefix
        && ObjectName.TryParse(prefix[..^1], out _) ? prefix : null;

    private string PathOf(UInt128 id) => Path.Combine(Folder, id.ToString("x32", CultureInfo.InvariantCulture));

    private UInt128 NextId()
    {
        var id = new UInt128(0, 0);
        if (IdOf(Guid.CreateVersion7().ToString("N")) is { } created)
        {
            id = created;
        }

        lock (_idLock)
        {
            // IDs of one millisecond have no order.
            return _lastId = UInt128.Max(_lastId + 1, id);
        }
    }
}
