using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Cluster.Tests;

/// <summary>Objects of a server by name; counts reads.</summary>
internal sealed class FakeSpool : ISpool
{
    private int _reads;

    /// <summary>The objects.</summary>
    public ConcurrentDictionary<ObjectName, byte[]> Objects { get; } = new();

    /// <summary>Number of reads.</summary>
    public int Reads => Volatile.Read(ref _reads);

    /// <summary>Awaited before each read.</summary>
    public Func<Task> Before { get; set; } = () => Task.CompletedTask;

    /// <summary>Returns content as a stream, not in memory.</summary>
    public bool IsStreamed { get; set; }

    /// <summary>Error of each read.</summary>
    public IOException? Error { get; set; }

    public async ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _reads);
        await Before().WaitAsync(cancellationToken);
        if (Error is not null)
        {
            throw Error;
        }

        if (!Objects.TryGetValue(name, out var bytes))
        {
            return null;
        }

        var first = (int)Math.Min(offset, bytes.Length);
        var count = (int)Math.Min(length ?? long.MaxValue, bytes.Length - first);
        return IsStreamed
            ? new SpoolContent(new MemoryStream(bytes, first, count, writable: false), offset, count, bytes.Length)
            : new SpoolContent([bytes.AsMemory(first, count / 2), bytes.AsMemory(first + (count / 2), count - (count / 2))], offset, count,
                bytes.Length);
    }

    public ISpoolFile Open(ObjectName name) => throw new NotSupportedException();

    public IReadOnlyList<ObjectInfo> List(string prefix) => [];

    public void Delete(IReadOnlyCollection<ObjectName> names) => throw new NotSupportedException();

    public void DeleteAll(string prefix) => throw new NotSupportedException();
}
