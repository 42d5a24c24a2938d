using System.Diagnostics.Metrics;
using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Connections;
using Broadcast.Origin.Live;
using Broadcast.Origin.Vod;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Delivery;

/// <summary>Sends text responses: compressed as the client accepts, with cache headers, and 304 for known entity tags.</summary>
internal sealed class DocumentDelivery(IOptions<OriginOptions> options)
{
    private const string OtherKind = "other";

    private static readonly Counter<long> Requests =
        Telemetry.Meter.CreateCounter<long>("broadcast_origin_requests", "{request}", "Requests answered, by kind and status code.");

    /// <summary>Counts a response to a request under <c>/live/</c>.</summary>
    /// <param name="kind">Kind of the resource; <see langword="null"/> when the path is unknown.</param>
    /// <param name="code">The status code.</param>
    public static void Count(LivePathKind? kind, int code) => Count(kind is { } known ? LabelOf(known) : OtherKind, code);

    /// <summary>Counts a response to a request for a recording.</summary>
    /// <param name="kind">Kind of the resource; <see langword="null"/> when the path is unknown.</param>
    /// <param name="code">The status code.</param>
    public static void Count(VodPathKind? kind, int code) => Count(kind is { } known ? LabelOf(known) : OtherKind, code);

    /// <summary>The metric label value of a kind.</summary>
    internal static string LabelOf(LivePathKind kind) => kind switch
    {
        LivePathKind.MultivariantPlaylist => "multivariant_playlist",
        LivePathKind.ChannelMpd => "channel_mpd",
        LivePathKind.Status => "status",
        LivePathKind.Poster => "poster",
        LivePathKind.ChatList => "chat",
        LivePathKind.ChatBatch => "chat_batch",
        LivePathKind.ChatQuestions => "chat_questions",
        LivePathKind.ChatMinute => "chat_minute",
        LivePathKind.Beacon => "beacon",
        LivePathKind.ChannelThumbnails => "channel_thumbnails",
        LivePathKind.SessionMpd => "session_mpd",
        LivePathKind.MpdPatch => "mpd_patch",
        LivePathKind.MediaPlaylist => "media_playlist",
        LivePathKind.SessionThumbnails => "session_thumbnails",
        LivePathKind.ImagePlaylist => "image_playlist",
        LivePathKind.Sheet => "sprite_sheet",
        LivePathKind.KeyPlaylist => "iframe_playlist",
        LivePathKind.Init => "init_segment",
        LivePathKind.Segment => "segment",
        LivePathKind.Part => "part",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "The kind has no metric label."),
    };

    /// <summary>The metric label value of a kind.</summary>
    internal static string LabelOf(VodPathKind kind) => kind switch
    {
        VodPathKind.MultivariantPlaylist => "recording_multivariant_playlist",
        VodPathKind.MediaPlaylist => "recording_media_playlist",
        VodPathKind.Mpd => "recording_mpd",
        VodPathKind.Thumbnails => "recording_thumbnails",
        VodPathKind.Poster => "recording_poster",
        VodPathKind.Download => "recording_download",
        VodPathKind.ChatSpan => "recording_chat",
        VodPathKind.ChatMinute => "recording_chat_minute",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "The kind has no metric label."),
    };

    private static void Count(string kind, int code) => Requests.Add(1, new("kind", kind), new("code", code));

    /// <summary>
    /// Cache lifetime of a session's manifest. Half a target duration: a cache then never lags by a whole segment. Ended sessions are
    /// cached longer, but not at the channel's URL, where the next session will start.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="path">Path of the manifest.</param>
    public TimeSpan MaxAgeOf(LiveSession session, LivePath path) =>
        session.IsEnded && !path.IsOfChannel ? options.Value.EndedPlaylistMaxAge : session.Latency.TargetDuration / 2;

    /// <summary>Responds to a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="document">The document; <see langword="null"/> for 404.</param>
    /// <param name="maxAge">Cache lifetime.</param>
    /// <param name="stale">
    /// Time after that in which caches may still serve it if the server fails (RFC 5861, 4). Players wait for a playlist that does not
    /// grow, but stop at an error.
    /// </param>
    public async Task AnswerAsync(HttpContext context, Document? document, TimeSpan maxAge, TimeSpan stale = default)
    {
        if (document is null)
        {
            Responses.NotFound(context);
            return;
        }

        var request = context.Request;
        var headers = context.Response.Headers;
        var coding = document.Plain.Length < options.Value.MinimumCompressedLength
            ? ContentCoding.Identity
            : AcceptEncoding.Choose(request.Headers.AcceptEncoding.ToString());
        var tag = document.TagIn(coding);
        headers.CacheControl = string.Create(
            CultureInfo.InvariantCulture,
            $"public, max-age={Math.Max(1, (long)maxAge.TotalSeconds)}{(stale > TimeSpan.Zero ? $", stale-if-error={(long)stale.TotalSeconds}" : "")}");
        Cmsd.SetHeader(headers, Cmsd.OfDocument(document.ContentType));
        headers.ETag = tag;
        headers.Vary = "Accept-Encoding";
        if (EntityTag.IsKnown(request.Headers.IfNoneMatch, tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var bytes = await document.InAsync(coding, context.RequestAborted);
        context.Response.ContentType = document.ContentType;
        context.Response.ContentLength = bytes.Length;
        if (coding != ContentCoding.Identity)
        {
            headers.ContentEncoding = coding == ContentCoding.Brotli ? "br" : "gzip";
        }

        if (HttpMethods.IsGet(request.Method))
        {
            await context.Response.BodyWriter.WritePiecesAsync(bytes, context.RequestAborted);
        }
    }
}
