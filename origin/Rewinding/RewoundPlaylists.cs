using Broadcast.Media;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;

namespace Broadcast.Origin.Rewinding;

/// <summary>Media playlists and MPDs of sessions that can be rewound: chapters from storage, then the live window.</summary>
internal sealed class RewoundPlaylists(ChapterShelf shelf)
{
    /// <summary>The media playlist of a rendition, or <see langword="null"/> when there is none (yet).</summary>
    /// <param name="session">The session.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="isDelta">Whether old segments may be left out: chapters are then not needed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public ValueTask<Document?> GetAsync(LiveSession session, string rendition, bool isDelta, CancellationToken cancellationToken) =>
        session.CellsOf(rendition) is { } cells
            ? cells.GetLongAsync(isDelta, () => RenderAsync(session, rendition, isDelta), cancellationToken)
            : new((Document?)null);

    /// <summary>Whether a session's MPD lists chapters. For low latency it says how segments follow each other instead, and has the live window.</summary>
    public static bool HasMpd(LiveSession session) => session.KeepsPast && session.Latency.Name != LatencyProfile.Low.Name;

    /// <summary>The MPD of a session with all that can be gone back to, or <see langword="null"/> when there is none (yet).</summary>
    /// <param name="session">The session.</param>
    /// <param name="isGuarded">At the channel's address, whether a token stands before it, which no answer may hold; <see langword="null"/> at the session's own.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Spool or store failed.</exception>
    public async ValueTask<Document?> GetMpdAsync(LiveSession session, bool? isGuarded, CancellationToken cancellationToken)
    {
        if (!session.IsPlayable)
        {
            return null;
        }

        // Behind a token players stay at the channel's address; elsewhere they ask there once, but many at once when a broadcast begins.
        var cell = isGuarded switch { null => session.LongMpd, true => session.LongGuardedMpd, false => session.LongChannelMpd };
        return await cell.GetAsync(
            session.ListVersion, async () => await DrawAsync(session) is { } mpd ? At(mpd, session, isGuarded, "").ToDocument() : null, cancellationToken);
    }

    /// <summary>
    /// An MPD as an address has it. At a channel's nobody comes back to what is over, so that those who come then begin with what is left of it; at the others its first period stays as those who
    /// were there have it.
    /// </summary>
    /// <param name="mpd">As the session's own address has it.</param>
    /// <param name="session">The session.</param>
    /// <param name="isGuarded">At the channel's address, whether a token stands before it, which no answer may hold; <see langword="null"/> at the session's own.</param>
    /// <param name="query">What follows the session's address in <c>Location</c>; <see langword="null"/> where nothing will be added to it.</param>
    public static Mpd At(Mpd mpd, LiveSession session, bool? isGuarded, string? query) => isGuarded switch
    {
        null => mpd,

        // As LiveSession.ChannelMpd has it: without a Location all addresses can be relative.
        true => mpd with { BaseUrl = $"{session.Id}/" },
        false => MpdTrim.ToItsMedia(mpd) with
        {
            BaseUrl = $"/live/{session.Channel}/{session.Id}/",
            Location = query is null ? null : $"{session.Id}/manifest.mpd{query}",
        },
    };

    private async Task<Mpd?> DrawAsync(LiveSession session)
    {
        var view = PastView.Of(session, isCounted: true);
        if (await view.CutAsync(TimeRange.Everything, shelf) is not { } all)
        {
            return null;
        }

        var depth = view.Session.Rewind == Rewind.All ? TimeSpan.FromHours(Math.Ceiling((view.End!.Value - view.Begin!.Value).TotalHours) + 1) : view.Session.Rewind;
        return PastMpd.Draw(all, view.IsEnded, TimeRange.Everything, depth);
    }

    private async Task<Document?> RenderAsync(LiveSession session, string rendition, bool isDelta)
    {
        while (true)
        {
            var playlist = session.Read((timeline, records) => timeline.Find(rendition) is { } found ? Playlists.Media(timeline, found, records, isDelta, session.FirstKept) : null);
            if (playlist is null)
            {
                return null;
            }

            var target = session.Latency.TargetDuration;
            var texts = new List<ChapterText?>();
            var (chapters, cut) = (playlist.Past.Chapters, playlist.Past.Cut);
            foreach (var some in chapters.Chunk(ChapterShelf.AtOnce))
            {
                texts.AddRange(await Task.WhenAll(some.Select(chapter => shelf.TextAsync(chapter, rendition, target, chapter == cut ? playlist.MediaSequence : 0, CancellationToken.None).AsTask())));
            }

            if (cut is not null)
            {
                // Of a delta update as well, though that has no text of it.
                var before = chapters.Count > 0 ? texts[0]?.Before : (await shelf.TextAsync(cut, rendition, target, playlist.MediaSequence, CancellationToken.None))?.Before;
                playlist = playlist with { DiscontinuitySequence = playlist.DiscontinuitySequence + before.GetValueOrDefault() };
            }

            if (texts.LastIndexOf(null) is >= 0 and var missing)
            {
                // Lost with a machine: what was before it cannot be listed without a hole, neither here nor in a delta update, nor in the other renditions, whose it was as well.
                session.Forgo(chapters[missing].Last + 1);
                continue;
            }

            return playlist.ToDocument([.. texts.OfType<ChapterText>()]);
        }
    }
}
