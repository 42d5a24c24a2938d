using Broadcast.Origin.Dvr;
using Broadcast.Origin.Hls;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Delivery;

/// <summary>Handler of media playlists: answered at once, or held until the requested media exists.</summary>
internal sealed class MediaPlaylistEndpoint(HeldRequests held, DvrPlaylists dvrPlaylists, DocumentDelivery documents, TimeProvider time)
{
    /// <summary>Responds to a media playlist request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="session">The session.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="maxAge">Cache lifetime of a playlist that was not requested by sequence number.</param>
    public async Task AnswerAsync(HttpContext context, LiveSession session, string rendition, TimeSpan maxAge)
    {
        if (!DeliveryDirectives.TryParse(context.Request.QueryString.Value, out var request))
        {
            if (session.Latency.OffersParts)
            {
                Responses.Empty(context, StatusCodes.Status400BadRequest, Responses.BriefCaching);
                return;
            }

            // Directives are ignored where they are not offered.
            request = default;
        }

        var since = time.GetTimestamp();
        var (decision, more) = Evaluate(ref session, rendition, request, since);
        if (decision == ReloadDecision.Hold)
        {
            var client = ClientCount.ViewerOf(context);
            if (!held.TryEnter(client, out var reason))
            {
                // A client's own limit must not affect other clients through a cache.
                Unavailable(context, reason == OverloadReason.Held ? Responses.BriefCaching : "no-store");
                return;
            }

            try
            {
                while (decision == ReloadDecision.Hold && held.Watch(session))
                {
                    await more.WaitAsync(context.RequestAborted);
                    (decision, more) = Evaluate(ref session, rendition, request, since);
                }
            }
            finally
            {
                held.Exit(client);
            }
        }

        switch (decision)
        {
            case ReloadDecision.Reject:
                // A request that is too far ahead becomes valid in a moment.
                Responses.Empty(context, StatusCodes.Status400BadRequest, Responses.BriefCaching);
                return;
            case ReloadDecision.Unavailable or ReloadDecision.Hold:
                Unavailable(context);
                return;
            case ReloadDecision.RespondRequested:
                // A successful blocking request is cached for six target durations (draft-pantos-hls-rfc8216bis, B.1).
                maxAge = 6 * session.Latency.TargetDuration;
                break;
        }

        var playlist = session.HasDvrWindow
            ? await dvrPlaylists.GetAsync(session, rendition, request.IsDelta, context.RequestAborted)
            : session.Manifests.MediaPlaylist(rendition, request.IsDelta);
        await documents.AnswerAsync(context, playlist, maxAge, session.Latency.TargetDuration);
    }

    /// <summary>Evaluates a request at the object that serves the session now.</summary>
    private static (ReloadDecision Decision, Task More) Evaluate(ref LiveSession session, string rendition, DeliveryDirectives request,
        long since)
    {
        while (true)
        {
            session = session.Newest;
            var decision = session.Evaluate(rendition, request, since, out var more);
            if (session.Newest == session)
            {
                return (decision, more);
            }
        }
    }

    /// <summary>Responds with 503, briefly cacheable, so that caches absorb simultaneous retries.</summary>
    private static void Unavailable(HttpContext context, string cacheControl = Responses.BriefCaching)
    {
        context.Response.Headers.RetryAfter = "1";
        Responses.Empty(context, StatusCodes.Status503ServiceUnavailable, cacheControl);
    }
}
