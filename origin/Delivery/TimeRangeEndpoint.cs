using Broadcast.Origin.Dvr;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Delivery;

/// <summary>Handler of manifests of a part of a session, selected by <c>?start=</c> and <c>?end=</c>.</summary>
internal sealed class TimeRangeEndpoint(
    TimeRangePlaylists ranges, DocumentDelivery documents, IOptions<OriginOptions> options, TimeProvider time)
{
    /// <summary>Returns whether a request is for a time range.</summary>
    public static bool Handles(HttpContext context, LivePath path) =>
        path.Kind is LivePathKind.MultivariantPlaylist or LivePathKind.MediaPlaylist or LivePathKind.ChannelMpd or LivePathKind.SessionMpd
        && context.Request.Query is { Count: > 0 } query && (query.ContainsKey("start") || query.ContainsKey("end"));

    /// <summary>
    /// Responds with a part of a session by time. Other spellings, and times within a segment, are redirected to the canonical ones, so
    /// that caches have one URL for the same content.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="session">The session.</param>
    /// <param name="path">The requested path.</param>
    /// <param name="isProtected">For the channel's URL, whether a token precedes it; <see langword="null"/> for the session's URL.</param>
    public async Task AnswerAsync(HttpContext context, LiveSession session, LivePath path, bool? isProtected)
    {
        string? start = context.Request.Query["start"], end = context.Request.Query["end"];
        if (TimeRange.Parse(start, end, time.GetUtcNow(), out var error) is not { } asked)
        {
            await Responses.WriteTextAsync(context, StatusCodes.Status400BadRequest, "max-age=60", error!);
            return;
        }

        // Nothing exists before the visible start: earlier start times are redirected to it.
        var request = new RenderRequest(RenderPurpose.Dvr, ClientCount.ViewerOf(context), context.RequestAborted);
        var usesSessionTime = path.Kind is LivePathKind.ChannelMpd or LivePathKind.SessionMpd;
        if (await ranges.AlignAsync(session, asked.NotBefore(session.VisibilityStart?.From ?? session.StartedAt), usesSessionTime, request)
            is not { } range)
        {
            Busy(context);
            return;
        }

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
            LivePathKind.MultivariantPlaylist => await ranges.MultivariantAsync(session, range, request),
            LivePathKind.MediaPlaylist => await ranges.MediaAsync(session, path.Rendition, range, request),
            _ => await ranges.MpdAsync(session, isProtected, range, request),
        };
        if (answer.IsBusy)
        {
            Busy(context);
            return;
        }

        if (answer.Reason is { } reason)
        {
            await Responses.WriteTextAsync(context, StatusCodes.Status404NotFound, Responses.BriefCaching, reason);
            return;
        }

        // The next session will start at the channel's URL. Media in a session's manifests may be deleted some time after it left them.
        var maxLifetime = path.IsOfChannel ? session.Latency.TargetDuration / 2 : options.Value.EndedPlaylistMaxAge;
        await documents.AnswerAsync(context, answer.Document, answer.MaxAge < maxLifetime ? answer.MaxAge : maxLifetime);
    }

    private static void Busy(HttpContext context)
    {
        Overload.Count(OverloadReason.Ranges);
        Responses.TryAgain(context);
    }
}
