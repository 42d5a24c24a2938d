using Microsoft.AspNetCore.Http;

namespace Broadcast.Control.Api;

/// <summary>
/// Checks whether a page of this server sent a request. Browsers state it, and pages cannot forge it: <c>Sec-Fetch-Site</c> (Fetch
/// Metadata) over HTTPS and on localhost, <c>Origin</c> (RFC 6454) with every request except GET. Browsers send the login cookie regardless
/// of the requesting page, so a change by login requires one of the two.
/// </summary>
internal static class SameOrigin
{
    private const string FetchSite = "Sec-Fetch-Site";

    /// <summary>Returns whether the headers prove it.</summary>
    /// <param name="request">Request.</param>
    /// <param name="pagesUrl">Public URL of the dashboard, for proxies that change <c>Host</c>; <see langword="null"/> when
    /// unknown.</param>
    public static bool IsSameOrigin(HttpRequest request, Uri? pagesUrl) => Evaluate(request, pagesUrl) == true;

    /// <summary>Returns whether a browser states that a page of another origin sent the request. Programs send no such header.</summary>
    public static bool IsCrossOrigin(HttpRequest request, Uri? pagesUrl) => Evaluate(request, pagesUrl) == false;

    /// <summary>Returns whether a URL has the host and port of a <c>Host</c> header.</summary>
    internal static bool HasHost(Uri url, string? host) =>
        string.Equals(url.Authority, host, StringComparison.OrdinalIgnoreCase)
        || string.Equals($"{url.IdnHost}:{url.Port}", host, StringComparison.OrdinalIgnoreCase);

    private static bool? Evaluate(HttpRequest request, Uri? pagesUrl)
    {
        if (request.Headers[FetchSite] is { Count: > 0 } site)
        {
            return site.Count == 1 && site[0] == "same-origin";
        }

        var origin = request.Headers.Origin;
        return origin.Count == 0 ? null
            : origin.Count == 1 && Uri.TryCreate(origin[0], UriKind.Absolute, out var from) && (from.Scheme is "http" or "https")
                && (HasHost(from, request.Host.Value)
                    || (pagesUrl is not null && from.Scheme == pagesUrl.Scheme && HasHost(from, pagesUrl.Authority)));
    }
}
