using Broadcast.Media;
using Broadcast.Media.Storage;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Deletes objects from the store in the background, approximately in the order of the calls, with retries. Deletions of folders are on
/// disk when <see cref="Add"/> returns. Deletions of names are only in memory at first: <see cref="Add"/> accesses no disk and waits for
/// nothing. The background task stores them on disk within 5 s while the store fails, when the process stops, and when there are more than
/// 100,000; then the newest leave memory. If the disk fails too and 200,000 wait, further ones are forgotten.
/// <para>
/// Kill -9 therefore loses only names whose first attempt was in progress, usually a few milliseconds' worth, and during an outage of the
/// store those of the last attempt or 5 s. Their objects remain in the store, as do those of forgotten deletions; <c>fsck</c> finds them.
/// </para>
/// <para>
/// Objects that the store cannot delete, for example because they are write-protected, do not stop the others. Their names stay on disk
/// and are retried with a backoff of up to 10 minutes. While the store as a whole fails, all deletions pause for up to 30 s at a time.
/// </para>
/// </summary>
internal sealed class Deletions
{
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RepeatLogAfter = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan PersistInterval = TimeSpan.FromSeconds(5);
    private readonly DeletionRequests _requests;
    private readonly PendingDeletions _pending;
    private readonly DeletionStorage _storage;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WakeSignal _wake;
    private readonly WakeSignal _full;
    private DateTimeOffset _failureLogged = DateTimeOffset.MinValue;
    private DateTimeOffset _outageLogged = DateTimeOffset.MinValue;
    private DateTimeOffset _forgottenLogged = DateTimeOffset.MinValue;
    private long _forgotten;

    public Deletions(IObjectStore store, DeletionJournal notes, TimeProvider time, ILogger logger)
    {
        (_time, _logger) = (time, logger);
        (_wake, _full) = (new WakeSignal(time), new WakeSignal(time));
        _requests = new DeletionRequests(store);
        _pending = new PendingDeletions(time);
        _storage = new DeletionStorage(_pending, notes, time, logger);
    }

    /// <summary>Number of deletions in memory that are not completed, including failing ones.</summary>
    public int Pending => _pending.Count;

    /// <summary>Number of deletions in memory that wait for their first attempt or for the store.</summary>
    public int Ready => _pending.Ready;

    /// <summary>Number of names and folders whose deletion failed although the store works, and is retried.</summary>
    public int Failing => _pending.Failing;

    /// <summary>Returns whether the object of a name has a pending deletion.</summary>
    public bool Covers(ObjectName name) => _pending.Covers(name);

    /// <summary>Adds a deletion. One of names accesses no disk; one of a folder is on disk when this returns.</summary>
    public void Add(Deletion deletion)
    {
        if (deletion.Prefix is not null)
        {
            deletion = _storage.Write(deletion);
        }

        if (!_pending.TryAdd(deletion))
        {
            if (deletion.JournalPath is not null)
            {
                _storage.Leave(deletion);
            }
            else
            {
                Interlocked.Add(ref _forgotten, deletion.Weight);
            }
        }

        _wake.Set();
        if (_pending.IsOverLimit)
        {
            _full.Set();
        }
    }

    /// <summary>Loads the deletions of earlier processes, before anything is served.</summary>
    public void Load()
    {
        _storage.List();
        _storage.Load();
    }

    /// <summary>Stores all pending deletions on disk.</summary>
    public void PersistAll() => _storage.PersistAll();

    /// <summary>Runs until canceled.</summary>
    public async Task RunAsync(Uploader uploader, CancellationToken cancellationToken)
    {
        var failures = 0;
        var consecutive = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var signal = _wake.Next;
            Spill();
            _storage.Load();
            var batch = _pending.NextBatch();
            var outcome = new DeletionOutcome();
            try
            {
                if (batch.Count == 0)
                {
                    await _wake.WaitAsync(signal, UntilDue(), cancellationToken);
                    continue;
                }

                await ExecuteAndSpillAsync(batch, uploader, outcome, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                _pending.Abandon(batch);
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
            else
            {
                _pending.Abandon(batch);
            }

            if (outcome.Deleted)
            {
                consecutive = 0;
            }
            else if (outcome.Error is not null && !_pending.WasRetry)
            {
                consecutive++;
            }

            if (outcome.Outage is null && consecutive < DeletionRequests.MaxConsecutiveFailures)
            {
                failures = outcome.Deleted ? 0 : failures;
                continue;
            }

            if (outcome.Outage is { } outage && (failures == 0 || _time.GetUtcNow() - _outageLogged >= RepeatLogAfter))
            {
                _outageLogged = _time.GetUtcNow();
                _logger.DeletionFailed(outage.Message);
            }

            await PauseAsync(Backoff.Next(failures++), persist: outcome.Outage is not null, cancellationToken);
        }
    }

    /// <summary>Executes a batch. Meanwhile, which may be minutes, deletions beyond the limit move to the disk.</summary>
    private async Task ExecuteAndSpillAsync(List<PendingDeletion> batch, Uploader uploader, DeletionOutcome outcome,
        CancellationToken cancellationToken)
    {
        var execution = ExecuteAsync(batch, uploader, outcome, cancellationToken);
        while (!execution.IsCompleted)
        {
            var full = _full.Next;
            if (!Spill())
            {
                break;
            }

            await Task.WhenAny(execution, full);
        }

        await execution;
    }

    private async Task ExecuteAsync(List<PendingDeletion> batch, Uploader uploader, DeletionOutcome outcome,
        CancellationToken cancellationToken)
    {
        await uploader.WaitForUploadsAsync(name => batch.Exists(entry => entry.Deletion.Covers(name)), cancellationToken);
        if (batch[0].Deletion.Prefix is { } prefix)
        {
            await _requests.DeleteBelowAsync(prefix, outcome, cancellationToken);
            return;
        }

        await _requests.DeleteAsync(batch.SelectMany(entry => entry.Deletion.Names).Distinct(), outcome, cancellationToken);
    }

    /// <summary>Waits while the store fails. New deletions are stored on disk regularly.</summary>
    private async Task PauseAsync(TimeSpan duration, bool persist, CancellationToken cancellationToken)
    {
        while (true)
        {
            Spill();
            if (persist)
            {
                _storage.PersistAll();
            }

            if (duration <= TimeSpan.Zero || cancellationToken.IsCancellationRequested)
            {
                return;
            }

            var step = duration < PersistInterval ? duration : PersistInterval;
            duration -= step;
            await Task.Delay(step, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Moves deletions beyond the limit to the disk; <see langword="false"/> when that fails.</summary>
    private bool Spill()
    {
        if (Interlocked.Read(ref _forgotten) > 0 && _time.GetUtcNow() - _forgottenLogged >= RepeatLogAfter)
        {
            _forgottenLogged = _time.GetUtcNow();
            _logger.DeletionsForgotten(Interlocked.Exchange(ref _forgotten, 0), PendingDeletions.RefuseFrom);
        }

        return _storage.Spill();
    }

    /// <summary>Time until a failed deletion is due, at most an hour.</summary>
    private TimeSpan UntilDue()
    {
        var next = _pending.NextRetry();
        var wait = (next < _storage.DueAt ? next : _storage.DueAt) - _time.GetUtcNow();
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait < TimeSpan.FromHours(1) ? wait : TimeSpan.FromHours(1);
    }

    /// <summary>
    /// Completes a batch. What failed is stored on disk and retried later. The files of the others are removed while their names are still
    /// pending, so that after a crash no deletion is repeated for a name that was used again.
    /// </summary>
    private void Complete(List<PendingDeletion> batch, DeletionOutcome outcome)
    {
        var remaining = outcome.Error is null ? [] : Remaining(batch, outcome);
        foreach (var entry in batch.Except(remaining))
        {
            _storage.RemoveFile(entry.Deletion);
        }

        foreach (var deletion in _pending.Complete(batch, remaining, MaxRetryDelay))
        {
            _storage.Postpone(deletion, MaxRetryDelay);
        }

        if (outcome.Error is { } error && _time.GetUtcNow() - _failureLogged >= RepeatLogAfter)
        {
            _failureLogged = _time.GetUtcNow();
            _logger.ObjectsNotDeleted(_pending.Failing, error.Message);
        }
    }

    /// <summary>
    /// Returns the failing part of a batch, stored on disk: its only call if all of that failed, otherwise one new call. If that cannot be
    /// stored, the calls of the batch remain as they are.
    /// </summary>
    private List<PendingDeletion> Remaining(List<PendingDeletion> batch, DeletionOutcome outcome)
    {
        if (batch[0].Deletion.Prefix is null && (batch.Count > 1 || outcome.Failed.Count < batch[0].Deletion.Names.Count))
        {
            var rest = _storage.Write(new Deletion([.. outcome.Failed], null, null));
            if (rest.JournalPath is not null)
            {
                return [new PendingDeletion(rest)];
            }
        }

        batch.ForEach(entry => entry.Deletion = _storage.Write(entry.Deletion));
        return [.. batch];
    }
}
