using Broadcast.Media.OriginToCluster;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Origin.Access;
using Broadcast.Origin.Chat;
using Broadcast.Origin.Live;
using Broadcast.Origin.ViewerCounting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Broadcast.Origin.Delivery;

/// <summary>
/// Endpoint for all URLs under <c>/live/</c>. It parses the path, finds the channel and the part of the session that the viewer may see,
/// and passes the request to the handler of its kind.
/// </summary>
internal sealed class LiveEndpoint(
    LiveDirectory directory, BeaconEndpoint beacons, StatusEndpoint status, ManifestEndpoint manifests, ImageEndpoint images,
    MediaEndpoint media, ChatEndpoint chat, ChatHistoryEndpoint chatHistory, ILogger<LiveEndpoint> logger,
    IChannelRecovery? recovery = null, ISessionMirrors? mirrors = null)
{
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
            if (mirrors is not null && (path.IsOfChannel || path.Kind == LivePathKind.Status) && directory.FindChannel(path.Channel) is null
                && await mirrors.PrepareLastAsync(path.Channel, context.RequestAborted))
            {
                // The access check did not know the session.
                Responses.TryAgain(context);
                return;
            }

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

    private Task AnswerAsync(HttpContext context, LivePath path)
    {
        var channel = directory.FindChannel(path.Channel);
        if (channel is null && recovery?.IsPending(path.Channel) == true)
        {
            // An earlier session may be found in a moment, after a start.
            return TryAgain(context);
        }

        var mayPreview = context.Features.Get<PreviewPermission>() is not null;
        if (path.Kind == LivePathKind.Status)
        {
            var shown = channel?.StatusSessionFor(directory.VisibilityFilter, mayPreview);
            return HasSessionChanged(context, shown, mayPreview) ? TryAgain(context) : status.AnswerAsync(context, path.Channel, shown);
        }

        if (path.IsOfChannel)
        {
            return channel?.CurrentFor(directory.VisibilityFilter, mayPreview) is not { } current
                ? path.Kind == LivePathKind.Poster ? ImageEndpoint.NoPosterAsync(context) : Responses.NotFoundAsync(context)
                : HasSessionChanged(context, current, mayPreview) ? TryAgain(context)
                : AnswerAsync(context, current, path);
        }

        if (channel?.Find(path.Session) is not { } whole)
        {
            return media.AnswerPastAsync(context, path, mayPreview);
        }

        return directory.VisibilityFilter.Of(whole, mayPreview) is { } session ? AnswerAsync(context, session, path)
            : Responses.NotFoundAsync(context);
    }

    private Task AnswerAsync(HttpContext context, LiveSession session, LivePath path) => path.Kind switch
    {
        LivePathKind.MultivariantPlaylist or LivePathKind.MediaPlaylist or LivePathKind.KeyPlaylist or LivePathKind.ChannelMpd
            or LivePathKind.SessionMpd or LivePathKind.MpdPatch => manifests.AnswerAsync(context, session, path),
        LivePathKind.Poster or LivePathKind.ChannelThumbnails or LivePathKind.SessionThumbnails or LivePathKind.ImagePlaylist =>
            images.AnswerAsync(context, session, path),
        LivePathKind.ChatList or LivePathKind.ChatBatch or LivePathKind.ChatQuestions => chat.AnswerAsync(context, session, path),
        LivePathKind.ChatMinute => chatHistory.AnswerMinuteAsync(context, session, ChatRange.Of(session), path.Number),
        _ => media.AnswerAsync(context, session, path),
    };

    private static Task TryAgain(HttpContext context)
    {
        Responses.TryAgain(context);
        return Task.CompletedTask;
    }

    /// <summary>Returns whether the channel now shows another session than during the access check.</summary>
    private static bool HasSessionChanged(HttpContext context, LiveSession? session, bool mayPreview) =>
        !mayPreview && context.Features.Get<AuthorizedSession>() is { } authorized && authorized.Session != session?.Id;
}
