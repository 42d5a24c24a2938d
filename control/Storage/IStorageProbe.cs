namespace Broadcast.Control.Storage;

/// <summary>Configured location of the object store, without secrets.</summary>
/// <param name="Kind"><c>disk</c> or <c>bucket</c>.</param>
/// <param name="Location">Folder, or bucket and service.</param>
public sealed record StorageInfo(string Kind, string Location);

/// <summary>One step of a storage test.</summary>
/// <param name="Name"><c>write</c>, <c>keep</c> (a conditional write does not overwrite an existing object), <c>read</c>, <c>list</c> or
/// <c>delete</c>.</param>
/// <param name="Duration">Duration of the step.</param>
/// <param name="Problem">What went wrong and what to do; <see langword="null"/> when the step succeeded.</param>
public sealed record StorageStep(string Name, TimeSpan Duration, string? Problem);

/// <summary>
/// Provider of the object store's location and a test of it. The host implements it; without it the API reports no store.
/// </summary>
public interface IStorageProbe
{
    /// <summary>Gets the location of the object store.</summary>
    StorageInfo Describe();

    /// <summary>
    /// Writes, reads, lists and deletes one small object under a reserved prefix of the configured store. After a failed step, only the
    /// deletion is tried.
    /// </summary>
    /// <param name="cancellationToken">Cancels the test.</param>
    Task<IReadOnlyList<StorageStep>> TestAsync(CancellationToken cancellationToken);
}
