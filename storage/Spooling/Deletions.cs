using Broadcast.Media;
using Broadcast.Media.Storage;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Deletes objects from the store in the background, in the order of the calls, with retries. Memory holds at most 10,000 calls; further
/// ones are stored on disk and loaded later. Deletions of folders are stored on disk immediately, deletions of names when the store fails
/// or the process stops. Kill -9 therefore loses only names whose first attempt was in progress, usually a few milliseconds' worth. Their
/// objects remain in the store.
/// </summary>
internal sealed class Deletions(IObjectStore store, DeletionJournal notes, TimeProvider time, ILogger logger)
{
    private const int MaxCalls = 10_000;
    private const int BatchSize = 1000;
    private readonly Lock _lock = new();
    private readonly LinkedList<Deletion> _pending = [];
    private readonly Dictionary<ObjectName, int> _names = [];

    // Folders, which end in a slash, with the number of their pending deletions.
    private readonly Dictionary<string, int> _prefixes = new(StringComparer.Ordinal);
    private readonly WakeSignal _wake = new(time);
    private bool _moreOnDisk = true;

    public int Pending
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count;
            }
        }
    }

    /// <summary>Returns whether the object of a name has a pending deletion.</summary>
    public bool Covers(ObjectName name)
    {
        lock (_lock)
        {
            return _names.ContainsKey(name) || (_prefixes.Count > 0 && IsBelowPrefix(name.Value));
        }
    }

    public void Add(Deletion deletion)
    {
        if (deletion.Prefix is not null)
        {
            deletion = Persist(deletion);
        }

        lock (_lock)
        {
            if (_pending.Count < MaxCalls)
            {
                Remember(deletion);
            }
            else
            {
                Persist(deletion);
                _moreOnDisk = true;
            }
        }

        _wake.Set();
    }

    /// <summary>Loads the deletions of earlier processes, before anything is served.</summary>
    public void Load()
    {
        lock (_lock)
        {
            if (!_moreOnDisk || _pending.Count > 0)
            {
                return;
            }

            try
            {
                foreach (var deletion in notes.Read(MaxCalls))
                {
                    Remember(deletion);
                }

                _moreOnDisk = _pending.Count == MaxCalls;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _moreOnDisk = false;
                logger.RemoveFailed(notes.Folder, e);
            }
        }
    }

    /// <summary>Stores all pending deletions on disk.</summary>
    public void PersistAll()
    {
        lock (_lock)
        {
            for (var node = _pending.First; node is not null; node = node.Next)
            {
                node.Value = Persist(node.Value);
            }
        }
    }

    /// <summary>Runs until canceled.</summary>
    public async Task RunAsync(Uploader uploader, CancellationToken cancellationToken)
    {
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var signal = _wake.Next;
            var batch = NextBatch();
            try
            {
                if (batch.Count == 0)
                {
                    await _wake.WaitAsync(signal, TimeSpan.FromHours(1), cancellationToken);
                    continue;
                }

                await ExecuteAsync(batch, uploader, cancellationToken);
                Done(batch);
                failures = 0;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                if (failures == 0)
                {
                    logger.DeletionFailed(e.Message);
                }

                PersistAll();
                await Task.Delay(Backoff.Next(failures++), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ExecuteAsync(List<Deletion> batch, Uploader uploader, CancellationToken cancellationToken)
    {
        await uploader.WaitForUploadsAsync(name => batch.Any(deletion => deletion.Covers(name)), cancellationToken);
        if (batch[0].Prefix is { } prefix)
        {
            await DeleteBelowAsync(prefix, cancellationToken);
            return;
        }

        foreach (var names in batch.SelectMany(deletion => deletion.Names).Distinct().Chunk(BatchSize))
        {
            await store.DeleteAsync(names, cancellationToken);
        }
    }

    private async Task DeleteBelowAsync(string prefix, CancellationToken cancellationToken)
    {
        var found = new List<ObjectName>(BatchSize);
        await foreach (var entry in store.ListAsync(prefix, cancellationToken))
        {
            found.Add(entry.Name);
            if (found.Count == BatchSize)
            {
                await store.DeleteAsync(found, cancellationToken);
                found.Clear();
            }
        }

        if (found.Count > 0)
        {
            await store.DeleteAsync(found, cancellationToken);
        }
    }

    /// <summary>One prefix, or consecutive calls with up to about 1,000 names. They remain pending until completed.</summary>
    private List<Deletion> NextBatch()
    {
        Load();
        lock (_lock)
        {
            var batch = new List<Deletion>();
            var names = 0;
            foreach (var deletion in _pending)
            {
                if (deletion.Prefix is not null)
                {
                    if (batch.Count == 0)
                    {
                        batch.Add(deletion);
                    }

                    break;
                }

                if (names > 0 && names + deletion.Names.Count > BatchSize)
                {
                    break;
                }

                batch.Add(deletion);
                names += deletion.Names.Count;
            }

            return batch;
        }
    }

    private void Done(List<Deletion> batch)
    {
        lock (_lock)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                // The node's current value: it may have been stored on disk since.
                var done = _pending.First!.Value;
                _pending.RemoveFirst();
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

                try
                {
                    DeletionJournal.Remove(done);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    logger.RemoveFailed(notes.Folder, e);
                }
            }
        }
    }

    private void Remember(Deletion deletion)
    {
        _pending.AddLast(deletion);
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

    private Deletion Persist(Deletion deletion)
    {
        if (deletion.JournalPath is not null)
        {
            return deletion;
        }

        try
        {
            return notes.Write(deletion);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.DeletionNotStored(notes.Folder, e);
            return deletion;
        }
    }
}
