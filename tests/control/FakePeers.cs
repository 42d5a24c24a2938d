using System.Collections.Concurrent;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.HostToControl;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Control.Tests;

/// <summary>
/// Connections to other servers of the test. A header takes the place of the certificate; only servers of the test with
/// <see cref="AcceptAsync"/> accept it.
/// </summary>
internal sealed class FakePeers : HttpMessageHandler, IPeerConnections
{
    /// <summary>Address of every server's internal listener.</summary>
    public const string Address = "192.0.2.1:8090";

    private const string Certificate = "Test-Certificate";

    /// <summary>The server that is reached.</summary>
    public Server? Target { get; set; }

    /// <summary>Answers instead of the server.</summary>
    public Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>? Answer { get; set; }

    /// <summary>Requests sent to other servers.</summary>
    public ConcurrentQueue<(string Request, ClusterServer Server)> Sent { get; } = [];

    private ClusterServer? _server;

    /// <summary>Internal listener of the servers.</summary>
    public static IInternalListener Listener { get; } = new FakeListener();

    /// <summary>Middleware of a server that accepts requests of other servers.</summary>
    public static Task AcceptAsync(HttpContext http, RequestDelegate next)
    {
        if (Guid.TryParse(http.Request.Headers[Certificate], out var server))
        {
            http.Features.Set(new PeerRequest(server));
        }

        return next(http);
    }

    public ValueTask<HttpMessageInvoker> InvokerOfAsync(ClusterServer server, CancellationToken cancellationToken)
    {
        _server = server;
        return new(new HttpMessageInvoker(this, disposeHandler: false));
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Sent.Enqueue(($"{request.Method} {request.RequestUri!.PathAndQuery}", _server!));
        if (Answer is not null)
        {
            return await Answer(request, cancellationToken);
        }

        using var forwarded = new HttpRequestMessage(request.Method, new Uri(new Uri(Target!.Address), request.RequestUri.PathAndQuery));
        foreach (var header in request.Headers.Where(header => header.Key != "Host"))
        {
            forwarded.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        forwarded.Headers.Add(Certificate, Guid.NewGuid().ToString());
        return await Target.Client.SendAsync(forwarded, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    private sealed class FakeListener : IInternalListener
    {
        public string Address => FakePeers.Address;
    }
}
