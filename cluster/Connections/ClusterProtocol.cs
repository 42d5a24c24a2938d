using System.Collections.Concurrent;
using System.Globalization;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster.Connections;

/// <summary>
/// Version of the protocol between servers. Servers of successive versions understand each other: messages only get new fields, which older
/// servers skip. Servers whose versions are further apart refuse each other's calls.
/// </summary>
/// <param name="Version">The version.</param>
public sealed record ClusterProtocol(int Version)
{
    /// <summary>
    /// Version of this server. Raise it with a release that sends what the release before does not understand; a new type of timeline event
    /// may only be sent one version after it is understood.
    /// </summary>
    public const int Current = 1;

    /// <summary>Request header with the version of the caller. A caller without it has version 1.</summary>
    public const string Header = "broadcast-protocol";

    /// <summary>Returns whether a server of another version is understood.</summary>
    public bool Understands(int other) => Math.Abs((long)other - Version) <= 1;

    /// <summary>Parses the header.</summary>
    /// <returns>The version; 0 for a malformed header, which no version understands.</returns>
    public static int Parse(string? header) => header is null ? 1
        : int.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;

    /// <summary>Message for a server of a version that is too far apart.</summary>
    public string Describe(int other) => string.Create(CultureInfo.InvariantCulture,
        $"it uses version {Version} of the protocol between servers, and this server {other}: update the older one");
}

/// <summary>Sends the version of this server with each call.</summary>
internal sealed class ProtocolHeader(ClusterProtocol protocol) : Interceptor
{
    /// <inheritdoc/>
    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, WithHeader(context));

    /// <inheritdoc/>
    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(WithHeader(context));

    /// <inheritdoc/>
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, WithHeader(context));

    private ClientInterceptorContext<TRequest, TResponse> WithHeader<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context)
        where TRequest : class
        where TResponse : class
    {
        var headers = new Metadata { { ClusterProtocol.Header, protocol.Version.ToString(CultureInfo.InvariantCulture) } };
        foreach (var header in context.Options.Headers ?? [])
        {
            headers.Add(header);
        }

        return new(context.Method, context.Host, context.Options.WithHeaders(headers));
    }
}

/// <summary>Refuses calls of servers whose version is too far apart, and logs them once.</summary>
internal sealed class ProtocolCheck(ClusterProtocol protocol, ILogger<ProtocolCheck> logger) : Interceptor
{
    private const int MaxLogged = 1000;
    private readonly ConcurrentDictionary<(string Peer, int Version), byte> _logged = new();

    /// <inheritdoc/>
    public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(request, responseStream, context);
    }

    /// <inheritdoc/>
    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(requestStream, responseStream, context);
    }

    /// <inheritdoc/>
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context,
        UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(request, context);
    }

    private void Check(ServerCallContext context)
    {
        var version = ClusterProtocol.Parse(context.RequestHeaders.GetValue(ClusterProtocol.Header));
        if (protocol.Understands(version))
        {
            return;
        }

        // Connections change their ports.
        var peer = context.Peer.LastIndexOf(':') is > 0 and var colon ? context.Peer[..colon] : context.Peer;
        if (_logged.Count < MaxLogged && _logged.TryAdd((peer, version), 0))
        {
            ClusterLog.ProtocolTooDifferent(logger, peer, version, protocol.Version);
        }

        throw new RpcException(new Status(StatusCode.FailedPrecondition, protocol.Describe(version)));
    }
}
