using System.Net;
using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.ViewerCounting;

/// <summary>
/// Endpoint <c>POST /live/{channel}/beacon</c>. It returns 204 for every valid beacon, counted or not, so that clients cannot learn how to
/// be counted twice. Browsers send this request without a preflight (Fetch, "CORS-safelisted"), and no cache stores the response.
/// </summary>
internal sealed class BeaconEndpoint(LiveDirectory directory, ViewerCounts counts)
{
    /// <summary>Returns whether a path within a channel is the beacon's.</summary>
    public static bool IsBeaconPath(string path) => path.EndsWith("/beacon", StringComparison.Ordinal);

    /// <summary>Responds to a request.</summary>
    public async Task AnswerAsync(HttpContext context, ChannelName channel)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.Headers.Allow = "POST, OPTIONS";
            if (HttpMethods.IsOptions(context.Request.Method))
            {
                context.Response.Headers.AccessControlAllowMethods = "POST, OPTIONS";
                context.Response.Headers.AccessControlAllowHeaders = "Content-Type";
                context.Response.Headers.AccessControlMaxAge = "86400";
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return;
            }

            Responses.Empty(context, StatusCodes.Status405MethodNotAllowed, "no-store");
            return;
        }

        if (await ReadAsync(context.Request, context.RequestAborted) is not { } beacon)
        {
            ViewerCounts.Count(BeaconOutcome.Malformed);
            Responses.Empty(context, StatusCodes.Status400BadRequest, "no-store");
            return;
        }

        // Only viewers of the public live stream are counted: no previews, and no playback of ended sessions.
        var isLive = directory.FindChannel(channel)?.CurrentFor(directory.VisibilityFilter, mayPreview: false) is { IsEnded: false };
        ViewerCounts.Count(isLive || beacon.IsLeaving ? counts.Process(channel, beacon, NetworkOf(context)) : BeaconOutcome.Nothing);
        Responses.Empty(context, StatusCodes.Status204NoContent, "no-store");
        context.Response.ContentLength = null;   // RFC 9110, 8.6: a 204 has none
    }

    /// <summary>
    /// Network whose viewers are limited together, so that one client cannot pose as many: an IPv4 address or IPv6 /64.
    /// <see langword="null"/>, without limit, for requests through an edge in <c>Delivery:TrustedProxies</c> that does not forward the
    /// viewer's address. Headers of other clients have no effect: anyone can send <c>Via</c>.
    /// </summary>
    internal static IPAddress? NetworkOf(HttpContext context) => ClientCount.ViewerOf(context);

    private static async ValueTask<Beacon?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength is not (null or Beacon.Length))
        {
            return null;
        }

        // One more byte, to detect a longer body.
        var body = new byte[Beacon.Length + 1];
        var length = 0;
        while (length < body.Length && await request.Body.ReadAsync(body.AsMemory(length), cancellationToken) is > 0 and var count)
        {
            length += count;
        }

        return Beacon.TryParse(body.AsSpan(0, length), out var beacon) ? beacon : null;
    }
}
