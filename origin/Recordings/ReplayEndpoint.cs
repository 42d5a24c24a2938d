using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Rewinding;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Recordings;

/// <summary>Answers everything under <c>/vod/</c>, for those whom the door has let through.</summary>
internal sealed class ReplayEndpoint(
    RecordingShelf shelf, LiveDirectory directory, ReplayPlaylists playlists, RecordingDownloads downloads, DocumentDelivery documents, MediaDelivery media, IOptions<OriginOptions> options, ILogger<ReplayEndpoint> logger)
{
    /// <summary>How long caches may keep the poster of what is not over.</summary>
    private static readonly TimeSpan PosterMaxAge = TimeSpan.FromSeconds(5);

    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="recording">The recording that its address names; <see langword="null"/> when there is none that viewers may see.</param>
    public async Task HandleAsync(HttpContext context, RecordingRange? recording)
    {
        Answers.Prepare(context);
        var kind = "other";
        try
        {
            if (Answers.TryAnswerMethod(context))
            {
                return;
            }

            if (recording is null || !ReplayPath.TryParse(context.Request.Path.Value, out var path))
            {
                Answers.NotFound(context);
                return;
            }

            kind = $"Replay{path.Kind}";
            if (await shelf.OpenAsync(recording.Channel, recording.Session, context.RequestAborted) is not { } whole || directory.Audience.Of(whole) is not { } session)
            {
                Answers.NotFound(context);
                return;
            }

            await AnswerAsync(context, path, session, recording);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The viewer went away.
        }
        catch (Exception mistake)
        {
            OriginLog.RequestFailed(logger, mistake, context.TraceIdentifier);
            Answers.TryAgain(context);
        }
        finally
        {
            DocumentDelivery.Count(kind, context.Response.StatusCode);
        }
    }

    private async Task AnswerAsync(HttpContext context, ReplayPath path, LiveSession session, RecordingRange recording)
    {
        if (path.Kind == ReplayPathKind.Poster)
        {
            if (session.Poster is { } poster)
            {
                await media.AnswerAsync(context, MediaSource.Of(session.Id, poster, session.IsEnded ? options.Value.EndedPlaylistMaxAge : PosterMaxAge));
                return;
            }

            Answers.NotFound(context);
            return;
        }

        if (path.Kind == ReplayPathKind.Download)
        {
            await downloads.AnswerAsync(context, session, recording);
            return;
        }

        var answer = await DrawAsync(path, session, recording, context.RequestAborted);
        if (answer.IsBusy)
        {
            Overload.Count(OverloadReason.Ranges);
            Answers.TryAgain(context);
            return;
        }

        await documents.AnswerAsync(context, answer.Document, answer.MaxAge, session.Latency.TargetDuration);
    }

    private Task<RangeAnswer> DrawAsync(ReplayPath path, LiveSession session, RecordingRange recording, CancellationToken cancellationToken) => path.Kind switch
    {
        ReplayPathKind.MultivariantPlaylist => playlists.MultivariantAsync(session, recording, cancellationToken),
        ReplayPathKind.Mpd => playlists.MpdAsync(session, recording, cancellationToken),
        ReplayPathKind.Thumbnails => playlists.ThumbnailsAsync(session, recording, cancellationToken),
        _ => playlists.MediaAsync(session, recording, path.Rendition, cancellationToken),
    };
}
