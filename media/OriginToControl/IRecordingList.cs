namespace Broadcast.Media.OriginToControl;

/// <summary>List of all recordings, which the origin requests from control to publish their manifests in the object store.</summary>
public interface IRecordingList
{
    /// <summary>Change counter; increases with every known change of the list.</summary>
    long Changes { get; }

    /// <summary>Recordings and clips that are visible to viewers, newest first, including those of running sessions.</summary>
    /// <param name="before">Returns only recordings whose ID sorts before this one; <see langword="null"/> starts with the newest.</param>
    /// <param name="maxCount">Maximum number of results, more than 0. Fewer results mean that there are no more.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="RecordingsUnavailableException">The query is currently not possible.</exception>
    Task<IReadOnlyList<RecordingRange>> VisibleAsync(RecordingId? before, int maxCount, CancellationToken cancellationToken);
}
