using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Packager.Tests;

/// <summary>A disk and a store in memory. A copy is the state left by a process killed at that moment.</summary>
internal sealed class FakeSpool : ISpool
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectName, byte[]> _files = [];
    private readonly HashSet<ObjectName> _open = [];
    private readonly HashSet<ObjectName> _uploaded = [];

    public FakeStore Store { get; init; } = new();

    /// <summary>Names that cannot be read.</summary>
    public Func<ObjectName, bool> IsUnreadable { get; set; } = _ => false;

    /// <summary>Runs before an object is read.</summary>
    public Func<ObjectName, Task> Reading { get; set; } = _ => Task.CompletedTask;

    /// <summary>Names that the disk refuses to write.</summary>
    public Func<ObjectName, bool> Refuses { get; set; } = _ => false;

    /// <summary>Names of files that the disk opens and then has no space for.</summary>
    public Func<ObjectName, bool> RefusesAppends { get; set; } = _ => false;

    /// <summary>Indicates whether another server writes to the store, so that media may be in conflict.</summary>
    public bool HasOtherWriters { get; init; }

    /// <summary>Indicates whether sealed files are uploaded immediately.</summary>
    public bool Uploads { get; set; } = true;

    public List<ObjectName> Sealed { get; } = [];

    public event Action<ObjectName>? NameTaken;

    public List<ObjectName> Deleted { get; } = [];

    public int Appends { get; private set; }

    /// <summary>Files in the spool, as left by a killed process.</summary>
    public Dictionary<ObjectName, byte[]> Files
    {
        get
        {
            lock (_gate)
            {
                return new(_files);
            }
        }
    }

    /// <summary>Opens a copy of disk and store, as another process finds them.</summary>
    public FakeSpool AfterKill()
    {
        var other = new FakeSpool { Store = Store.Copy(), Uploads = Uploads, IsUnreadable = IsUnreadable };
        foreach (var (name, bytes) in Files)
        {
            other._files[name] = bytes;
        }

        return other;
    }

    public void Put(ObjectName name, byte[] bytes)
    {
        lock (_gate)
        {
            _files[name] = bytes;
        }
    }

    public void Lose(ObjectName name)
    {
        lock (_gate)
        {
            _files.Remove(name);
        }
    }

    public byte[]? Bytes(ObjectName name)
    {
        lock (_gate)
        {
            return _files.GetValueOrDefault(name) ?? Store.Objects.GetValueOrDefault(name);
        }
    }

    public ISpoolFile Open(ObjectName name)
    {
        lock (_gate)
        {
            if (Refuses(name))
            {
                throw new IOException("No space left on the test's disk.");
            }

            if (_uploaded.Contains(name))
            {
                throw new IOException($"{name} was sealed and uploaded to the test's store; objects never change.");
            }

            if (!_open.Add(name))
            {
                throw new IOException($"{name} is already open for writing.");
            }

            _files.TryAdd(name, []);
            return new File(this, name);
        }
    }

    public async ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken)
    {
        await Reading(name).WaitAsync(cancellationToken);
        lock (_gate)
        {
            if (IsUnreadable(name))
            {
                throw new IOException("The test's store denies access.");
            }

            if (!_files.TryGetValue(name, out var bytes) && !Store.TryRead(name, out bytes))
            {
                return null;
            }

            var slice = bytes.AsMemory((int)offset);
            slice = length is { } most && most < slice.Length ? slice[..(int)most] : slice;
            return new SpoolContent([slice], offset, slice.Length, bytes.Length);
        }
    }

    public long? FindSealedLength(ObjectName name)
    {
        lock (_gate)
        {
            return _uploaded.Contains(name) || (Sealed.Contains(name) && !_open.Contains(name) && _files.ContainsKey(name))
                ? Bytes(name)?.Length : null;
        }
    }

    public IReadOnlyList<ObjectInfo> List(string prefix)
    {
        lock (_gate)
        {
            return [.. _files.Where(f => f.Key.Value.StartsWith(prefix, StringComparison.Ordinal))
                .OrderBy(f => f.Key.Value, StringComparer.Ordinal)
                .Select(f => new ObjectInfo(f.Key, f.Value.Length, default))];
        }
    }

    public void Delete(IReadOnlyCollection<ObjectName> names)
    {
        lock (_gate)
        {
            foreach (var name in names)
            {
                Deleted.Add(name);
                _files.Remove(name);
                _uploaded.Remove(name);
                _open.Remove(name);
                Store.Objects.Remove(name);
            }
        }
    }

    public void Discard(ObjectName name)
    {
        lock (_gate)
        {
            _files.Remove(name);
            _open.Remove(name);
        }
    }

    public void Release(string prefix)
    {
        lock (_gate)
        {
            // Open files, and those that an earlier process left open.
            foreach (var name in _files.Keys.Where(name => name.Value.StartsWith(prefix, StringComparison.Ordinal)
                && (_open.Contains(name) || !Sealed.Contains(name))).ToList())
            {
                Discard(name);
            }
        }
    }

    /// <summary>Reports that the store has another object of a file's name.</summary>
    public void TakeName(ObjectName name) => NameTaken?.Invoke(name);

    public void Replace(ObjectName name)
    {
        lock (_gate)
        {
            Store.Objects[name] = _files[name];
            _files.Remove(name);
            _uploaded.Add(name);
        }
    }

    public void DeleteAll(string prefix)
    {
        lock (_gate)
        {
            Delete([.. _files.Keys.Concat(Store.Objects.Keys).Where(n => n.Value.StartsWith(prefix, StringComparison.Ordinal))]);
        }
    }

    private sealed class File(FakeSpool spool, ObjectName name) : ISpoolFile
    {
        public ObjectName Name => name;

        public long Length => spool._files[name].Length;

        public void Append(IReadOnlyList<ReadOnlyMemory<byte>> bytes)
        {
            lock (spool._gate)
            {
                if (spool.Refuses(name) || spool.RefusesAppends(name))
                {
                    throw new IOException("No space left on the test's disk.");
                }

                if (!spool._open.Contains(name))
                {
                    throw new InvalidOperationException($"{name} is sealed.");
                }

                spool.Appends++;
                spool._files[name] = [.. spool._files[name], .. bytes.SelectMany(slice => slice.ToArray())];
            }
        }

        public void Truncate(long length)
        {
            lock (spool._gate)
            {
                ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
                spool._files[name] = spool._files[name][..(int)length];
            }
        }

        public void Seal()
        {
            lock (spool._gate)
            {
                if (!spool._open.Remove(name))
                {
                    return;
                }

                spool.Sealed.Add(name);
                if (spool.Uploads)
                {
                    if (!spool.Store.Objects.TryAdd(name, spool._files[name])
                        && !spool.Store.Objects[name].SequenceEqual(spool._files[name]))
                    {
                        (spool.HasOtherWriters || name.Value.StartsWith("journal/", StringComparison.Ordinal)).ShouldBeTrue(
                            $"{name} changed, but objects never change");
                        _ = Task.Run(() => spool.NameTaken?.Invoke(name));   // uploads run in the background
                        return;
                    }

                    spool._files.Remove(name);
                    spool._uploaded.Add(name);
                }
            }
        }
    }
}

/// <summary>Objects by name. Thread-safe, because recovery lists the store while it uploads.</summary>
internal sealed class ObjectTable : System.Collections.Concurrent.ConcurrentDictionary<ObjectName, byte[]>
{
    public bool Remove(ObjectName name) => TryRemove(name, out _);
}

/// <summary>An object store that can be unreachable.</summary>
internal sealed class FakeStore : IObjectStore
{
    public ObjectTable Objects { get; } = new();

    public bool Unreachable { get; set; }

    /// <summary>Number of listings.</summary>
    public int Lists { get; private set; }

    /// <summary>Number of objects that were read.</summary>
    public int Reads { get; private set; }

    /// <summary>Runs before a listing is answered.</summary>
    public Func<string, Task> Listing { get; set; } = _ => Task.CompletedTask;

    public FakeStore Copy()
    {
        var copy = new FakeStore { Unreachable = Unreachable };
        foreach (var (name, bytes) in Objects)
        {
            copy.Objects[name] = bytes;
        }

        return copy;
    }

    public bool TryRead(ObjectName name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out byte[]? bytes)
    {
        Check();
        Reads++;
        return Objects.TryGetValue(name, out bytes);
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Check();
        Lists++;
        await Listing(prefix);
        foreach (var name in Names(prefix))
        {
            yield return new ObjectInfo(name, Objects[name].Length, default);
        }
    }

    public Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<bool> PutFileAsync(ObjectName name, string path, PutCondition condition, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<bool> ReplaceAsync(ObjectName name, ReadOnlyMemory<byte> bytes, ManifestRank rank, ObjectHeaders headers,
        CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<ObjectInfo?> FindAsync(ObjectName name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public async IAsyncEnumerable<string> ListFoldersAsync(string prefix,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Check();
        Lists++;
        await Listing(prefix);
        foreach (var folder in Names(prefix).Select(name => name.Value[prefix.Length..].Split('/')[0]).Distinct())
        {
            yield return folder;
        }
    }

    public Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    private List<ObjectName> Names(string prefix)
    {
        return [.. Objects.Keys.Where(name => name.Value.StartsWith(prefix, StringComparison.Ordinal))
            .OrderBy(name => name.Value, StringComparer.Ordinal)];
    }

    private void Check()
    {
        if (Unreachable)
        {
            throw new ObjectStoreException(ObjectStoreErrorKind.Unreachable, "The test's store does not answer.");
        }
    }
}
