using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage.Objects;

namespace Broadcast.Storage.Tests;

/// <summary>A memory store that can fail or delay uploads, and records their order.</summary>
internal sealed class FlakyStore : IObjectStore
{
    private volatile TaskCompletionSource? _gate;

    public MemoryObjectStore Inner { get; } = new(TimeProvider.System);

    /// <summary>Exception thrown by every call, or null.</summary>
    public ObjectStoreErrorKind? Fault { get; set; }

    /// <summary>Names that cannot be deleted.</summary>
    public ConcurrentDictionary<string, bool> Undeletable { get; } = [];

    /// <summary>Indicates whether a failed deletion deletes the other objects and lists the names that failed, as S3 and disk do.</summary>
    public bool ListsFailedNames { get; set; } = true;

    /// <summary>Names of all requests to delete, including failed ones.</summary>
    public ConcurrentQueue<IReadOnlyList<string>> Deletes { get; } = [];

    /// <summary>Called before each request to delete.</summary>
    public Action? Deleting { get; set; }

    /// <summary>Task that requests to delete wait for.</summary>
    public Task DeleteGate { get; set; } = Task.CompletedTask;

    public ConcurrentQueue<string> Puts { get; } = [];

    public int PutCalls;

    public void Hold() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release() => Interlocked.Exchange(ref _gate, null)?.SetResult();

    public Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition, CancellationToken cancellationToken)
    {
        Check();
        return Inner.PutAsync(name, bytes, condition, cancellationToken);
    }

    public async Task<bool> PutFileAsync(ObjectName name, string path, PutCondition condition, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref PutCalls);
        Check();
        Puts.Enqueue(name.Value);
        if (_gate is { } gate)
        {
            await gate.Task.WaitAsync(cancellationToken);
        }

        return await Inner.PutFileAsync(name, path, condition, cancellationToken);
    }

    public Task<bool> ReplaceAsync(ObjectName name, ReadOnlyMemory<byte> bytes, ManifestRank rank, ObjectHeaders headers,
        CancellationToken cancellationToken)
    {
        Check();
        return Inner.ReplaceAsync(name, bytes, rank, headers, cancellationToken);
    }

    public Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken)
    {
        Check();
        return Inner.OpenAsync(name, offset, length, cancellationToken);
    }

    public Task<ObjectInfo?> FindAsync(ObjectName name, CancellationToken cancellationToken)
    {
        Check();
        return Inner.FindAsync(name, cancellationToken);
    }

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        Check();
        return Inner.ListAsync(prefix, cancellationToken);
    }

    public IAsyncEnumerable<string> ListFoldersAsync(string prefix, CancellationToken cancellationToken) =>
        Inner.ListFoldersAsync(prefix, cancellationToken);

    public async Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        Deleting?.Invoke();
        Deletes.Enqueue([.. names.Select(name => name.Value)]);
        await DeleteGate.WaitAsync(cancellationToken);
        Check();
        var failed = names.Where(name => Undeletable.ContainsKey(name.Value)).ToList();
        if (failed.Count == 0 || ListsFailedNames)
        {
            await Inner.DeleteAsync([.. names.Except(failed)], cancellationToken);
        }

        if (failed.Count > 0)
        {
            throw new ObjectStoreException(ObjectStoreErrorKind.Denied, $"The test store denies deleting {failed[0]}.")
            {
                FailedNames = ListsFailedNames ? failed : [],
            };
        }
    }

    private void Check()
    {
        if (Fault is { } fault)
        {
            throw new ObjectStoreException(fault, $"The test store fails: {fault}.");
        }
    }
}
