using Broadcast.Media;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Delivery;

/// <summary>
/// Answers requests for a session's media: what is there, at once; what is about to exist, once it does; a segment that is being made, while it is made. Nothing that
/// players have reason to ask for gets 404, because they never ask twice, and edges keep it for longer than low latency lasts.
/// </summary>
internal sealed class LiveMedia(MediaDelivery media, SharedWaits waits, HeldRequests held, IOptions<OriginOptions> options, ILogger<LiveMedia> logger)
{
    private static readonly byte[] EmptySegment = [0, 0, 0, 24, .. "styp"u8, .. "cmfs"u8, 0, 0, 0, 0, .. "cmfs"u8, .. "msdh"u8];

    private readonly ClientCount _open = new(options.Value.MaxOpenPerClient);

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context, LiveSession session, LivePath path)
    {
        var verdict = session.Judge(path);
        var client = ClientCount.Of(context);
        if (MustWait(context, verdict))
        {
            if (!held.TryEnter(client, out _))
            {
                Answers.TryAgain(context);
                return;
            }

            try
            {
                verdict = await HoldAsync(context, session, path);
            }
            finally
            {
                held.Leave(client);
            }
        }

        if (!_open.TryEnter(client))
        {
            Overload.Count(OverloadReason.ClientOpen);
            Answers.TryAgain(context);
            return;
        }

        try
        {
            await SendAsync(context, session, path, verdict);
        }
        finally
        {
            _open.Leave(client);
        }
    }

    private async Task SendAsync(HttpContext context, LiveSession session, LivePath path, MediaVerdict verdict)
    {
        switch (verdict.Readiness)
        {
            case Readiness.Whole:
                await media.AnswerAsync(context, verdict.Source!);
                break;
            case Readiness.Growing when !HttpProtocol.IsHttp10(context.Request.Protocol):
                await SendWhileMadeAsync(context, session, path, verdict.Source!);
                break;
            case Readiness.Empty:
                await SendEmptyAsync(context);
                break;
            case Readiness.Never:
                Answers.NotFound(context);
                break;
            default:
                Answers.TryAgain(context);
                break;
        }
    }

    /// <summary>
    /// A segment without samples (ISO/IEC 14496-12, 8.16.2: its type alone). An error would keep Shaka 5.2 asking for it for ever, and whatever another init segment is needed for cannot be decoded.
    /// The MPD tells meanwhile where to go on.
    /// </summary>
    private static async Task SendEmptyAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = Answers.Brief;
        context.Response.ContentType = "video/iso.segment";
        context.Response.ContentLength = EmptySegment.Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(EmptySegment, context.RequestAborted);
        }
    }

    /// <summary>HTTP/1.0 knows no chunks: a segment that breaks off would look whole, so it has to be.</summary>
    private static bool MustWait(HttpContext context, MediaVerdict verdict) =>
        verdict.Readiness == Readiness.Soon || (verdict.Readiness == Readiness.Growing && HttpProtocol.IsHttp10(context.Request.Protocol));

    private async Task<MediaVerdict> HoldAsync(HttpContext context, LiveSession session, LivePath path)
    {
        var deadline = waits.After(MediaVerdict.Hold(session.Latency, path));
        while (true)
        {
            var more = session.MoreOf(path.Rendition);
            var verdict = session.Judge(path);
            if (!MustWait(context, verdict) || context.RequestAborted.IsCancellationRequested || !await waits.UntilAsync(more, deadline))
            {
                return verdict;
            }
        }
    }

    /// <summary>
    /// Sends a segment part by part. There is no length and no entity tag yet, and a range is not cut out (RFC 9110, 14.2: "A server MAY ignore the Range header field"),
    /// because what it would be a range of is not known. HEAD says what GET would, without waiting. When it cannot be finished the connection is cut, so that no cache
    /// takes what it has for the whole (RFC 9112, 8).
    /// </summary>
    private async Task SendWhileMadeAsync(HttpContext context, LiveSession session, LivePath path, MediaSource source)
    {
        media.SayWhatItIs(context, source);
        context.Response.ContentType = source.ContentType;
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        var (sent, deadline) = (0L, waits.After(MediaVerdict.Stall(session.Latency)));
        while (true)
        {
            var more = session.MoreOf(path.Rendition);
            var (readiness, now) = session.Judge(path);
            if (now is null)
            {
                break;
            }

            if (now.Length is null || now.Length > sent)
            {
                // A reader so slow that the segment has left the window meanwhile gets the rest from wherever it is: only its object knows its length then.
                if (await media.SendRestAsync(context, now, sent) is not { } taken)
                {
                    break;
                }

                sent += taken;
                deadline = waits.After(MediaVerdict.Stall(session.Latency));
            }

            if (readiness == Readiness.Whole && (now.Length ?? sent) == sent)
            {
                return;
            }

            if (context.RequestAborted.IsCancellationRequested || (now.Length == sent && !await waits.UntilAsync(more, deadline)))
            {
                break;
            }
        }

        if (!context.RequestAborted.IsCancellationRequested)
        {
            OriginLog.CutShort(logger, source.Object, sent);
            Answers.TryAgain(context);
        }
    }
}
