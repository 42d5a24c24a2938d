using Broadcast.Media;
using Broadcast.Media.Files;
using Broadcast.Storage.Objects;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// The spool folder on disk. A sealed file's path is its name. Open files have the suffix <c>~open</c>, uploaded files retained for readers
/// <c>~kept</c>; names cannot contain <c>~</c>. The state of leftover files therefore follows from their paths. By default nothing is
/// flushed: written bytes are in the page cache, which survives kill -9 but not a power failure. Recovery replaces damaged segments by
/// gaps.
/// </summary>
internal sealed class SpoolFolder : IDisposable
{
    private const string OpenSuffix = "~open";
    private const string RetainedSuffix = "~kept";
    private readonly string _root;
    private readonly long _maxBytes;
    private readonly FileStream _lock;
    private readonly SpoolShares _shares;
    private long _bytes;
    private long _retainedBytes;

    /// <exception cref="IOException">The folder cannot be used, or another process uses it.</exception>
    public SpoolFolder(string root, long maxBytes, bool flushesToDisk = false)
    {
        (_root, _maxBytes, FlushesToDisk) = (Path.GetFullPath(root), maxBytes, flushesToDisk);
        _shares = new SpoolShares(maxBytes);
        try
        {
            Directory.CreateDirectory(_root);

            // Accessible to its owner only, because any user who can open the file could lock it.
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            _lock = new FileStream(Path.Combine(_root, ".lock"), options);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"The spool folder {_root} is not writable. Check its owner and permissions.", e);
        }
        catch (IOException e)
        {
            throw new IOException(
                $"The spool folder {_root} cannot be used: {e.Message} If another server runs on the same data folder, stop it or give "
                + "this one its own.", e);
        }
    }

    /// <summary>Indicates whether files are flushed to the disk when they are sealed.</summary>
    public bool FlushesToDisk { get; }

    /// <summary>Path of the folder.</summary>
    public string Root => _root;

    /// <summary>Bytes in files that are not in the object store.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Bytes in files that are also in the object store.</summary>
    public long RetainedBytes => Interlocked.Read(ref _retainedBytes);

    /// <summary>Free disk space in bytes; <see cref="long.MaxValue"/> when unknown.</summary>
    public long Free
    {
        get
        {
            try
            {
                return new DriveInfo(_root).AvailableFreeSpace;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return long.MaxValue;
            }
        }
    }

    /// <summary>Removes a retained file and returns whether there was one; called when the limit is reached or the disk is full.</summary>
    public Func<bool> EvictRetainedFile { get; set; } = static () => false;

    /// <summary>Flushes an open file to the disk; replaced by tests only.</summary>
    internal Action<SafeFileHandle> FlushFile { get; init; } = RandomAccess.FlushToDisk;

    /// <summary>Flushes a folder to the disk; replaced by tests only.</summary>
    internal Action<string> FlushParent { get; init; } = AtomicFile.FlushFolder;

    public string SealedPath(ObjectName name) => Path.Combine(_root, name.Value);

    public string OpenPath(ObjectName name) => SealedPath(name) + OpenSuffix;

    public string RetainedPath(ObjectName name) => SealedPath(name) + RetainedSuffix;

    /// <summary>Counts bytes before they are written. Retained files are removed when there is no space beside them.</summary>
    /// <exception cref="IOException">The limit is reached, or the channel holds too much of a nearly full spool.</exception>
    public void Reserve(ObjectName name, long count)
    {
        var bytes = Interlocked.Add(ref _bytes, count);
        _shares.Count(name, count);
        if (bytes <= _maxBytes && _shares.IsExceeded(name, bytes))
        {
            Release(name, count);
            throw new IOException(
                $"The spool {_root} is more than {SpoolShares.NearlyFullPercent} % full, and channel {SpoolShares.ChannelOf(name)} holds "
                + "more than an equal share of it, so it may not add more. Restore the object store, or raise Spool:MaxBytes.");
        }

        while (bytes + RetainedBytes > _maxBytes && EvictRetainedFile())
        {
            // Repeat until there is space, or no retained file is left.
        }

        if (bytes > _maxBytes)
        {
            Release(name, count);
            throw new IOException(
                $"The spool {_root} holds {Bytes} bytes waiting for the object store; Spool:MaxBytes is {_maxBytes}. Restore the object "
                + "store, or raise the limit.");
        }
    }

    public void Release(ObjectName name, long count)
    {
        Interlocked.Add(ref _bytes, -count);
        _shares.Count(name, -count);
    }

    /// <summary>Appends to a file and counts the bytes. When the disk is full, retained files are removed first.</summary>
    /// <param name="open">The open file.</param>
    /// <param name="name">Name of the file.</param>
    /// <param name="slices">The bytes to write.</param>
    /// <param name="count">Number of bytes.</param>
    /// <param name="end">Offset of the end of the file.</param>
    /// <exception cref="IOException">The limit is reached, or there was a disk error; nothing was written.</exception>
    public void Append(OpenFile open, ObjectName name, ReadOnlyMemory<byte>[] slices, int count, long end)
    {
        Reserve(name, count);
        try
        {
            while (true)
            {
                try
                {
                    open.Append(slices, end);
                    return;
                }
                catch (IOException e) when (DiskErrors.IsFull(e) && EvictRetainedFile())
                {
                    // Try again.
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Release(name, count);
            throw Explain(e, name);
        }
    }

    /// <summary>Renames an uploaded file to retain it, and counts it as retained.</summary>
    /// <returns><see langword="false"/> without effect when the store has moved the file, or on a disk error.</returns>
    public bool TryRetain(ObjectName name, string path, long length)
    {
        try
        {
            if (!File.Exists(path))
            {
                return false;
            }

            File.Move(path, RetainedPath(name), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        Interlocked.Add(ref _retainedBytes, length);
        Release(name, length);
        return true;
    }

    /// <summary>Finds and counts the files of earlier processes.</summary>
    public IEnumerable<LeftoverFile> Scan()
    {
        foreach (var file in Scan(_root))
        {
            if (file.State == SpoolState.Retained)
            {
                Interlocked.Add(ref _retainedBytes, file.Length);
            }
            else
            {
                Release(file.Name, -file.Length);
            }

            yield return file;
        }
    }

    /// <summary>Finds the files of a spool, which may be in use by a server. Files that disappear meanwhile are skipped.</summary>
    public static IEnumerable<LeftoverFile> Scan(string root)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None,
            IgnoreInaccessible = true };
        foreach (var file in new DirectoryInfo(root).EnumerateFiles("*", options))
        {
            var relative = Path.GetRelativePath(root, file.FullName).Replace('\\', '/');
            var (state, suffix) = relative.EndsWith(OpenSuffix, StringComparison.Ordinal) ? (SpoolState.Leftover, OpenSuffix.Length)
                : relative.EndsWith(RetainedSuffix, StringComparison.Ordinal) ? (SpoolState.Retained, RetainedSuffix.Length)
                : (SpoolState.Waiting, 0);
            if (ObjectName.TryParse(relative[..^suffix], out var name) && DiskTree.Describe(name, file) is { } found)
            {
                yield return new(name, file.FullName, state, found.Length, found.LastModified);
            }
        }
    }

    /// <summary>Removes a file, its count, and the folders that become empty.</summary>
    /// <exception cref="IOException">A disk error.</exception>
    /// <exception cref="UnauthorizedAccessException">A disk error.</exception>
    public void Remove(ObjectName name, string path, long length, bool wasRetained)
    {
        if (wasRetained)
        {
            Interlocked.Add(ref _retainedBytes, -length);
        }
        else
        {
            Release(name, length);
        }

        if (File.Exists(path))
        {
            File.Delete(path);
        }

        DiskTree.RemoveEmptyFolders(_root, Path.GetDirectoryName(path)!);
    }

    /// <summary>Translates a disk error for the writer.</summary>
    public IOException Explain(Exception exception, ObjectName name) => DiskErrors.IsFull(exception)
        ? new IOException(
            $"The disk of the spool {_root} is full, so {name} could not be written. Free space there; uploading continues and frees "
            + "what it can.", exception)
        : new IOException($"The spool {_root} could not write {name}: {exception.Message}", exception);

    public void Dispose() => _lock.Dispose();
}
