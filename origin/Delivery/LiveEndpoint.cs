using System.Text;
using Broadcast.Media;
using Broadcast.Origin.Counting;
using Broadcast.Origin.Dash;
using Broadcast.Origin.Recordings;
using Broadcast.Origin.Rewinding;
using Broadcast.Origin.Viewing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Delivery;

/// <summary>Answers everything under <c>/live/</c>, and <c>/time</c>.</summary>
internal sealed partial class LiveEndpoint(
    LiveDirectory directory, KnownRecordings recordings, RecordingShelf shelf, MediaDelivery media, DocumentDelivery documents, LiveMedia live, HeldRequests held, RewoundPlaylists rewound, RangePlaylists ranges,
    BeaconEndpoint beacons, ViewerCounts counts, IOptions<OriginOptions> options, TimeProvider time, ILogger<LiveEndpoint> logger, IAnnouncements? announcements = null, IReplays? replays = null, IAudienceSizes? sizes = null)
{
    /// <summary>How long caches may keep a poster: short beside the time it stands, long beside that of a list of many channels that is drawn again and again.</summary>
    private static readonly TimeSpan PosterMaxAge = TimeSpan.FromSeconds(5);

    /// <summary>Answers a request under <c>/live/</c>.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        Answers.Prepare(context);
        var kind = "other";
        try
        {
            var isKnown = LivePath.TryParse(context.Request.Path.Value, out var path);
            if (isKnown && path.Kind == LivePathKind.Beacon)
            {
                kind = nameof(LivePathKind.Beacon);
                await beacons.AnswerAsync(context, path.Channel);
                return;
            }

            if (Answers.TryAnswerMethod(context))
            {
                return;
            }

            if (!isKnown)
            {
                Answers.NotFound(context);
                return;
            }

            kind = path.Kind.ToString();
            await AnswerAsync(context, path);
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

    /// <summary>Answers the time, for <c>urn:mpeg:dash:utc:http-iso:2014</c> (ISO/IEC 23009-1, 5.8.4.11).</summary>
    public async Task HandleTimeAsync(HttpContext context)
    {
        Answers.Prepare(context);
        if (Answers.TryAnswerMethod(context))
        {
            return;
        }

        var text = Encoding.ASCII.GetBytes(MpdText.Instant(time.GetUtcNow()));
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentType = ContentTypes.Text;
        context.Response.ContentLength = text.Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(text, context.RequestAborted);
        }
    }

    private Task AnswerAsync(HttpContext context, LivePath path)
    {
        var channel = directory.FindChannel(path.Channel);
        var mayPreview = context.Features.Get<PreviewRight>() is not null;
        if (path.Kind == LivePathKind.Status)
        {
            var told = channel?.ToldFor(directory.Audience, mayPreview);
            if (IsOfOthers(context, told, mayPreview))
            {
                return TryAgain(context);
            }

            var status = told?.Status() ?? LiveChannel.Offline(path.Channel);
            var title = status.Session is { } on ? announcements?.TitleOf(on) : null;
            return WriteAsync(context, ChannelStatusText.Draw(status, announcements?.Next(path.Channel), replays?.Newest(path.Channel), ViewersOf(status), title), TimeSpan.FromSeconds(1));
        }

        var isOfChannel = path.Kind is LivePathKind.MultivariantPlaylist or LivePathKind.ChannelMpd or LivePathKind.Poster or LivePathKind.ChannelThumbnails;
        var whole = isOfChannel ? null : channel?.Find(path.Session);
        if ((isOfChannel ? channel?.CurrentFor(directory.Audience, mayPreview) : whole is null ? null : directory.Audience.Of(whole, mayPreview)) is not { } session)
        {
            return whole is null && path.Kind is LivePathKind.Init or LivePathKind.Segment or LivePathKind.Sheet ? AnswerPastAsync(context, path, mayPreview) : NotFound(context);
        }

        if (isOfChannel && IsOfOthers(context, session, mayPreview))
        {
            return TryAgain(context);
        }

        if (path.Kind is LivePathKind.MultivariantPlaylist or LivePathKind.MediaPlaylist or LivePathKind.ChannelMpd or LivePathKind.SessionMpd
            && context.Request.Query is { Count: > 0 } query && (query.ContainsKey("start") || query.ContainsKey("end")))
        {
            return AnswerRangeAsync(context, session, path, query["start"], query["end"]);
        }

        // Half a target duration: a cache is then never a whole segment behind. What is over is kept longer, but not at the channel's address,
        // where the next session will be.
        var maxAge = session.IsEnded && !isOfChannel ? options.Value.EndedPlaylistMaxAge : session.Latency.TargetDuration / 2;
        var stale = session.Latency.TargetDuration;
        switch (path.Kind)
        {
            case LivePathKind.MultivariantPlaylist:
                return WriteAsync(context, session.MultivariantPlaylist(), maxAge, stale);
            case LivePathKind.ChannelMpd or LivePathKind.SessionMpd when RewoundPlaylists.HasMpd(session):
                return WriteLongMpdAsync(context, session, IsGuarded(context, path), maxAge, stale);
            case LivePathKind.ChannelMpd:
                return WriteAsync(context, session.ChannelMpd(isGuarded: context.Request.PathBase.HasValue), maxAge, stale);
            case LivePathKind.SessionMpd:
                return WriteAsync(context, session.SessionMpd(), maxAge, stale);
            case LivePathKind.MpdPatch:
                return WriteAsync(context, session.MpdPatch(path.Number), maxAge);
            case LivePathKind.Poster:
                return session.Poster is { } poster ? media.AnswerAsync(context, MediaSource.Of(session.Id, poster, PosterMaxAge)) : NotFound(context);
            case LivePathKind.ChannelThumbnails:
                return WriteAsync(context, session.ThumbnailCues($"{session.Id}/"), maxAge, stale);
            case LivePathKind.SessionThumbnails:
                return WriteAsync(context, session.ThumbnailCues(""), maxAge, stale);
            case LivePathKind.KeyPlaylist:
                return WriteAsync(context, session.KeyPlaylist(path.Rendition), maxAge, stale);
            case LivePathKind.ImagePlaylist:
                return WriteAsync(context, session.ImagePlaylist(), maxAge, stale);
            case LivePathKind.MediaPlaylist:
                return AnswerPlaylistAsync(context, session, path.Rendition, maxAge);
            default:
                return live.AnswerAsync(context, session, path);
        }
    }

    /// <summary>Media of a session that is not live here any more, for its recordings.</summary>
    private async Task AnswerPastAsync(HttpContext context, LivePath path, bool mayPreview)
    {
        try
        {
            if (await recordings.HasAnyAsync(path.Channel, path.Session, context.RequestAborted)
                && await shelf.OpenAsync(path.Channel, path.Session, context.RequestAborted) is { } past && directory.Audience.Of(past, mayPreview) is { } session)
            {
                await live.AnswerAsync(context, session, path);
                return;
            }

            Answers.NotFound(context);
        }
        catch (RecordingsAwayException)
        {
            Answers.TryAgain(context);
        }
    }

    private static Task NotFound(HttpContext context)
    {
        Answers.NotFound(context);
        return Task.CompletedTask;
    }

    private static Task TryAgain(HttpContext context)
    {
        Answers.TryAgain(context);
        return Task.CompletedTask;
    }

    /// <summary>Whether the channel shows another session by now than the one of which it was judged who may watch it.</summary>
    private static bool IsOfOthers(HttpContext context, LiveSession? session, bool mayPreview) =>
        !mayPreview && context.Features.Get<JudgedSession>() is { } judged && judged.Session != session?.Id;

    /// <summary>A part of a broadcast by time. Whatever is not in the one spelling of it is sent there, so that caches have one address for it.</summary>
    private async Task AnswerRangeAsync(HttpContext context, LiveSession session, LivePath path, string? start, string? end)
    {
        if (TimeRange.Parse(start, end, time.GetUtcNow(), out var mistake) is not { } asked)
        {
            await Answers.TellAsync(context, StatusCodes.Status400BadRequest, "max-age=60", mistake!);
            return;
        }

        // Before the audience's begin there is nothing: who asks for more is sent to that.
        var range = asked.NotBefore(session.Begin?.From);
        if (!range.IsSpelt(start, end))
        {
            // Relative, so that no answer holds the token that may stand in the path.
            var address = context.Request.Path.Value!;
            context.Response.Headers.Location = address[(address.LastIndexOf('/') + 1)..] + range.Query;
            Answers.Empty(context, StatusCodes.Status302Found, Answers.Brief);
            return;
        }

        var answer = path.Kind switch
        {
            LivePathKind.MultivariantPlaylist => await ranges.MultivariantAsync(session, range, context.RequestAborted),
            LivePathKind.MediaPlaylist => await ranges.MediaAsync(session, path.Rendition, range, context.RequestAborted),
            _ => await ranges.MpdAsync(session, IsGuarded(context, path), range, context.RequestAborted),
        };
        if (answer.IsBusy)
        {
            Overload.Count(OverloadReason.Ranges);
            Answers.TryAgain(context);
            return;
        }

        if (answer.Refusal is { } refusal)
        {
            await Answers.TellAsync(context, StatusCodes.Status404NotFound, Answers.Brief, refusal);
            return;
        }

        // At the channel's address the next session will be. What a session's lists name may be deleted some time after it has left them.
        var longest = path.Kind is LivePathKind.MediaPlaylist or LivePathKind.SessionMpd ? options.Value.EndedPlaylistMaxAge : session.Latency.TargetDuration / 2;
        await WriteAsync(context, answer.Document, answer.MaxAge < longest ? answer.MaxAge : longest);
    }

    /// <summary>At a channel's address whether a token stands before it; <see langword="null"/> at a session's.</summary>
    private static bool? IsGuarded(HttpContext context, LivePath path) => path.Kind == LivePathKind.ChannelMpd ? context.Request.PathBase.HasValue : null;

    private async Task WriteLongMpdAsync(HttpContext context, LiveSession session, bool? isGuarded, TimeSpan maxAge, TimeSpan stale) =>
        await WriteAsync(context, await rewound.GetMpdAsync(session, isGuarded, context.RequestAborted), maxAge, stale);

    private Task WriteAsync(HttpContext context, Document? document, TimeSpan maxAge, TimeSpan stale = default) => documents.AnswerAsync(context, document, maxAge, stale);

    /// <summary>How many watch, and how pages are to tell of themselves; nothing where nothing is live.</summary>
    private StatusViewers? ViewersOf(ChannelStatus status)
    {
        if (status.State is not (ChannelState.Live or ChannelState.Interrupted))
        {
            return null;
        }

        var size = sizes?.Find(status.Channel) ?? new(counts.Find(status.Channel)?.Viewers ?? 0, 0);
        return new(options.Value.ShowViewers ? size.Viewers : null, counts.Offer(status.Channel, size.Level));
    }
}
