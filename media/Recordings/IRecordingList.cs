namespace Broadcast.Media;

/// <summary>origin asks control for all that can be replayed, to put the lists of it where viewers ask nobody.</summary>
public interface IRecordingList
{
    /// <summary>Rises with every change of what there is, as far as this process is told.</summary>
    long Changes { get; }

    /// <summary>Recordings and clips that viewers may see, newest first; those of sessions that are not over too.</summary>
    /// <param name="before">Only those whose id sorts before this one, to read on; <see langword="null"/> for the newest.</param>
    /// <param name="most">How many at most, over 0; fewer come only where there are no more.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RecordingsAwayException">It cannot be found out now.</exception>
    Task<IReadOnlyList<RecordingRange>> VisibleAsync(RecordingId? before, int most, CancellationToken cancellationToken);
}
