using System.Diagnostics.Metrics;
using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.OriginToCluster;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Chat;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Live;
using Broadcast.Origin.ViewerCounting;
using Broadcast.Origin.Vod;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Broadcast.Origin.Access;

/// <summary>
/// Access check for all requests under <c>/live/</c>, <c>/chat/</c> and <c>/vod/</c>, with and without a token: playlists, media, images,
/// status and chat.
/// Responses are the same for all viewers with access, except for previews. Caching edges send access checks to <c>/auth/</c>. At a
/// channel's own URLs, the access policy of the current session applies.
/// </summary>
/// <param name="liveEndpoint">Endpoint for live requests.</param>
/// <param name="vodEndpoint">Endpoint for recordings.</param>
/// <param name="chatEndpoint">Endpoint for messages of viewers.</param>
/// <param name="recordings">Looks up a recording's channel.</param>
/// <param name="directory">Looks up a channel's current session.</param>
/// <param name="logger">Logger for failures.</param>
/// <param name="authorizer">Authorizes viewers. Without it every channel is public.</param>
/// <param name="mirrors">Makes sessions of other servers available; without it, this server serves only its own.</param>
internal sealed class ViewerAuthorizationMiddleware(LiveEndpoint liveEndpoint, VodEndpoint vodEndpoint, ChatPostEndpoint chatEndpoint,
    RecordingLookup recordings, LiveDirectory directory, ILogger<ViewerAuthorizationMiddleware> logger,
    IViewerAuthorizer? authorizer = null, ISessionMirrors? mirrors = null)
{
    /// <summary>Response header with the denial reason, for players and edges.</summary>
    public const string DenialReasonHeader = "X-Denial-Reason";

    /// <summary>
    /// Request header with an edge's cache scope: <c>session</c> if it caches decisions per channel and session. Without it, decisions that
    /// may differ between sessions are not cacheable.
    /// </summary>
    public const string CacheScopeHeader = "X-Cache-Scope";

    private const string Auth = "/auth";
    private static readonly Counter<long> Denials =
        Telemetry.Meter.CreateCounter<long>("broadcast_origin_viewer_denials", "{request}",
            "Denied viewer requests, including access checks of edges, by reason.");

    /// <summary>
    /// Responds to a request under <c>/live/</c>, <c>/chat/</c> or <c>/vod/</c>, or under one of these after <c>/t/{token}</c>.
    /// </summary>
    public async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        if (!ProtectedPath.TryParse(request.Path.Value, out var path))
        {
            // Not a channel's path: the endpoint returns the error.
            await liveEndpoint.HandleAsync(context);
            return;
        }

        if (!await PrepareAsync(context, path))
        {
            Responses.Prepare(context);
            Responses.TryAgain(context);
            return;
        }

        // Only methods that return content are checked: a preflight has no token and may learn the allowed methods. A beacon only counts
        // where the page has access.
        RecordingRange? recording = null;
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)
            || (HttpMethods.IsPost(request.Method) && (path.IsChat || BeaconEndpoint.IsBeaconPath(path.Rest))))
        {
            (recording, var decision) = await AuthorizeAsync(context, path);
            if (decision.DenialReason is { } reason)
            {
                Deny(context, reason);
                return;
            }

            if (decision.AllowsPreview)
            {
                context.Features.Set(PreviewPermission.Instance);
                context.Response.OnStarting(static response => PreventCaching((HttpResponse)response), context.Response);
            }
        }

        if (path.Token is not null)
        {
            request.PathBase = request.PathBase.Add($"/t/{path.Token}");
            request.Path = path.Rest;
        }

        if (path.IsChat)
        {
            await chatEndpoint.HandleAsync(context, path.Channel);
            return;
        }

        if (path.Recording is not null)
        {
            await vodEndpoint.HandleAsync(context, recording);
            return;
        }

        await liveEndpoint.HandleAsync(context);
    }

    /// <summary>
    /// Responds to an edge's access check: <c>/auth</c> followed by the requested path. 204 grants access; 403 denies it.
    /// <c>Cache-Control</c> states how long the decision applies to the same path prefix up to channel and session. Unless the token is
    /// valid for any address, it only applies to the same client address.
    /// </summary>
    public async Task AnswerEdgeAsync(HttpContext context)
    {
        Responses.Prepare(context);
        if (Responses.TryAnswerMethod(context))
        {
            return;
        }

        // For paths of no channel, the origin returns the error, as for requests without an edge.
        if (!ProtectedPath.TryParse(context.Request.Path.Value?[Auth.Length..], out var path))
        {
            Allow(context, Responses.BriefCaching);
            return;
        }

        if (!await PrepareAsync(context, path))
        {
            Responses.TryAgain(context);
            return;
        }

        var (_, decision) = await AuthorizeAsync(context, path);
        var lifetime = decision.IsSessionSpecific && context.Request.Headers[CacheScopeHeader] != "session" ? TimeSpan.Zero
            : decision.CacheDuration;
        switch (decision.DenialReason)
        {
            case null:
                Allow(context, Lifetime(lifetime));
                break;
            case ViewerDenialReason.Unavailable when decision.ReplacesEarlier:
                // An edge takes 503 for an outage of the server, during which its last decision stays valid.
                Forbid(context, ViewerDenialReason.Unavailable, "no-store");
                break;
            case ViewerDenialReason.Unavailable:
                Deny(context, ViewerDenialReason.Unavailable);
                break;
            case { } reason:
                // Also for an unknown channel: some edges only support 403.
                Forbid(context, reason, Lifetime(lifetime));
                break;
        }
    }

    /// <summary>
    /// Makes a channel available that is on air at another server. Media of a session whose owner does not respond may still be in memory
    /// or in the object store; playlists would be outdated, and edges ask another server. While another server may have taken over a
    /// session of this one, its media is not served either.
    /// </summary>
    /// <returns>Whether the request can be answered.</returns>
    private async ValueTask<bool> PrepareAsync(HttpContext context, ProtectedPath path)
    {
        if (mirrors is null || path.Recording is not null)
        {
            return true;
        }

        try
        {
            var availability = await mirrors.PrepareAsync(path.Channel, context.RequestAborted);
            return availability switch
            {
                ChannelAvailability.Available => true,
                ChannelAvailability.Unavailable => ReadsMedia(path),
                _ => ReadsMedia(path) && !directory.IsNewestOwned(path.Channel, path.Session!.Value),
            };
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return false;
        }
    }

    private static bool ReadsMedia(ProtectedPath path) => path.Session is not null && LivePath.TryParse(path.Rest, out var live)
        && live.Kind is LivePathKind.Segment or LivePathKind.Part or LivePathKind.Init or LivePathKind.Sheet;

    /// <summary>Evaluates a request.</summary>
    /// <returns>The recording, if the path names an existing one, and the decision. The endpoint reports missing recordings.</returns>
    private async ValueTask<(RecordingRange? Recording, ViewerDecision Verdict)> AuthorizeAsync(HttpContext context, ProtectedPath path)
    {
        if (path.Recording is not { } id)
        {
            return (null, await AuthorizeAsync(context, RequestOf(context, path)));
        }

        RecordingRange? recording;
        try
        {
            recording = await recordings.FindAsync(id, context.RequestAborted);
        }
        catch (Exception failure) when (failure is RecordingsUnavailableException or OperationCanceledException)
        {
            return (null, new(ViewerDenialReason.Unavailable, TimeSpan.Zero));
        }

        return recording is null ? (null, new(null, TimeSpan.FromSeconds(1)))
            : (recording, await AuthorizeAsync(context, RequestOf(context, path, recording)));
    }

    /// <summary>The viewer's request for the session in the path, or for the channel's current session.</summary>
    private ViewerRequest RequestOf(HttpContext context, ProtectedPath path)
    {
        var channel = directory.FindChannel(path.Channel);
        LiveSession? session;
        if (path.Session is { } sessionId)
        {
            session = channel?.Find(sessionId);
        }
        else
        {
            session = path.Rest.EndsWith("/status.json", StringComparison.Ordinal) ? channel?.StatusSessionFor(directory.VisibilityFilter,
                mayPreview: false) : channel?.CurrentFor(directory.VisibilityFilter, mayPreview: false);
            context.Features.Set(new AuthorizedSession(session?.Id));
        }

        return new(path.Channel, path.Token, context.Connection.RemoteIpAddress) { Session = path.Session ?? session?.Id,
            StoredAccess = session?.Access, NeedsViewer = path.IsChat };
    }

    private static ViewerRequest RequestOf(HttpContext context, ProtectedPath path, RecordingRange recording) =>
        new(recording.Channel, path.Token, context.Connection.RemoteIpAddress) { Session = recording.Session,
            StoredAccess = recording.Access };

    private async ValueTask<ViewerDecision> AuthorizeAsync(HttpContext context, ViewerRequest viewerRequest)
    {
        if (authorizer is null)
        {
            return new(null, TimeSpan.FromSeconds(1));
        }

        ViewerDecision decision;
        try
        {
            decision = await authorizer.AuthorizeAsync(viewerRequest, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            decision = new(ViewerDenialReason.Unavailable, TimeSpan.Zero);   // the client disconnected
        }
        catch (Exception exception)
        {
            OriginLog.RequestFailed(logger, exception, context.TraceIdentifier);
            decision = new(ViewerDenialReason.Unavailable, TimeSpan.Zero);
        }

        if (decision.Viewer is { } viewer)
        {
            context.Features.Set(new AuthorizedViewer(viewer));
        }

        if (decision.DenialReason is { } reason)
        {
            Denials.Add(1, new KeyValuePair<string, object?>("reason", LabelOf(reason)));
        }

        return decision;
    }

    /// <summary>Prevents caching: other viewers get another response at the same URL.</summary>
    private static Task PreventCaching(HttpResponse response)
    {
        response.Headers.CacheControl = "private, no-store";
        return Task.CompletedTask;
    }

    private static void Allow(HttpContext context, string cacheControl)
    {
        Responses.Empty(context, StatusCodes.Status204NoContent, cacheControl);
        context.Response.ContentLength = null;   // RFC 9110, 8.6: a 204 has none
    }

    private static void Deny(HttpContext context, ViewerDenialReason reason)
    {
        Responses.Prepare(context);
        switch (reason)
        {
            case ViewerDenialReason.NoChannel:
                Responses.NotFound(context);
                break;
            case ViewerDenialReason.Unavailable:
                context.Response.Headers[DenialReasonHeader] = LabelOf(reason);
                Responses.TryAgain(context);
                break;
            default:
                // The denial concerns this viewer; an edge may cache it under a URL without the token.
                Forbid(context, reason, "private, " + Responses.BriefCaching);
                break;
        }
    }

    private static void Forbid(HttpContext context, ViewerDenialReason reason, string cacheControl)
    {
        context.Response.Headers[DenialReasonHeader] = LabelOf(reason);
        context.Response.Headers.AccessControlExposeHeaders =
            $"{context.Response.Headers.AccessControlExposeHeaders}, {DenialReasonHeader}";
        Responses.Empty(context, StatusCodes.Status403Forbidden, cacheControl);
    }

    /// <summary>Whole seconds, rounded down; shorter lifetimes are not cached.</summary>
    private static string Lifetime(TimeSpan lifetime) =>
        lifetime < TimeSpan.FromSeconds(1) ? "no-store"
        : string.Create(CultureInfo.InvariantCulture, $"max-age={(long)lifetime.TotalSeconds}");

    private static string LabelOf(ViewerDenialReason reason) => reason switch
    {
        ViewerDenialReason.NoToken => "no_token",
        ViewerDenialReason.InvalidToken => "invalid_token",
        ViewerDenialReason.Expired => "expired",
        ViewerDenialReason.Revoked => "revoked",
        ViewerDenialReason.AddressMismatch => "address_mismatch",
        ViewerDenialReason.Denied => "denied",
        ViewerDenialReason.NoChannel => "no_channel",
        _ => "unavailable",
    };
}
