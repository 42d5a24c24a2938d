using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Origin.Tests.Delivery;

/// <summary>Objects announced by a broadcaster, readable as slices of memory or as a stream, or failing.</summary>
internal sealed class MemorySpool : ISpool
{
    private int _reads;

    public Dictionary<string, byte[]> Objects { get; } = [];

    public bool Streams { get; set; }

    public Exception? Failure { get; set; }

    /// <summary>An object that cannot be read.</summary>
    public string? Failing { get; set; }

    /// <summary>The last copy that was read, if reads get copies; otherwise <see langword="null"/>.</summary>
    public WeakReference? Copy { get; set; }

    /// <summary>Task that reads wait for.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Bytes missing at the end of everything.</summary>
    public int Missing { get; set; }

    /// <summary>Objects that the store does not have yet.</summary>
    public HashSet<string> Waiting { get; } = [];

    /// <summary>Deleted objects.</summary>
    public List<string> Deleted { get; } = [];

    public int Reads => Volatile.Read(ref _reads);

    public async ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken)
    {
        await Gate.WaitAsync(cancellationToken);
        Interlocked.Increment(ref _reads);   // index blocks are read concurrently
        if (Failure is not null)
        {
            throw Failure;
        }

        if (name.Value == Failing)
        {
            throw new IOException("The test's disk is on fire.");
        }

        if (!Objects.TryGetValue(name.Value, out var bytes))
        {
            return null;
        }

        var end = Math.Min(bytes.Length - Missing, offset + (length ?? long.MaxValue - offset));
        var content = bytes.AsMemory((int)offset, (int)(end - offset));
        if (Copy is not null)
        {
            var copy = content.ToArray();
            (content, Copy) = (copy, new WeakReference(copy));
        }

        return Streams
            ? new SpoolContent(new MemoryStream(content.ToArray()), offset, content.Length, bytes.Length)
            : new SpoolContent([content[..(content.Length / 3)], content[(content.Length / 3)..]], offset, content.Length, bytes.Length);
    }

    public ISpoolFile Open(ObjectName name) => throw new NotSupportedException();

    public IReadOnlyList<ObjectInfo> List(string prefix) =>
        [.. Objects.Where(found => found.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(found => new ObjectInfo(ObjectName.Parse(found.Key), found.Value.Length, default))];

    public bool IsWaiting(ObjectName name) => Waiting.Contains(name.Value);

    public void Delete(IReadOnlyCollection<ObjectName> names) => Deleted.AddRange(names.Select(name => name.Value));

    public void DeleteAll(string prefix) => throw new NotSupportedException();
}
