using System.Net;
using Broadcast.Media.Connections;
using Broadcast.Origin;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using IPNetwork = System.Net.IPNetwork;

namespace Broadcast.Host.Listening;

/// <summary>
/// Limits the connections of all listeners together, so that files remain for everything else (<see cref="OpenFileLimit"/>). Three
/// quarters are for viewers, a few for health checks and metrics, and the rest is for encoders. The three limits are independent, so
/// that health checks are answered while viewers or encoders are at their limit. One client has a quarter of the viewers' connections,
/// or half of the internal ones. At a limit, a new HTTP connection replaces the one without a request for the longest time.
/// </summary>
internal sealed class ConnectionLimits
{
    // Health checks of several load balancers and scrapes of several monitoring systems use far fewer. Each other server of a cluster uses
    // a connection for 32 mirrored sessions.
    private const int MostInternal = 64;

    private readonly ConnectionLimiter _viewers;
    private readonly ConnectionLimiter _internal;
    private readonly IReadOnlyList<IPNetwork> _exempt;
    private readonly Action<OverloadReason> _count;
    private int _encoders;

    /// <param name="connections">Maximum number of connections, from <see cref="OpenFileLimit.ConnectionsOf"/>.</param>
    /// <param name="delivery">Trusted proxies, which have no limit of their own, and the limit of one client.</param>
    /// <param name="count">Called for each connection that is rejected or replaced; counts it in the metrics by default.</param>
    public ConnectionLimits(int connections, DeliveryOptions delivery, Action<OverloadReason>? count = null)
    {
        MaxViewers = Math.Max(1, connections * 3 / 4);
        MaxInternal = Math.Clamp(connections / 16, 1, MostInternal);
        MaxEncoders = Math.Max(1, connections - MaxViewers - MaxInternal);
        MaxPerClient = delivery.MaxConnectionsPerClient ?? Math.Max(1, MaxViewers / 4);
        _viewers = new ConnectionLimiter(MaxPerClient, MaxViewers);
        MaxInternalPerClient = (MaxInternal + 1) / 2;
        _internal = new ConnectionLimiter(MaxInternalPerClient, MaxInternal);
        _count = count ?? Overload.Count;
        _ = TrustedProxies.TryParse(delivery.TrustedProxies, out var proxies, out _);

        // Processes of this machine are reverse proxies and load generators, unless the operator decides otherwise.
        _exempt = delivery.MaxConnectionsPerClient is null
            ? [.. proxies, new IPNetwork(new IPAddress([127, 0, 0, 0]), 8), new IPNetwork(IPAddress.IPv6Loopback, 128)] : proxies;
    }

    /// <summary>Maximum number of HTTP and HTTPS connections.</summary>
    public int MaxViewers { get; }

    /// <summary>Maximum number of HTTP and HTTPS connections of one client.</summary>
    public int MaxPerClient { get; }

    /// <summary>Maximum number of connections of the internal listener.</summary>
    public int MaxInternal { get; }

    /// <summary>Maximum number of connections of one client of the internal listener: half, so that they leave room for others.</summary>
    public int MaxInternalPerClient { get; }

    /// <summary>Maximum number of RTMP and RTMPS connections.</summary>
    public int MaxEncoders { get; }

    /// <summary>Maximum number of RTMP and RTMPS connections that do not publish: half, so that they leave room for publishers.</summary>
    public int MaxUnpublished => Math.Max(1, MaxEncoders / 2);

    /// <summary>Number of HTTP and HTTPS connections.</summary>
    public int Viewers => _viewers.Count;

    /// <summary>Number of connections of the internal listener.</summary>
    public int Internal => _internal.Count;

    /// <summary>Limits the connections of an HTTP or HTTPS listener.</summary>
    public void UseForViewers(ListenOptions listen) => Use(listen, _viewers, _exempt);

    /// <summary>Limits the connections of the internal listener.</summary>
    public void UseForInternal(ListenOptions listen) => Use(listen, _internal, []);

    /// <summary>Limits the connections of an RTMP or RTMPS listener.</summary>
    public void UseForEncoders(ListenOptions listen) => listen.Use(next => async connection =>
    {
        try
        {
            if (Interlocked.Increment(ref _encoders) <= MaxEncoders)
            {
                await next(connection);
                return;
            }

            _count(OverloadReason.Connections);
            connection.Abort(new ConnectionAbortedException("Too many connections."));
        }
        finally
        {
            Interlocked.Decrement(ref _encoders);
        }
    });

    /// <summary>Marks connections with a request in progress, which are not replaced.</summary>
    public static void Use(IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (context.Features.Get<ActiveRequests>() is not { } requests)
        {
            await next(context);
            return;
        }

        requests.Begin();
        try
        {
            await next(context);
        }
        finally
        {
            requests.End();
        }
    });

    private void Use(ListenOptions listen, ConnectionLimiter limiter, IReadOnlyList<IPNetwork> exempt) => listen.Use(
        next => async connection =>
        {
            var remote = connection.RemoteEndPoint;
            var isExempt = TrustedProxies.Contains(exempt, (remote as IPEndPoint)?.Address);
            using var slot = limiter.TryEnter(remote, isExempt, out var reached);
            if (reached is { } limit)
            {
                _count(limit == ConnectionLimit.Address ? OverloadReason.ClientConnections : OverloadReason.Connections);
            }

            if (slot is null)
            {
                connection.Abort(new ConnectionAbortedException("Too many connections."));
                return;
            }

            slot.OnEvicted(() => connection.Abort(new ConnectionAbortedException("Replaced by a newer connection.")));
            connection.Features.Set(new ActiveRequests(slot));
            await next(connection);
        });

    /// <summary>Requests in progress on one connection: several with HTTP/2.</summary>
    private sealed class ActiveRequests(ConnectionLimiter.ConnectionSlot slot)
    {
        private readonly Lock _gate = new();
        private int _count;

        public void Begin()
        {
            lock (_gate)
            {
                if (_count++ == 0)
                {
                    slot.Protect();
                }
            }
        }

        public void End()
        {
            lock (_gate)
            {
                if (--_count == 0)
                {
                    slot.ReportProgress();
                }
            }
        }
    }
}
