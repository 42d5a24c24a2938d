using Broadcast.Origin.Dash;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Live;

namespace Broadcast.Origin.Dvr;

/// <summary>Response to a time range request.</summary>
/// <param name="Document">The playlist or MPD, or <see langword="null"/> when there is none.</param>
/// <param name="MaxAge">Cache lifetime.</param>
/// <param name="Reason">Reason for a missing document, for users; <see langword="null"/> when none is known.</param>
/// <param name="IsBusy">Whether too much is being rendered, and the request should be retried.</param>
internal readonly record struct TimeRangeResult(Document? Document, TimeSpan MaxAge, string? Reason = null, bool IsBusy = false);

/// <summary>
/// Manifests of a part of a session: from a time on (start-over), or up to another time (catch-up). The manifest of a finished part never
/// changes.
/// </summary>
internal sealed class TimeRangePlaylists(IndexBlockCache indexBlocks, TimeRangeCache cache, TimeProvider time)
{
    /// <summary>Cache keys of manifests that belong to no rendition.</summary>
    private const string Index = "/index", SessionMpd = "/mpd", ChannelMpd = "/channel", ProtectedMpd = "/guarded";

    /// <summary>Cache lifetime of complete manifests. Limited, because their media may be deleted.</summary>
    private static readonly TimeSpan WholeMaxAge = TimeSpan.FromHours(1);

    /// <summary>
    /// Extends a range to the boundaries of its first and last segment, so that ranges with the same content have one URL and one cache
    /// key. A bound without known segments around it stays unchanged, as does a start that has left the DVR window.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="range">The range.</param>
    /// <param name="usesSessionTime">Whether times are derived from the session's start, as in an MPD.</param>
    /// <param name="request">The request.</param>
    /// <returns>The range; <see langword="null"/> when too much is being rendered, and the request should be retried.</returns>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public async Task<TimeRange?> AlignAsync(LiveSession session, TimeRange range, bool usesSessionTime, RenderRequest request)
    {
        var bounds = SnapshotBounds.Of(session, usesSessionTime);
        var asked = bounds.IsEnded && range.End >= bounds.End ? range with { End = null } : range;
        if (EmptyReasonOf(bounds, asked) is not null)
        {
            return asked;
        }

        // Only index blocks may have to be read.
        var margin = 2 * bounds.Target;
        if (!bounds.HasIndexBlockAround(asked.Start, margin) && !(asked.End is { } end && bounds.HasIndexBlockAround(end, margin)))
        {
            return await AlignAsync(request.Aborted);
        }

        var key = new RangeKey(session.Id, usesSessionTime ? SessionMpd : Index, asked, session.VisibilityStart?.Segment ?? 0);
        return cache.TryAlign(key, request, async aborted => await AlignAsync(aborted), out var aligned) ? await aligned : null;

        async Task<TimeRange> AlignAsync(CancellationToken cancellationToken)
        {
            var view = SessionSnapshot.Of(session, usesSessionTime);
            var start = asked.Start <= bounds.Start ? asked.Start
                : RangeAlignment.StartOf(await AroundAsync(view, asked.Start, margin, cancellationToken), asked.Start);
            return new TimeRange(start, asked.End is { } until
                ? RangeAlignment.EndOf(await AroundAsync(view, until, margin, cancellationToken), until) : null);
        }
    }

    /// <summary>The segments around an instant, of the rendition that determines the bounds of a range.</summary>
    private Task<SessionSnapshot?> AroundAsync(SessionSnapshot view, DateTimeOffset instant, TimeSpan margin,
        CancellationToken cancellationToken) => view.CutAsync(new TimeRange(instant - margin, instant + margin), indexBlocks,
            view.Leader?.Name, cancellationToken: cancellationToken);

    /// <summary>
    /// The multivariant playlist of a range. It lists the renditions with media in the range; their media playlists have the same range.
    /// </summary>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public Task<TimeRangeResult> MultivariantAsync(LiveSession session, TimeRange range, RenderRequest request) =>
        AnswerAsync(session, Index, range, lists: null, "No media in this time range.", request,
            aborted => RenderMultivariantAsync(session, range, aborted));

    /// <summary>The media playlist of a rendition in a range.</summary>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public Task<TimeRangeResult> MediaAsync(LiveSession session, string rendition, TimeRange range, RenderRequest request)
    {
        const string Nothing = "The rendition has no media in this time range.";
        if (session.Manifests.PlaylistsOf(rendition) is null)
        {
            return Task.FromResult(new TimeRangeResult(null, default, Nothing));
        }

        // All ranges that start before the first segment have the same content, which does not contain the start time.
        var content = SnapshotBounds.Of(session, usesSessionTime: false).Start > range.Start
            ? range with { Start = DateTimeOffset.MinValue } : range;
        return AnswerAsync(session, rendition, content, lists: 1, Nothing, request,
            aborted => RenderMediaAsync(session, rendition, content, aborted));
    }

    /// <summary>The MPD of a range.</summary>
    /// <param name="session">The session.</param>
    /// <param name="isProtected">
    /// For the channel's URL, whether a token precedes it, which must not be in the response; <see langword="null"/> for the session's URL.
    /// </param>
    /// <param name="range">The range.</param>
    /// <param name="request">The request.</param>
    /// <exception cref="IOException">The spool or the object store failed.</exception>
    public Task<TimeRangeResult> MpdAsync(LiveSession session, bool? isProtected, TimeRange range, RenderRequest request) =>
        AnswerAsync(
        session, isProtected switch { null => SessionMpd, true => ProtectedMpd, false => ChannelMpd }, range, lists: null,
        "No media in this time range.", request,
        aborted => RenderMpdAsync(session, isProtected, range, aborted));

    /// <summary>Gets a manifest from the cache or renders it.</summary>
    /// <param name="session">The session.</param>
    /// <param name="list">Which of its manifests.</param>
    /// <param name="range">The range.</param>
    /// <param name="lists">Number of renditions whose segments are read; <see langword="null"/> for all.</param>
    /// <param name="emptyReason">Reason for an empty result, for users.</param>
    /// <param name="request">The request.</param>
    /// <param name="render">Renders the manifest.</param>
    private async Task<TimeRangeResult> AnswerAsync(
        LiveSession session, string list, TimeRange range, int? lists, string emptyReason, RenderRequest request,
        Func<CancellationToken, Task<Document?>> render)
    {
        var bounds = SnapshotBounds.Of(session, usesSessionTime: list is SessionMpd or ChannelMpd or ProtectedMpd);
        if (EmptyReasonOf(bounds, range) is { } reason)
        {
            return new TimeRangeResult(null, default, reason);
        }

        var segments = bounds.CountIn(range) * (lists ?? bounds.Renditions);
        return !cache.TryGet(new RangeKey(session.Id, list, range, session.VisibilityStart?.Segment ?? 0), bounds.VersionOf(range),
            segments, request, render, out var rendering) ? new TimeRangeResult(null, default, IsBusy: true)
            : await rendering is { } document ? new TimeRangeResult(document, MaxAgeOf(bounds, range))
            : new TimeRangeResult(null, default, emptyReason);
    }

    private async Task<Document?> RenderMultivariantAsync(LiveSession session, TimeRange range, CancellationToken aborted)
    {
        var cut = await SessionSnapshot.Of(session).CutAsync(range, indexBlocks, cancellationToken: aborted);
        var listed = cut?.Renditions.Where(rendition => rendition.Segments.Any(segment => segment.HasMedia))
            .Select(rendition => rendition.Name).ToHashSet(StringComparer.Ordinal);
        if (listed is not { Count: > 0 })
        {
            return null;
        }

        var playlist = session.Read((timeline, records) => PlaylistRenderer.Multivariant(timeline, records, listed));
        var query = range.Query;
        return playlist.OfMedia(uri => uri + query).ToDocument();
    }

    private async Task<Document?> RenderMediaAsync(LiveSession session, string rendition, TimeRange range,
        CancellationToken aborted)
    {
        var isWhole = SnapshotBounds.Of(session, usesSessionTime: false).IsWhole(range);
        var cut = await SessionSnapshot.Of(session).CutAsync(range, indexBlocks, rendition, cancellationToken: aborted);
        return cut?.Renditions.FirstOrDefault(other => other.Name == rendition) is { } selected
            ? SnapshotPlaylist.Of(cut, selected, isWhole).ToDocument() : null;
    }

    private async Task<Document?> RenderMpdAsync(LiveSession session, bool? isProtected, TimeRange range,
        CancellationToken aborted)
    {
        var isWhole = SnapshotBounds.Of(session, usesSessionTime: true).IsWhole(range);
        var view = SessionSnapshot.Of(session, usesSessionTime: true);
        var cut = await view.CutAsync(range, indexBlocks, cancellationToken: aborted);
        var start = range.Start > view.Start ? range.Start : view.Start;
        var depth = TimeSpan.FromMinutes(Math.Ceiling((view.End - start).GetValueOrDefault().TotalMinutes) + 1);
        return cut is not null && SnapshotPresentation.Of(cut, isWhole, range, depth) is { } shown
            ? MpdUrls.Adapt(MpdRenderer.Render(shown), session, isProtected, isWhole ? null : range.Query).ToDocument()
            : null;
    }

    /// <summary>The reason why a range is empty, or <see langword="null"/>.</summary>
    private string? EmptyReasonOf(SnapshotBounds bounds, TimeRange range) => bounds switch
    {
        _ when range.Start > time.GetUtcNow() => "The time range is in the future.",
        { Start: null } => "No media yet.",
        _ when range.End <= bounds.Start => $"The DVR window starts at {TimeRange.Text(bounds.Start.Value)}.",
        _ when range.Start >= bounds.End => "No media in this time range" + (bounds.IsEnded ? "." : " yet."),
        _ => null,
    };

    private static TimeSpan MaxAgeOf(SnapshotBounds bounds, TimeRange range) => bounds.IsWhole(range)
        && range.Start >= bounds.Start ? WholeMaxAge : bounds.Target / 2;
}
