using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Delivery;

/// <summary>Common response headers and responses without content.</summary>
internal static class Responses
{
    /// <summary>Cache lifetime of errors: the resource may exist in a moment, and an edge must not insist that it does not.</summary>
    public const string BriefCaching = "max-age=1";

    /// <summary>
    /// Sets the headers of every response, including errors: pages of other sites may read it, and it contains the request id.
    /// </summary>
    public static void Prepare(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlExposeHeaders = "Age, CMSD-Static, Content-Length, Content-Range, Date, ETag, X-Request-Id";
        headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        headers["Timing-Allow-Origin"] = "*";
        headers.XContentTypeOptions = "nosniff";
        headers["X-Request-Id"] = context.TraceIdentifier;
    }

    /// <summary>Responds to methods other than GET and HEAD.</summary>
    /// <returns>Whether the request was answered.</returns>
    public static bool TryAnswerMethod(HttpContext context)
    {
        var method = context.Request.Method;
        if (HttpMethods.IsGet(method) || HttpMethods.IsHead(method))
        {
            return false;
        }

        var headers = context.Response.Headers;
        headers.Allow = "GET, HEAD, OPTIONS";
        if (!HttpMethods.IsOptions(method))
        {
            Empty(context, StatusCodes.Status405MethodNotAllowed, "no-store");
            return true;
        }

        headers.AccessControlAllowMethods = "GET, HEAD, OPTIONS";
        headers.AccessControlAllowHeaders =
            "Range, If-None-Match, If-Range, Cache-Control, Content-Type, CMCD-Object, CMCD-Request, CMCD-Session, CMCD-Status";
        headers.AccessControlMaxAge = "86400";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }

    /// <summary>Responds with 404, cacheable for one second.</summary>
    public static void NotFound(HttpContext context) => Empty(context, StatusCodes.Status404NotFound, BriefCaching);

    /// <summary>Responds like <see cref="NotFound"/>.</summary>
    public static Task NotFoundAsync(HttpContext context)
    {
        NotFound(context);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Responds with 503: the resource exists but is temporarily unavailable. Not 404, which players never retry. Aborts a response that
    /// has started.
    /// </summary>
    public static void TryAgain(HttpContext context)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.Headers.RetryAfter = "1";
        Empty(context, StatusCodes.Status503ServiceUnavailable, "no-store");
    }

    /// <summary>Responds with a reason as text.</summary>
    public static async Task WriteTextAsync(HttpContext context, int status, string cacheControl, string reason)
    {
        Empty(context, status, cacheControl);
        var text = System.Text.Encoding.UTF8.GetBytes(reason + "\n");
        context.Response.ContentType = ContentTypes.Text;
        context.Response.ContentLength = text.Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(text, context.RequestAborted);
        }
    }

    /// <summary>Responds without content.</summary>
    public static void Empty(HttpContext context, int status, string cacheControl)
    {
        var headers = context.Response.Headers;
        headers.Remove("ETag");
        headers.Remove("Accept-Ranges");
        headers.Remove(Cmsd.Header);
        headers.Remove("Content-Encoding");
        context.Response.ContentType = null;
        context.Response.ContentLength = 0;
        context.Response.StatusCode = status;
        headers.CacheControl = cacheControl;
    }
}
