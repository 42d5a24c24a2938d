namespace Broadcast.Storage.Spooling;

/// <summary>
/// Files that the store has and this disk still: viewers are where the live window is, and a store that goes away, or a process that is killed while it is away, must not take from them what was
/// announced. Bounded by age (since a file was written), by bytes, and by what the disk has free; the oldest go first, and all of them before anything that is written is refused for want of room. Init segments
/// have no age: nothing of a session can be played without its first ones. They are small, and bounded by number. Safe to use from any thread; files' locks are taken under none of its own.
/// </summary>
/// <param name="folder">Where they are.</param>
/// <param name="maxBytes">Bytes of them at most; 0 keeps none.</param>
/// <param name="maxAge">How long since a file was sealed.</param>
/// <param name="leastFree">Bytes that the disk must have free: others write to it too, a database for one.</param>
/// <param name="time">The clock.</param>
internal sealed class KeptFiles(SpoolFolder folder, long maxBytes, TimeSpan maxAge, long leastFree, TimeProvider time)
{
    private const int MostInits = 10_000;
    private const int LargestInit = 64 << 10;
    private readonly Lock _lock = new();
    private readonly PriorityQueue<SpoolFile, DateTimeOffset> _oldestFirst = new();
    private readonly PriorityQueue<SpoolFile, DateTimeOffset> _inits = new();

    /// <summary>Whether a file that has gone up is worth keeping.</summary>
    public bool Wants(SpoolFile file) => file.Length <= maxBytes && maxAge > TimeSpan.Zero && (IsInit(file) || (!IsOld(file) && folder.Free >= leastFree));

    /// <summary>Takes charge of a file that is kept.</summary>
    public void Add(SpoolFile file)
    {
        lock (_lock)
        {
            (IsInit(file) ? _inits : _oldestFirst).Enqueue(file, file.Written);
        }

        Trim();
    }

    /// <summary>Lets go of what is too old or too much.</summary>
    public void Trim()
    {
        var isScarce = folder.KeptBytes > 0 && folder.Free < leastFree;
        while (Next(_oldestFirst, file => isScarce || folder.KeptBytes > maxBytes || IsOld(file)) is { } oldest)
        {
            oldest.LetGo();
        }

        while (Next(_inits, _ => _inits.Count > MostInits) is { } oldest)
        {
            oldest.LetGo();
        }
    }

    /// <summary>Lets go of the oldest, because room is needed.</summary>
    /// <returns>Whether there was one.</returns>
    public bool GiveWay()
    {
        while (Next(_oldestFirst, _ => true) is { } oldest)
        {
            if (oldest.LetGo())
            {
                return true;
            }
        }

        return false;
    }

    private bool IsOld(SpoolFile file) => time.GetUtcNow() - file.Written >= maxAge;

    private static bool IsInit(SpoolFile file) =>
        file.Length <= LargestInit && file.Name.Value.AsSpan(file.Name.Value.LastIndexOf('/') + 1) is var last && last.StartsWith("init-") && last.EndsWith(".mp4");

    private SpoolFile? Next(PriorityQueue<SpoolFile, DateTimeOffset> files, Func<SpoolFile, bool> goes)
    {
        lock (_lock)
        {
            return files.TryPeek(out var oldest, out _) && goes(oldest) ? files.Dequeue() : null;
        }
    }
}
