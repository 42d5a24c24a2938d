using System.Collections.Concurrent;
using System.Net;
using Broadcast.Media;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Origin;

/// <summary>
/// Set as a feature of a request that comes through an edge or proxy that is trusted: it may ask for many viewers at once, so that what one client may have does not count for it. Whoever maps
/// the origin sets it, because only he knows.
/// </summary>
public sealed class SharedConnection
{
    private SharedConnection()
    {
    }

    /// <summary>The one there is.</summary>
    public static SharedConnection Instance { get; } = new();
}

/// <summary>
/// Set as a feature of a request that does not come through a trusted edge or proxy, where the operator has named those there are: then its address is the client's own, whatever its headers say. Whoever maps the origin sets it.
/// </summary>
public sealed class DirectConnection
{
    private DirectConnection()
    {
    }

    /// <summary>The one there is.</summary>
    public static DirectConnection Instance { get; } = new();
}

/// <summary>How many requests each client has of a kind, under one limit for each. A client is what <see cref="SubscriberNetwork"/> says. Bounded by the requests there are. Safe to use from any thread.</summary>
/// <param name="limit">Requests of one client at most, 1 or more.</param>
internal sealed class ClientCount(int limit)
{
    private readonly ConcurrentDictionary<IPAddress, int> _counts = new();

    /// <summary>Clients that have any.</summary>
    public int Clients => _counts.Count;

    /// <summary>Whom a request counts for; <see langword="null"/> when for nobody: it comes from an edge, or has no address.</summary>
    public static IPAddress? Of(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address && context.Features.Get<SharedConnection>() is null ? SubscriberNetwork.Of(address) : null;

    /// <summary>One more; <see langword="false"/> when the client has as many as it may have. Whoever got in leaves.</summary>
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

    /// <summary>One less.</summary>
    public void Leave(IPAddress? client)
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
