using System.Net;
using Broadcast.Ingest;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Broadcast.Host.Listening;

/// <summary>Opens the ports and remembers where they really are, since any of them may be 0.</summary>
internal sealed class Listeners
{
    private readonly Dictionary<string, ListenOptions> _bound = new(StringComparer.Ordinal);

    /// <summary>Tells the web server what to listen on.</summary>
    public void Configure(KestrelServerOptions kestrel, ListenerOptions options, TlsOptions tls, TlsFront front)
    {
        ViewerLimits.Apply(kestrel);
        Listen(kestrel, "RTMP", "--rtmp", options.Rtmp, listen => listen.UseProxyHeader().UseRtmp(), isRtmp: true);
        Listen(kestrel, "RTMPS", "--rtmps", RtmpsAddress(options), listen =>
        {
            listen.UseProxyHeader();
            front.UseForRtmp(listen);
            listen.UseRtmp();
        }, isRtmp: true);
        Listen(kestrel, "HTTP", "--http", options.Http, listen => listen.Protocols = HttpProtocols.Http1);
        if ((options.Https ?? (tls.CertificateFile is null ? null : "*:8443")) is { Length: > 0 } https)
        {
            Listen(kestrel, "HTTPS", "--https", https, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                front.UseForHttp(listen);
            });
        }

        Listen(kestrel, "internal HTTP", "--internal", options.Internal, listen => listen.Protocols = HttpProtocols.Http1);
    }

    /// <summary>Where a listener really is, or <see langword="null"/> when it does not listen.</summary>
    public IPEndPoint? Find(string name) => _bound.GetValueOrDefault(name)?.IPEndPoint;

    /// <summary>The port of the internal listener; requests that came in there are the internal ones.</summary>
    public int InternalPort => Find("internal HTTP")!.Port;

    /// <summary>
    /// Where RTMPS listens: where it was told to; otherwise beside RTMP, on the usual port, or on one that the system chooses when RTMP's is so chosen or the usual one is taken, since
    /// nobody asked for it.
    /// </summary>
    internal static string RtmpsAddress(ListenerOptions options)
    {
        if (options.Rtmps is { Length: > 0 } told)
        {
            return told;
        }

        var rtmp = ListenAddress.Parse(options.Rtmp);
        var usual = rtmp with { Port = rtmp.Port == 0 ? 0 : ListenerOptions.RtmpsPort };
        try
        {
            EnsureFree("RTMPS", "--rtmps", usual);
            return usual.ToString();
        }
        catch (StartException)
        {
            return (usual with { Port = 0 }).ToString();
        }
    }

    private void Listen(KestrelServerOptions kestrel, string name, string flag, string address, Action<ListenOptions> configure, bool isRtmp = false)
    {
        var where = ListenAddress.Parse(address);
        EnsureFree(name, flag, where);
        Action<ListenOptions> remember = listen =>
        {
            configure(listen);
            _bound[name] = listen;
        };
        var reachable = where.Address.Equals(IPAddress.IPv6Any) && !System.Net.Sockets.Socket.OSSupportsIPv6 ? IPAddress.Any : where.Address;
        kestrel.Listen(isRtmp ? new RtmpEndPoint(reachable, where.Port) : new IPEndPoint(reachable, where.Port), remember);
    }

    /// <summary>Says which port is taken and by which flag to choose another, before anything else is started.</summary>
    internal static void EnsureFree(string name, string flag, ListenAddress where)
    {
        if (where.Port == 0)
        {
            return;
        }

        try
        {
            using var probe = new System.Net.Sockets.Socket(where.Address.AddressFamily, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            if (where.Address.Equals(IPAddress.IPv6Any))
            {
                probe.DualMode = true;
            }

            probe.SetSocketOption(System.Net.Sockets.SocketOptionLevel.Socket, System.Net.Sockets.SocketOptionName.ReuseAddress, true);
            probe.Bind(new IPEndPoint(where.Address, where.Port));
            probe.Listen(1);
        }
        catch (System.Net.Sockets.SocketException e) when (e.SocketErrorCode == System.Net.Sockets.SocketError.AddressAlreadyInUse)
        {
            throw new StartException($"Port {where.Port} for {name} is taken by another program. End that program ('ss -ltnp sport = :{where.Port}' names it), or choose another: {flag} {where with { Port = where.Port + 10000 <= 65535 ? where.Port + 10000 : 0 }}");
        }
        catch (System.Net.Sockets.SocketException e) when (e.SocketErrorCode == System.Net.Sockets.SocketError.AccessDenied)
        {
            throw new StartException($"Port {where.Port} for {name} may not be opened by this user; ports below 1024 need root. Choose another: {flag} ADDRESS:PORT");
        }
        catch (System.Net.Sockets.SocketException e) when (e.SocketErrorCode == System.Net.Sockets.SocketError.AddressNotAvailable)
        {
            throw new StartException($"{where.Address} for {name} is not an address of this machine. Choose another: {flag} ADDRESS:PORT");
        }
        catch (System.Net.Sockets.SocketException e) when (e.SocketErrorCode is System.Net.Sockets.SocketError.AddressFamilyNotSupported && where.Address.Equals(IPAddress.IPv6Any))
        {
            // No IPv6 here: Listen falls back to IPv4, whose failure the web server reports.
        }
    }
}
