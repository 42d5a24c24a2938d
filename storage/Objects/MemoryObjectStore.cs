using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>Object store in memory, for tests and temporary servers. Holds at most <paramref name="maxBytes"/>.</summary>
internal sealed class MemoryObjectStore(TimeProvider time, long maxBytes = 1L << 30) : IObjectStore
{
    private readonly ConcurrentDictionary<string, Entry> _objects = new(StringComparer.Ordinal);
    private readonly Lock _writing = new();
    private long _bytes;

    public override string ToString() => "memory";

    public Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Put(name, bytes.ToArray(), condition));
    }

    public async Task<bool> PutFileAsync(ObjectName name, string path, PutCondition condition, CancellationToken cancellationToken) =>
        Put(name, await File.ReadAllBytesAsync(path, cancellationToken), condition);

    public Task<bool> ReplaceAsync(ObjectName name, ReadOnlyMemory<byte> bytes, ManifestRank rank, ObjectHeaders headers,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(Put(name, bytes.ToArray(), PutCondition.Replace, rank));
    }

    public Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        cancellationToken.ThrowIfCancellationRequested();
        if (!_objects.TryGetValue(name.Value, out var entry))
        {
            return Task.FromResult<ObjectContent?>(null);
        }

        var (start, count) = ByteRanges.Clip(offset, length, entry.Bytes.Length);
        var stream = new MemoryStream(entry.Bytes, (int)start, (int)count, writable: false);
        return Task.FromResult<ObjectContent?>(new ObjectContent(stream, start, count, entry.Bytes.Length) { Checksum = entry.Sum });
    }

    public Task<ObjectInfo?> FindAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(_objects.TryGetValue(name.Value, out var entry)
            ? new ObjectInfo(name, entry.Bytes.Length, entry.Written) { Rank = entry.Rank } : null);
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var (name, entry) in _objects.Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal))
            .OrderBy(o => o.Key, StringComparer.Ordinal).ToArray())
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new ObjectInfo(ObjectName.Parse(name), entry.Bytes.Length, entry.Written);
        }
    }

    public IAsyncEnumerable<string> ListFoldersAsync(string prefix, CancellationToken cancellationToken)
    {
        Prefixes.RequireFolder(prefix);
        return Folders(prefix, cancellationToken);
    }

    public Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_writing)
        {
            foreach (var name in names)
            {
                if (_objects.TryRemove(name.Value, out var entry))
                {
                    _bytes -= entry.Bytes.Length;
                }
            }
        }

        return Task.CompletedTask;
    }

    private async IAsyncEnumerable<string> Folders(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        var folders = _objects.Keys
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && name.AsSpan(prefix.Length).Contains('/'))
            .Select(name => name[prefix.Length..name.IndexOf('/', prefix.Length)])
            .Distinct(StringComparer.Ordinal)
            .OrderBy(folder => folder + "/", StringComparer.Ordinal)
            .ToArray();
        foreach (var folder in folders)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return folder;
        }
    }

    private bool Put(ObjectName name, byte[] bytes, PutCondition condition, ManifestRank? rank = null)
    {
        lock (_writing)
        {
            var before = _objects.TryGetValue(name.Value, out var old) ? old.Bytes.Length : 0;
            if (old is not null && (condition == PutCondition.CreateOnly || old.Rank > rank))
            {
                return false;
            }

            if (_bytes - before + bytes.Length > maxBytes)
            {
                throw new ObjectStoreException(ObjectStoreErrorKind.Full,
                    $"The memory store is full: {_bytes} of {maxBytes} bytes are used. Store on disk or in S3.");
            }

            _bytes += bytes.Length - before;
            _objects[name.Value] = new Entry(bytes, time.GetUtcNow(), Crc32C.Append(0, bytes), rank);
            return true;
        }
    }

    private sealed record Entry(byte[] Bytes, DateTimeOffset Written, uint Sum, ManifestRank? Rank);
}
