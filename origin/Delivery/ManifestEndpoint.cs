using Broadcast.Origin.Dvr;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Delivery;

/// <summary>Handler of playlists and MPDs of a session: of its live window, with its DVR window, or of a time range.</summary>
internal sealed class ManifestEndpoint(
    MediaPlaylistEndpoint mediaPlaylists, TimeRangeEndpoint ranges, DvrPlaylists dvrPlaylists, DocumentDelivery documents)
{
    /// <summary>Responds to a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="session">The session.</param>
    /// <param name="path">The requested path.</param>
    public Task AnswerAsync(HttpContext context, LiveSession session, LivePath path)
    {
        // A token precedes the path in the request's base.
        bool? isProtected = path.IsOfChannel ? context.Request.PathBase.HasValue : null;
        if (TimeRangeEndpoint.Handles(context, path))
        {
            return ranges.AnswerAsync(context, session, path, isProtected);
        }

        // Determined before the manifest: the session may end meanwhile.
        var maxAge = documents.MaxAgeOf(session, path);
        var (manifests, stale) = (session.Manifests, session.Latency.TargetDuration);
        return path.Kind switch
        {
            LivePathKind.MediaPlaylist => mediaPlaylists.AnswerAsync(context, session, path.Rendition, maxAge),
            LivePathKind.MultivariantPlaylist => documents.AnswerAsync(context, manifests.MultivariantPlaylist(), maxAge, stale),
            LivePathKind.KeyPlaylist => documents.AnswerAsync(context, manifests.IFramePlaylist(path.Rendition), maxAge, stale),
            LivePathKind.MpdPatch => documents.AnswerAsync(context, manifests.MpdPatch(path.Number), maxAge),
            LivePathKind.ChannelMpd or LivePathKind.SessionMpd when DvrPlaylists.HasMpd(session) =>
                AnswerDvrMpdAsync(context, session, isProtected, maxAge),
            LivePathKind.ChannelMpd => documents.AnswerAsync(context, manifests.ChannelMpd(isProtected is true), maxAge, stale),
            _ => documents.AnswerAsync(context, manifests.SessionMpd(), maxAge, stale),
        };
    }

    private async Task AnswerDvrMpdAsync(HttpContext context, LiveSession session, bool? isProtected, TimeSpan maxAge) =>
        await documents.AnswerAsync(context, await dvrPlaylists.GetMpdAsync(session, isProtected, context.RequestAborted), maxAge,
            session.Latency.TargetDuration);
}
