using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Deletes from the store in the background, in the order of the calls, again and again until it has worked. Memory holds 10,000 calls at most; what comes on top is
/// written to disk and read back later. A call to delete a whole folder is written to disk at once; one for names when the store has failed it, or when the process
/// stops. So what kill -9 loses is names whose first try had not ended, usually a few milliseconds' worth: those objects stay in the store.
/// </summary>
internal sealed class Deletions(IObjectStore store, DeletionNotes notes, TimeProvider time, ILogger logger)
{
    private const int MostCalls = 10_000;
    private const int NamesAtOnce = 1000;
    private readonly Lock _lock = new();
    private readonly LinkedList<Deletion> _pending = [];
    private readonly Dictionary<ObjectName, int> _names = [];
    private readonly List<string> _prefixes = [];
    private readonly Wake _wake = new(time);
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

    /// <summary>Whether what the store has under a name is as good as gone.</summary>
    public bool Covers(ObjectName name)
    {
        lock (_lock)
        {
            return _names.ContainsKey(name) || _prefixes.Exists(prefix => name.Value.StartsWith(prefix, StringComparison.Ordinal));
        }
    }

    public void Add(Deletion deletion)
    {
        if (deletion.Prefix is not null)
        {
            deletion = Note(deletion);
        }

        lock (_lock)
        {
            if (_pending.Count < MostCalls)
            {
                Remember(deletion);
            }
            else
            {
                Note(deletion);
                _moreOnDisk = true;
            }
        }

        _wake.Set();
    }

    /// <summary>Reads what earlier processes left to do, before anything is served.</summary>
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
                foreach (var deletion in notes.Read(MostCalls))
                {
                    Remember(deletion);
                }

                _moreOnDisk = _pending.Count == MostCalls;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _moreOnDisk = false;
                logger.CouldNotRemove(notes.Folder, e);
            }
        }
    }

    /// <summary>Writes down what is left.</summary>
    public void NoteAll()
    {
        lock (_lock)
        {
            for (var node = _pending.First; node is not null; node = node.Next)
            {
                node.Value = Note(node.Value);
            }
        }
    }

    /// <summary>Deletes until it is cancelled.</summary>
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

                await CarryOutAsync(batch, uploader, cancellationToken);
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
                    logger.DeletionFails(e.Message);
                }

                NoteAll();
                await Task.Delay(Backoff.Next(failures++), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task CarryOutAsync(List<Deletion> batch, Uploader uploader, CancellationToken cancellationToken)
    {
        await uploader.EndOfAsync(name => batch.Any(deletion => deletion.Covers(name)), cancellationToken);
        if (batch[0].Prefix is { } prefix)
        {
            await DeleteBelowAsync(prefix, cancellationToken);
            return;
        }

        foreach (var names in batch.SelectMany(deletion => deletion.Names).Distinct().Chunk(NamesAtOnce))
        {
            await store.DeleteAsync(names, cancellationToken);
        }
    }

    private async Task DeleteBelowAsync(string prefix, CancellationToken cancellationToken)
    {
        var found = new List<ObjectName>(NamesAtOnce);
        await foreach (var entry in store.ListAsync(prefix, cancellationToken))
        {
            found.Add(entry.Name);
            if (found.Count == NamesAtOnce)
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

    /// <summary>One prefix, or the calls with names that follow each other, up to about a thousand names. They stay pending until they are done.</summary>
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

                if (names > 0 && names + deletion.Names.Count > NamesAtOnce)
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
                // The node's own value: it may have been written down since.
                var done = _pending.First!.Value;
                _pending.RemoveFirst();
                if (done.Prefix is not null)
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
                    DeletionNotes.Remove(done);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    logger.CouldNotRemove(notes.Folder, e);
                }
            }
        }
    }

    private void Remember(Deletion deletion)
    {
        _pending.AddLast(deletion);
        if (deletion.Prefix is not null)
        {
            _prefixes.Add(deletion.Prefix);
        }

        foreach (var name in deletion.Names)
        {
            _names[name] = _names.GetValueOrDefault(name) + 1;
        }
    }

    private Deletion Note(Deletion deletion)
    {
        if (deletion.Note is not null)
        {
            return deletion;
        }

        try
        {
            return notes.Write(deletion);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.DeletionNotNoted(notes.Folder, e);
            return deletion;
        }
    }
}
