using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Uploads sealed files to the object store, several at a time. Objects are created once. An existing object of the same length was
/// uploaded by an earlier process; a journal file must also have the same content, because two servers may write one of the same name. A
/// file leaves the disk only after its upload. On a conflict the file stays and is retried periodically.
/// </summary>
internal sealed class Uploader(IObjectStore store, UploadQueue queue, Deletions deletions, SpoolFolder folder, TimeProvider time,
    ILogger logger, Action<SpoolFile> forget, Action<ObjectName> conflicted)
{
    /// <summary>Number of bytes that are compared at a time.</summary>
    private const int CompareBytes = 64 * 1024;

    private static readonly TimeSpan WaitForOther = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RepeatLogAfter = TimeSpan.FromMinutes(1);

    /// <summary>The owner of the file's session may decide to replace the conflicting object.</summary>
    private static readonly TimeSpan WaitForOwner = TimeSpan.FromSeconds(5);

    /// <summary>Number of conflicts of a file after which only an operator can help.</summary>
    private const int ConflictsOfOperator = 4;

    /// <summary>An operator must remove the conflicting object.</summary>
    private static readonly TimeSpan WaitForOperator = TimeSpan.FromMinutes(5);
    private readonly ConcurrentDictionary<ObjectName, TaskCompletionSource> _running = new();
    private readonly WakeSignal _wake = new(time);
    private readonly Lock _reporting = new();
    private DateTimeOffset _reported;
    private int _activeWorkers;
    private long _uploads;
    private long _failures;

    public long Uploads => Interlocked.Read(ref _uploads);

    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Current error of the object store.</summary>
    public ObjectStoreException? CurrentError { get; private set; }

    /// <summary>Indicates whether files are ready for upload or being uploaded, and the store is not failing.</summary>
    public bool IsBusy => !queue.IsPaused && (queue.Ready > 0 || Volatile.Read(ref _activeWorkers) > 0);

    public void Add(SpoolFile file)
    {
        queue.Add(file);
        _wake.Set();
    }

    /// <summary>Waits until no upload of a matching name is in progress. No upload starts while a deletion covers its name.</summary>
    public async Task WaitForUploadsAsync(Func<ObjectName, bool> covers, CancellationToken cancellationToken)
    {
        foreach (var (name, end) in _running)
        {
            if (covers(name))
            {
                await end.Task.WaitAsync(cancellationToken);
            }
        }
    }

    /// <summary>Uploads until canceled. Lists the store first, so that a wrong bucket or key is reported at startup.</summary>
    public async Task RunAsync(int parallel, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var _ in store.ListAsync("start", cancellationToken))
            {
                break;
            }
        }
        catch (ObjectStoreException e)
        {
            ReportFailure(e);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        await Task.WhenAll(Enumerable.Range(0, parallel).Select(_ => Task.Run(() => WorkAsync(cancellationToken), CancellationToken.None)));
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var signal = _wake.Next;
                if (await UploadNextAsync(cancellationToken) is { } wait)
                {
                    await _wake.WaitAsync(signal, wait, cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                logger.LoopFailed(e);
                await Task.Delay(Backoff.Next(1), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Uploads the next file, or returns the time until one may be ready.</summary>
    private async Task<TimeSpan?> UploadNextAsync(CancellationToken cancellationToken)
    {
        // Incremented before the file leaves the queue, so that a drain always sees the file in one of the two.
        Interlocked.Increment(ref _activeWorkers);
        try
        {
            if (queue.Take(out var wait) is not { } file)
            {
                return wait;
            }

            await UploadAsync(file, cancellationToken);
            return null;
        }
        finally
        {
            Interlocked.Decrement(ref _activeWorkers);
        }
    }

    private async Task UploadAsync(SpoolFile file, CancellationToken stop)
    {
        // Registered before deletions are checked, so that a later deletion waits for this upload.
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_running.TryAdd(file.Name, end))
        {
            queue.AddDelayed(file, WaitForOther);
            return;
        }

        try
        {
            if (deletions.Covers(file.Name))
            {
                // The existing object must be deleted first; otherwise the new one would be deleted too.
                queue.AddDelayed(file, WaitForOther);
            }
            else if (file.TryBeginUpload(stop, out var path, out var cancellation))
            {
                await TransferAsync(file, path, cancellation);
            }
        }
        finally
        {
            _running.TryRemove(file.Name, out _);
            end.SetResult();
        }
    }

    private async Task TransferAsync(SpoolFile file, string path, CancellationToken cancellation)
    {
        var pauseCount = queue.PauseCount;
        var began = time.GetTimestamp();
        try
        {
            var outcome = await PutAsync(file, path, cancellation);
            file.EndUpload(outcome == Outcome.Stored);
            if (outcome == Outcome.Stored)
            {
                Interlocked.Increment(ref _uploads);
                SpoolMetrics.Succeeded(time.GetElapsedTime(began));
                ReportSuccess();
            }
            else
            {
                queue.AddDelayed(file, outcome != Outcome.Conflict ? WaitForOther
                    : file.Failures < ConflictsOfOperator && ObjectNames.TryParse(file.Name, out _) ? WaitForOwner : WaitForOperator);
            }

            if (outcome == Outcome.Conflict)
            {
                conflicted(file.Name);
            }
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // Deleted, or the process is stopping and the file waits on disk.
            file.EndUpload(stored: false);
        }
        catch (ObjectStoreException e) when (e.Kind != ObjectStoreErrorKind.Other)
        {
            file.EndUpload(stored: false);
            Count(ReasonOf(e.Kind));
            queue.Failed(pauseCount);
            queue.Add(file);
            ReportFailure(e);
        }
        catch (Exception e)
        {
            file.EndUpload(stored: false);
            Count(e is ObjectStoreException ? "other" : "local");
            if (file.Failures++ == 0)
            {
                logger.UploadFailed(file.Name, e);
            }

            queue.AddDelayed(file, Backoff.Next(file.Failures));
        }
    }

    private async Task<Outcome> PutAsync(SpoolFile file, string path, CancellationToken cancellationToken)
    {
        try
        {
            if (await store.PutFileAsync(file.Name, path, file.ReplacesObject ? PutCondition.Replace : PutCondition.CreateOnly,
                cancellationToken))
            {
                return Outcome.Stored;
            }
        }
        catch (FileNotFoundException)
        {
            // The store may have moved the file in an attempt that appeared to fail; the object then exists.
            if (await store.FindAsync(file.Name, cancellationToken) is not { } taken || taken.Length != file.Length)
            {
                logger.FileLost(file.Name, folder.Root);
                Count("lost");
                if (file.Delete())
                {
                    forget(file);
                }

                return Outcome.NotYet;
            }

            return Outcome.Stored;
        }

        if (await store.FindAsync(file.Name, cancellationToken) is not { } there)
        {
            return Outcome.NotYet;
        }

        if (there.Length == file.Length && (!IsJournal(file.Name) || await IsSameAsync(file.Name, path, cancellationToken)))
        {
            return Outcome.Stored;
        }

        if (file.Failures++ == 0)
        {
            logger.UploadConflict(file.Name, file.Length, there.Length, folder.Root);
        }

        Count("conflict");
        return Outcome.Conflict;
    }

    private static bool IsJournal(ObjectName name) => name.Value.StartsWith(ObjectNames.JournalRoot, StringComparison.Ordinal);

    /// <summary>Compares a file with the object of its name, which has the same length.</summary>
    private async Task<bool> IsSameAsync(ObjectName name, string path, CancellationToken cancellationToken)
    {
        await using var content = await store.OpenAsync(name, 0, null, cancellationToken);
        if (content is null)
        {
            return false;
        }

        await using var file = File.OpenRead(path);
        var (stored, spooled) = (new byte[CompareBytes], new byte[CompareBytes]);
        int read;
        while ((read = await content.Stream.ReadAtLeastAsync(stored, CompareBytes, throwOnEndOfStream: false, cancellationToken)) > 0)
        {
            if (await file.ReadAtLeastAsync(spooled, read, throwOnEndOfStream: false, cancellationToken) < read
                || !stored.AsSpan(0, read).SequenceEqual(spooled.AsSpan(0, read)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Result of an upload.</summary>
    private enum Outcome
    {
        /// <summary>The object is in the store.</summary>
        Stored,

        /// <summary>Retry shortly.</summary>
        NotYet,

        /// <summary>The store has a different object of this name.</summary>
        Conflict,
    }

    private static string ReasonOf(ObjectStoreErrorKind error) => error switch
    {
        ObjectStoreErrorKind.Unreachable => "unreachable",
        ObjectStoreErrorKind.Busy => "busy",
        ObjectStoreErrorKind.Denied => "denied",
        ObjectStoreErrorKind.Full => "full",
        ObjectStoreErrorKind.NoBucket => "no_bucket",
        _ => "other",
    };

    private void Count(string reason)
    {
        Interlocked.Increment(ref _failures);
        SpoolMetrics.Failed(reason);
    }

    private void ReportFailure(ObjectStoreException error)
    {
        lock (_reporting)
        {
            var now = time.GetUtcNow();
            if (CurrentError?.Kind != error.Kind || now - _reported >= RepeatLogAfter)
            {
                _reported = now;
                logger.StoreUnavailable(error.Kind, error.Message, queue.Ready);
            }

            CurrentError = error;
        }
    }

    private void ReportSuccess()
    {
        queue.Succeeded();
        if (CurrentError is null)
        {
            return;
        }

        lock (_reporting)
        {
            if (CurrentError is not null)
            {
                logger.StoreRecovered(queue.Ready);
                CurrentError = null;
            }
        }

        _wake.Set();
    }
}
