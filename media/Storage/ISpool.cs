namespace Broadcast.Media;

/// <summary>
/// Where media is written first: files in the data folder that grow part by part and survive kill -9, and go to the object store whole, in the background.
/// What has been appended can be read at once, from memory while it is young, then from the file, then from the store.
/// </summary>
public interface ISpool
{
    /// <summary>Begins a file. A file of that name left by an earlier process is opened again at its end.</summary>
    /// <exception cref="IOException">The disk refused; the message says which folder and what to do.</exception>
    ISpoolFile Open(ObjectName name);

    /// <summary>Reads from a file or object, wherever it is now.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes at most, or <see langword="null"/> for all that there is now.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The bytes, to be disposed of: until then they count as memory in use. <see langword="null"/> when it is nowhere.</returns>
    ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken);

    /// <summary>The same for who reads much and once, as whoever copies a broadcast: nothing of it is kept in memory, where it would push out what viewers ask for again and again.</summary>
    ValueTask<SpoolContent?> ReadOnceAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) => ReadAsync(name, offset, length, cancellationToken);

    /// <summary>Files that are in the spool now (open, or waiting for the store), in ordinal order, whose names begin with <paramref name="prefix"/>.</summary>
    IReadOnlyList<ObjectInfo> List(string prefix);

    /// <summary>Whether a file is in the spool now, so that the store does not have it yet. What was announced and is not has gone to the store.</summary>
    bool IsWaiting(ObjectName name) => List(name.Value).Any(found => found.Name == name);

    /// <summary>Deletes from memory, spool and store. In the background and retried where the store fails; a name that is nowhere is no error.</summary>
    void Delete(IReadOnlyCollection<ObjectName> names);

    /// <summary>Drops a file that waits here, open or not, and leaves alone what the store has under its name. A name that is not here is no error.</summary>
    void Discard(ObjectName name)
    {
    }

    /// <summary>Deletes everything whose name begins with <paramref name="prefix"/> (ending in <c>/</c>), in spool and store, in the background.</summary>
    void DeleteAll(string prefix);
}

/// <summary>A file that grows. One writer; any number of readers through <see cref="ISpool.ReadAsync"/>.</summary>
public interface ISpoolFile
{
    /// <summary>Its name.</summary>
    ObjectName Name { get; }

    /// <summary>Bytes that readers can see.</summary>
    long Length { get; }

    /// <summary>Appends bytes, all or none. When it returns they are in the file (in the kernel's hands) and readers see them. The memory is kept and must not change.</summary>
    /// <exception cref="IOException">The disk refused; what was written of this call is taken back, and the file can go on.</exception>
    void Append(IReadOnlyList<ReadOnlyMemory<byte>> bytes);

    /// <summary>
    /// Cuts the file to its first <paramref name="length"/> bytes. For what an earlier process wrote and never announced: readers must not have been told of
    /// the bytes that go, because those that read them now may get fewer than they asked for.
    /// </summary>
    /// <param name="length">What is left, 0 to <see cref="Length"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or more than there is.</exception>
    /// <exception cref="IOException">The disk refused; the file is as it was.</exception>
    void Truncate(long length);

    /// <summary>No more will come: hands the file to the object store, in the background.</summary>
    void Seal();
}

/// <summary>Bytes read from the spool: slices of memory, or a stream.</summary>
public sealed class SpoolContent : IAsyncDisposable
{
    private Action? _letGo;

    /// <summary>Content in memory.</summary>
    /// <param name="slices">The bytes in order.</param>
    /// <param name="offset">Where in the file they begin.</param>
    /// <param name="length">How many there are.</param>
    /// <param name="totalLength">Bytes of the whole file.</param>
    /// <param name="letGo">Called once, when it is disposed of: by then nobody looks at the slices any more. <see langword="null"/> where nobody needs to know.</param>
    public SpoolContent(IReadOnlyList<ReadOnlyMemory<byte>> slices, long offset, long length, long totalLength, Action? letGo = null)
    {
        (Slices, Offset, Length, TotalLength, _letGo) = (slices, offset, length, totalLength, letGo);
    }

    /// <summary>Content to be streamed.</summary>
    public SpoolContent(Stream stream, long offset, long length, long totalLength)
    {
        (Stream, Offset, Length, TotalLength) = (stream, offset, length, totalLength);
    }

    /// <summary>The bytes in order, when they are in memory.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Slices { get; }

    /// <summary>Reads exactly <see cref="Length"/> bytes, when they are not in memory.</summary>
    public Stream? Stream { get; }

    /// <summary>Where in the file they begin.</summary>
    public long Offset { get; }

    /// <summary>How many there are.</summary>
    public long Length { get; }

    /// <summary>Bytes of the whole file as it is now.</summary>
    public long TotalLength { get; }

    /// <summary>Lets the bytes go; a second time it does nothing.</summary>
    public ValueTask DisposeAsync()
    {
        Interlocked.Exchange(ref _letGo, null)?.Invoke();
        return Stream?.DisposeAsync() ?? default;
    }
}
