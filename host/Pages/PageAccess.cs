using System.Text.Json;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;

namespace Broadcast.Host.Pages;

/// <summary>Decides whether a viewer may read the status of a page, and how long caches may keep it.</summary>
/// <param name="metadata">Access policies.</param>
/// <param name="authorizer">Checks tokens; without it, everything is public.</param>
internal sealed class PageAccess(PageMetadata metadata, IViewerAuthorizer? authorizer)
{
    /// <summary>Caching of responses that may change at any moment.</summary>
    public const string BriefCaching = "public, max-age=1";

    /// <summary>Caching of pages that rarely change.</summary>
    public const string PageCaching = "public, max-age=60";

    /// <summary>Time for which caches may keep a status. They may serve it longer while the server fails.</summary>
    public const string StatusCaching = "public, max-age=2, stale-if-error=60";

    /// <summary>Maximum token length in characters, as in the origin.</summary>
    private const int MaxToken = 512;

    /// <summary>Returns whether the viewer has access; otherwise sends the error response.</summary>
    /// <param name="context">The request. Its route has the token, if there is one.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="session">The session of a recording.</param>
    /// <param name="policy">Access policy that overrides the channel's.</param>
    public async Task<bool> TryOpenAsync(HttpContext context, ChannelName channel, SessionId? session, ViewerAccess? policy)
    {
        switch (await AuthorizeAsync(context, new(channel, context.Request.RouteValues["token"] as string,
            context.Connection.RemoteIpAddress) { Session = session, StoredAccess = policy }))
        {
            case null:
                return true;
            case ViewerDenialReason.NoChannel:
                Reject(context.Response, StatusCodes.Status404NotFound, BriefCaching);
                return false;
            case ViewerDenialReason.Unavailable:
                Reject(context.Response, StatusCodes.Status503ServiceUnavailable, "no-store");
                return false;
            case var denial:
                // The same values as the origin's, which players know.
                context.Response.Headers["X-Denial-Reason"] = JsonNamingPolicy.SnakeCaseLower.ConvertName(denial.Value.ToString());
                context.Response.Headers.AccessControlExposeHeaders = "X-Denial-Reason";
                Reject(context.Response, StatusCodes.Status403Forbidden, "private, max-age=1");
                return false;
        }
    }

    /// <summary>Value of <c>Cache-Control</c>: responses behind a token or an auth callback are for one viewer only.</summary>
    public string CachingFor(HttpContext context, ChannelName channel, SessionId? session, ViewerAccess? policy, string caching) =>
        context.Request.RouteValues.ContainsKey("token") || !metadata.IsPublic(channel, policy, session)
        ? caching.Replace("public", "private", StringComparison.Ordinal) : caching;

    /// <summary>Status and <c>Cache-Control</c> of the response when nothing was found.</summary>
    /// <param name="isUnavailable">Whether the lookup failed, so that a later request may succeed.</param>
    public static (int Status, string Caching) Missing(bool isUnavailable) => isUnavailable
        ? (StatusCodes.Status503ServiceUnavailable, "no-store") : (StatusCodes.Status404NotFound, BriefCaching);

    /// <summary>Sets an error status without a body.</summary>
    public static void Reject(HttpResponse response, int status, string caching)
    {
        response.StatusCode = status;
        response.Headers.CacheControl = caching;
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers.RetryAfter = "1";
        }
    }

    private async Task<ViewerDenialReason?> AuthorizeAsync(HttpContext context, ViewerRequest request) =>
        authorizer is null ? null
        : request.Token?.Length > MaxToken ? ViewerDenialReason.InvalidToken
        : (await authorizer.AuthorizeAsync(request, context.RequestAborted)).DenialReason;
}
