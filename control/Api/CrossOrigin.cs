using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>
/// Cross-origin access to the API (CORS, Fetch standard section 3.2). Only origins in <see cref="ControlOptions.AllowedOrigins"/> are
/// allowed. They authenticate with a token: browsers never send the login cookie for them, because <c>Access-Control-Allow-Credentials</c>
/// is never set. Media are not affected.
/// </summary>
internal static class CrossOrigin
{
    private const string Api = "/api/v1";
    private const string Methods = "GET, POST, PATCH, PUT, DELETE";
    private const string RequestHeaders =
        $"Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID, {IdempotencyHandler.Header}";
    private const string ExposedHeaders = $"ETag, Link, Location, Retry-After, WWW-Authenticate, {IdempotencyHandler.Replayed}";

    // Browsers repeat the preflight after this time; some cap it at 10 min.
    private const string MaxAgeSeconds = "600";

    /// <summary>Handles CORS headers and preflight requests.</summary>
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
        if (origin.Count != 1 || origin[0] is not { } requestedOrigin
            || !SplitOrigins(allowed).Contains(requestedOrigin, StringComparer.Ordinal))
        {
            return next(http);
        }

        headers.AccessControlAllowOrigin = requestedOrigin;
        if (!HttpMethods.IsOptions(http.Request.Method) || http.Request.Headers.AccessControlRequestMethod.Count == 0)
        {
            headers.AccessControlExposeHeaders = ExposedHeaders;
            return next(http);
        }

        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowHeaders = RequestHeaders;
        headers.AccessControlMaxAge = MaxAgeSeconds;
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    });

    /// <summary>Splits a comma-separated list of origins.</summary>
    internal static string[] SplitOrigins(string list) =>
        list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Returns whether a text is an origin as browsers send it: scheme, host and port only.</summary>
    internal static bool IsOrigin(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme is "http" or "https") && uri.UserInfo.Length == 0
        && uri.GetLeftPart(UriPartial.Authority) == text;
}
