using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Control.Servers;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ControlToCluster;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace Broadcast.Control.Api;

/// <summary>
/// Requests about a channel that is on air at another server. The server that owns the session answers those that only it can: the state,
/// measurements and encoders. The other servers forward them, with the caller that they have authenticated. A forwarded request is never
/// forwarded again.
/// </summary>
internal sealed class OwnerRequests(RemoteSessions remoteSessions, IHttpForwarder forwarder, TimeProvider time,
    IPeerConnections? peers = null)
{
    /// <summary>Time within which the owner must have answered.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    /// <summary>Response header with the id of the server that has answered a forwarded request.</summary>
    public const string AnsweredBy = "Broadcast-Server";

    /// <summary>Maximum size of a list of channels.</summary>
    private const int MaxList = 32 << 20;

    // Requests end after the shorter timeout above.
    private static readonly ForwarderRequestConfig ForwarderConfig = new()
    {
        ActivityTimeout = TimeSpan.FromMinutes(1), Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Returns whether a channel is on air at another server.</summary>
    public bool IsOnAirElsewhere(string channel) => remoteSessions.Has(ChannelName.Parse(channel));

    /// <summary>Answers a request here, or forwards it to the owner of the channel's session.</summary>
    public async ValueTask<object?> AnswerAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var remote = http.GetRouteValue("name") is string text && ChannelName.TryParse(text, out var channel)
            ? remoteSessions.Find(channel) : null;
        if (http.Features.Get<PeerRequest>() is not null)
        {
            return remote is null ? await next(context) : throw Unavailable(remote, "has taken the channel over meanwhile; try again");
        }

        if (remote is null)
        {
            return await next(context);
        }

        await ForwardAsync(http, remote);
        return TypedResults.Empty;
    }

    /// <summary>Lists the channels that are on air at other servers, as their servers show them.</summary>
    /// <returns>The channels by name; <see langword="null"/> for one whose server does not answer.</returns>
    public async Task<IReadOnlyDictionary<string, ChannelView?>> ListChannelsAsync(HttpContext http)
    {
        if (http.Features.Get<PeerRequest>() is not null)
        {
            return new Dictionary<string, ChannelView?>(StringComparer.Ordinal);
        }

        var channels = remoteSessions.All.ToDictionary(session => session.Channel, _ => (ChannelView?)null, StringComparer.Ordinal);
        await Task.WhenAll(remoteSessions.All.GroupBy(session => session.Target?.Owner).Select(async owned =>
        {
            var answer = owned.Key is null ? null : await TryGetAsync<List<ChannelView>>(http, owned.Key, "/api/v1/channels");
            var names = owned.Select(session => session.Channel).ToHashSet(StringComparer.Ordinal);
            foreach (var view in (answer ?? []).Where(view => names.Contains(view.Name)))
            {
                lock (channels)
                {
                    channels[view.Name] = view;
                }
            }
        }));
        return channels;
    }

    /// <summary>Gets a channel from the server that has it on air; <see langword="null"/> when that server does not answer.</summary>
    public async Task<ChannelView?> FindChannelAsync(HttpContext http, string channel) =>
        remoteSessions.Find(ChannelName.Parse(channel))?.Target is { } target
            ? await TryGetAsync<ChannelView>(http, target.Owner, $"/api/v1/channels/{channel}") : null;

    private static OperationException Unavailable(RemoteSession remote, string reason) => new(OperationErrorCode.OwnerUnavailable,
        $"Channel '{remote.Channel}' is on air at server '{remote.Server}', which {reason}.");

    private async Task ForwardAsync(HttpContext http, RemoteSession remote)
    {
        if (peers is null || remote.Target?.Owner is not { Address: not null } owner)
        {
            throw Unavailable(remote, "has no known internal address: set its option Cluster:Address, or send the request there");
        }

        using var timeout = new CancellationTokenSource(Timeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, http.RequestAborted);
        var transformer = new Transformer(owner, ForwardedCaller.Format(ApiAuthorization.GetCaller(http), AddressOf(http)));
        var error = ForwarderError.Request;
        try
        {
            var invoker = await peers.InvokerOfAsync(owner, ended.Token);
            error = await forwarder.SendAsync(http, $"https://{owner.Address}", invoker,
                ForwarderConfig, transformer, ended.Token);
        }
        catch (Exception failure) when (failure is IOException
            || (failure is OperationCanceledException && timeout.IsCancellationRequested))
        {
            // Answered below.
        }

        if (error != ForwarderError.None || !transformer.IsAnswered)
        {
            if (http.Response.HasStarted)
            {
                http.Abort();
                return;
            }

            http.Response.Clear();
            http.Response.Headers.CacheControl = "no-store";
            throw Unavailable(remote, error == ForwarderError.None
                ? "has a version that does not answer other servers: send the request there" : "does not answer; try again in a moment");
        }
    }

    private async Task<T?> TryGetAsync<T>(HttpContext http, ClusterServer owner, string path)
        where T : class
    {
        if (peers is null || owner.Address is null)
        {
            return null;
        }

        using var timeout = new CancellationTokenSource(Timeout, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, http.RequestAborted);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{owner.Address}{path}")
            {
                Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            request.Headers.Add(ForwardedCaller.Header, ForwardedCaller.Format(ApiAuthorization.GetCaller(http), AddressOf(http)));
            var invoker = await peers.InvokerOfAsync(owner, ended.Token);
            using var response = await invoker.SendAsync(request, ended.Token);
            if (!response.IsSuccessStatusCode || !response.Headers.Contains(AnsweredBy))
            {
                return null;
            }

            await response.Content.LoadIntoBufferAsync(MaxList, ended.Token);
            return await response.Content.ReadFromJsonAsync<T>(Json, ended.Token);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or JsonException
            || (error is OperationCanceledException && !http.RequestAborted.IsCancellationRequested))
        {
            return null;
        }
    }

    private static string AddressOf(HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "";

    /// <summary>
    /// Sends the path, the query and the caller, but none of the headers of the request: the owner needs no tokens and cookies. Returns the
    /// type of the content and the headers that the API documents.
    /// </summary>
    private sealed class Transformer(ClusterServer owner, string caller) : HttpTransformer
    {
        private static readonly string[] Returned = ["ETag", "Link", "Retry-After"];

        /// <summary>Indicates whether the owner has answered, and not only its web server.</summary>
        public bool IsAnswered { get; private set; }

        public override ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix,
            CancellationToken cancellationToken)
        {
            var request = httpContext.Request;
            proxyRequest.RequestUri = RequestUtilities.MakeDestinationAddress(destinationPrefix, request.Path, request.QueryString);
            proxyRequest.Headers.Host = owner.Address;
            proxyRequest.Headers.Add(ForwardedCaller.Header, caller);
            return ValueTask.CompletedTask;
        }

        public override ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse,
            CancellationToken cancellationToken)
        {
            if (proxyResponse?.Headers.Contains(AnsweredBy) != true)
            {
                return new(false);
            }

            IsAnswered = true;
            httpContext.Response.ContentType = proxyResponse.Content.Headers.ContentType?.ToString();
            httpContext.Response.ContentLength = proxyResponse.Content.Headers.ContentLength;
            foreach (var header in Returned)
            {
                if (proxyResponse.Headers.TryGetValues(header, out var values))
                {
                    httpContext.Response.Headers[header] = values.ToArray();
                }
            }

            return new(true);
        }
    }
}

/// <summary>Extension that lets the owner of a channel's session answer an endpoint.</summary>
internal static class OwnerRequestExtensions
{
    /// <summary>Lets the server that has the channel <c>name</c> on air answer, with the same response at every server.</summary>
    public static RouteHandlerBuilder AnsweredByOwner(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(new PeerEndpoint()).AddEndpointFilter((context, next) =>
            context.HttpContext.RequestServices.GetRequiredService<OwnerRequests>().AnswerAsync(context, next));
}
