namespace Broadcast.Media.Storage;

/// <summary>Metadata of a stored object.</summary>
/// <param name="Name">Object name.</param>
/// <param name="Length">Size in bytes.</param>
/// <param name="LastModified">Time of the last write.</param>
public sealed record ObjectInfo(ObjectName Name, long Length, DateTimeOffset LastModified)
{
    /// <summary>
    /// Rank of a manifest, if stored (<see cref="IObjectStore.ReplaceAsync"/>). Set only by <see cref="IObjectStore.FindAsync"/>.
    /// </summary>
    public ManifestRank? Rank { get; init; }
}

/// <summary>Precondition of a put.</summary>
public enum PutCondition
{
    /// <summary>Replaces an existing object atomically: readers see either the old or the new bytes.</summary>
    Replace,

    /// <summary>Writes only when the object does not exist (<c>If-None-Match: *</c>).</summary>
    CreateOnly,
}

/// <summary>
/// Object store: S3, disk or memory; all implementations pass the same contract tests. Objects are complete or absent, and a completed put
/// is visible to all later reads. Each object has a checksum (<see cref="ObjectContent.Checksum"/>), and HTTP headers derived from its name
/// where the store supports them (<see cref="ObjectHeaders"/>). External failures (network, full disk, invalid credentials) throw
/// <see cref="ObjectStoreException"/>.
/// </summary>
public interface IObjectStore
{
    /// <summary>Puts an object.</summary>
    /// <returns><see langword="false"/> when <see cref="PutCondition.CreateOnly"/> found an existing object, which is unchanged.</returns>
    Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition, CancellationToken cancellationToken);

    /// <summary>Puts a local file. The store may move the file instead of copying it, so it may no longer exist afterwards.</summary>
    /// <returns>Same as <see cref="PutAsync"/>.</returns>
    Task<bool> PutFileAsync(ObjectName name, string path, PutCondition condition, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a manifest unless a newer one exists. A manifest of equal or lower rank is replaced atomically. Concurrent writers are ordered
    /// by rank where the store supports it; S3 services without <c>If-Match</c> keep the last write.
    /// </summary>
    /// <param name="name">Object name.</param>
    /// <param name="bytes">Content of the manifest.</param>
    /// <param name="rank">Rank of the manifest, stored with it.</param>
    /// <param name="headers">HTTP headers, where the store supports them.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    /// <returns><see langword="false"/> when a newer manifest exists, which is unchanged.</returns>
    Task<bool> ReplaceAsync(ObjectName name, ReadOnlyMemory<byte> bytes, ManifestRank rank, ObjectHeaders headers,
        CancellationToken cancellationToken);

    /// <summary>Reads an object or a byte range of it.</summary>
    /// <param name="name">Object name.</param>
    /// <param name="offset">Offset of the first byte, 0 or more.</param>
    /// <param name="length">Maximum number of bytes; <see langword="null"/> for all that follow. Ranges past the end are truncated.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The content, to be disposed; <see langword="null"/> when the object does not exist.</returns>
    Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken);

    /// <summary>
    /// Same as <see cref="OpenAsync(ObjectName, long, long?, CancellationToken)"/>, for a given purpose. Stores with a limited number of
    /// connections reject viewers beyond a limit at once (<see cref="ObjectStoreErrorKind.TooManyReads"/>).
    /// </summary>
    Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, ReadPurpose purpose, CancellationToken cancellationToken) =>
        OpenAsync(name, offset, length, cancellationToken);

    /// <summary>Finds the metadata of an object; <see langword="null"/> when it does not exist.</summary>
    Task<ObjectInfo?> FindAsync(ObjectName name, CancellationToken cancellationToken);

    /// <summary>
    /// Lists objects whose names start with <paramref name="prefix"/>, in ordinal order. Results are paged internally, so any number is
    /// supported.
    /// </summary>
    /// <param name="prefix">A text prefix: <c>live/a</c> also matches <c>live/ab</c>. End it with <c>/</c> for a folder; empty for all
    /// objects.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>
    /// Lists the distinct names one level below a folder, without prefix and trailing slash: for <c>journal/</c> the channels.
    /// </summary>
    /// <param name="prefix">Empty, or a folder name that ends with <c>/</c>.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    IAsyncEnumerable<string> ListFoldersAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>
    /// Deletes objects. Missing objects are ignored. Objects that cannot be deleted do not stop the deletion of the others; they are listed
    /// in <see cref="ObjectStoreException.FailedNames"/>.
    /// </summary>
    Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken);
}

/// <summary>Content of an object or of a byte range.</summary>
public sealed class ObjectContent(Stream stream, long offset, long length, long totalLength) : IAsyncDisposable
{
    /// <summary>Stream of exactly <see cref="Length"/> bytes.</summary>
    public Stream Stream { get; } = stream;

    /// <summary>Offset of the content in the object.</summary>
    public long Offset { get; } = offset;

    /// <summary>Size of the content in bytes.</summary>
    public long Length { get; } = length;

    /// <summary>Size of the whole object in bytes.</summary>
    public long TotalLength { get; } = totalLength;

    /// <summary>CRC-32C of the whole object, stored when it was put; <see langword="null"/> when absent.</summary>
    public uint? Checksum { get; init; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}

/// <summary>Kinds of object store errors.</summary>
public enum ObjectStoreErrorKind
{
    /// <summary>The store is unreachable or timed out; can be retried.</summary>
    Unreachable,

    /// <summary>The store is throttling (503 SlowDown, 429); can be retried later.</summary>
    Busy,

    /// <summary>Credentials or permissions were rejected; retrying does not help.</summary>
    Denied,

    /// <summary>No space left.</summary>
    Full,

    /// <summary>The bucket or folder does not exist.</summary>
    NoBucket,

    /// <summary>Too many viewers read from the store at once; can be retried.</summary>
    TooManyReads,

    /// <summary>Any other error.</summary>
    Other,
}

/// <summary>An object store operation failed. The message names the problem, its location and the remedy, and contains no secret.</summary>
public sealed class ObjectStoreException(ObjectStoreErrorKind kind, string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>Kind of the error.</summary>
    public ObjectStoreErrorKind Kind { get; } = kind;

    /// <summary>
    /// Names that a call of <see cref="IObjectStore.DeleteAsync"/> could not delete while it deleted all its others. Empty when the call
    /// failed as a whole.
    /// </summary>
    public IReadOnlyCollection<ObjectName> FailedNames { get; init; } = [];
}
