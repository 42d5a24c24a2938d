using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Live;
using Broadcast.Origin.Vod;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Delivery;

/// <summary>
/// Handler of media: segments, init segments and sprite sheets of live sessions, and of past sessions for their recordings.
/// </summary>
internal sealed class MediaEndpoint(
    LiveMedia live, LiveDirectory directory, RecordingLookup recordings, RecordingTimelineCache timelines)
{
    /// <summary>Responds with media of a session that is live or has ended here.</summary>
    /// <param name="context">The request.</param>
    /// <param name="session">The session.</param>
    /// <param name="path">The requested path.</param>
    public Task AnswerAsync(HttpContext context, LiveSession session, LivePath path) => live.AnswerAsync(context, session, path);

    /// <summary>Responds to a request for a session that is no longer live here: with its media if it has recordings.</summary>
    /// <param name="context">The request.</param>
    /// <param name="path">The requested path.</param>
    /// <param name="mayPreview">Whether the viewer may watch hidden sessions.</param>
    public async Task AnswerPastAsync(HttpContext context, LivePath path, bool mayPreview)
    {
        if (path.Kind is not (LivePathKind.Init or LivePathKind.Segment or LivePathKind.Sheet))
        {
            Responses.NotFound(context);
            return;
        }

        try
        {
            if (!await recordings.HasAnyAsync(path.Channel, path.Session, context.RequestAborted))
            {
                Responses.NotFound(context);
                return;
            }

            if (!timelines.TryOpen(path.Channel, path.Session, ClientCount.ViewerOf(context), out var opening, context.RequestAborted))
            {
                Overload.Count(OverloadReason.Timelines);
                Responses.TryAgain(context);
                return;
            }

            if (await opening is { } past && directory.VisibilityFilter.Of(past, mayPreview) is { } session)
            {
                await live.AnswerAsync(context, session, path);
                return;
            }

            Responses.NotFound(context);
        }
        catch (RecordingsUnavailableException)
        {
            Responses.TryAgain(context);
        }
    }
}
