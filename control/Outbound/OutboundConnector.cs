using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>An address that somebody named leads where the server must not go.</summary>
/// <param name="host">What stands in the URL.</param>
/// <param name="kind">Why, in a word; see <see cref="SpecialAddresses.KindOf"/>.</param>
internal sealed class OutboundRefusedException(string host, string kind)
    : Exception($"'{host}' leads to an address that is {kind}. The operator can allow it with {ControlOptions.Section}:{nameof(ControlOptions.AllowedAddresses)}.")
{
    /// <summary>Why, in a word.</summary>
    public string Kind { get; } = kind;
}

/// <summary>
/// Connects to where URLs lead that were entered through the API. A name is looked up once, every address that it has is judged, and the connection goes to one of those that were judged: what the
/// name says a moment later (DNS rebinding) does not count. A name of which one address is not allowed is refused whole.
/// </summary>
internal sealed class OutboundConnector
{
    /// <summary>Most addresses of one name that are looked at and tried.</summary>
    public const int MaxAddresses = 16;

    private static readonly TimeSpan OneAddress = TimeSpan.FromSeconds(5);
    private readonly Lazy<OutboundRules> _rules;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly TimeProvider _time;

    /// <summary>As the configuration has it, which is read when it is needed: mistakes in it are told by the host's start, all together.</summary>
    public OutboundConnector(IOptions<ControlOptions> options, TimeProvider time) =>
        (_rules, _time, _resolve) = (new(() => options.Value.Outbound), time, Dns.GetHostAddressesAsync);

    /// <param name="rules">Where it may go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="resolve">Looks names up; addresses are answered as they are.</param>
    internal OutboundConnector(OutboundRules rules, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>> resolve) => (_rules, _time, _resolve) = (new(rules), time, resolve);

    /// <summary>What is wrong with the host of a URL, as far as that is known without asking anybody; <see langword="null"/> for nothing. To tell a person at once; it opens nothing.</summary>
    public string? Refusal(Uri url) =>
        IPAddress.TryParse(url.IdnHost, out var address) ? _rules.Value.Refusal(url.IdnHost, address)
        : url.IdnHost.TrimEnd('.') is "localhost" ? _rules.Value.Refusal("localhost", IPAddress.Loopback)
        : null;

    /// <summary>Connects. For <see cref="SocketsHttpHandler.ConnectCallback"/>, below TLS.</summary>
    /// <exception cref="OutboundRefusedException">It leads where it must not.</exception>
    /// <exception cref="SocketException">There is no such name, or nobody answers.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = IPAddress.TryParse(host, out var itself) ? [itself] : await _resolve(host, cancellationToken);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.HostNotFound);
        }

        if (addresses.Select(a => _rules.Value.Refusal(host, a)).FirstOrDefault(kind => kind is not null) is { } refused)
        {
            throw new OutboundRefusedException(host, refused);
        }

        return await ConnectAsync([.. addresses.Take(MaxAddresses).Select(a => new IPEndPoint(a, port))], cancellationToken);
    }

    private async ValueTask<Stream> ConnectAsync(IPEndPoint[] addresses, CancellationToken cancellationToken)
    {
        for (var i = 0; ; i++)
        {
            var isLast = i == addresses.Length - 1;
            var socket = new Socket(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using var limit = new CancellationTokenSource(OneAddress, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                await socket.ConnectAsync(addresses[i], isLast ? cancellationToken : either.Token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception e) when (!isLast && (e is SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)))
            {
                socket.Dispose();   // the next one
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
