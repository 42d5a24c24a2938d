using System.Collections.Concurrent;
using System.Net;
using Broadcast.Media;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin.Live;

/// <summary>
/// Feature of requests that come through a trusted edge or proxy. Such a request may stand for many viewers, so the limits per client do
/// not apply. The host sets it, because only the host knows the trusted proxies.
/// </summary>
public sealed class TrustedProxyFeature
{
    private TrustedProxyFeature(bool statesViewer) => StatesViewer = statesViewer;

    /// <summary>Feature of requests whose connection has the viewer's address, which the proxy stated.</summary>
    public static TrustedProxyFeature WithViewer { get; } = new(statesViewer: true);

    /// <summary>Feature of requests whose connection has the proxy's address.</summary>
    public static TrustedProxyFeature WithoutViewer { get; } = new(statesViewer: false);

    /// <summary>Indicates whether the proxy stated the viewer's address.</summary>
    public bool StatesViewer { get; }
}

/// <summary>
/// Counts the concurrent requests of each client, with a limit per client. <see cref="ClientNetwork"/> defines the client. Bounded by
/// the number of open requests. Thread-safe.
/// </summary>
/// <param name="limit">Maximum requests of one client, 1 or more.</param>
internal sealed class ClientCount(int limit)
{
    private readonly ConcurrentDictionary<IPAddress, int> _counts = new();

    /// <summary>Number of clients with requests.</summary>
    public int Clients => _counts.Count;

    /// <summary>
    /// The client of a request; <see langword="null"/> when no limit applies, because it comes from an edge or has no address.
    /// </summary>
    public static IPAddress? Of(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address
        && context.Features.Get<TrustedProxyFeature>() is null ? ClientNetwork.Of(address) : null;

    /// <summary>
    /// The viewer on whose behalf a request comes: also behind an edge, where that forwards the viewer's address. <see langword="null"/>
    /// when the address is unknown. For limits on work that a single request causes.
    /// </summary>
    public static IPAddress? ViewerOf(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address
        && context.Features.Get<TrustedProxyFeature>() is null or { StatesViewer: true } ? ClientNetwork.Of(address) : null;

    /// <summary>
    /// Counts a request; <see langword="false"/> when the client has its maximum. After success, <see cref="Exit"/> must be called.
    /// </summary>
    /// <param name="client">The client; <see langword="null"/> when no limit applies.</param>
    /// <param name="weight">Number of requests that it counts as.</param>
    public bool TryEnter(IPAddress? client, int weight = 1)
    {
        while (client is not null)
        {
            if (!_counts.TryGetValue(client, out var count))
            {
                if (weight > limit)
                {
                    return false;
                }

                if (_counts.TryAdd(client, weight))
                {
                    return true;
                }
            }
            else if (count > limit - weight)
            {
                return false;
            }
            else if (_counts.TryUpdate(client, count + weight, count))
            {
                return true;
            }
        }

        return true;
    }

    /// <summary>Ends a request.</summary>
    /// <param name="client">The client.</param>
    /// <param name="weight">Number of requests that it counted as.</param>
    public void Exit(IPAddress? client, int weight = 1)
    {
        while (client is not null && _counts.TryGetValue(client, out var count))
        {
            if (count == weight ? _counts.TryRemove(KeyValuePair.Create(client, count))
                : _counts.TryUpdate(client, count - weight, count))
            {
                return;
            }
        }
    }
}
