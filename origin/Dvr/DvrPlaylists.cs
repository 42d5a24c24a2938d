using Broadcast.Media;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Dvr;

/// <summary>Manifests of sessions with a DVR window: index blocks from storage, followed by the live window.</summary>
internal sealed class DvrPlaylists(IndexBlockCache indexBlocks)
{
    /// <summary>The media playlist of a rendition, or <see langword="null"/> when there is none (yet).</summary>
    /// <param name="session">The session.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="isDelta">Whether old segments may be omitted; index blocks are then not needed.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public ValueTask<Document?> GetAsync(LiveSession session, string rendition, bool isDelta, CancellationToken cancellationToken) =>
        session.Manifests.PlaylistsOf(rendition) is { } cells
            ? cells.GetLongAsync(isDelta, () => RenderAsync(session, rendition, isDelta), cancellationToken)
            : new((Document?)null);

    /// <summary>
    /// Returns whether a session's MPD lists index blocks. In low latency it states a constant segment duration instead, and covers the
    /// live window.
    /// </summary>
    public static bool HasMpd(LiveSession session) => session.HasDvrWindow && session.Latency.Name != LatencyProfile.Low.Name;

    /// <summary>The MPD of a session with its DVR window, or <see langword="null"/> when there is none (yet).</summary>
    /// <param name="session">The session.</param>
    /// <param name="isProtected">
    /// For the channel's URL, whether a token precedes it, which must not be in the response; <see langword="null"/> for the session's URL.
    /// </param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public async ValueTask<Document?> GetMpdAsync(LiveSession session, bool? isProtected, CancellationToken cancellationToken)
    {
        if (!session.IsPlayable)
        {
            return null;
        }

        // Behind a token, players stay at the channel's URL; without one they request it once, but many do so at once when a session
        // starts.
        var manifests = session.Manifests;
        var cell = isProtected switch { null => manifests.LongMpd, true => manifests.LongProtectedMpd, false => manifests.LongChannelMpd };
        return await cell.GetAsync(
            session.ManifestVersion,
            async () => await RenderMpdAsync(session) is { } mpd ? MpdUrls.Adapt(mpd, session, isProtected).ToDocument() : null,
            cancellationToken);
    }

    private async Task<Mpd?> RenderMpdAsync(LiveSession session)
    {
        var view = SessionSnapshot.Of(session, usesSessionTime: true);
        if (await view.CutAsync(TimeRange.Everything, indexBlocks) is not { } all)
        {
            return null;
        }

        var depth = view.Session.DvrWindow == DvrWindow.All
            ? TimeSpan.FromHours(Math.Ceiling((view.End!.Value - view.Start!.Value).TotalHours) + 1) : view.Session.DvrWindow;
        return SnapshotPresentation.Of(all, view.IsEnded, TimeRange.Everything, depth) is { } shown ? MpdRenderer.Render(shown) : null;
    }

    private async Task<Document?> RenderAsync(LiveSession session, string rendition, bool isDelta)
    {
        while (true)
        {
            var playlist = session.Read((timeline, records) => timeline.Find(rendition) is { } found
                ? PlaylistRenderer.Media(timeline, found, records, isDelta, session.FirstAvailable) : null);
            if (playlist is null)
            {
                return null;
            }

            var target = session.Latency.TargetDuration;
            var texts = new List<IndexBlockPlaylist?>();
            var (blocks, cut) = (playlist.DvrRange.IndexBlocks, playlist.DvrRange.PartialBlock);
            foreach (var some in blocks.Chunk(IndexBlockCache.MaxConcurrentReads))
            {
                texts.AddRange(
                    await Task.WhenAll(some.Select(block => indexBlocks.TextAsync(block, rendition, target,
                        block == cut ? playlist.MediaSequence : 0, CancellationToken.None).AsTask())));
            }

            if (cut is not null)
            {
                // Also for a delta update, which has no text of it.
                var before = blocks.Count > 0 ? texts[0]?.DiscontinuitiesBefore
                    : (await indexBlocks.TextAsync(cut, rendition, target, playlist.MediaSequence,
                        CancellationToken.None))?.DiscontinuitiesBefore;
                playlist = playlist with { DiscontinuitySequence = playlist.DiscontinuitySequence + before.GetValueOrDefault() };
            }

            if (texts.LastIndexOf(null) is >= 0 and var missing)
            {
                // Lost in a server failure: earlier segments cannot be listed without a gap. This also applies to delta updates and to the
                // other renditions of this block.
                session.DropBefore(blocks[missing].Last + 1);
                continue;
            }

            return playlist.ToDocument([.. texts.OfType<IndexBlockPlaylist>()]);
        }
    }
}
