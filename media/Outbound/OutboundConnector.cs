using System.Net;
using System.Net.Sockets;

namespace Broadcast.Media.Outbound;

/// <summary>Thrown when a URL leads to an address that the server must not connect to.</summary>
/// <param name="host">Host of the URL.</param>
/// <param name="kind">Kind of address; see <see cref="SpecialPurposeAddresses.KindOf"/>.</param>
/// <param name="option">Option with which the operator can allow the address, such as <c>Control:AllowedWebhookTargets</c>.</param>
public sealed class OutboundDeniedException(string host, string kind, string option)
    : Exception($"'{host}' resolves to an address that is {kind}. The operator can allow it with {option}.")
{
    /// <summary>Kind of address.</summary>
    public string Kind { get; } = kind;
}

/// <summary>
/// Connects to URLs that were set through the API. A name is resolved once, all its addresses are checked, and the connection uses one of
/// them, so that a later DNS answer (DNS rebinding) has no effect. A name with one forbidden address is rejected entirely.
/// </summary>
public sealed class OutboundConnector
{
    /// <summary>Maximum number of addresses tried per name.</summary>
    public const int MaxAddresses = 16;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private readonly Lazy<OutboundPolicy> _rules;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly string _option;
    private readonly TimeProvider _time;

    /// <param name="rules">Gets the permitted targets; called once, on first use.</param>
    /// <param name="option">Option with which the operator can permit more targets; part of error messages.</param>
    /// <param name="time">Clock.</param>
    /// <param name="resolve">Resolves names; the system's resolver by default.</param>
    public OutboundConnector(Func<OutboundPolicy> rules, string option, TimeProvider time,
        Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null) =>
        (_rules, _option, _time, _resolve) = (new(rules), option, time, resolve ?? Dns.GetHostAddressesAsync);

    /// <summary>Checks the host of a URL without DNS, for immediate feedback; <see langword="null"/> when nothing is wrong.</summary>
    public string? DenialReason(Uri url) =>
        IPAddress.TryParse(url.IdnHost, out var address) ? _rules.Value.ForbiddenKind(url.IdnHost, address)
        : url.IdnHost.TrimEnd('.') is "localhost" ? _rules.Value.ForbiddenKind("localhost", IPAddress.Loopback)
        : null;

    /// <summary>Connects. For <see cref="SocketsHttpHandler.ConnectCallback"/>, below TLS.</summary>
    /// <exception cref="OutboundDeniedException">The target is not permitted.</exception>
    /// <exception cref="SocketException">The name does not exist, or no address accepts the connection.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken) =>
        new NetworkStream(await ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken), ownsSocket: true);

    /// <summary>Connects a socket.</summary>
    /// <param name="host">Host name or address.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OutboundDeniedException">The target is not permitted.</exception>
    /// <exception cref="SocketException">The name does not exist, or no address accepts the connection.</exception>
    public async ValueTask<Socket> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await _resolve(host, cancellationToken);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.HostNotFound);
        }

        if (addresses.Select(a => _rules.Value.ForbiddenKind(host, a)).FirstOrDefault(kind => kind is not null) is { } deniedKind)
        {
            throw new OutboundDeniedException(host, deniedKind, _option);
        }

        return await ConnectAsync([.. addresses.Take(MaxAddresses).Select(a => new IPEndPoint(a, port))], cancellationToken);
    }

    private async ValueTask<Socket> ConnectAsync(IPEndPoint[] addresses, CancellationToken cancellationToken)
    {
        for (var i = 0; ; i++)
        {
            var isLast = i == addresses.Length - 1;
            var socket = new Socket(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using var limit = new CancellationTokenSource(ConnectTimeout, _time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                await socket.ConnectAsync(addresses[i], isLast ? cancellationToken : linked.Token);
                return socket;
            }
            catch (Exception e) when (!isLast
                && (e is SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)))
            {
                socket.Dispose();   // try the next address
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
