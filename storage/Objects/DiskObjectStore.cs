using System.Runtime.CompilerServices;
using Broadcast.Media;
using Broadcast.Media.Files;
using Broadcast.Media.Storage;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>
/// Object store with one file per object, whose path below the root is the object name. Bytes are written to a temporary file that is then
/// renamed or linked, so objects are complete or absent. Unlike in S3, a name cannot be both a folder and an object; such a put fails.
/// <para>
/// Flushing: when enabled, bytes are flushed before the file gets its name, so a power cut leaves no torn object. The name itself reaches
/// the medium with the file system's next commit (about 5 s). Kill -9 of this process loses nothing either way. Only one process at a time
/// writes to the folder.
/// </para>
/// <para>
/// Checksums are stored as extended attributes of the files (<see cref="StoredChecksum"/>), as are the ranks of manifests. HTTP headers are
/// not stored; the server that delivers the folder sets them. Files from the spool already have the checksum of the bytes as they were
/// appended.
/// </para>
/// </summary>
internal sealed class DiskObjectStore : IObjectStore
{
    private const int Attempts = 5;

    /// <summary>Maximum age of a temporary file in use; older ones were left by a dead process.</summary>
    private static readonly TimeSpan MaxTemporaryAge = TimeSpan.FromHours(1);

    private readonly Lock _rankLock = new();
    private readonly string _root;
    private readonly string _temporary;
    private readonly bool _flush;

    /// <summary>Opens the folder, creating it when missing, and removes temporary files of dead processes.</summary>
    /// <exception cref="ObjectStoreException">The folder cannot be used.</exception>
    /// <param name="root">The root folder.</param>
    /// <param name="flush">Whether bytes are flushed to the medium.</param>
    /// <param name="time">Time provider for the age of temporary files.</param>
    public DiskObjectStore(string root, bool flush, TimeProvider? time = null)
    {
        _root = Path.GetFullPath(root);
        _flush = flush;

        // Object names cannot start with a dot.
        _temporary = Path.Combine(_root, ".writing");
        try
        {
            Directory.CreateDirectory(_temporary);

            // Commands may open the store of a running server.
            var staleBefore = ((time ?? TimeProvider.System).GetUtcNow() - MaxTemporaryAge).UtcDateTime;
            foreach (var path in Directory.EnumerateFiles(_temporary).Where(path => File.GetLastWriteTimeUtc(path) < staleBefore))
            {
                File.Delete(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DiskErrors.Explain(e, "The object store cannot start", _root);
        }
    }

    public override string ToString() => _root;

    public Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition, CancellationToken cancellationToken) =>
        GuardAsync($"Could not store {name}", async () =>
        {
            if (condition == PutCondition.CreateOnly && File.Exists(PathOf(name)))
            {
                return false;
            }

            return await WriteAtomicallyAsync(name, condition, async file =>
            {
                await RandomAccess.WriteAsync(file, bytes, 0, cancellationToken);
                StoredChecksum.Write(file, Crc32C.Append(0, bytes.Span));
            });
        });

    public Task<bool> PutFileAsync(ObjectName name, string path, PutCondition condition, CancellationToken cancellationToken) =>
        GuardAsync($"Could not store {name}", async () =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            RequireRoot();
            if (!File.Exists(path))
            {
                throw new FileNotFoundException($"Could not store {name}: {path} does not exist.", path);
            }

            if (condition == PutCondition.CreateOnly && File.Exists(PathOf(name)))
            {
                return false;
            }

            try
            {
                using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
                {
                    if (StoredChecksum.Read(file) is null)
                    {
                        StoredChecksum.Write(file,
                            (await FileDigest.OfAsync(file, 0, RandomAccess.GetLength(file), md5: false, cancellationToken)).Sum);
                    }

                    if (_flush)
                    {
                        RandomAccess.FlushToDisk(file);
                    }
                }

                return MoveIntoPlace(path, name, condition);
            }
            catch (IOException e) when (AtomicFile.IsOtherFileSystem(e))
            {
                return await WriteAtomicallyAsync(name, condition, async file =>
                {
                    await using var source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0,
                        FileOptions.Asynchronous);
                    var buffer = new byte[1 << 20];
                    uint sum = 0;
                    for (long done = 0; ;)
                    {
                        var read = await source.ReadAsync(buffer, cancellationToken);
                        if (read == 0)
                        {
                            StoredChecksum.Write(file, StoredChecksum.Read(source.SafeFileHandle) ?? sum);
                            return;
                        }

                        sum = Crc32C.Append(sum, buffer.AsSpan(0, read));

                        await RandomAccess.WriteAsync(file, buffer.AsMemory(0, read), done, cancellationToken);
                        done += read;
                    }
                });
            }
        });

    public Task<bool> ReplaceAsync(ObjectName name, ReadOnlyMemory<byte> bytes, ManifestRank rank, ObjectHeaders headers,
        CancellationToken cancellationToken) =>
        GuardAsync($"Could not store {name}", () => WriteAtomicallyAsync(name, PutCondition.Replace, async file =>
        {
            await RandomAccess.WriteAsync(file, bytes, 0, cancellationToken);
            StoredChecksum.Write(file, Crc32C.Append(0, bytes.Span));
            StoredRank.Write(file, rank);
        }, rank));

    public Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        return GuardAsync($"Could not read {name}", () =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var path = PathOf(name);
            if (!File.Exists(path))
            {
                RequireRoot();
                return Task.FromResult<ObjectContent?>(null);
            }

            try
            {
                var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete,
                    FileOptions.Asynchronous);
                var total = RandomAccess.GetLength(file);
                var (start, count) = ByteRanges.Clip(offset, length, total);
                return Task.FromResult<ObjectContent?>(new ObjectContent(new FileRangeStream(file, start, count), start, count,
                    total) { Checksum = StoredChecksum.Read(file) });
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return Task.FromResult<ObjectContent?>(null);
            }
        });
    }

    public Task<ObjectInfo?> FindAsync(ObjectName name, CancellationToken cancellationToken) =>
        GuardAsync($"Could not look for {name}", () =>
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (DiskTree.Describe(name, new FileInfo(PathOf(name))) is { } found)
        {
            return Task.FromResult<ObjectInfo?>(found with { Rank = StoredRank.Read(PathOf(name)) });
        }

        RequireRoot();
        return Task.FromResult<ObjectInfo?>(null);
    });

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The walk is synchronous; yields regularly, so that a long one does not block a thread.
        var seen = 0;
        foreach (var found in DiskTree.Walk(_root, prefix))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (++seen % 1000 == 0)
            {
                await Task.Yield();
            }

            yield return found;
        }
    }

    public IAsyncEnumerable<string> ListFoldersAsync(string prefix, CancellationToken cancellationToken)
    {
        Prefixes.RequireFolder(prefix);
        return Folders(prefix, cancellationToken);
    }

    public Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken) =>
        GuardAsync($"Could not delete {names.Count} objects", async () =>
        {
            RequireRoot();
            await DeleteAllAsync(names, cancellationToken);

            // Files that were not found may have disappeared with their disk.
            RequireRoot();
            return true;
        });

    private Task DeleteAllAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        var failed = new List<ObjectName>();
        Exception? first = null;
        foreach (var name in names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var path = PathOf(name);
            try
            {
                if (File.Exists(path))
                {
                    File.Delete(path);
                    DiskTree.RemoveEmptyFolders(_root, Path.GetDirectoryName(path)!);
                }
            }
            catch (DirectoryNotFoundException)
            {
                // Deleted concurrently.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failed.Add(name);
                first ??= e;
            }
        }

        if (first is null)
        {
            return Task.CompletedTask;
        }

        var error = DiskErrors.Explain(first, $"Could not delete {failed[0]}", _root);
        return Task.FromException(new ObjectStoreException(error.Kind, error.Message, first) { FailedNames = failed });
    }

    private async IAsyncEnumerable<string> Folders(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var folder in DiskTree.Folders(_root, prefix))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return folder;
        }
    }

    /// <summary>Distinguishes missing objects from a disk that is not mounted.</summary>
    /// <exception cref="DirectoryNotFoundException">The root folder does not exist.</exception>
    private void RequireRoot()
    {
        if (!Directory.Exists(_root))
        {
            throw new DirectoryNotFoundException($"The folder {_root} does not exist.");
        }
    }

    private string PathOf(ObjectName name) => Path.Combine(_root, name.Value);

    private async Task<bool> WriteAtomicallyAsync(ObjectName name, PutCondition condition, Func<SafeFileHandle, Task> write,
        ManifestRank? rank = null)
    {
        var path = Path.Combine(_temporary, Guid.NewGuid().ToString("N"));
        try
        {
            using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, FileOptions.Asynchronous))
            {
                await write(file);
                if (_flush)
                {
                    RandomAccess.FlushToDisk(file);
                }
            }

            if (rank is not { } newRank)
            {
                return MoveIntoPlace(path, name, condition);
            }

            // Only one process writes to the folder, so a lock is sufficient.
            lock (_rankLock)
            {
                return !(StoredRank.Read(PathOf(name)) > newRank) && MoveIntoPlace(path, name, condition);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private bool MoveIntoPlace(string path, ObjectName name, PutCondition condition)
    {
        var target = PathOf(name);
        var folder = Path.GetDirectoryName(target)!;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                DiskTree.MakeFolder(folder);
                if (Directory.Exists(target))
                {
                    throw new ObjectStoreException(ObjectStoreErrorKind.Other,
                        $"Could not store {name}: there are objects below that name, and on disk a name cannot be both object and folder.");
                }

                if (condition == PutCondition.CreateOnly)
                {
                    return AtomicFile.TryCreate(path, target);
                }

                AtomicFile.Replace(path, target);
                return true;
            }
            catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException && attempt < Attempts
                && Directory.Exists(_root) && File.Exists(path))
            {
                // A concurrent delete removed the empty folder; create it again.
            }
        }
    }

    private async Task<T> GuardAsync<T>(string operation, Func<Task<T>> action)
    {
        try
        {
            return await action();
        }
        catch (Exception e) when (e is (IOException and not (ObjectStoreException or FileNotFoundException)) or UnauthorizedAccessException)
        {
            throw DiskErrors.Explain(e, operation, _root);
        }
    }
}
