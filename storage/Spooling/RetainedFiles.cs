using Broadcast.Media.Objects;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Uploaded files that stay on the local disk, so that an outage of the object store does not take recently announced media from viewers.
/// Limited by age (since the last write), total size and free disk space. The oldest are removed first, and all of them before a write
/// fails for lack of space. Init segments have no age limit, because sessions cannot be played without them, and neither have lists of
/// index blocks, because sessions cannot be recovered without them. Both are small and limited in number. Thread-safe; never holds its
/// own lock while taking a file's lock.
/// </summary>
/// <param name="folder">The spool folder.</param>
/// <param name="maxBytes">Maximum total size in bytes; 0 retains none.</param>
/// <param name="maxAge">Maximum age since a file was sealed.</param>
/// <param name="minFreeBytes">Minimum free disk space in bytes; other programs, such as a database, write to the disk too.</param>
/// <param name="time">The time provider.</param>
internal sealed class RetainedFiles(SpoolFolder folder, long maxBytes, TimeSpan maxAge, long minFreeBytes, TimeProvider time)
{
    private const int MaxInits = 10_000;
    private const int MaxInitLength = 64 << 10;
    private const int MaxLists = 1000;
    private const int MaxListLength = 4 << 20;
    private readonly Lock _lock = new();
    private readonly PriorityQueue<SpoolFile, DateTimeOffset> _oldestFirst = new();
    private readonly PriorityQueue<SpoolFile, DateTimeOffset> _inits = new();
    private readonly PriorityQueue<SpoolFile, DateTimeOffset> _lists = new();

    /// <summary>Returns whether an uploaded file should be retained.</summary>
    public bool ShouldRetain(SpoolFile file) => file.Length <= maxBytes && maxAge > TimeSpan.Zero
        && (QueueOf(file) != _oldestFirst || (!IsOld(file) && folder.Free >= minFreeBytes));

    /// <summary>Adds a retained file.</summary>
    public void Add(SpoolFile file)
    {
        lock (_lock)
        {
            QueueOf(file).Enqueue(file, file.Written);
        }

        Trim();
    }

    /// <summary>Removes files beyond the limits.</summary>
    public void Trim()
    {
        var isSpaceLow = folder.RetainedBytes > 0 && folder.Free < minFreeBytes;
        while (Next(_oldestFirst, file => isSpaceLow || folder.RetainedBytes > maxBytes || IsOld(file)) is { } oldest)
        {
            oldest.RemoveRetained();
        }

        while (Next(_inits, _ => _inits.Count > MaxInits) is { } oldest)
        {
            oldest.RemoveRetained();
        }

        while (Next(_lists, _ => _lists.Count > MaxLists) is { } oldest)
        {
            oldest.RemoveRetained();
        }
    }

    /// <summary>Removes the oldest file to free space.</summary>
    /// <returns>Whether a file was removed.</returns>
    public bool RemoveOldest()
    {
        while (Next(_oldestFirst, _ => true) is { } oldest)
        {
            if (oldest.RemoveRetained())
            {
                return true;
            }
        }

        return false;
    }

    private bool IsOld(SpoolFile file) => time.GetUtcNow() - file.Written >= maxAge;

    private PriorityQueue<SpoolFile, DateTimeOffset> QueueOf(SpoolFile file) =>
        !ObjectNames.TryParse(file.Name, out var parsed) ? _oldestFirst : parsed.Kind switch
        {
            ObjectKind.Init when file.Length <= MaxInitLength => _inits,
            ObjectKind.IndexBlockList when file.Length <= MaxListLength => _lists,
            _ => _oldestFirst,
        };

    private SpoolFile? Next(PriorityQueue<SpoolFile, DateTimeOffset> files, Func<SpoolFile, bool> shouldRemove)
    {
        lock (_lock)
        {
            return files.TryPeek(out var oldest, out _) && shouldRemove(oldest) ? files.Dequeue() : null;
        }
    }
}
