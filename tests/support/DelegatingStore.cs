using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Testing;

/// <summary>An object store that passes every call to another one. Test stores override what they do differently.</summary>
public abstract class DelegatingStore(IObjectStore inner) : IObjectStore
{
    public virtual Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition,
        CancellationToken cancellationToken) => inner.PutAsync(name, bytes, condition, cancellationToken);

    public virtual Task<bool> PutFileAsync(ObjectName name, string path, PutCondition condition, CancellationToken cancellationToken) =>
        inner.PutFileAsync(name, path, condition, cancellationToken);

    public virtual Task<bool> ReplaceAsync(ObjectName name, ReadOnlyMemory<byte> bytes, ManifestRank rank, ObjectHeaders headers,
        CancellationToken cancellationToken) => inner.ReplaceAsync(name, bytes, rank, headers, cancellationToken);

    public virtual Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
        inner.OpenAsync(name, offset, length, cancellationToken);

    public virtual Task<ObjectInfo?> FindAsync(ObjectName name, CancellationToken cancellationToken) =>
        inner.FindAsync(name, cancellationToken);

    public virtual IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken) =>
        inner.ListAsync(prefix, cancellationToken);

    public virtual IAsyncEnumerable<string> ListFoldersAsync(string prefix, CancellationToken cancellationToken) =>
        inner.ListFoldersAsync(prefix, cancellationToken);

    public virtual Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken) =>
        inner.DeleteAsync(names, cancellationToken);
}
