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
    private TrustedProxyFeature()
    {
    }

    /// <summary>The singleton.</summary>
    public static TrustedProxyFeature Instance { get; } = new();
}

/// <summary>
/// Feature of requests that do not come through a trusted edge or proxy, set where the operator configured trusted proxies. The
/// connection's address is then the client's own, whatever the headers say. The host sets it.
/// </summary>
public sealed class DirectClientFeature
{
    private DirectClientFeature()
    {
    }

    /// <summary>The singleton.</summary>
    public static DirectClientFeature Instance { get; } = new();
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
    /// Counts a request; <see langword="false"/> when the client has its maximum. After success, <see cref="Exit"/> must be called.
    /// </summary>
    public bool TryEnter(IPAddress? client)
    {
        while (client is not null)
        {
            if (!_counts.TryGetValue(client, out var count))
            {
                if (_counts.TryAdd(client, 1))
                {
                    return true;
                }
            }
            else if (count >= limit)
            {
                return false;
            }
            else if (_counts.TryUpdate(client, count + 1, count))
            {
                return true;
            }
        }

        return true;
    }

    /// <summary>Ends a request.</summary>
    public void Exit(IPAddress? client)
    {
        while (client is not null && _counts.TryGetValue(client, out var count))
        {
            if (count == 1 ? _counts.TryRemove(KeyValuePair.Create(client, count)) : _counts.TryUpdate(client, count - 1, count))
            {
                return;
            }
        }
    }
}
