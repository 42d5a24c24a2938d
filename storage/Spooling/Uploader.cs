using System.Collections.Concurrent;
using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// Takes sealed files to the object store, several at a time. A file is created there once; when the store has it already with the same length, an earlier process
/// had brought it. It leaves the disk when the store has it, and not before; so one whose name the store has with another length stays, and is looked at again now and then.
/// </summary>
internal sealed class Uploader(IObjectStore store, UploadQueue queue, Deletions deletions, SpoolFolder folder, TimeProvider time, ILogger logger, Action<SpoolFile> forget)
{
    private static readonly TimeSpan WaitForOther = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RepeatLogAfter = TimeSpan.FromMinutes(1);

    /// <summary>Only somebody who removes the object can mend it.</summary>
    private static readonly TimeSpan WaitForOperator = TimeSpan.FromMinutes(5);
    private readonly ConcurrentDictionary<ObjectName, TaskCompletionSource> _running = new();
    private readonly Wake _wake = new(time);
    private readonly Lock _reporting = new();
    private DateTimeOffset _reported;
    private int _hands;
    private long _uploads;
    private long _failures;

    public long Uploads => Interlocked.Read(ref _uploads);

    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Why the store fails now.</summary>
    public ObjectStoreException? Problem { get; private set; }

    /// <summary>Whether there is something that could go up at once and a store that takes it.</summary>
    public bool IsBusy => !queue.IsPaused && (queue.Ready > 0 || Volatile.Read(ref _hands) > 0);

    public void Add(SpoolFile file)
    {
        queue.Add(file);
        _wake.Set();
    }

    /// <summary>Waits until no upload of such a name is under way. New ones are not begun while a deletion covers the name.</summary>
    public async Task EndOfAsync(Func<ObjectName, bool> covers, CancellationToken cancellationToken)
    {
        foreach (var (name, end) in _running)
        {
            if (covers(name))
            {
                await end.Task.WaitAsync(cancellationToken);
            }
        }
    }

    /// <summary>Carries files until it is cancelled. First asks the store for a listing, so that a wrong bucket or key is reported at the start and not with the first segment.</summary>
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
            StoreFails(e);
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
                if (await TakeAsync(cancellationToken) is { } wait)
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

    /// <summary>Carries one file, if there is one; else says how long to wait for the next.</summary>
    private async Task<TimeSpan?> TakeAsync(CancellationToken cancellationToken)
    {
        // Before it is out of the queue: whoever waits for all to be done must see it in one of the two.
        Interlocked.Increment(ref _hands);
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
            Interlocked.Decrement(ref _hands);
        }
    }

    private async Task UploadAsync(SpoolFile file, CancellationToken stop)
    {
        // Noted before the deletions are asked: a deletion that comes later then waits for this upload to end.
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_running.TryAdd(file.Name, end))
        {
            queue.Rest(file, WaitForOther);
            return;
        }

        try
        {
            if (deletions.Covers(file.Name))
            {
                // An object of that name is to be deleted first, or the new one would go with it.
                queue.Rest(file, WaitForOther);
            }
            else if (file.TryBeginUpload(stop, out var path, out var cancellation))
            {
                await CarryAsync(file, path, cancellation);
            }
        }
        finally
        {
            _running.TryRemove(file.Name, out _);
            end.SetResult();
        }
    }

    private async Task CarryAsync(SpoolFile file, string path, CancellationToken cancellation)
    {
        var era = queue.Era;
        var began = time.GetTimestamp();
        try
        {
            var outcome = await PutAsync(file, path, cancellation);
            file.EndUpload(outcome == Outcome.Stored);
            if (outcome == Outcome.Stored)
            {
                Interlocked.Increment(ref _uploads);
                SpoolMetrics.Succeeded(time.GetElapsedTime(began));
                StoreWorks();
            }
            else
            {
                queue.Rest(file, outcome == Outcome.Conflict ? WaitForOperator : WaitForOther);
            }
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // Deleted, or the process stops: then it waits on disk.
            file.EndUpload(stored: false);
        }
        catch (ObjectStoreException e) when (e.Fault != ObjectStoreFault.Other)
        {
            file.EndUpload(stored: false);
            Count(Word(e.Fault));
            queue.Failed(era);
            queue.Add(file);
            StoreFails(e);
        }
        catch (Exception e)
        {
            file.EndUpload(stored: false);
            Count(e is ObjectStoreException ? "other" : "local");
            if (file.Failures++ == 0)
            {
                logger.FileFails(file.Name, e);
            }

            queue.Rest(file, Backoff.Next(file.Failures));
        }
    }

    private async Task<Outcome> PutAsync(SpoolFile file, string path, CancellationToken cancellationToken)
    {
        try
        {
            if (await store.PutFileAsync(file.Name, path, PutCondition.CreateOnly, cancellationToken))
            {
                return Outcome.Stored;
            }
        }
        catch (FileNotFoundException)
        {
            // The store may have taken the file over in an attempt that we believe failed: then the object is there.
            if (await store.FindAsync(file.Name, cancellationToken) is not { } taken || taken.Length != file.Length)
            {
                logger.Lost(file.Name, folder.Root);
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

        if (there.Length == file.Length)
        {
            return Outcome.Stored;
        }

        if (file.Failures++ == 0)
        {
            logger.Conflict(file.Name, file.Length, there.Length, folder.Root);
        }

        Count("conflict");
        return Outcome.Conflict;
    }

    /// <summary>What came of an upload.</summary>
    private enum Outcome
    {
        /// <summary>The store has it.</summary>
        Stored,

        /// <summary>Once more, in a moment.</summary>
        NotYet,

        /// <summary>The store has something else under its name.</summary>
        Conflict,
    }

    private static string Word(ObjectStoreFault fault) => fault switch
    {
        ObjectStoreFault.Unreachable => "unreachable",
        ObjectStoreFault.Busy => "busy",
        ObjectStoreFault.Denied => "denied",
        ObjectStoreFault.Full => "full",
        ObjectStoreFault.NoBucket => "no_bucket",
        _ => "other",
    };

    private void Count(string reason)
    {
        Interlocked.Increment(ref _failures);
        SpoolMetrics.Failed(reason);
    }

    private void StoreFails(ObjectStoreException fault)
    {
        lock (_reporting)
        {
            var now = time.GetUtcNow();
            if (Problem?.Fault != fault.Fault || now - _reported >= RepeatLogAfter)
            {
                _reported = now;
                logger.StoreFails(fault.Fault, fault.Message, queue.Ready);
            }

            Problem = fault;
        }
    }

    private void StoreWorks()
    {
        queue.Succeeded();
        if (Problem is null)
        {
            return;
        }

        lock (_reporting)
        {
            if (Problem is not null)
            {
                Problem = null;
                logger.StoreIsBack(queue.Ready);
            }
        }

        _wake.Set();
    }
}
