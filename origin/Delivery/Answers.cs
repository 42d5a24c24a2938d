using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Delivery;

/// <summary>Headers that every answer has, and the answers without content.</summary>
internal static class Answers
{
    /// <summary>Caching of what is not there: it may be, in a moment, and an edge must not insist that it is not.</summary>
    public const string Brief = "max-age=1";

    /// <summary>Headers for every answer, errors too: a page on another site may read it, and says which request went wrong.</summary>
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

    /// <summary>Answers methods other than GET and HEAD.</summary>
    /// <returns>Whether that was it.</returns>
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
        headers.AccessControlAllowHeaders = "Range, If-None-Match, If-Range, Cache-Control, Content-Type, CMCD-Object, CMCD-Request, CMCD-Session, CMCD-Status";
        headers.AccessControlMaxAge = "86400";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }

    /// <summary>404, for a second.</summary>
    public static void NotFound(HttpContext context) => Empty(context, StatusCodes.Status404NotFound, Brief);

    /// <summary>
    /// 503: what was asked for exists, but cannot be had now. Not 404, because players never ask twice for that. When the answer has begun, it is cut off.
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

    /// <summary>An answer that tells a person why.</summary>
    public static async Task TellAsync(HttpContext context, int status, string cacheControl, string why)
    {
        Empty(context, status, cacheControl);
        var text = System.Text.Encoding.UTF8.GetBytes(why + "\n");
        context.Response.ContentType = ContentTypes.Text;
        context.Response.ContentLength = text.Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.BodyWriter.WriteAsync(text, context.RequestAborted);
        }
    }

    /// <summary>An answer without content.</summary>
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
