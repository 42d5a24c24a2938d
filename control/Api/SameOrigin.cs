using Microsoft.AspNetCore.Http;

namespace Broadcast.Control.Api;

/// <summary>
/// Whether a page of our own made a request. Browsers say so themselves, and no page can have them say otherwise: <c>Sec-Fetch-Site</c> (Fetch Metadata) on HTTPS and localhost, <c>Origin</c> (RFC 6454) everywhere with each
/// request that is no GET. A login's cookie is sent by the browser whoever asks for it, so it counts for a change only with one of the two.
/// </summary>
internal static class SameOrigin
{
    private const string FetchSite = "Sec-Fetch-Site";

    /// <summary>Whether it is proved.</summary>
    /// <param name="request">The request.</param>
    /// <param name="pages">Where the dashboard is reached from outside, for proxies that change <c>Host</c>; <see langword="null"/> when it is not known.</param>
    public static bool IsProved(HttpRequest request, Uri? pages) => Of(request, pages) == true;

    /// <summary>Whether a browser says that a page of somebody else made it. Who is no browser says nothing.</summary>
    public static bool IsForeign(HttpRequest request, Uri? pages) => Of(request, pages) == false;

    /// <summary>Whether an address has the host and port of a <c>Host</c> header.</summary>
    internal static bool IsAt(Uri address, string? host) =>
        string.Equals(address.Authority, host, StringComparison.OrdinalIgnoreCase) || string.Equals($"{address.IdnHost}:{address.Port}", host, StringComparison.OrdinalIgnoreCase);

    private static bool? Of(HttpRequest request, Uri? pages)
    {
        if (request.Headers[FetchSite] is { Count: > 0 } site)
        {
            return site.Count == 1 && site[0] == "same-origin";
        }

        var origin = request.Headers.Origin;
        return origin.Count == 0 ? null
            : origin.Count == 1 && Uri.TryCreate(origin[0], UriKind.Absolute, out var from) && (from.Scheme is "http" or "https")
                && (IsAt(from, request.Host.Value) || (pages is not null && from.Scheme == pages.Scheme && IsAt(from, pages.Authority)));
    }
}
