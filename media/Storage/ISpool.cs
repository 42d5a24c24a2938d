namespace Broadcast.Media.Storage;

/// <summary>
/// Local staging area for media. Files in the data folder grow part by part, survive kill -9, and are uploaded in the background when
/// sealed. Appended bytes are readable immediately: from the tail buffer, then from the file, then from the object store.
/// </summary>
public interface ISpool
{
    /// <summary>Opens a file for appending. An existing file of an earlier process is reopened at its end.</summary>
    /// <exception cref="IOException">A disk error; the message names the folder and the remedy.</exception>
    ISpoolFile Open(ObjectName name);

    /// <summary>Reads from a file or object at its current location.</summary>
    /// <param name="name">Name of the file.</param>
    /// <param name="offset">Offset of the first byte.</param>
    /// <param name="length">Maximum number of bytes; <see langword="null"/> for all bytes available now.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The content, to be disposed; until then it counts as used memory. <see langword="null"/> when the file does not exist
    /// anywhere.</returns>
    ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken);

    /// <summary>
    /// Same as <see cref="ReadAsync(ObjectName, long, long?, CancellationToken)"/>, but bypasses the object cache. Use it for large
    /// one-time reads, which would evict data that viewers request repeatedly.
    /// </summary>
    ValueTask<SpoolContent?> ReadOnceAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
        ReadAsync(name, offset, length, cancellationToken);

    /// <summary>
    /// Same as <see cref="ReadAsync(ObjectName, long, long?, CancellationToken)"/>, for a given purpose. Downloads bypass the object cache.
    /// Reads of viewers beyond the limit of the object store fail at once with <see cref="ObjectStoreErrorKind.TooManyReads"/>.
    /// </summary>
    ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, ReadPurpose purpose,
        CancellationToken cancellationToken) =>
        purpose is ReadPurpose.Download or ReadPurpose.StartedDownload ? ReadOnceAsync(name, offset, length, cancellationToken)
            : ReadAsync(name, offset, length, cancellationToken);

    /// <summary>
    /// Lists files in the spool (open or waiting for upload) whose names start with <paramref name="prefix"/>, in ordinal order.
    /// </summary>
    IReadOnlyList<ObjectInfo> List(string prefix);

    /// <summary>Returns whether a file is still in the spool. An announced file that is not has been uploaded.</summary>
    bool IsWaiting(ObjectName name) => List(name.Value).Any(found => found.Name == name);

    /// <summary>
    /// Length of a file that is complete: it waits for its upload, or this process has uploaded it, after which it never changes.
    /// </summary>
    /// <returns><see langword="null"/> for other files.</returns>
    long? FindSealedLength(ObjectName name) => null;

    /// <summary>Deletes files from memory, spool and object store in the background, with retries. Missing files are ignored.</summary>
    void Delete(IReadOnlyCollection<ObjectName> names);

    /// <summary>
    /// Discards an open or waiting file. An object of the same name in the object store is kept. Missing files are ignored.
    /// </summary>
    void Discard(ObjectName name)
    {
    }

    /// <summary>
    /// Lets a waiting file replace the object of its name (<see cref="NameTaken"/>) with its next attempt. Missing files are ignored.
    /// </summary>
    void Replace(ObjectName name)
    {
    }

    /// <summary>
    /// Drops the local copies of files that another server owns now, whose names start with <paramref name="prefix"/> (ending in
    /// <c>/</c>): open files, and copies of uploaded ones, also in memory. Files that wait for their upload remain until then, or until the
    /// owner is found to have created an object of their name.
    /// </summary>
    void Release(string prefix)
    {
    }

    /// <summary>
    /// Raised when a file cannot be uploaded because the object store has another object of its name: another writer created it. The file
    /// stays in the spool. Called on a background thread, and again with each attempt.
    /// </summary>
    event Action<ObjectName>? NameTaken
    {
        add { }
        remove { }
    }

    /// <summary>
    /// Deletes all files whose names start with <paramref name="prefix"/> (ending in <c>/</c>) from spool and object store, in the
    /// background.
    /// </summary>
    void DeleteAll(string prefix);
}

/// <summary>A growing file with one writer and any number of readers (<see cref="ISpool"/>).</summary>
public interface ISpoolFile
{
    /// <summary>Name of the file.</summary>
    ObjectName Name { get; }

    /// <summary>Number of bytes visible to readers.</summary>
    long Length { get; }

    /// <summary>
    /// Appends bytes, all or none. On return they are written to the file (in the page cache) and visible to readers. The memory is
    /// retained and must not change.
    /// </summary>
    /// <exception cref="IOException">A disk error; the partial write is undone, and the file remains usable.</exception>
    void Append(IReadOnlyList<ReadOnlyMemory<byte>> bytes);

    /// <summary>
    /// Truncates the file to its first <paramref name="length"/> bytes, to remove bytes that an earlier process wrote but did not announce.
    /// Readers must not know of the removed bytes: reads in progress may return fewer bytes than requested.
    /// </summary>
    /// <param name="length">New length, 0 to <see cref="Length"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative or exceeds the current length.</exception>
    /// <exception cref="IOException">A disk error; the file is unchanged.</exception>
    void Truncate(long length);

    /// <summary>Marks the file as complete and queues it for upload.</summary>
    void Seal();

    /// <summary>Same as <see cref="Seal"/>, but first flushes the file to the disk, for a file on which later ones depend.</summary>
    void SealOnDisk() => Seal();
}

/// <summary>Content read from the spool: memory slices or a stream.</summary>
public sealed class SpoolContent : IAsyncDisposable
{
    private Action? _release;

    /// <summary>Creates content in memory.</summary>
    /// <param name="slices">Memory slices in order.</param>
    /// <param name="offset">Offset of the content in the file.</param>
    /// <param name="length">Size of the content in bytes.</param>
    /// <param name="totalLength">Size of the whole file in bytes.</param>
    /// <param name="release">Called once on disposal, when the slices are no longer used; may be <see langword="null"/>.</param>
    public SpoolContent(IReadOnlyList<ReadOnlyMemory<byte>> slices, long offset, long length, long totalLength, Action? release = null)
    {
        (Slices, Offset, Length, TotalLength, _release) = (slices, offset, length, totalLength, release);
    }

    /// <summary>Creates streamed content.</summary>
    public SpoolContent(Stream stream, long offset, long length, long totalLength)
    {
        (Stream, Offset, Length, TotalLength) = (stream, offset, length, totalLength);
    }

    /// <summary>Memory slices in order; <see langword="null"/> for a stream.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Slices { get; }

    /// <summary>
    /// Indicates content in memory that counts against no limit while it is in use. A caller that waits for a client must release it.
    /// </summary>
    public bool IsUncounted => Slices is not null && _release is null;

    /// <summary>Stream of exactly <see cref="Length"/> bytes; <see langword="null"/> for content in memory.</summary>
    public Stream? Stream { get; }

    /// <summary>Offset of the content in the file.</summary>
    public long Offset { get; }

    /// <summary>Size of the content in bytes.</summary>
    public long Length { get; }

    /// <summary>Current size of the whole file in bytes.</summary>
    public long TotalLength { get; }

    /// <summary>Releases the content; repeated calls have no effect.</summary>
    public ValueTask DisposeAsync()
    {
        Interlocked.Exchange(ref _release, null)?.Invoke();
        return Stream?.DisposeAsync() ?? default;
    }
}
