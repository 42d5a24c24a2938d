using Broadcast.Media.Recordings;
using Broadcast.Origin.Dvr;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Vod;

/// <summary>Selects the segments of a recording.</summary>
internal sealed class RecordingSelection(RecordingTimelineCache timelines, LiveDirectory directory, IndexBlockCache indexBlocks)
{
    /// <summary>
    /// The renditions of a recording with their segments in order. It includes every closed segment that overlaps the range, with the same
    /// sequence numbers in all renditions. <see cref="Broadcast.Media.Objects.SessionObjectNames.Segment"/> names the segments' objects;
    /// <see cref="RenditionSnapshot.Inits"/> lists the init segments.
    /// </summary>
    /// <param name="recording">The recording.</param>
    /// <param name="rendition">The required rendition; others may be missing. <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <returns><see langword="null"/> when no media exists.</returns>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public async ValueTask<SessionSnapshot?> CutAsync(RecordingRange recording, string? rendition, CancellationToken cancellationToken) =>
        await timelines.OpenAsync(recording.Channel, recording.Session, cancellationToken) is { } whole
        && directory.VisibilityFilter.Of(whole) is { } session
            ? await SessionSnapshot.Of(session, isVod: true).CutAsync(RecordedObjects.RangeOf(recording), indexBlocks, rendition)
            .WaitAsync(cancellationToken)
            : null;
}
