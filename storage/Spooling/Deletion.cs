using Broadcast.Media;

namespace Broadcast.Storage.Spooling;

/// <summary>
/// A pending deletion of objects, or of everything below a prefix. <paramref name="JournalPath"/> is the path of its journal file, if any.
/// </summary>
internal sealed record Deletion(IReadOnlyList<ObjectName> Names, string? Prefix, string? JournalPath)
{
    /// <summary>Number of names; 1 for a folder.</summary>
    public int Weight => Prefix is null ? Names.Count : 1;

    public bool Covers(ObjectName name) => Prefix is not null ? name.Value.StartsWith(Prefix, StringComparison.Ordinal)
        : Names.Contains(name);
}

/// <summary>A deletion in memory with the state of its retries. Only the background task changes it.</summary>
internal sealed class PendingDeletion(Deletion deletion)
{
    public Deletion Deletion { get; set; } = deletion;

    /// <summary>Position in the queue; <see langword="null"/> when it is not there.</summary>
    public LinkedListNode<PendingDeletion>? Node { get; set; }

    /// <summary>Indicates that a request with these names is in progress.</summary>
    public bool IsInProgress { get; set; }

    public int Failures { get; set; }

    public DateTimeOffset DueAt { get; set; }
}
