using System.Net;
using Broadcast.Cluster.Connections;
using Broadcast.Host.Roles;
using Broadcast.Ingest;
using Broadcast.Media;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Broadcast.Host.Listening;

/// <summary>Configures the listeners and records their bound ports, since any configured port may be 0.</summary>
internal sealed class Listeners
{
    private readonly Dictionary<string, ListenOptions> _bound = new(StringComparer.Ordinal);

    /// <summary>Configures the web server's listeners.</summary>
    public void Configure(KestrelServerOptions kestrel, ListenerOptions options, TlsOptions tls, TlsConnectionMiddleware tlsMiddleware,
        ConnectionLimits limits, ServerRoles roles)
    {
        HttpServerLimits.Apply(kestrel);
        if (roles.Ingest)
        {
            ListenForEncoders(kestrel, options, tlsMiddleware, limits);
        }

        if (RoleSelection.HasPublicHttp(roles))
        {
            ListenForViewers(kestrel, options, tls, tlsMiddleware, limits);
        }

        Listen(kestrel, InternalListener.Name, "--internal", options.Internal, listen =>
        {
            limits.UseForInternal(listen);
            PeerListener.Use(listen);
        });
    }

    private void ListenForEncoders(KestrelServerOptions kestrel, ListenerOptions options, TlsConnectionMiddleware tlsMiddleware,
        ConnectionLimits limits)
    {
        Listen(kestrel, "RTMP", "--rtmp", options.Rtmp, listen =>
        {
            limits.UseForEncoders(listen);
            listen.UseProxyHeader().UseRtmp();
        }, isRtmp: true);
        Listen(kestrel, "RTMPS", "--rtmps", RtmpsAddress(options), listen =>
        {
            limits.UseForEncoders(listen);
            listen.UseProxyHeader();
            tlsMiddleware.UseForRtmp(listen);
            listen.UseRtmp();
        }, isRtmp: true);
    }

    private void ListenForViewers(KestrelServerOptions kestrel, ListenerOptions options, TlsOptions tls,
        TlsConnectionMiddleware tlsMiddleware, ConnectionLimits limits)
    {
        Listen(kestrel, "HTTP", "--http", options.Http, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            limits.UseForViewers(listen);
        });
        if ((options.Https ?? (tls.CertificateFile is null ? null : "*:8443")) is { Length: > 0 } https)
        {
            Listen(kestrel, "HTTPS", "--https", https, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                limits.UseForViewers(listen);
                tlsMiddleware.UseForHttp(listen);
            });
        }
    }

    /// <summary>Bound address of a listener, or <see langword="null"/> if it is not used.</summary>
    public IPEndPoint? Find(string name) => _bound.GetValueOrDefault(name)?.IPEndPoint;

    /// <summary>Port of the internal listener; requests on it are internal.</summary>
    public int InternalPort => Find(InternalListener.Name)!.Port;

    /// <summary>
    /// Listen address of RTMPS: the configured one, or RTMP's interface with the default port. The system chooses the port if RTMP's is 0
    /// or the default port is in use, since no specific one was configured.
    /// </summary>
    internal static string RtmpsAddress(ListenerOptions options)
    {
        if (options.Rtmps is { Length: > 0 } configured)
        {
            return configured;
        }

        var rtmp = ListenAddress.Parse(options.Rtmp);
        var defaultAddress = rtmp with { Port = rtmp.Port == 0 ? 0 : ListenerOptions.RtmpsPort };
        try
        {
            EnsureFree("RTMPS", "--rtmps", defaultAddress);
            return defaultAddress.ToString();
        }
        catch (StartException)
        {
            return (defaultAddress with { Port = 0 }).ToString();
        }
    }

    private void Listen(KestrelServerOptions kestrel, string name, string flag, string address, Action<ListenOptions> configure,
        bool isRtmp = false)
    {
        var endpoint = ListenAddress.Parse(address);
        EnsureFree(name, flag, endpoint);
        Action<ListenOptions> bind = listen =>
        {
            configure(listen);
            _bound[name] = listen;
        };
        var listenAddress = endpoint.Address.Equals(IPAddress.IPv6Any)
            && !System.Net.Sockets.Socket.OSSupportsIPv6 ? IPAddress.Any : endpoint.Address;
        kestrel.Listen(isRtmp ? new RtmpEndPoint(listenAddress, endpoint.Port) : new IPEndPoint(listenAddress, endpoint.Port), bind);
    }

    /// <summary>Checks that a port is free before startup, and names the flag to change it.</summary>
    internal static void EnsureFree(string name, string flag, ListenAddress endpoint)
    {
        if (endpoint.Port == 0)
        {
            return;
        }

        try
        {
            using var probe = new System.Net.Sockets.Socket(endpoint.Address.AddressFamily, System.Net.Sockets.SocketType.Stream,
                System.Net.Sockets.ProtocolType.Tcp);
            if (endpoint.Address.Equals(IPAddress.IPv6Any))
            {
                probe.DualMode = true;
            }

            probe.SetSocketOption(System.Net.Sockets.SocketOptionLevel.Socket, System.Net.Sockets.SocketOptionName.ReuseAddress, true);
            probe.Bind(new IPEndPoint(endpoint.Address, endpoint.Port));
            probe.Listen(1);
        }
        catch (System.Net.Sockets.SocketException e) when (e.SocketErrorCode == System.Net.Sockets.SocketError.AddressAlreadyInUse)
        {
            throw new StartException(
                $"Port {endpoint.Port} for {name} is used by another program. Stop it (find it with 'ss -ltnp sport = "
                + $":{endpoint.Port}'), or choose another "
                    + $"port: {flag} {endpoint with { Port = endpoint.Port + 10000 <= 65535 ? endpoint.Port + 10000 : 0 }}");
        }
        catch (System.Net.Sockets.SocketException e) when (e.SocketErrorCode == System.Net.Sockets.SocketError.AccessDenied)
        {
            throw new StartException(
                $"Port {endpoint.Port} for {name} cannot be opened by this user; ports below 1024 require root. Choose another "
                + $"port: {flag} ADDRESS:PORT");
        }
        catch (System.Net.Sockets.SocketException e) when (e.SocketErrorCode == System.Net.Sockets.SocketError.AddressNotAvailable)
        {
            throw new StartException($"{endpoint.Address} for {name} is not an address of this machine. Change it: {flag} ADDRESS:PORT");
        }
        catch (System.Net.Sockets.SocketException e) when (e.SocketErrorCode is System.Net.Sockets.SocketError.AddressFamilyNotSupported
            && endpoint.Address.Equals(IPAddress.IPv6Any))
        {
            // Without IPv6, Listen falls back to IPv4; the web server reports errors of that.
        }
    }
}
