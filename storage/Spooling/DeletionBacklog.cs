namespace Broadcast.Storage.Spooling;

/// <summary>
/// The stored deletions that are not in memory, oldest first. The folder is listed once, at startup; afterwards this list is the cursor.
/// Memory holds 16 bytes for each file, so up to 1,000,000 files; more are left for the next start.
/// </summary>
internal sealed class DeletionBacklog(DeletionJournal journal, TimeProvider time)
{
    private const int MaxFiles = 1_000_000;
    private readonly Lock _lock = new();
    private readonly Queue<UInt128> _files = new();

    // Deletions that failed, due at one instant.
    private readonly Queue<UInt128> _postponed = new();
    private DateTimeOffset _postponedUntil = DateTimeOffset.MaxValue;

    /// <summary>Instant at which postponed deletions are due; <see cref="DateTimeOffset.MaxValue"/> when there are none.</summary>
    public DateTimeOffset PostponedUntil
    {
        get
        {
            lock (_lock)
            {
                return _postponedUntil;
            }
        }
    }

    /// <summary>Lists the deletions of earlier processes.</summary>
    /// <exception cref="IOException">A disk error.</exception>
    public void List()
    {
        foreach (var id in journal.List())
        {
            Add(id);
        }
    }

    /// <summary>Adds the file of a deletion that leaves memory.</summary>
    public void Add(Deletion deletion)
    {
        if (deletion.JournalPath is { } path && DeletionJournal.IdOf(path) is { } id)
        {
            Add(id);
        }
    }

    /// <summary>Adds the file of a deletion that failed; all such files are due together.</summary>
    public void Postpone(Deletion deletion, TimeSpan delay)
    {
        if (deletion.JournalPath is not { } path || DeletionJournal.IdOf(path) is not { } id)
        {
            return;
        }

        lock (_lock)
        {
            _postponed.Enqueue(id);
            var due = time.GetUtcNow() + delay;
            _postponedUntil = _postponedUntil < due ? _postponedUntil : due;
        }
    }

    /// <summary>Takes the oldest file; <see langword="null"/> when none is due.</summary>
    public UInt128? Take()
    {
        lock (_lock)
        {
            if (time.GetUtcNow() >= _postponedUntil)
            {
                _postponedUntil = DateTimeOffset.MaxValue;
                while (_postponed.TryDequeue(out var postponed))
                {
                    _files.Enqueue(postponed);
                }
            }

            return _files.TryDequeue(out var next) ? next : null;
        }
    }

    private void Add(UInt128 id)
    {
        lock (_lock)
        {
            if (_files.Count < MaxFiles)
            {
                _files.Enqueue(id);
            }
        }
    }
}
