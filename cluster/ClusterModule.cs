using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Feeds;
using Broadcast.Cluster.Handovers;
using Broadcast.Cluster.Mirrors;
using Broadcast.Cluster.Relays;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.OriginToCluster;
using Broadcast.Media.Storage;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Cluster;

/// <summary>Registration of the cluster module.</summary>
public static class ClusterModule
{
    private const string DatabaseKey = "Database:ConnectionString";

    /// <summary>
    /// Returns whether several servers can form a cluster: they share a configured database. The private database of a server is its own.
    /// </summary>
    public static bool IsEnabled(IConfiguration configuration) => !string.IsNullOrWhiteSpace(configuration[DatabaseKey]);

    /// <summary>
    /// Adds the cluster: <see cref="ISessionMirrors"/>, <see cref="IPublisherRelay"/>, <see cref="ITakeoverCandidates"/>,
    /// <see cref="IPeerConnections"/>, and an <see cref="ISpool"/> that also reads media of mirrored sessions. Requires the ports
    /// <see cref="ISessionFeeds"/>, <see cref="IMirroredSessions"/> and <see cref="Media.ClusterToControl.IServerDirectory"/>, and
    /// <see cref="Media.ClusterToIngest.IRelayedPublishers"/>. Add it after the storage and before the
    /// origin. Without a shared database it adds nothing but its options.
    /// </summary>
    public static IServiceCollection AddCluster(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ClusterOptions>()
            .Bind(configuration.GetSection(ClusterOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ClusterOptions>, ClusterOptionsValidator>();
        if (!IsEnabled(configuration))
        {
            return services;
        }

        services.AddGrpc(grpc =>
        {
            grpc.EnableDetailedErrors = false;
            grpc.MaxReceiveMessageSize = PeerConnections.MaxMessage;
            grpc.MaxSendMessageSize = PeerConnections.MaxMessage;
            grpc.Interceptors.Add<ProtocolCheck>();
        });
        services.AddSingleton(new ClusterProtocol(ClusterProtocol.Current));
        services.AddSingleton<ProtocolCheck>();
        services.AddSingleton<ClusterCertificates>();
        services.AddSingleton<PeerConnections>();
        services.AddSingleton<SessionFollowers>();
        services.AddSingleton<IPeerConnections>(provider => provider.GetRequiredService<PeerConnections>());
        services.AddSingleton<FeedService>();
        services.AddSingleton<MirrorServices>();
        services.AddSingleton<SessionMirrors>();
        services.AddSingleton<ISessionMirrors>(provider => provider.GetRequiredService<SessionMirrors>());
        services.AddHostedService(provider => provider.GetRequiredService<SessionMirrors>());
        services.AddSingleton<RelayedSessions>();
        services.AddSingleton<RelayServices>();
        services.AddSingleton<ITakeoverCandidates, TakeoverCandidates>();
        services.AddSingleton<HandoverService>();
        services.AddSingleton<ISessionHandover, SessionHandoverClient>();
        services.AddSingleton<RelayService>();
        services.AddSingleton<IPublisherRelay, PublisherRelay>();
        DecorateSpool(services);
        return services;
    }

    /// <summary>Maps the services for other servers; only connections with a certificate of the cluster reach them.</summary>
    /// <param name="endpoints">Endpoints of the internal listener.</param>
    public static void MapCluster(this IEndpointRouteBuilder endpoints)
    {
        if (endpoints.ServiceProvider.GetService<ClusterCertificates>() is not null)
        {
            endpoints.MapGrpcService<FeedService>();
            endpoints.MapGrpcService<RelayService>();
            endpoints.MapGrpcService<HandoverService>();
        }
    }

    /// <summary>Replaces the registered spool with one that reads mirrored media, too.</summary>
    private static void DecorateSpool(IServiceCollection services)
    {
        var own = services.Last(service => service.ServiceType == typeof(ISpool));
        services.Remove(own);
        services.AddKeyedSingleton<ISpool>(FeedService.OwnSpool, (provider, _) => (ISpool)own.ImplementationFactory!(provider));
        services.AddSingleton<ISpool>(provider => new MirrorSpool(
            provider.GetRequiredKeyedService<ISpool>(FeedService.OwnSpool), provider.GetRequiredService<SessionMirrors>(),
            provider.GetRequiredService<MirrorServices>()));
    }

    private sealed class ClusterOptionsValidator : IValidateOptions<ClusterOptions>
    {
        public ValidateOptionsResult Validate(string? name, ClusterOptions options) =>
            options.Validate().ToList() is { Count: > 0 } problems ? ValidateOptionsResult.Fail(problems) : ValidateOptionsResult.Success;
    }
}
