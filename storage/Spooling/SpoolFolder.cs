using Broadcast.Media;
using Broadcast.Storage.Objects;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// The spool on disk. A sealed file's path is its name; while it is open it ends in <c>~open</c> as well, which no name can. So what a killed process had sealed
/// and what it was still writing are told apart by name alone. Nothing is flushed: the kernel has the bytes, which outlives kill -9 but not a power cut.
/// </summary>
internal sealed class SpoolFolder : IDisposable
{
    private const string OpenSuffix = "~open";
    private readonly string _root;
    private readonly long _maxBytes;
    private readonly FileStream _lock;
    private long _bytes;

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

    /// <summary>Bytes in files now.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public string SealedPath(ObjectName name) => Path.Combine(_root, name.Value);

    public string OpenPath(ObjectName name) => SealedPath(name) + OpenSuffix;

    /// <summary>Counts bytes in before they are written.</summary>
    /// <exception cref="IOException">The limit is reached.</exception>
    public void Reserve(long count)
    {
        if (Interlocked.Add(ref _bytes, count) > _maxBytes)
        {
            Release(count);
            throw new IOException(
                $"The spool {_root} holds {Bytes} bytes that the object store has not taken yet, and Spool:MaxBytes allows {_maxBytes}. Bring the object store back, or raise the limit.");
        }
    }

    public void Release(long count) => Interlocked.Add(ref _bytes, -count);

    /// <summary>Finds what earlier processes left, and counts it.</summary>
    public IEnumerable<(ObjectName Name, string Path, bool Sealed, long Length, DateTimeOffset Written)> Scan()
    {
        foreach (var file in Scan(_root))
        {
            Interlocked.Add(ref _bytes, file.Length);
            yield return file;
        }
    }

    /// <summary>Finds the files of a spool, also of one that a server is writing to: what goes away meanwhile is left out.</summary>
    public static IEnumerable<(ObjectName Name, string Path, bool Sealed, long Length, DateTimeOffset Written)> Scan(string root)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };
        foreach (var file in new DirectoryInfo(root).EnumerateFiles("*", options))
        {
            var relative = Path.GetRelativePath(root, file.FullName).Replace('\\', '/');
            var open = relative.EndsWith(OpenSuffix, StringComparison.Ordinal);
            if (ObjectName.TryParse(open ? relative[..^OpenSuffix.Length] : relative, out var name) && DiskTree.Describe(name, file) is { } found)
            {
                yield return (name, file.FullName, !open, found.Length, found.LastModified);
            }
        }
    }

    /// <summary>Removes a file, if it is there, and the folders that it leaves empty.</summary>
    public void Remove(string path)
    {
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
