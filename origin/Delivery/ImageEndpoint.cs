using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Delivery;

/// <summary>Handler of posters, and of the lists of thumbnails. Sprite sheets are media.</summary>
internal sealed class ImageEndpoint(MediaDelivery media, DocumentDelivery documents)
{
    /// <summary>
    /// Cache lifetime of a poster: short compared with its update interval, long compared with page loads of channel lists.
    /// </summary>
    private static readonly TimeSpan PosterMaxAge = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Responds that a channel has no poster (yet): with 404, or with 204 if the query contains <c>optional</c>. Browsers report a 404 in
    /// the console, although pages expect that there may be none.
    /// </summary>
    public static Task NoPosterAsync(HttpContext context)
    {
        if (!context.Request.Query.ContainsKey("optional"))
        {
            return Responses.NotFoundAsync(context);
        }

        Responses.Empty(context, StatusCodes.Status204NoContent, Responses.BriefCaching);
        context.Response.ContentLength = null;   // RFC 9110, 8.6: a 204 has none
        return Task.CompletedTask;
    }

    /// <summary>Responds to a request for a poster, WebVTT or an image playlist.</summary>
    /// <param name="context">The request.</param>
    /// <param name="session">The session.</param>
    /// <param name="path">The requested path.</param>
    public Task AnswerAsync(HttpContext context, LiveSession session, LivePath path)
    {
        if (path.Kind == LivePathKind.Poster)
        {
            return session.Poster is { } poster ? media.AnswerAsync(context, MediaLocation.Of(session.Id, poster, PosterMaxAge))
                : NoPosterAsync(context);
        }

        var maxAge = documents.MaxAgeOf(session, path);
        var list = path.Kind switch
        {
            LivePathKind.ChannelThumbnails => session.Manifests.ThumbnailVtt($"{session.Id}/"),
            LivePathKind.SessionThumbnails => session.Manifests.ThumbnailVtt(""),
            _ => session.Manifests.ImagePlaylist(),
        };
        return documents.AnswerAsync(context, list, maxAge, session.Latency.TargetDuration);
    }
}
