using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Rewinding;

/// <summary>Media playlists of sessions that can be rewound: chapters from storage, then the live window.</summary>
internal sealed class RewoundPlaylists(ChapterShelf shelf)
{
    /// <summary>Chapters that are read at the same time.</summary>
    private const int AtOnce = 16;

    /// <summary>The media playlist of a rendition, or <see langword="null"/> when there is none (yet).</summary>
    /// <param name="session">The session.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="isDelta">Whether old segments may be left out: chapters are then not needed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public ValueTask<Document?> GetAsync(LiveSession session, string rendition, bool isDelta, CancellationToken cancellationToken) =>
        session.CellsOf(rendition) is { } cells
            ? cells.GetLongAsync(isDelta, () => RenderAsync(session, rendition, isDelta, cancellationToken), cancellationToken)
            : new((Document?)null);

    private async Task<Document?> RenderAsync(LiveSession session, string rendition, bool isDelta, CancellationToken cancellationToken)
    {
        var playlist = session.Read((timeline, records) => timeline.Find(rendition) is { } found ? Playlists.Media(timeline, found, records, isDelta) : null);
        if (playlist is null)
        {
            return null;
        }

        var target = session.Latency.TargetDuration;
        var texts = new List<ChapterText>();
        var chapters = playlist.Past.Chapters;
        foreach (var some in chapters.Chunk(AtOnce))
        {
            foreach (var text in await Task.WhenAll(some.Select(chapter => shelf.TextAsync(chapter, rendition, target, cancellationToken).AsTask())))
            {
                texts.Add(text ?? ChapterText.Missing);
            }
        }

        if (texts.LastIndexOf(ChapterText.Missing) is >= 0 and var missing)
        {
            // Lost with a machine: what was before it cannot be listed without a hole.
            texts.RemoveRange(0, missing + 1);
            var past = playlist.Past.Behind(missing, rendition);
            playlist = playlist with { Past = past, MediaSequence = past.First, DiscontinuitySequence = past.DiscontinuitySequence };
        }

        return playlist.ToDocument(texts);
    }
}
