namespace Broadcast.Control;

/// <summary>Where objects are kept, as the configuration says. No secret.</summary>
/// <param name="Kind"><c>disk</c> or <c>bucket</c>.</param>
/// <param name="Place">The folder, or the bucket and its service.</param>
public sealed record StorageInfo(string Kind, string Place);

/// <summary>One thing that was tried with the store.</summary>
/// <param name="Name"><c>write</c>, <c>keep</c> (what is there is not overwritten when that is asked for), <c>read</c>, <c>list</c> or <c>delete</c>.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Problem">What went wrong and what to do, in plain words; <see langword="null"/> when it worked.</param>
public sealed record StorageStep(string Name, TimeSpan Took, string? Problem);

/// <summary>Where the API learns where objects are kept, and whether that works. The host provides it; without it there is no store.</summary>
public interface IStorageProbe
{
    /// <summary>Where objects are kept.</summary>
    StorageInfo Describe();

    /// <summary>Writes, reads, lists and deletes one small object under a prefix that nothing else uses, in the configured store and no other. After a step that did not work none is tried but the removal.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<StorageStep>> TestAsync(CancellationToken cancellationToken);
}
