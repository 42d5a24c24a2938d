using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Dvr;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Live;
using Broadcast.Origin.Thumbnails;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Vod;

/// <summary>
/// Playlists, MPDs and thumbnails of recordings and clips. They are rendered like those of time ranges, from everything retained of a
/// session, and refer to the media at the live session's URLs. While the session runs they grow; nothing is ever removed.
/// </summary>
internal sealed class VodPlaylists(IndexBlockCache indexBlocks, TimeRangeCache cache, IOptions<OriginOptions> options)
{
    /// <summary>Cache key prefixes of VOD manifests; the slash distinguishes them from the session's own manifests.</summary>
    private const string Index = "/vod-index", Manifest = "/vod-mpd", PlainManifest = "/vod-mpd-plain", ThumbnailsKey = "/vod-thumbnails",
        Rendition = "/vod/";

    /// <summary>
    /// Base version of finished manifests, above all versions of growing ones. Growing manifests use the time as version, because a session
    /// may be loaded from its journal again. The last sprite sheets may arrive after the end.
    /// </summary>
    private const long WholeVersion = 1L << 60;

    /// <summary>The multivariant playlist, with the renditions that have media in the recording.</summary>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public Task<TimeRangeResult> MultivariantAsync(LiveSession session, RecordingRange recording, RenderRequest request) =>
        AnswerAsync(session, recording, Index, isCounted: false, lists: null, request,
            (range, _, aborted) => RenderMultivariantAsync(session, range, aborted));

    /// <summary>The media playlist of a rendition.</summary>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public Task<TimeRangeResult> MediaAsync(LiveSession session, RecordingRange recording, string rendition,
        RenderRequest request) =>
        session.Manifests.PlaylistsOf(rendition) is null ? Task.FromResult(default(TimeRangeResult))
            : AnswerAsync(session, recording, Rendition + rendition, isCounted: false, lists: 1, request,
                (range, isWhole, aborted) => RenderMediaAsync(session, range, rendition, isWhole, aborted));

    /// <summary>The MPD. It lists segments in every latency profile.</summary>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public Task<TimeRangeResult> MpdAsync(LiveSession session, RecordingRange recording, RenderRequest request) =>
        AnswerAsync(session, recording, Manifest, isCounted: true, lists: null, request,
            (range, isWhole, aborted) => RenderMpdAsync(session, range, isWhole, isPlain: false, aborted));

    /// <summary>The MPD of a finished recording for delivery from a bucket: without the server's clock, which it does not need.</summary>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public Task<TimeRangeResult> PlainMpdAsync(LiveSession session, RecordingRange recording, RenderRequest request) =>
        AnswerAsync(session, recording, PlainManifest, isCounted: true, lists: null, request,
            (range, isWhole, aborted) => RenderMpdAsync(session, range, isWhole, isPlain: true, aborted));

    /// <summary>The thumbnails as WebVTT, with times relative to the recording's start.</summary>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public Task<TimeRangeResult> ThumbnailsAsync(LiveSession session, RecordingRange recording, RenderRequest request) =>
        AnswerAsync(session, recording, ThumbnailsKey, isCounted: false, lists: 1, request,
            (range, _, aborted) => RenderThumbnailsAsync(session, range, aborted));

    private async Task<TimeRangeResult> AnswerAsync(
        LiveSession session, RecordingRange recording, string list, bool isCounted, int? lists, RenderRequest request,
        Func<TimeRange, bool, CancellationToken, Task<Document?>> render)
    {
        var range = RecordedObjects.RangeOf(recording);
        var bounds = SnapshotBounds.Of(session, isCounted, isVod: true);
        var isWhole = bounds.IsWhole(range);
        var version = session.Read((timeline, _) => isWhole ? WholeVersion
            + (timeline.SpriteSheets is [.., var newest] ? newest.Start.Rescale(1000).Ticks + 1 : 0) : session.ManifestsChangedAt.UtcTicks);
        var segments = bounds.CountIn(range) * (lists ?? bounds.Renditions);
        if (!cache.TryGet(new RangeKey(session.Id, list, range, session.VisibilityStart?.Segment ?? 0), version, segments,
            request, aborted => render(range, isWhole, aborted), out var rendering))
        {
            return new TimeRangeResult(null, default, IsBusy: true);
        }

        return new TimeRangeResult(await rendering,
            isWhole ? options.Value.EndedPlaylistMaxAge : bounds.Target / 2);
    }

    private async Task<Document?> RenderMultivariantAsync(LiveSession session, TimeRange range, CancellationToken aborted)
    {
        if (await SessionSnapshot.Of(session, isVod: true).CutAsync(range, indexBlocks, cancellationToken: aborted) is not { } cut)
        {
            return null;
        }

        // Announced bitrates are measured over the listed segments: a session loaded from a journal only knows its live window.
        var measured = cut.Renditions.ToDictionary(rendition => rendition.Name, rendition => Measure(cut, rendition),
            StringComparer.Ordinal);
        var listed = measured.Where(rendition => rendition.Value.HasMedia).Select(rendition => rendition.Key)
            .ToHashSet(StringComparer.Ordinal);
        if (listed.Count == 0)
        {
            return null;
        }

        var playlist = session.Read((timeline, records) =>
        {
            foreach (var name in records.Keys)
            {
                measured.TryAdd(name, new RenditionHistory(session.Latency.TargetDuration));
            }

            return PlaylistRenderer.Multivariant(timeline, measured, listed);
        });
        return playlist.OfMedia(FileOf).ToDocument();
    }

    private async Task<Document?> RenderMediaAsync(LiveSession session, TimeRange range, string rendition, bool isWhole,
        CancellationToken aborted)
    {
        var cut = await SessionSnapshot.Of(session, isVod: true).CutAsync(range, indexBlocks, rendition, cancellationToken: aborted);
        if (cut?.Renditions.FirstOrDefault(other => other.Name == rendition) is not { } selected)
        {
            return null;
        }

        return SnapshotPlaylist.Of(cut, Measured(cut, selected), isWhole, MediaUrlOf(session)).ToDocument();
    }

    private async Task<Document?> RenderMpdAsync(LiveSession session, TimeRange range, bool isWhole, bool isPlain,
        CancellationToken aborted)
    {
        var view = SessionSnapshot.Of(session, usesSessionTime: true, isVod: true);
        if (await view.CutAsync(range, indexBlocks, reach: ReachOf(view), cancellationToken: aborted) is not { } cut)
        {
            return null;
        }

        cut = cut with { Renditions = [.. cut.Renditions.Select(rendition => Measured(cut, rendition))] };
        var depth = TimeSpan.FromHours(Math.Ceiling((view.End - view.Start).GetValueOrDefault().TotalHours) + 1);
        if (SnapshotPresentation.Of(cut, isWhole, range, depth) is not { } shown)
        {
            return null;
        }

        var mpd = MpdRenderer.Render(shown);
        return (mpd with { BaseUrl = MediaUrlOf(session), Clocks = isPlain ? [] : mpd.Clocks }).ToDocument();
    }

    private async Task<Document?> RenderThumbnailsAsync(LiveSession session, TimeRange range, CancellationToken aborted)
    {
        var view = SessionSnapshot.Of(session, isVod: true);
        var leader = view.Renditions.FirstOrDefault(rendition => rendition.Kind == TrackKind.Video) ?? view.Renditions.FirstOrDefault();
        var cut = await view.CutAsync(range, indexBlocks, leader?.Name, ReachOf(view), aborted);
        if (cut?.Leader?.Segments is not [var first, ..] segments)
        {
            return null;
        }

        var (start, end) = (first.Start.ToTimeSpan(), segments[^1].End.ToTimeSpan());
        var sheets = cut.Sheets.Where(sheet => sheet.End.ToTimeSpan() > start && sheet.Start.ToTimeSpan() < end).ToList();
        return sheets.Count == 0 ? null : ThumbnailVtt.Render(sheets, end, MediaUrlOf(session),
            start > TimeSpan.Zero ? start : TimeSpan.Zero);
    }

    /// <summary>The session's folder relative to a recording's manifest, so that a token in the path remains.</summary>
    private static string MediaUrlOf(LiveSession session) => $"../../{ObjectNames.Of(session.Channel, session.Id).MediaFolder}";

    /// <summary>
    /// Extra range to read for sprite sheets: a sheet is in the index block in which it ends or, if it came late, in the next one.
    /// </summary>
    private static TimeSpan ReachOf(SessionSnapshot view) => view.Sheets is [.., var newest] ? 2 * newest.Duration.ToTimeSpan()
        : TimeSpan.Zero;

    private static string FileOf(string address) => address[(address.LastIndexOf('/') + 1)..];

    /// <summary>A rendition with the properties that are measured over its listed segments.</summary>
    private static RenditionSnapshot Measured(SessionSnapshot view, RenditionSnapshot rendition)
    {
        var record = Measure(view, rendition);
        return rendition with
        {
            Description = rendition.Description with { Peak = record.Bitrate.Peak, IsIndependent = record.IsIndependent },
        };
    }

    private static RenditionHistory Measure(SessionSnapshot view, RenditionSnapshot rendition)
    {
        var record = new RenditionHistory(view.Session.Latency.TargetDuration);
        record.Observe(rendition.Segments);
        return record;
    }
}
