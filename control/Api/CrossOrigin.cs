using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>
/// Pages of other sites that may use the API (CORS, Fetch standard section 3.2): none, unless <see cref="ControlOptions.AllowedOrigins"/> names them. They send a token; a login's cookie is never sent for them, because
/// <c>Access-Control-Allow-Credentials</c> is never answered. Media are another matter.
/// </summary>
internal static class CrossOrigin
{
    private const string Api = "/api/v1";
    private const string Methods = "GET, POST, PATCH, PUT, DELETE";
    private const string Sent = $"Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID, {Idempotence.Header}";
    private const string Exposed = $"ETag, Link, Location, Retry-After, WWW-Authenticate, {Idempotence.Replayed}";

    // Browsers ask again after it; some do not wait longer than 10 min anyway.
    private const string Seconds = "600";

    /// <summary>Answers browsers that ask for a page of another site.</summary>
    public static IApplicationBuilder Use(IApplicationBuilder app) => app.Use((http, next) =>
    {
        if (!http.Request.Path.StartsWithSegments(Api, StringComparison.OrdinalIgnoreCase)
            || http.RequestServices.GetRequiredService<IOptions<ControlOptions>>().Value.AllowedOrigins is not { Length: > 0 } allowed)
        {
            return next(http);
        }

        var headers = http.Response.Headers;
        headers.Append("Vary", "Origin");
        var origin = http.Request.Headers.Origin;
        if (origin.Count != 1 || origin[0] is not { } named || !Origins(allowed).Contains(named, StringComparer.Ordinal))
        {
            return next(http);
        }

        headers.AccessControlAllowOrigin = named;
        if (!HttpMethods.IsOptions(http.Request.Method) || http.Request.Headers.AccessControlRequestMethod.Count == 0)
        {
            headers.AccessControlExposeHeaders = Exposed;
            return next(http);
        }

        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowHeaders = Sent;
        headers.AccessControlMaxAge = Seconds;
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    });

    /// <summary>The origins of a list with commas.</summary>
    internal static string[] Origins(string list) => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether a text is an origin as browsers send it: scheme, host and port, without anything behind it.</summary>
    internal static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme is "http" or "https") && uri.UserInfo.Length == 0 && uri.GetLeftPart(UriPartial.Authority) == text;
}
