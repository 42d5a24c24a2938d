namespace Broadcast.Storage.Spooling;

/// <summary>
/// Files that the store has and this disk still: viewers are where the live window is, and a store that goes away, or a process that is killed while it is away, must not take from them what was
/// announced. Bounded by age (since a file was written), by bytes, and by what the disk has free; the oldest go first, and all of them before anything that is written is refused for want of room. Safe to use
/// from any thread; files' locks are taken under none of its own.
/// </summary>
/// <param name="folder">Where they are.</param>
/// <param name="maxBytes">Bytes of them at most; 0 keeps none.</param>
/// <param name="maxAge">How long since a file was sealed.</param>
/// <param name="leastFree">Bytes that the disk must have free: others write to it too, a database for one.</param>
/// <param name="time">The clock.</param>
internal sealed class KeptFiles(SpoolFolder folder, long maxBytes, TimeSpan maxAge, long leastFree, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<SpoolFile, DateTimeOffset> _oldestFirst = new();

    /// <summary>Whether a file that has gone up is worth keeping.</summary>
    public bool Wants(SpoolFile file) => file.Length <= maxBytes && !IsOld(file) && folder.Free >= leastFree;

    /// <summary>Takes charge of a file that is kept.</summary>
    public void Add(SpoolFile file)
    {
        lock (_lock)
        {
            _oldestFirst.Enqueue(file, file.Written);
        }

        Trim();
    }

    /// <summary>Lets go of what is too old or too much.</summary>
    public void Trim()
    {
        var isScarce = folder.KeptBytes > 0 && folder.Free < leastFree;
        while (Next(file => isScarce || folder.KeptBytes > maxBytes || IsOld(file)) is { } oldest)
        {
            oldest.LetGo();
        }
    }

    /// <summary>Lets go of the oldest, because room is needed.</summary>
    /// <returns>Whether there was one.</returns>
    public bool GiveWay()
    {
        while (Next(_ => true) is { } oldest)
        {
            if (oldest.LetGo())
            {
                return true;
            }
        }

        return false;
    }

    private bool IsOld(SpoolFile file) => time.GetUtcNow() - file.Written >= maxAge;

    private SpoolFile? Next(Func<SpoolFile, bool> goes)
    {
        lock (_lock)
        {
            return _oldestFirst.TryPeek(out var oldest, out _) && goes(oldest) ? _oldestFirst.Dequeue() : null;
        }
    }
}
