using Broadcast.Media;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// The deletions in memory. Callers on the live path, the uploader and readers take its lock, so no method does more under it than look up
/// or move entries; none accesses a disk. Entries are completed and stored by one thread at a time; any thread adds.
/// </summary>
internal sealed class PendingDeletions(TimeProvider time)
{
    /// <summary>Number of names (and folders) above which the newest move to the disk.</summary>
    public const int MaxNames = 100_000;

    /// <summary>
    /// Number of names above which further ones are refused: reached only if the disk does not store them, or stores them more slowly than
    /// they arrive.
    /// </summary>
    public const int RefuseFrom = 2 * MaxNames;

    /// <summary>Maximum number of failing names in memory. More are only on disk until they are retried.</summary>
    public const int MaxFailingNames = 100_000;

    /// <summary>Number of names that move to the disk at once, so that their files are large.</summary>
    private const int SpillNames = 10_000;

    private readonly Lock _lock = new();
    private readonly LinkedList<PendingDeletion> _ready = [];

    // Deletions that failed although the store works, in no order.
    private readonly List<PendingDeletion> _failing = [];
    private readonly Dictionary<ObjectName, int> _names = [];

    // Folders, which end in a slash, with the number of their pending deletions.
    private readonly Dictionary<string, int> _prefixes = new(StringComparer.Ordinal);
    private int _readyNames;
    private bool _wasRetry;

    /// <summary>Number of deletions that are not completed, including failing ones.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _ready.Count + _failing.Count;
            }
        }
    }

    /// <summary>Number of deletions that wait for their first attempt or for the store.</summary>
    public int Ready
    {
        get
        {
            lock (_lock)
            {
                return _ready.Count;
            }
        }
    }

    /// <summary>Number of names and folders whose deletion failed although the store works.</summary>
    public int Failing
    {
        get
        {
            lock (_lock)
            {
                return FailingNames();
            }
        }
    }

    /// <summary>Indicates whether names should move to the disk.</summary>
    public bool IsOverLimit
    {
        get
        {
            lock (_lock)
            {
                return _readyNames > MaxNames;
            }
        }
    }

    /// <summary>Indicates whether the latest batch was a retry.</summary>
    public bool WasRetry => _wasRetry;

    /// <summary>Returns whether the object of a name has a pending deletion.</summary>
    public bool Covers(ObjectName name)
    {
        lock (_lock)
        {
            return _names.ContainsKey(name) || (_prefixes.Count > 0 && IsBelowPrefix(name.Value));
        }
    }

    /// <summary>Adds a deletion as the newest; <see langword="false"/> when there are too many.</summary>
    public bool TryAdd(Deletion deletion)
    {
        lock (_lock)
        {
            if (_readyNames >= RefuseFrom)
            {
                return false;
            }

            var entry = new PendingDeletion(deletion);
            entry.Node = _ready.AddLast(entry);
            _readyNames += deletion.Weight;
            Remember(deletion);
            return true;
        }
    }

    /// <summary>Returns the oldest deletions that are not stored on disk, at most 10,000, so that the lock is held briefly.</summary>
    public List<PendingDeletion> Unstored()
    {
        lock (_lock)
        {
            return [.. _ready.Concat(_failing).Where(entry => entry.Deletion.JournalPath is null).Take(SpillNames)];
        }
    }

    /// <summary>Returns the newest deletions, in order, that must leave memory because there are too many.</summary>
    public List<PendingDeletion> Excess()
    {
        lock (_lock)
        {
            var excess = new List<PendingDeletion>();
            var left = _readyNames;
            if (left <= MaxNames)
            {
                return excess;
            }

            for (var node = _ready.Last; node is { Value.IsInProgress: false } && left > MaxNames - SpillNames; node = node.Previous)
            {
                left -= node.Value.Deletion.Weight;
                excess.Add(node.Value);
            }

            excess.Reverse();
            return excess;
        }
    }

    /// <summary>Replaces consecutive deletions by one that is stored on disk and has the same names.</summary>
    public void Merge(IReadOnlyList<PendingDeletion> entries, Deletion stored)
    {
        lock (_lock)
        {
            entries[0].Deletion = stored;
            foreach (var entry in entries.Skip(1))
            {
                TryRemoveReady(entry);
            }
        }
    }

    /// <summary>Removes deletions that are stored on disk from memory.</summary>
    public void Remove(IEnumerable<PendingDeletion> entries)
    {
        lock (_lock)
        {
            foreach (var entry in entries)
            {
                if (TryRemoveReady(entry))
                {
                    _readyNames -= entry.Deletion.Weight;
                    Forget(entry.Deletion);
                }
            }
        }
    }

    /// <summary>
    /// Returns one prefix, or deletions with up to about 1,000 names: consecutive ones, or failing ones that are due, in turns. They remain
    /// pending until completed.
    /// </summary>
    public List<PendingDeletion> NextBatch()
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var due = _failing.Where(entry => entry.DueAt <= now).OrderBy(entry => entry.DueAt).ToList();
            _wasRetry = due.Count > 0 && (!_wasRetry || _ready.Count == 0);
            var batch = new List<PendingDeletion>();
            var names = 0;
            foreach (var entry in _wasRetry ? due : (IEnumerable<PendingDeletion>)_ready)
            {
                if (entry.Deletion.Prefix is not null)
                {
                    if (batch.Count == 0)
                    {
                        batch.Add(entry);
                    }

                    break;
                }

                if (names > 0 && names + entry.Deletion.Names.Count > DeletionRequests.MaxNames)
                {
                    break;
                }

                batch.Add(entry);
                names += entry.Deletion.Names.Count;
            }

            batch.ForEach(entry => entry.IsInProgress = true);
            return batch;
        }
    }

    /// <summary>Instant at which the next failing deletion is due; <see cref="DateTimeOffset.MaxValue"/> when none fails.</summary>
    public DateTimeOffset NextRetry()
    {
        lock (_lock)
        {
            return _failing.Select(entry => entry.DueAt).Append(DateTimeOffset.MaxValue).Min();
        }
    }

    /// <summary>Removes the deletions of a batch, except those that failed, which it schedules.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="failed">Failed deletions: those of the batch, or one that replaces them.</param>
    /// <param name="maxDelay">Maximum delay of the next attempt.</param>
    /// <returns>Deletions that are now only on disk, because too many fail.</returns>
    public List<Deletion> Complete(List<PendingDeletion> batch, List<PendingDeletion> failed, TimeSpan maxDelay)
    {
        lock (_lock)
        {
            var known = new HashSet<PendingDeletion>();
            foreach (var entry in batch)
            {
                entry.IsInProgress = false;
                if (_wasRetry ? _failing.Remove(entry) : TryRemoveReady(entry))
                {
                    known.Add(entry);
                    _readyNames -= _wasRetry ? 0 : entry.Deletion.Weight;
                }
            }

            foreach (var entry in failed.Except(batch))
            {
                Remember(entry.Deletion);
            }

            foreach (var entry in known.Except(failed))
            {
                Forget(entry.Deletion);
            }

            var failures = batch.Max(entry => entry.Failures);
            var names = FailingNames();
            var onDisk = new List<Deletion>();
            foreach (var entry in failed)
            {
                if (names + entry.Deletion.Weight > MaxFailingNames && entry.Deletion.JournalPath is not null)
                {
                    Forget(entry.Deletion);
                    onDisk.Add(entry.Deletion);
                    continue;
                }

                names += entry.Deletion.Weight;
                entry.Failures = failures + 1;
                entry.DueAt = time.GetUtcNow() + Backoff.Next(failures, maxDelay);
                _failing.Add(entry);
            }

            return onDisk;
        }
    }

    /// <summary>Ends a batch that failed as a whole: all remain as they are.</summary>
    public void Abandon(List<PendingDeletion> batch)
    {
        lock (_lock)
        {
            batch.ForEach(entry => entry.IsInProgress = false);
        }
    }

    private bool TryRemoveReady(PendingDeletion entry)
    {
        if (entry.Node is not { } node)
        {
            return false;
        }

        _ready.Remove(node);
        entry.Node = null;
        return true;
    }

    private int FailingNames() => _failing.Sum(entry => entry.Deletion.Weight);

    private void Forget(Deletion done)
    {
        if (done.Prefix is not null && --_prefixes[done.Prefix] == 0)
        {
            _prefixes.Remove(done.Prefix);
        }

        foreach (var name in done.Names)
        {
            if (--_names[name] == 0)
            {
                _names.Remove(name);
            }
        }
    }

    private void Remember(Deletion deletion)
    {
        if (deletion.Prefix is not null)
        {
            _prefixes[deletion.Prefix] = _prefixes.GetValueOrDefault(deletion.Prefix) + 1;
        }

        foreach (var name in deletion.Names)
        {
            _names[name] = _names.GetValueOrDefault(name) + 1;
        }
    }

    /// <summary>Looks up each folder of a name: the cost does not depend on the number of pending deletions.</summary>
    private bool IsBelowPrefix(ReadOnlySpan<char> name)
    {
        var prefixes = _prefixes.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] == '/' && prefixes.ContainsKey(name[..(i + 1)]))
            {
                return true;
            }
        }

        return false;
    }
}
