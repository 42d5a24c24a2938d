using Broadcast.Media;
using Broadcast.Origin.Rewinding;

namespace Broadcast.Origin.Recordings;

/// <summary>Which segments a recording is made of.</summary>
internal sealed class RecordingCuts(RecordingShelf shelf, LiveDirectory directory, ChapterShelf chapters)
{
    /// <summary>
    /// A recording's renditions with their segments in order: whole ones, those that its range touches, from the same number to the same number in all. Their objects are named by
    /// <see cref="RecordedObjects.SegmentOf"/>, those of the init segments by <see cref="PastRendition.Inits"/>.
    /// </summary>
    /// <param name="recording">The recording.</param>
    /// <param name="rendition">The one that is wanted: of the others there may be none. <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns><see langword="null"/> when nothing of it is there.</returns>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public async ValueTask<PastView?> CutAsync(RecordingRange recording, string? rendition, CancellationToken cancellationToken) =>
        await shelf.OpenAsync(recording.Channel, recording.Session, cancellationToken) is { } whole && directory.Audience.Of(whole) is { } session
            ? await PastView.Of(session, isReplay: true).CutAsync(RecordedObjects.RangeOf(recording), chapters, rendition).WaitAsync(cancellationToken)
            : null;
}
