using Broadcast.Media;
using Broadcast.Media.Storage;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Deletes objects from the store in the background, in the order of the calls, with retries. Memory holds at most 10,000 calls; further
/// ones are stored on disk and loaded later. Deletions of folders are stored on disk immediately, deletions of names when the store fails
/// or the process stops. Kill -9 therefore loses only names whose first attempt was in progress, usually a few milliseconds' worth. Their
/// objects remain in the store.
/// <para>
/// Objects that the store cannot delete, for example because they are write-protected, do not stop the others. Their names stay on disk
/// and are retried with a backoff of up to 10 minutes. While the store as a whole fails, all deletions pause for up to 30 s at a time.
/// </para>
/// </summary>
internal sealed class Deletions(IObjectStore store, DeletionJournal notes, TimeProvider time, ILogger logger)
{
    private const int MaxCalls = 10_000;
    private const int BatchSize = DeletionRequests.MaxNames;

    /// <summary>Maximum number of failing names in memory. More are only on disk until they are retried.</summary>
    private const int MaxFailingNames = 100_000;

    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RepeatLogAfter = TimeSpan.FromMinutes(10);
    private readonly DeletionRequests _requests = new(store);
    private readonly Lock _lock = new();
    private readonly LinkedList<Entry> _pending = [];

    // Calls that failed although the store works, in no order.
    private readonly List<Entry> _failing = [];
    private readonly Dictionary<ObjectName, int> _names = [];

    // Folders, which end in a slash, with the number of their pending deletions.
    private readonly Dictionary<string, int> _prefixes = new(StringComparer.Ordinal);
    private readonly WakeSignal _wake = new(time);
    private bool _moreOnDisk = true;
    private DateTimeOffset _loadAt = DateTimeOffset.MaxValue;
    private bool _wasRetry;
    private DateTimeOffset _failureLogged = DateTimeOffset.MinValue;
    private DateTimeOffset _outageLogged = DateTimeOffset.MinValue;

    /// <summary>Number of calls that are not completed, including failing ones.</summary>
    public int Pending
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count + _failing.Count;
            }
        }
    }

    /// <summary>Number of calls that wait for their first attempt or for the store.</summary>
    public int Ready
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count;
            }
        }
    }

    /// <summary>Number of names and folders whose deletion failed although the store works, and is retried.</summary>
    public int Failing
    {
        get
        {
            lock (_lock)
            {
                return FailingCount();
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
            if (_pending.Count + _failing.Count < MaxCalls)
            {
                Remember(_pending.AddLast(new Entry(deletion)).Value.Deletion);
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
            if (_pending.Count > 0 || !(_moreOnDisk || time.GetUtcNow() >= _loadAt))
            {
                return;
            }

            (_moreOnDisk, _loadAt) = (false, DateTimeOffset.MaxValue);
            try
            {
                var loaded = _failing.Select(entry => entry.Deletion.JournalPath).ToHashSet();
                var names = 0;
                foreach (var deletion in notes.Read(MaxCalls + loaded.Count).Where(deletion => !loaded.Contains(deletion.JournalPath)))
                {
                    if (names >= MaxFailingNames || _pending.Count == MaxCalls)
                    {
                        _moreOnDisk = true;
                        break;
                    }

                    names += deletion.Names.Count;
                    Remember(_pending.AddLast(new Entry(deletion)).Value.Deletion);
                }

                _moreOnDisk |= _pending.Count == MaxCalls;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                logger.RemoveFailed(notes.Folder, e);
            }
        }
    }

    /// <summary>Stores all pending deletions on disk.</summary>
    public void PersistAll()
    {
        lock (_lock)
        {
            foreach (var entry in _pending.Concat(_failing))
            {
                entry.Deletion = Persist(entry.Deletion);
            }
        }
    }

    /// <summary>Runs until canceled.</summary>
    public async Task RunAsync(Uploader uploader, CancellationToken cancellationToken)
    {
        var failures = 0;
        var consecutive = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var signal = _wake.Next;
            var batch = NextBatch(out var wait);
            var outcome = new DeletionOutcome();
            try
            {
                if (batch.Count == 0)
                {
                    await _wake.WaitAsync(signal, wait, cancellationToken);
                    continue;
                }

                await ExecuteAsync(batch, uploader, outcome, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // The store as a whole: the batch stays where it is.
                outcome.Outage = e;
            }

            if (outcome.Outage is null)
            {
                Complete(batch, outcome);
            }

            if (outcome.Deleted)
            {
                consecutive = 0;
            }
            else if (outcome.Error is not null && !_wasRetry)
            {
                consecutive++;
            }

            if (outcome.Outage is null && consecutive < DeletionRequests.MaxConsecutiveFailures)
            {
                failures = outcome.Deleted ? 0 : failures;
                continue;
            }

            if (outcome.Outage is { } outage)
            {
                if (failures == 0 || time.GetUtcNow() - _outageLogged >= RepeatLogAfter)
                {
                    _outageLogged = time.GetUtcNow();
                    logger.DeletionFailed(outage.Message);
                }

                PersistAll();
            }

            await Task.Delay(Backoff.Next(failures++), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ExecuteAsync(List<Entry> batch, Uploader uploader, DeletionOutcome outcome, CancellationToken cancellationToken)
    {
        await uploader.WaitForUploadsAsync(name => batch.Exists(entry => entry.Deletion.Covers(name)), cancellationToken);
        if (batch[0].Deletion.Prefix is { } prefix)
        {
            await _requests.DeleteBelowAsync(prefix, outcome, cancellationToken);
            return;
        }

        await _requests.DeleteAsync(batch.SelectMany(entry => entry.Deletion.Names).Distinct(), outcome, cancellationToken);
    }

    /// <summary>
    /// One prefix, or calls with up to about 1,000 names: consecutive ones, or failing ones that are due, in turns. They remain pending
    /// until completed. If there are none, returns the time until one is due.
    /// </summary>
    private List<Entry> NextBatch(out TimeSpan wait)
    {
        Load();
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var due = _failing.Where(entry => entry.DueAt <= now).OrderBy(entry => entry.DueAt).ToList();
            _wasRetry = due.Count > 0 && (!_wasRetry || _pending.Count == 0);
            var batch = new List<Entry>();
            var names = 0;
            foreach (var entry in _wasRetry ? due : (IEnumerable<Entry>)_pending)
            {
                if (entry.Deletion.Prefix is not null)
                {
                    if (batch.Count == 0)
                    {
                        batch.Add(entry);
                    }

                    break;
                }

                if (names > 0 && names + entry.Deletion.Names.Count > BatchSize)
                {
                    break;
                }

                batch.Add(entry);
                names += entry.Deletion.Names.Count;
            }

            var next = _failing.Select(entry => entry.DueAt).Append(_loadAt).Min();
            wait = next - now < TimeSpan.FromHours(1) ? TimeSpan.FromTicks(Math.Max(0, (next - now).Ticks)) : TimeSpan.FromHours(1);
            return batch;
        }
    }

    /// <summary>Removes the calls of a batch. What failed is stored on disk and retried later.</summary>
    private void Complete(List<Entry> batch, DeletionOutcome outcome)
    {
        lock (_lock)
        {
            foreach (var entry in batch)
            {
                if (_wasRetry)
                {
                    _failing.Remove(entry);
                }
                else
                {
                    _pending.RemoveFirst();
                }
            }

            var remaining = outcome.Error is null ? [] : Remaining(batch, outcome);
            foreach (var entry in batch.Except(remaining))
            {
                Forget(entry.Deletion);
                RemoveFromDisk(entry.Deletion);
            }

            var failures = batch.Max(entry => entry.Failures);
            remaining.ForEach(entry => Delay(entry, failures));
            if (outcome.Error is { } error && time.GetUtcNow() - _failureLogged >= RepeatLogAfter)
            {
                _failureLogged = time.GetUtcNow();
                logger.ObjectsNotDeleted(FailingCount(), error.Message);
            }
        }
    }

    /// <summary>
    /// Returns the failing part of a batch, stored on disk: its only call if all of that failed, otherwise one new call. If that cannot be
    /// stored, the calls of the batch remain as they are.
    /// </summary>
    private List<Entry> Remaining(List<Entry> batch, DeletionOutcome outcome)
    {
        if (batch[0].Deletion.Prefix is null && (batch.Count > 1 || outcome.Failed.Count < batch[0].Deletion.Names.Count))
        {
            var rest = Persist(new Deletion([.. outcome.Failed], null, null));
            if (rest.JournalPath is not null)
            {
                Remember(rest);
                return [new Entry(rest)];
            }
        }

        batch.ForEach(entry => entry.Deletion = Persist(entry.Deletion));
        return [.. batch];
    }

    /// <summary>Schedules the retry of a call. If too many names fail, the call stays on disk only, as the newest one there.</summary>
    private void Delay(Entry entry, int failuresBefore)
    {
        var now = time.GetUtcNow();
        if (FailingCount() + entry.Deletion.Names.Count > MaxFailingNames && entry.Deletion.JournalPath is not null)
        {
            var moved = Persist(entry.Deletion with { JournalPath = null });
            if (moved.JournalPath is not null)
            {
                RemoveFromDisk(entry.Deletion);
                _loadAt = _loadAt < now + MaxRetryDelay ? _loadAt : now + MaxRetryDelay;
                Forget(entry.Deletion);
                return;
            }
        }

        entry.Failures = failuresBefore + 1;
        entry.DueAt = now + Backoff.Next(failuresBefore, MaxRetryDelay);
        _failing.Add(entry);
    }

    private int FailingCount() => _failing.Sum(entry => entry.Deletion.Prefix is null ? entry.Deletion.Names.Count : 1);

    private void RemoveFromDisk(Deletion deletion)
    {
        try
        {
            DeletionJournal.Remove(deletion);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.RemoveFailed(notes.Folder, e);
        }
    }

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

    /// <summary>A call with the state of its retries.</summary>
    private sealed class Entry(Deletion deletion)
    {
        public Deletion Deletion { get; set; } = deletion;

        public int Failures { get; set; }

        public DateTimeOffset DueAt { get; set; }
    }
}
