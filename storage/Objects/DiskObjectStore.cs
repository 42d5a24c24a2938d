using System.Runtime.CompilerServices;
using Broadcast.Media;
using Microsoft.Win32.SafeHandles;

namespace Broadcast.Storage.Objects;

/// <summary>
/// Objects as files: an object's name is its path below the root, one to one. Bytes are written under a temporary name and then renamed or linked
/// to their own, so that an object is there whole or not. A name cannot be a folder and an object at once, as it can in S3; a put that would need that is refused.
/// <para>
/// Flushing: when asked for, the bytes are flushed before they get their name, so a power cut leaves no torn object; the name itself reaches the
/// medium with the file system's next commit (about 5 s). Kill -9 of this process loses nothing either way. One process at a time writes to the folder.
/// </para>
/// <para>
/// Checksums: each object's is noted with its file (<see cref="NotedChecksum"/>); so is the rank of a list. Headers are not: who hands the folder out says them. A file that comes from the spool has it from there: of the bytes as they were handed over, not as they are read back.
/// </para>
/// </summary>
internal sealed class DiskObjectStore : IObjectStore
{
    private const int Attempts = 5;

    /// <summary>Half written files are younger than this while they are written; older ones were left by a process that is gone.</summary>
    private static readonly TimeSpan WrittenWithin = TimeSpan.FromHours(1);

    private readonly Lock _ranking = new();
    private readonly string _root;
    private readonly string _temporary;
    private readonly bool _flush;

    /// <summary>Opens the folder, made when missing, and removes what an earlier process left half written.</summary>
    /// <exception cref="ObjectStoreException">The folder cannot be used.</exception>
    /// <param name="root">The folder.</param>
    /// <param name="flush">Whether bytes are flushed to the medium.</param>
    /// <param name="time">Tells what is old.</param>
    public DiskObjectStore(string root, bool flush, TimeProvider? time = null)
    {
        _root = Path.GetFullPath(root);
        _flush = flush;

        // No object's name can begin with a dot.
        _temporary = Path.Combine(_root, ".writing");
        try
        {
            Directory.CreateDirectory(_temporary);

            // Commands look at the store of a server that runs.
            var left = ((time ?? TimeProvider.System).GetUtcNow() - WrittenWithin).UtcDateTime;
            foreach (var path in Directory.EnumerateFiles(_temporary).Where(path => File.GetLastWriteTimeUtc(path) < left))
            {
                File.Delete(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(e, "The object store cannot start", _root);
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

            return await WriteAndPlaceAsync(name, condition, async file =>
            {
                await RandomAccess.WriteAsync(file, bytes, 0, cancellationToken);
                NotedChecksum.Write(file, Crc32C.Append(0, bytes.Span));
            });
        });

    public Task<bool> PutFileAsync(ObjectName name, string path, PutCondition condition, CancellationToken cancellationToken) =>
        GuardAsync($"Could not store {name}", async () =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!File.Exists(path))
            {
                throw new FileNotFoundException($"Could not store {name}: {path} is gone.", path);
            }

            if (condition == PutCondition.CreateOnly && File.Exists(PathOf(name)))
            {
                return false;
            }

            try
            {
                using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete))
                {
                    if (NotedChecksum.Read(file) is null)
                    {
                        NotedChecksum.Write(file, (await FileDigest.OfAsync(file, 0, RandomAccess.GetLength(file), md5: false, cancellationToken)).Sum);
                    }

                    if (_flush)
                    {
                        RandomAccess.FlushToDisk(file);
                    }
                }

                return Place(path, name, condition);
            }
            catch (IOException e) when (WholeFile.IsOtherFileSystem(e))
            {
                return await WriteAndPlaceAsync(name, condition, async file =>
                {
                    await using var source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0, FileOptions.Asynchronous);
                    var buffer = new byte[1 << 20];
                    uint sum = 0;
                    for (long done = 0; ;)
                    {
                        var read = await source.ReadAsync(buffer, cancellationToken);
                        if (read == 0)
                        {
                            NotedChecksum.Write(file, NotedChecksum.Read(source.SafeFileHandle) ?? sum);
                            return;
                        }

                        sum = Crc32C.Append(sum, buffer.AsSpan(0, read));

                        await RandomAccess.WriteAsync(file, buffer.AsMemory(0, read), done, cancellationToken);
                        done += read;
                    }
                });
            }
        });

    public Task<bool> ReplaceAsync(ObjectName name, ReadOnlyMemory<byte> bytes, ListRank rank, ObjectHeaders headers, CancellationToken cancellationToken) =>
        GuardAsync($"Could not store {name}", () => WriteAndPlaceAsync(name, PutCondition.Replace, async file =>
        {
            await RandomAccess.WriteAsync(file, bytes, 0, cancellationToken);
            NotedChecksum.Write(file, Crc32C.Append(0, bytes.Span));
            NotedRank.Write(file, rank);
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
                return Task.FromResult<ObjectContent?>(null);
            }

            try
            {
                var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
                var total = RandomAccess.GetLength(file);
                var (start, count) = ByteRanges.Clip(offset, length, total);
                return Task.FromResult<ObjectContent?>(new ObjectContent(new FileRangeStream(file, start, count), start, count, total) { Checksum = NotedChecksum.Read(file) });
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return Task.FromResult<ObjectContent?>(null);
            }
        });
    }

    public Task<ObjectInfo?> FindAsync(ObjectName name, CancellationToken cancellationToken) => GuardAsync($"Could not look for {name}", () =>
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(DiskTree.Describe(name, new FileInfo(PathOf(name))) is { } found ? found with { Rank = NotedRank.Read(PathOf(name)) } : null);
    });

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The walk is synchronous inside; it is left now and then so that a long one does not hold a thread.
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

    public Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken) => GuardAsync("Could not delete objects", () =>
    {
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
                // Somebody else deleted it first.
            }
        }

        return Task.FromResult(true);
    });

    private async IAsyncEnumerable<string> Folders(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var folder in DiskTree.Folders(_root, prefix))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return folder;
        }
    }

    private string PathOf(ObjectName name) => Path.Combine(_root, name.Value);

    private async Task<bool> WriteAndPlaceAsync(ObjectName name, PutCondition condition, Func<SafeFileHandle, Task> write, ListRank? rank = null)
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

            if (rank is not { } own)
            {
                return Place(path, name, condition);
            }

            // One process writes to the folder, and so one lock will do.
            lock (_ranking)
            {
                return !(NotedRank.Read(PathOf(name)) > own) && Place(path, name, condition);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private bool Place(string path, ObjectName name, PutCondition condition)
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
                    throw new ObjectStoreException(ObjectStoreFault.Other, $"Could not store {name}: there are objects below that name, and on disk a name cannot be a folder too.");
                }

                if (condition == PutCondition.CreateOnly)
                {
                    return WholeFile.TryCreate(path, target);
                }

                WholeFile.Replace(path, target);
                return true;
            }
            catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException && attempt < Attempts && Directory.Exists(_root) && File.Exists(path))
            {
                // A delete took the folder away, empty, after it was made and before it was used: make it again.
            }
        }
    }

    private async Task<T> GuardAsync<T>(string what, Func<Task<T>> action)
    {
        try
        {
            return await action();
        }
        catch (Exception e) when (e is (IOException and not (ObjectStoreException or FileNotFoundException)) or UnauthorizedAccessException)
        {
            throw DiskFaults.Explain(e, what, _root);
        }
    }
}
