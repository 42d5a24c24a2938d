using Broadcast.Ingest.Health;
using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Ingest.Rtmp.Proxies;
using Broadcast.Ingest.Rtmp.Transport;
using Broadcast.Media.ClusterToIngest;
using Broadcast.Media.Connections;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Ingest;

/// <summary>Registration of ingest.</summary>
public static class IngestModule
{
    /// <summary>
    /// Maximum number of connections of one address that are not replaced because the server is authorizing them. While authorization takes
    /// long, an address can thus not hold all connections.
    /// </summary>
    private const int MaxAuthorizingPerAddress = 16;

    /// <summary>
    /// Adds the services that <see cref="UseRtmp"/> needs, with options from the section <c>Ingest</c>, validated at startup. The next
    /// stage (<see cref="IPublicationSink"/>) and the authorizer (<see cref="IPublishAuthorizer"/>) must be
    /// registered elsewhere.
    /// </summary>
    public static IServiceCollection AddIngest(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IngestOptions>()
            .Bind(configuration.GetSection(IngestOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<IngestOptions>, IngestOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptions<IngestOptions>>().Value;
            return new ConnectionLimiter(options.MaxUnpublishedConnectionsPerAddress, options.MaxUnpublishedConnections,
                MaxAuthorizingPerAddress);
        });
        services.AddSingleton<RejectionLog>();
        services.AddSingleton<ProxyProtocolMiddleware>();
        services.AddSingleton<SourceRegistry>();
        services.AddSingleton<ISourceHealth>(provider => provider.GetRequiredService<SourceRegistry>());
        services.AddSingleton(provider => new RtmpConnectionHandler(
            provider.GetRequiredService<IPublishAuthorizer>(), provider.GetRequiredService<IPublicationSink>(),
            provider.GetRequiredService<ConnectionLimiter>(), provider.GetRequiredService<SourceRegistry>(),
            provider.GetRequiredService<IOptions<IngestOptions>>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RtmpConnectionHandler>>(), provider.GetRequiredService<RejectionLog>(),
            provider.GetService<IPublisherRelay>()));
        services.AddSingleton<IRelayedPublishers, RelayedPublishers>();
        services.AddSingleton<ShortageLog>();
        services.AddSingleton<IConnectionListenerFactory, PublisherTransport>();
        return services;
    }

    /// <summary>
    /// Reads PROXY headers from the load balancers in <see cref="IngestOptions.TrustedProxies"/>. Must be the first middleware of an
    /// endpoint, before TLS.
    /// </summary>
    public static ListenOptions UseProxyHeader(this ListenOptions options)
    {
        var middleware = options.ApplicationServices.GetRequiredService<ProxyProtocolMiddleware>();
        options.Use(next => connection => middleware.RunAsync(connection, next));
        return options;
    }

    /// <summary>
    /// Serves RTMP to publishers on this endpoint, or RTMPS after <c>UseHttps</c>. An <see cref="RtmpEndPoint"/> needs the
    /// least CPU time.
    /// </summary>
    public static ListenOptions UseRtmp(this ListenOptions options)
    {
        options.UseConnectionHandler<RtmpConnectionHandler>();
        return options;
    }
}
