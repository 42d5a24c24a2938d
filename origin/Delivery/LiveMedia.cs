using System.Globalization;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Delivery;

/// <summary>
/// Responds with a session's media: existing media at once, upcoming media when it exists, and an open segment while it is written.
/// Requests that players have reason to send never get 404, because players do not retry it, and edges cache it for longer than low latency
/// allows.
/// </summary>
internal sealed class LiveMedia(MediaDelivery media, SharedWaits waits, HeldRequests held, IOptions<OriginOptions> options,
    ILogger<LiveMedia> logger)
{
    private static readonly byte[] EmptySegment = [0, 0, 0, 24, .. "styp"u8, .. "cmfs"u8, 0, 0, 0, 0, .. "cmfs"u8, .. "msdh"u8];

    private readonly ClientCount _open = new(options.Value.MaxOpenPerClient);

    /// <summary>Responds to a request.</summary>
    public async Task AnswerAsync(HttpContext context, LiveSession session, LivePath path)
    {
        var availability = session.Evaluate(path);
        var client = ClientCount.Of(context);
        if (MustWait(context, availability))
        {
            if (!held.TryEnter(client, out _))
            {
                Responses.TryAgain(context);
                return;
            }

            try
            {
                (session, availability) = await HoldAsync(context, session, path);
            }
            finally
            {
                held.Exit(client);
            }
        }

        if (!_open.TryEnter(client))
        {
            Overload.Count(OverloadReason.ClientOpen);
            Responses.TryAgain(context);
            return;
        }

        try
        {
            await SendAsync(context, session, path, availability);
        }
        finally
        {
            _open.Exit(client);
        }
    }

    private async Task SendAsync(HttpContext context, LiveSession session, LivePath path, MediaAvailability availability)
    {
        switch (availability.Readiness)
        {
            case Readiness.Complete when availability.Source is { Before: { } before } source:
                await SendJoinedAsync(context, before, source);
                break;
            case Readiness.Complete:
                await media.AnswerAsync(context, availability.Source!);
                break;
            case Readiness.Growing when !HttpProtocol.IsHttp10(context.Request.Protocol):
                await SendOpenSegmentAsync(context, session, path, availability.Source!);
                break;
            case Readiness.Empty:
                await SendEmptyAsync(context);
                break;
            case Readiness.Never:
                Responses.NotFound(context);
                break;
            default:
                Responses.TryAgain(context);
                break;
        }
    }

    /// <summary>
    /// Sends a segment without samples (ISO/IEC 14496-12, 8.16.2: only its type). Shaka 5.2 would retry an error forever, and media for
    /// another init segment cannot be decoded. The updated MPD states where to continue.
    /// </summary>
    private static async Task SendEmptyAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = Responses.BriefCaching;
        context.Response.ContentType = "video/iso.segment";
        context.Response.ContentLength = EmptySegment.Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(EmptySegment, context.RequestAborted);
        }
    }

    /// <summary>Sends a segment with init segments before and after it, without ranges.</summary>
    private async Task SendJoinedAsync(HttpContext context, MediaLocation before, MediaLocation source)
    {
        MediaLocation[] pieces = source.After is { } after ? [before, source, after] : [before, source];
        var length = pieces.Sum(piece => piece.Length!.Value);
        var (headers, tag) = (context.Response.Headers, string.Create(CultureInfo.InvariantCulture, $"\"{source.Tag}-{length}\""));
        media.SetHeaders(context, source);
        headers.ETag = tag;
        if (EntityTag.IsKnown(context.Request.Headers.IfNoneMatch, tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = source.ContentType;
        context.Response.ContentLength = length;
        foreach (var piece in HttpMethods.IsHead(context.Request.Method) ? [] : pieces)
        {
            if (await media.SendRestAsync(context, piece, 0) is null)
            {
                if (!context.RequestAborted.IsCancellationRequested)
                {
                    OriginLog.ResponseAborted(logger, piece.Object, 0);
                    Responses.TryAgain(context);
                }

                return;
            }
        }
    }

    /// <summary>
    /// HTTP/1.0 has no chunked transfer coding: a truncated segment would look complete, so it is only sent when it is complete.
    /// </summary>
    private static bool MustWait(HttpContext context, MediaAvailability availability) =>
        availability.Readiness == Readiness.Upcoming
        || (availability.Readiness == Readiness.Growing && HttpProtocol.IsHttp10(context.Request.Protocol));

    private async Task<(LiveSession Session, MediaAvailability Availability)> HoldAsync(HttpContext context, LiveSession session,
        LivePath path)
    {
        var deadline = waits.After(MediaAvailability.HoldTime(session.Latency, path));
        while (true)
        {
            session = session.Newest;
            var more = session.NextUpdateOf(path.Rendition);
            var availability = session.Evaluate(path);
            if (session.Newest != session)
            {
                continue;
            }

            if (!MustWait(context, availability) || session.IsReplaced || context.RequestAborted.IsCancellationRequested
                || !await waits.UntilAsync(more, deadline))
            {
                return (session, availability);
            }
        }
    }

    /// <summary>
    /// Sends an open segment part by part. Its length and entity tag are unknown, so ranges are ignored (RFC 9110, 14.2: "A server MAY
    /// ignore the Range header field"). HEAD returns the headers without waiting. When the segment cannot be completed, the connection is
    /// aborted, so that no cache takes the response for complete (RFC 9112, 8).
    /// </summary>
    private async Task SendOpenSegmentAsync(HttpContext context, LiveSession session, LivePath path, MediaLocation source)
    {
        media.SetHeaders(context, source);
        context.Response.ContentType = source.ContentType;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        var (sent, deadline) = (0L, waits.After(MediaAvailability.StallTimeout(session.Latency)));
        if (source.Before is { } before && await media.SendRestAsync(context, before, 0) is null)
        {
            Responses.TryAgain(context);
            return;
        }

        while (true)
        {
            session = session.Newest;
            var more = session.NextUpdateOf(path.Rendition);
            var (readiness, now) = session.Evaluate(path);
            if (now is null)
            {
                break;
            }

            if (now.Length is null || now.Length > sent)
            {
                // If the client is so slow that the segment left the live window, only the object knows its length.
                if (await media.SendRestAsync(context, now, sent) is not { } taken)
                {
                    break;
                }

                sent += taken;
                deadline = waits.After(MediaAvailability.StallTimeout(session.Latency));
            }

            if (readiness == Readiness.Complete && (now.Length ?? sent) == sent)
            {
                return;
            }

            if (session.Newest != session)
            {
                continue;
            }

            if (context.RequestAborted.IsCancellationRequested || session.IsReplaced
                || (now.Length == sent && !await waits.UntilAsync(more, deadline)))
            {
                break;
            }
        }

        if (!context.RequestAborted.IsCancellationRequested)
        {
            OriginLog.ResponseAborted(logger, source.Object, sent);
            Responses.TryAgain(context);
        }
    }
}
