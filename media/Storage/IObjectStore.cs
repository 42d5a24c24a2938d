namespace Broadcast.Media;

/// <summary>What is known of a stored object.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Length">Bytes.</param>
/// <param name="LastModified">When it was written.</param>
public sealed record ObjectInfo(ObjectName Name, long Length, DateTimeOffset LastModified)
{
    /// <summary>Of a list, how new it is, where that was noted (<see cref="IObjectStore.ReplaceAsync"/>). Only <see cref="IObjectStore.FindAsync"/> tells it.</summary>
    public ListRank? Rank { get; init; }
}

/// <summary>How an object is put.</summary>
public enum PutCondition
{
    /// <summary>Whatever is there is replaced, as a whole: a reader sees the old bytes or the new, never a mixture.</summary>
    Replace,

    /// <summary>Only when nothing is there (<c>If-None-Match: *</c>).</summary>
    CreateOnly,
}

/// <summary>
/// Where whole objects live: S3, disk or memory. One contract test suite holds for all. An object is there with all its bytes or not at all, and once a put
/// has returned every later read sees it. With each go the headers of its name where objects have such (<see cref="ObjectHeaders"/>), and a checksum (<see cref="ObjectContent.Checksum"/>).
/// Failures of the outside (network, disk full, refused credentials) are <see cref="ObjectStoreException"/>.
/// </summary>
public interface IObjectStore
{
    /// <summary>Puts bytes.</summary>
    /// <returns><see langword="false"/> when <see cref="PutCondition.CreateOnly"/> met an object that is there; nothing was changed.</returns>
    Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition, CancellationToken cancellationToken);

    /// <summary>Puts a local file's bytes. The file itself is left alone unless the store could take it over by renaming, so that it may be gone afterwards.</summary>
    /// <returns>As <see cref="PutAsync"/>.</returns>
    Task<bool> PutFileAsync(ObjectName name, string path, PutCondition condition, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a list in the place of an older one, or where there is none. What is as new or older is replaced as a whole; what is newer stays, also when another process writes it at the same moment, as far
    /// as the store can tell (S3 services without <c>If-Match</c> take whichever comes last).
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">All of it.</param>
    /// <param name="rank">How new it is; noted with it.</param>
    /// <param name="headers">What goes with it where objects have headers.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns><see langword="false"/> when a newer one is there; nothing was changed.</returns>
    Task<bool> ReplaceAsync(ObjectName name, ReadOnlyMemory<byte> bytes, ListRank rank, ObjectHeaders headers, CancellationToken cancellationToken);

    /// <summary>Reads all of an object, or a range of it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="offset">First byte, 0 or more.</param>
    /// <param name="length">Bytes at most, or <see langword="null"/> for all that follow. A range that reaches past the end is cut there.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The bytes, to be disposed of; or <see langword="null"/> when there is no such object.</returns>
    Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken);

    /// <summary>What is known of an object, or <see langword="null"/> when there is none.</summary>
    Task<ObjectInfo?> FindAsync(ObjectName name, CancellationToken cancellationToken);

    /// <summary>Objects whose names begin with <paramref name="prefix"/>, in ordinal order of names. Paged inside, so any number is fine.</summary>
    /// <param name="prefix">Text, not a folder: <c>live/a</c> also finds <c>live/ab</c>; end it with <c>/</c> to mean a folder. Empty for all.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>The distinct names one level below a folder: for <c>journal/</c> the channels, with neither the prefix nor a trailing slash.</summary>
    /// <param name="prefix">Empty, or a folder's name ending in <c>/</c>.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<string> ListFoldersAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Deletes objects. A name that is not there is no error.</summary>
    Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken);
}

/// <summary>An object's bytes, or a range of them, as they are read.</summary>
public sealed class ObjectContent(Stream stream, long offset, long length, long totalLength) : IAsyncDisposable
{
    /// <summary>Reads exactly <see cref="Length"/> bytes.</summary>
    public Stream Stream { get; } = stream;

    /// <summary>Where in the object the bytes begin.</summary>
    public long Offset { get; } = offset;

    /// <summary>Bytes that will be read.</summary>
    public long Length { get; } = length;

    /// <summary>Bytes of the whole object.</summary>
    public long TotalLength { get; } = totalLength;

    /// <summary>CRC-32C of all bytes of the object, as it was noted when it was put; <see langword="null"/> where none was.</summary>
    public uint? Checksum { get; init; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}

/// <summary>Why the store failed, as far as it can be told.</summary>
public enum ObjectStoreFault
{
    /// <summary>It could not be reached, or answered too late; worth retrying.</summary>
    Unreachable,

    /// <summary>It asked for fewer requests (503 SlowDown, 429); worth retrying later.</summary>
    Busy,

    /// <summary>It refused the credentials or the permission; retrying alone will not help.</summary>
    Denied,

    /// <summary>No room left.</summary>
    Full,

    /// <summary>The bucket or folder is not there.</summary>
    NoBucket,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>The store failed. The message says what, where, and what to do; it holds no secret.</summary>
public sealed class ObjectStoreException(ObjectStoreFault fault, string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>Why, as far as it can be told.</summary>
    public ObjectStoreFault Fault { get; } = fault;
}
