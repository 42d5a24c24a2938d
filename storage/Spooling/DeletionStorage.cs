using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Moves deletions between memory and disk, many names per file. No file operation happens under the lock of
/// <see cref="PendingDeletions"/>.
/// </summary>
internal sealed class DeletionStorage(PendingDeletions pending, DeletionJournal journal, TimeProvider time, ILogger logger)
{
    private const int MaxFilesPerLoad = 10_000;
    private static readonly TimeSpan RepeatLogAfter = TimeSpan.FromMinutes(10);

    // Serializes the background task with the final PersistAll at shutdown.
    private readonly Lock _writing = new();
    private readonly DeletionBacklog _backlog = new(journal, time);
    private DateTimeOffset _failureLogged = DateTimeOffset.MinValue;

    /// <summary>Instant at which deletions on disk are due; <see cref="DateTimeOffset.MaxValue"/> when there are none.</summary>
    public DateTimeOffset DueAt => _backlog.PostponedUntil;

    /// <summary>Lists the deletions of earlier processes.</summary>
    public void List()
    {
        try
        {
            _backlog.List();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.RemoveFailed(journal.Folder, e);
        }
    }

    /// <summary>Loads the oldest deletions on disk when there are none in memory.</summary>
    public void Load()
    {
        if (pending.Ready > 0)
        {
            return;
        }

        var names = 0;
        for (var files = 0; files < MaxFilesPerLoad && names < PendingDeletions.MaxNames && _backlog.Take() is { } id; files++)
        {
            try
            {
                if (journal.Read(id) is { } deletion)
                {
                    names += deletion.Weight;
                    if (!pending.TryAdd(deletion))
                    {
                        _backlog.Add(deletion);
                        return;
                    }
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Read again after the next start.
                logger.RemoveFailed(journal.Folder, e);
            }
        }
    }

    /// <summary>Writes one deletion and flushes it; unchanged when that fails.</summary>
    public Deletion Write(Deletion deletion)
    {
        if (deletion.JournalPath is not null)
        {
            return deletion;
        }

        try
        {
            return journal.Write(deletion);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ReportFailure(e);
            return deletion;
        }
    }

    /// <summary>Writes all deletions that are only in memory.</summary>
    public void PersistAll()
    {
        lock (_writing)
        {
            while (pending.Unstored() is { Count: > 0 } unstored && TryWrite(unstored))
            {
                // Repeat until all are stored.
            }
        }
    }

    /// <summary>Moves the newest deletions to the disk while there are too many in memory.</summary>
    /// <returns><see langword="false"/> when the disk fails.</returns>
    public bool Spill()
    {
        lock (_writing)
        {
            while (pending.Excess() is { Count: > 0 } excess)
            {
                TryWrite([.. excess.Where(entry => entry.Deletion.JournalPath is null)]);
                var stored = excess.Where(entry => entry.Deletion.JournalPath is not null).ToList();
                if (stored.Count == 0)
                {
                    return false;
                }

                // After a merge only the first entry of each file is left, and it has all of the file's names.
                foreach (var entry in stored)
                {
                    _backlog.Add(entry.Deletion);
                }

                pending.Remove(stored);
            }

            return true;
        }
    }

    /// <summary>Adds a deletion that is on disk and does not fit into memory.</summary>
    public void Leave(Deletion deletion) => _backlog.Add(deletion);

    /// <summary>Adds a failed deletion that is on disk and does not fit into memory.</summary>
    public void Postpone(Deletion deletion, TimeSpan delay) => _backlog.Postpone(deletion, delay);

    /// <summary>Removes the file of a completed deletion.</summary>
    public void RemoveFile(Deletion deletion)
    {
        try
        {
            DeletionJournal.Remove(deletion);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.RemoveFailed(journal.Folder, e);
        }
    }

    private bool TryWrite(List<PendingDeletion> entries)
    {
        if (entries.Count == 0)
        {
            return true;
        }

        try
        {
            foreach (var group in Groups(entries))
            {
                var merged = group.Count == 1 ? group[0].Deletion
                    : new Deletion([.. group.SelectMany(entry => entry.Deletion.Names)], null, null);
                pending.Merge(group, journal.WriteFile(merged));
            }

            journal.FlushFolder();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ReportFailure(e);
            return false;
        }
    }

    /// <summary>Divides deletions into groups for a file each: one folder, or as many names as one request to the store has.</summary>
    private static IEnumerable<List<PendingDeletion>> Groups(List<PendingDeletion> entries)
    {
        var group = new List<PendingDeletion>();
        var names = 0;
        foreach (var entry in entries)
        {
            // Failing deletions and those of a request in progress keep their own retries.
            var isAlone = entry.Deletion.Prefix is not null || entry.Failures > 0 || entry.IsInProgress;
            if (group.Count > 0 && (isAlone || names + entry.Deletion.Weight > DeletionRequests.MaxNames))
            {
                yield return group;
                (group, names) = ([], 0);
            }

            group.Add(entry);
            names += entry.Deletion.Weight;
            if (isAlone)
            {
                yield return group;
                (group, names) = ([], 0);
            }
        }

        if (group.Count > 0)
        {
            yield return group;
        }
    }

    private void ReportFailure(Exception exception)
    {
        if (time.GetUtcNow() - _failureLogged >= RepeatLogAfter)
        {
            _failureLogged = time.GetUtcNow();
            logger.DeletionNotStored(journal.Folder, exception);
        }
    }
}
