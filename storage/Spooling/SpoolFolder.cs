using Broadcast.Media;
using Broadcast.Storage.Objects;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// The spool on disk. A sealed file's path is its name; while it is open it ends in <c>~open</c> as well, and once the store has it and it stays for readers in <c>~kept</c>, which no name can. So what a
/// killed process had sealed, what it was still writing and what it had brought away are told apart by name alone. Nothing is flushed: the kernel has the bytes, which outlives kill -9 but not a power cut.
/// </summary>
internal sealed class SpoolFolder : IDisposable
{
    private const string OpenSuffix = "~open";
    private const string KeptSuffix = "~kept";
    private readonly string _root;
    private readonly long _maxBytes;
    private readonly FileStream _lock;
    private long _bytes;
    private long _kept;

    /// <exception cref="IOException">The folder cannot be used, or another process uses it.</exception>
    public SpoolFolder(string root, long maxBytes)
    {
        (_root, _maxBytes) = (Path.GetFullPath(root), maxBytes);
        try
        {
            Directory.CreateDirectory(_root);

            // Only its owner may open it: whoever can open a file can lock it, and keep us out.
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            _lock = new FileStream(Path.Combine(_root, ".lock"), options);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"The spool folder {_root} cannot be written to. Check its owner and permissions.", e);
        }
        catch (IOException e)
        {
            throw new IOException($"The spool folder {_root} cannot be used: {e.Message} If another server runs on the same data folder, stop it or give this one its own.", e);
        }
    }

    /// <summary>Its path.</summary>
    public string Root => _root;

    /// <summary>Bytes in files now that the store does not have.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Bytes in files now that the store has too.</summary>
    public long KeptBytes => Interlocked.Read(ref _kept);

    /// <summary>Bytes that the disk has free; <see cref="long.MaxValue"/> where it does not tell.</summary>
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

    /// <summary>Lets a kept file go, and says whether there was one; asked when the limit is reached or the disk is full.</summary>
    public Func<bool> GiveWay { get; set; } = static () => false;

    public string SealedPath(ObjectName name) => Path.Combine(_root, name.Value);

    public string OpenPath(ObjectName name) => SealedPath(name) + OpenSuffix;

    public string KeptPath(ObjectName name) => SealedPath(name) + KeptSuffix;

    /// <summary>Counts bytes in before they are written. Kept files go when there is no room beside them.</summary>
    /// <exception cref="IOException">The limit is reached.</exception>
    public void Reserve(long count)
    {
        var bytes = Interlocked.Add(ref _bytes, count);
        while (bytes + KeptBytes > _maxBytes && GiveWay())
        {
            // Until there is room, or nothing left to let go of.
        }

        if (bytes > _maxBytes)
        {
            Release(count);
            throw new IOException(
                $"The spool {_root} holds {Bytes} bytes that the object store has not taken yet, and Spool:MaxBytes allows {_maxBytes}. Bring the object store back, or raise the limit.");
        }
    }

    public void Release(long count) => Interlocked.Add(ref _bytes, -count);

    /// <summary>Writes at the end of a file, and counts that in. A full disk is made room on, as far as there are files on it that the store has too.</summary>
    /// <param name="open">The file.</param>
    /// <param name="name">Its name.</param>
    /// <param name="slices">What to write.</param>
    /// <param name="count">How many bytes that is.</param>
    /// <param name="end">Where the file ends.</param>
    /// <exception cref="IOException">The limit is reached, or the disk refused; nothing was written.</exception>
    public void Append(OpenFile open, ObjectName name, ReadOnlyMemory<byte>[] slices, int count, long end)
    {
        Reserve(count);
        try
        {
            while (true)
            {
                try
                {
                    open.Append(slices, end);
                    return;
                }
                catch (IOException e) when (DiskFaults.IsFull(e) && GiveWay())
                {
                    // Once more.
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Release(count);
            throw Explain(e, name);
        }
    }

    /// <summary>Gives a file that the store has the name that says so, and counts it among those.</summary>
    /// <returns><see langword="false"/> when it is not there, because the store took the file itself, or the disk refused: then nothing was done.</returns>
    public bool TryKeep(ObjectName name, string path, long length)
    {
        try
        {
            if (!File.Exists(path))
            {
                return false;
            }

            File.Move(path, KeptPath(name), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        Interlocked.Add(ref _kept, length);
        Release(length);
        return true;
    }

    /// <summary>Finds what earlier processes left, and counts it.</summary>
    public IEnumerable<LeftFile> Scan()
    {
        foreach (var file in Scan(_root))
        {
            Interlocked.Add(ref file.State == SpoolState.Kept ? ref _kept : ref _bytes, file.Length);
            yield return file;
        }
    }

    /// <summary>Finds the files of a spool, also of one that a server is writing to: what goes away meanwhile is left out.</summary>
    public static IEnumerable<LeftFile> Scan(string root)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };
        foreach (var file in new DirectoryInfo(root).EnumerateFiles("*", options))
        {
            var relative = Path.GetRelativePath(root, file.FullName).Replace('\\', '/');
            var (state, suffix) = relative.EndsWith(OpenSuffix, StringComparison.Ordinal) ? (SpoolState.Left, OpenSuffix.Length)
                : relative.EndsWith(KeptSuffix, StringComparison.Ordinal) ? (SpoolState.Kept, KeptSuffix.Length)
                : (SpoolState.Waiting, 0);
            if (ObjectName.TryParse(relative[..^suffix], out var name) && DiskTree.Describe(name, file) is { } found)
            {
                yield return new(name, file.FullName, state, found.Length, found.LastModified);
            }
        }
    }

    /// <summary>Counts a file out and removes it, if it is there, and the folders that it leaves empty.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    /// <exception cref="UnauthorizedAccessException">The disk refused.</exception>
    public void Remove(string path, long length, bool wasKept)
    {
        Interlocked.Add(ref wasKept ? ref _kept : ref _bytes, -length);
        if (File.Exists(path))
        {
            File.Delete(path);
        }

        DiskTree.RemoveEmptyFolders(_root, Path.GetDirectoryName(path)!);
    }

    /// <summary>What a refusal of the disk means to who appends.</summary>
    public IOException Explain(Exception exception, ObjectName name) => DiskFaults.IsFull(exception)
        ? new IOException($"The disk of the spool {_root} is full, so {name} could not be written. Free space there; uploading continues and frees what it can.", exception)
        : new IOException($"The spool {_root} refused {name}: {exception.Message}", exception);

    public void Dispose() => _lock.Dispose();
}
