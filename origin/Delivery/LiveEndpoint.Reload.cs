using Broadcast.Origin.Hls;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Delivery;

/// <content>Media playlists: answered at once, or held until what is asked for exists.</content>
internal sealed partial class LiveEndpoint
{
    /// <param name="context">The request.</param>
    /// <param name="session">Its session.</param>
    /// <param name="rendition">Whose playlist.</param>
    /// <param name="maxAge">How long caches may keep one that was not asked for by number.</param>
    private async Task AnswerPlaylistAsync(HttpContext context, LiveSession session, string rendition, TimeSpan maxAge)
    {
        if (!ReloadRequest.TryParse(context.Request.QueryString.Value, out var request))
        {
            if (session.Latency.OffersParts)
            {
                Answers.Empty(context, StatusCodes.Status400BadRequest, Answers.Brief);
                return;
            }

            // Where directives are not offered nobody reads them.
            request = default;
        }

        var since = time.GetTimestamp();
        var verdict = session.Judge(rendition, request, since, out var more);
        if (verdict == ReloadVerdict.Wait)
        {
            var client = ClientCount.Of(context);
            if (!held.TryEnter(client, out var reason))
            {
                // What is one client's is not for others.
                Unavailable(context, reason == OverloadReason.Held ? Answers.Brief : "no-store");
                return;
            }

            try
            {
                while (verdict == ReloadVerdict.Wait && held.Watch(session))
                {
                    await more.WaitAsync(context.RequestAborted);
                    verdict = session.Judge(rendition, request, since, out more);
                }
            }
            finally
            {
                held.Leave(client);
            }
        }

        switch (verdict)
        {
            case ReloadVerdict.Refuse:
                // What is too far ahead now is not so in a moment.
                Answers.Empty(context, StatusCodes.Status400BadRequest, Answers.Brief);
                return;
            case ReloadVerdict.GiveUp or ReloadVerdict.Wait:
                Unavailable(context);
                return;
            case ReloadVerdict.AnswerAsked:
                // A blocking request that succeeded is kept for six target durations (RFC 8216bis, B.1).
                maxAge = 6 * session.Latency.TargetDuration;
                break;
        }

        var playlist = session.KeepsPast
            ? await rewound.GetAsync(session, rendition, request.IsDelta, context.RequestAborted)
            : session.MediaPlaylist(rendition, request.IsDelta);
        await WriteAsync(context, playlist, maxAge, session.Latency.TargetDuration);
    }

    /// <summary>503 for a moment, also to caches: the crowd that comes again is then answered there.</summary>
    private static void Unavailable(HttpContext context, string cacheControl = Answers.Brief)
    {
        context.Response.Headers.RetryAfter = "1";
        Answers.Empty(context, StatusCodes.Status503ServiceUnavailable, cacheControl);
    }
}
