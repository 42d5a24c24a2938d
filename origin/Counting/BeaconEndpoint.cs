using System.Net;
using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Counting;

/// <summary>
/// Answers <c>POST /live/{channel}/beacon</c>: 204 to whatever is a beacon, counted or not, so that nobody learns how to be counted twice. It is a request that a browser makes to any site without asking first (Fetch, "CORS-safelisted"),
/// and no cache keeps it.
/// </summary>
internal sealed class BeaconEndpoint(LiveDirectory directory, ViewerCounts counts)
{
    /// <summary>Whether a path within a channel is the beacon's.</summary>
    public static bool IsAddress(string path) => path.EndsWith("/beacon", StringComparison.Ordinal);

    /// <summary>Answers a request.</summary>
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

            Answers.Empty(context, StatusCodes.Status405MethodNotAllowed, "no-store");
            return;
        }

        if (await ReadAsync(context.Request, context.RequestAborted) is not { } beacon)
        {
            ViewerCounts.Count(BeaconAnswer.Malformed);
            Answers.Empty(context, StatusCodes.Status400BadRequest, "no-store");
            return;
        }

        // Who previews is no viewer, nor who watches what is over: counted is what the audience gets live.
        var isOn = directory.FindChannel(channel)?.CurrentFor(directory.Audience, mayPreview: false) is { IsEnded: false };
        ViewerCounts.Count(isOn || beacon.IsLeaving ? counts.Take(channel, beacon, NetworkOf(context)) : BeaconAnswer.Nothing);
        Answers.Empty(context, StatusCodes.Status204NoContent, "no-store");
        context.Response.ContentLength = null;   // RFC 9110, 8.6: a 204 has none
    }

    /// <summary>
    /// Whose viewers are counted together, so that one client cannot be any number of them: an IPv4 address or IPv6 /64, where it is the viewer's own. What comes through an edge that does not say for whom, or through one that the operator
    /// has not named (<c>Delivery:TrustedProxies</c>), comes from all viewers behind it, and is not limited.
    /// </summary>
    internal static IPAddress? NetworkOf(HttpContext context)
    {
        var headers = context.Request.Headers;
        var isOwn = context.Features.Get<SharedConnection>() is not null ? headers.ContainsKey("X-Original-For")   // what it said for whom was believed
            : context.Features.Get<DirectConnection>() is not null || !(headers.ContainsKey("X-Forwarded-For") || headers.ContainsKey("Forwarded") || headers.ContainsKey("Via"));
        return isOwn && context.Connection.RemoteIpAddress is { } address ? SubscriberNetwork.Of(address) : null;
    }

    private static async ValueTask<Beacon?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength is not (null or Beacon.Length))
        {
            return null;
        }

        // One byte more, to see whether it ends there.
        var body = new byte[Beacon.Length + 1];
        var length = 0;
        while (length < body.Length && await request.Body.ReadAsync(body.AsMemory(length), cancellationToken) is > 0 and var count)
        {
            length += count;
        }

        return Beacon.TryParse(body.AsSpan(0, length), out var beacon) ? beacon : null;
    }
}
