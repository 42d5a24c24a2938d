using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Chat;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Dvr;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Vod;

/// <summary>Endpoint for all URLs under <c>/vod/</c>, after the access check.</summary>
internal sealed class VodEndpoint(
    RecordingTimelineCache timelines, LiveDirectory directory, VodPlaylists playlists, DownloadEndpoint downloads,
    ChatHistoryEndpoint chat, DocumentDelivery documents, MediaDelivery media, IOptions<OriginOptions> options, ILogger<VodEndpoint> logger)
{
    /// <summary>Cache lifetime of the poster of a recording in progress.</summary>
    private static readonly TimeSpan PosterMaxAge = TimeSpan.FromSeconds(5);

    /// <summary>Responds to a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="recording">The recording in the URL; <see langword="null"/> when viewers can see none with that id.</param>
    public async Task HandleAsync(HttpContext context, RecordingRange? recording)
    {
        Responses.Prepare(context);
        VodPathKind? kind = null;
        try
        {
            if (Responses.TryAnswerMethod(context))
            {
                return;
            }

            if (recording is null || !VodPath.TryParse(context.Request.Path.Value, out var path))
            {
                Responses.NotFound(context);
                return;
            }

            kind = path.Kind;
            if (!timelines.TryOpen(recording.Channel, recording.Session, ClientCount.ViewerOf(context), out var opening,
                context.RequestAborted))
            {
                Overload.Count(OverloadReason.Timelines);
                Responses.TryAgain(context);
                return;
            }

            if (await opening is not { } whole || directory.VisibilityFilter.Of(whole) is not { } session)
            {
                Responses.NotFound(context);
                return;
            }

            await AnswerAsync(context, path, session, recording);
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

    private async Task AnswerAsync(HttpContext context, VodPath path, LiveSession session, RecordingRange recording)
    {
        if (path.Kind == VodPathKind.Poster)
        {
            if (session.Poster is { } poster)
            {
                await media.AnswerAsync(context,
                    MediaLocation.Of(session.Id, poster, session.IsEnded ? options.Value.EndedPlaylistMaxAge : PosterMaxAge));
                return;
            }

            Responses.NotFound(context);
            return;
        }

        if (path.Kind == VodPathKind.Download)
        {
            await downloads.AnswerAsync(context, session, recording);
            return;
        }

        if (path.Kind == VodPathKind.ChatSpan)
        {
            await chat.AnswerSpanAsync(context, session, ChatRange.Of(session, recording));
            return;
        }

        if (path.Kind == VodPathKind.ChatMinute)
        {
            await chat.AnswerMinuteAsync(context, session, ChatRange.Of(session, recording), path.Minute);
            return;
        }

        var answer = await RenderAsync(path, session, recording,
            new RenderRequest(RenderPurpose.Vod, ClientCount.ViewerOf(context), context.RequestAborted));
        if (answer.IsBusy)
        {
            Overload.Count(OverloadReason.Ranges);
            Responses.TryAgain(context);
            return;
        }

        await documents.AnswerAsync(context, answer.Document, answer.MaxAge, session.Latency.TargetDuration);
    }

    private Task<TimeRangeResult> RenderAsync(VodPath path, LiveSession session, RecordingRange recording,
        RenderRequest request) => path.Kind switch
    {
        VodPathKind.MultivariantPlaylist => playlists.MultivariantAsync(session, recording, request),
        VodPathKind.Mpd => playlists.MpdAsync(session, recording, request),
        VodPathKind.Thumbnails => playlists.ThumbnailsAsync(session, recording, request),
        _ => playlists.MediaAsync(session, recording, path.Rendition, request),
    };
}
