using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Spooling;

/// <summary>Result of a batch.</summary>
internal sealed class DeletionOutcome
{
    /// <summary>Names that were not deleted although the store works.</summary>
    public HashSet<ObjectName> Failed { get; } = [];

    /// <summary>The latest error of these names, or of listing a folder.</summary>
    public Exception? Error { get; set; }

    /// <summary>The error of the store as a whole.</summary>
    public Exception? Outage { get; set; }

    /// <summary>Indicates whether the store deleted an object.</summary>
    public bool Deleted { get; set; }

    /// <summary>Indicates that several consecutive names failed, so no more are tried in this batch.</summary>
    public bool GaveUp { get; set; }

    public void Add(IEnumerable<ObjectName> names, Exception error)
    {
        Failed.UnionWith(names);
        Error = error;
    }
}

/// <summary>
/// Requests of <see cref="Deletions"/> to the store. Finds the objects that cannot be deleted, and deletes the others.
/// </summary>
internal sealed class DeletionRequests(IObjectStore store)
{
    /// <summary>Maximum number of names in a request.</summary>
    public const int MaxNames = 1000;

    /// <summary>Number of consecutive failures of individual deletions after which the store counts as unavailable.</summary>
    public const int MaxConsecutiveFailures = 3;

    /// <summary>Deletes objects. Failures of individual objects are added to the outcome.</summary>
    /// <exception cref="ObjectStoreException">The store as a whole failed.</exception>
    public async Task DeleteAsync(IEnumerable<ObjectName> all, DeletionOutcome outcome, CancellationToken cancellationToken)
    {
        foreach (var names in all.Chunk(MaxNames))
        {
            if (outcome.GaveUp)
            {
                outcome.Add(names, outcome.Error!);
            }
            else
            {
                await DeleteOnceAsync(names, outcome, cancellationToken);
            }
        }
    }

    /// <summary>Deletes all objects below a folder.</summary>
    /// <exception cref="ObjectStoreException">The store as a whole failed.</exception>
    public async Task DeleteBelowAsync(string prefix, DeletionOutcome outcome, CancellationToken cancellationToken)
    {
        var found = new List<ObjectName>(MaxNames);
        try
        {
            await foreach (var entry in store.ListAsync(prefix, cancellationToken))
            {
                found.Add(entry.Name);
                if (found.Count == MaxNames)
                {
                    await DeleteOnceAsync(found, outcome, cancellationToken);
                    found.Clear();
                    if (outcome.GaveUp)
                    {
                        return;
                    }
                }
            }
        }
        catch (ObjectStoreException e) when (IsIndividual(e))
        {
            // For example a folder that cannot be read.
            outcome.Error = e;
        }

        if (found.Count > 0)
        {
            await DeleteOnceAsync(found, outcome, cancellationToken);
        }

        outcome.Deleted |= outcome.Error is null;
    }

    /// <summary>Deletes names. Failures of individual objects are added to the outcome; those of the store are thrown.</summary>
    private async Task DeleteOnceAsync(IReadOnlyCollection<ObjectName> names, DeletionOutcome outcome, CancellationToken cancellationToken)
    {
        try
        {
            await store.DeleteAsync(names, cancellationToken);
            outcome.Deleted = true;
        }
        catch (ObjectStoreException e) when (e.FailedNames.Count > 0)
        {
            outcome.Add(e.FailedNames, e);
            outcome.Deleted |= e.FailedNames.Count < names.Count;
        }
        catch (ObjectStoreException e) when (IsIndividual(e))
        {
            if (names.Count == 1)
            {
                outcome.Add(names, e);
                return;
            }

            await DeleteOneByOneAsync(names, outcome, cancellationToken);
        }
    }

    /// <summary>
    /// Deletes names in requests of their own, after a request that failed without saying for which name. Stops after a few consecutive
    /// failures; the remaining names then count as failed, so that a store that fails for all names gets few requests.
    /// </summary>
    private async Task DeleteOneByOneAsync(IReadOnlyCollection<ObjectName> names, DeletionOutcome outcome,
        CancellationToken cancellationToken)
    {
        var consecutive = 0;
        var tried = 0;
        foreach (var name in names)
        {
            tried++;
            try
            {
                await store.DeleteAsync([name], cancellationToken);
                outcome.Deleted = true;
                consecutive = 0;
            }
            catch (ObjectStoreException e) when (IsIndividual(e))
            {
                outcome.Add([name], e);
                if (++consecutive == MaxConsecutiveFailures)
                {
                    outcome.Add(names.Skip(tried), e);
                    outcome.GaveUp = true;
                    return;
                }
            }
        }
    }

    /// <summary>Returns whether an error may concern single objects. Other kinds of error concern the store as a whole.</summary>
    private static bool IsIndividual(ObjectStoreException error) =>
        error.FailedNames.Count > 0 || error.Kind is ObjectStoreErrorKind.Denied or ObjectStoreErrorKind.Other;
}
