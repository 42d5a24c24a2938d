using System.Text;
using Broadcast.Media.Recordings;
using Broadcast.Media.Viewers;
using Broadcast.Origin.Access;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Dvr;
using Broadcast.Origin.Live;
using Broadcast.Origin.ViewerCounting;
using Broadcast.Origin.Vod;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Delivery;

/// <summary>Endpoint for all URLs under <c>/live/</c>, and for <c>/time</c>.</summary>
internal sealed partial class LiveEndpoint(
    LiveDirectory directory, RecordingLookup recordings, RecordingTimelineCache timelines, MediaDelivery media, DocumentDelivery documents,
    LiveMedia live, HeldRequests held, DvrPlaylists dvrPlaylists, TimeRangePlaylists ranges,
    BeaconEndpoint beacons, ViewerCounts counts, IOptions<OriginOptions> options, TimeProvider time, ILogger<LiveEndpoint> logger,
    IProgramGuide? programGuide = null, IChannelRecordings? channelRecordings = null, IViewerTotals? viewerTotals = null)
{
    /// <summary>
    /// Cache lifetime of a poster: short compared with its update interval, long compared with page loads of channel lists.
    /// </summary>
    private static readonly TimeSpan PosterMaxAge = TimeSpan.FromSeconds(5);

    /// <summary>Responds to a request under <c>/live/</c>.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        Responses.Prepare(context);
        LivePathKind? kind = null;
        try
        {
            var isKnown = LivePath.TryParse(context.Request.Path.Value, out var path);
            if (isKnown && path.Kind == LivePathKind.Beacon)
            {
                kind = LivePathKind.Beacon;
                await beacons.AnswerAsync(context, path.Channel);
                return;
            }

            if (Responses.TryAnswerMethod(context))
            {
                return;
            }

            if (!isKnown)
            {
                Responses.NotFound(context);
                return;
            }

            kind = path.Kind;
            await AnswerAsync(context, path);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The viewer disconnected.
        }
        catch (Exception exception)
        {
            OriginLog.RequestFailed(logger, exception, context.TraceIdentifier);
            Responses.TryAgain(context);
        }
        finally
        {
            DocumentDelivery.Count(kind, context.Response.StatusCode);
        }
    }

    /// <summary>Responds with the time, for <c>urn:mpeg:dash:utc:http-iso:2014</c> (ISO/IEC 23009-1, 5.8.4.11).</summary>
    public async Task HandleTimeAsync(HttpContext context)
    {
        Responses.Prepare(context);
        if (Responses.TryAnswerMethod(context))
        {
            return;
        }

        var text = Encoding.ASCII.GetBytes(MpdText.Instant(time.GetUtcNow()));
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentType = ContentTypes.Text;
        context.Response.ContentLength = text.Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(text, context.RequestAborted);
        }
    }

    private Task AnswerAsync(HttpContext context, LivePath path)
    {
        var channel = directory.FindChannel(path.Channel);
        var mayPreview = context.Features.Get<PreviewPermission>() is not null;
        if (path.Kind == LivePathKind.Status)
        {
            var visible = channel?.StatusSessionFor(directory.VisibilityFilter, mayPreview);
            if (HasSessionChanged(context, visible, mayPreview))
            {
                return TryAgain(context);
            }

            var status = visible?.Status() ?? LiveChannel.Offline(path.Channel);
            var title = status.Session is { } on ? programGuide?.TitleOf(on) : null;
            return WriteAsync(context, ChannelStatusText.Render(status, programGuide?.Next(path.Channel),
                channelRecordings?.Newest(path.Channel), ViewersOf(status), title), TimeSpan.FromSeconds(1));
        }

        var isOfChannel = path.Kind is LivePathKind.MultivariantPlaylist or LivePathKind.ChannelMpd or LivePathKind.Poster
            or LivePathKind.ChannelThumbnails;
        var whole = isOfChannel ? null : channel?.Find(path.Session);
        if ((isOfChannel ? channel?.CurrentFor(directory.VisibilityFilter, mayPreview)
            : whole is null ? null : directory.VisibilityFilter.Of(whole, mayPreview)) is not { } session)
        {
            return whole is null && path.Kind is LivePathKind.Init or LivePathKind.Segment or LivePathKind.Sheet
                ? AnswerPastAsync(context, path, mayPreview) : NotFound(context);
        }

        if (isOfChannel && HasSessionChanged(context, session, mayPreview))
        {
            return TryAgain(context);
        }

        if (path.Kind is LivePathKind.MultivariantPlaylist or LivePathKind.MediaPlaylist or LivePathKind.ChannelMpd
            or LivePathKind.SessionMpd
            && context.Request.Query is { Count: > 0 } query && (query.ContainsKey("start") || query.ContainsKey("end")))
        {
            return AnswerRangeAsync(context, session, path, query["start"], query["end"]);
        }

        // Half a target duration: a cache then never lags by a whole segment. Ended sessions are cached longer, but not at the channel's
        // URL, where the next session will start.
        var maxAge = session.IsEnded && !isOfChannel ? options.Value.EndedPlaylistMaxAge : session.Latency.TargetDuration / 2;
        var stale = session.Latency.TargetDuration;
        switch (path.Kind)
        {
            case LivePathKind.MultivariantPlaylist:
                return WriteAsync(context, session.MultivariantPlaylist(), maxAge, stale);
            case LivePathKind.ChannelMpd or LivePathKind.SessionMpd when DvrPlaylists.HasMpd(session):
                return WriteLongMpdAsync(context, session, IsProtected(context, path), maxAge, stale);
            case LivePathKind.ChannelMpd:
                return WriteAsync(context, session.ChannelMpd(isProtected: context.Request.PathBase.HasValue), maxAge, stale);
            case LivePathKind.SessionMpd:
                return WriteAsync(context, session.SessionMpd(), maxAge, stale);
            case LivePathKind.MpdPatch:
                return WriteAsync(context, session.MpdPatch(path.Number), maxAge);
            case LivePathKind.Poster:
                return session.Poster is { } poster ? media.AnswerAsync(context, MediaLocation.Of(session.Id, poster, PosterMaxAge))
                    : NotFound(context);
            case LivePathKind.ChannelThumbnails:
                return WriteAsync(context, session.ThumbnailVtt($"{session.Id}/"), maxAge, stale);
            case LivePathKind.SessionThumbnails:
                return WriteAsync(context, session.ThumbnailVtt(""), maxAge, stale);
            case LivePathKind.KeyPlaylist:
                return WriteAsync(context, session.IFramePlaylist(path.Rendition), maxAge, stale);
            case LivePathKind.ImagePlaylist:
                return WriteAsync(context, session.ImagePlaylist(), maxAge, stale);
            case LivePathKind.MediaPlaylist:
                return AnswerPlaylistAsync(context, session, path.Rendition, maxAge);
            default:
                return live.AnswerAsync(context, session, path);
        }
    }

    /// <summary>Responds with media of a session that is no longer live here, for its recordings.</summary>
    private async Task AnswerPastAsync(HttpContext context, LivePath path, bool mayPreview)
    {
        try
        {
            if (await recordings.HasAnyAsync(path.Channel, path.Session, context.RequestAborted)
                && await timelines.OpenAsync(path.Channel, path.Session, context.RequestAborted) is { } past
                && directory.VisibilityFilter.Of(past, mayPreview) is { } session)
            {
                await live.AnswerAsync(context, session, path);
                return;
            }

            Responses.NotFound(context);
        }
        catch (RecordingsUnavailableException)
        {
            Responses.TryAgain(context);
        }
    }

    private static Task NotFound(HttpContext context)
    {
        Responses.NotFound(context);
        return Task.CompletedTask;
    }

    private static Task TryAgain(HttpContext context)
    {
        Responses.TryAgain(context);
        return Task.CompletedTask;
    }

    /// <summary>Returns whether the channel now shows another session than during the access check.</summary>
    private static bool HasSessionChanged(HttpContext context, LiveSession? session, bool mayPreview) =>
        !mayPreview && context.Features.Get<AuthorizedSession>() is { } authorized && authorized.Session != session?.Id;

    /// <summary>
    /// Responds with a part of a session by time. Other spellings are redirected to the canonical one, so that caches have one URL for it.
    /// </summary>
    private async Task AnswerRangeAsync(HttpContext context, LiveSession session, LivePath path, string? start, string? end)
    {
        if (TimeRange.Parse(start, end, time.GetUtcNow(), out var error) is not { } asked)
        {
            await Responses.WriteTextAsync(context, StatusCodes.Status400BadRequest, "max-age=60", error!);
            return;
        }

        // Nothing exists before the visible start: earlier start times are redirected to it.
        var range = asked.NotBefore(session.VisibilityStart?.From);
        if (!range.IsCanonical(start, end))
        {
            // Relative, so that no response contains a token from the path.
            var address = context.Request.Path.Value!;
            context.Response.Headers.Location = address[(address.LastIndexOf('/') + 1)..] + range.Query;
            Responses.Empty(context, StatusCodes.Status302Found, Responses.BriefCaching);
            return;
        }

        var answer = path.Kind switch
        {
            LivePathKind.MultivariantPlaylist => await ranges.MultivariantAsync(session, range, context.RequestAborted),
            LivePathKind.MediaPlaylist => await ranges.MediaAsync(session, path.Rendition, range, context.RequestAborted),
            _ => await ranges.MpdAsync(session, IsProtected(context, path), range, context.RequestAborted),
        };
        if (answer.IsBusy)
        {
            Overload.Count(OverloadReason.Ranges);
            Responses.TryAgain(context);
            return;
        }

        if (answer.Reason is { } reason)
        {
            await Responses.WriteTextAsync(context, StatusCodes.Status404NotFound, Responses.BriefCaching, reason);
            return;
        }

        // The next session will start at the channel's URL. Media in a session's manifests may be deleted some time after it left them.
        var maxLifetime = path.Kind is LivePathKind.MediaPlaylist or LivePathKind.SessionMpd ? options.Value.EndedPlaylistMaxAge
            : session.Latency.TargetDuration / 2;
        await WriteAsync(context, answer.Document, answer.MaxAge < maxLifetime ? answer.MaxAge : maxLifetime);
    }

    /// <summary>For a channel's URL, whether a token precedes it; <see langword="null"/> for a session's URL.</summary>
    private static bool? IsProtected(HttpContext context, LivePath path) =>
        path.Kind == LivePathKind.ChannelMpd ? context.Request.PathBase.HasValue : null;

    private async Task WriteLongMpdAsync(HttpContext context, LiveSession session, bool? isProtected, TimeSpan maxAge, TimeSpan stale) =>
        await WriteAsync(context, await dvrPlaylists.GetMpdAsync(session, isProtected, context.RequestAborted), maxAge, stale);

    private Task WriteAsync(HttpContext context, Document? document, TimeSpan maxAge, TimeSpan stale = default) =>
        documents.AnswerAsync(context, document, maxAge, stale);

    /// <summary>Viewer count and beacon sampling; <see langword="null"/> when the channel is not live.</summary>
    private StatusViewers? ViewersOf(ChannelStatus status)
    {
        if (status.State is not (ChannelState.Live or ChannelState.Interrupted))
        {
            return null;
        }

        var size = viewerTotals?.Find(status.Channel) ?? new(counts.Find(status.Channel)?.Viewers ?? 0, 0);
        return new(options.Value.ShowViewers ? size.Viewers : null, counts.GetLevel(status.Channel, size.Level));
    }
}
