using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.OriginToCluster;
using Broadcast.Media.OriginToChat;
using Broadcast.Media.OriginToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Origin.Access;
using Broadcast.Origin.BucketManifests;
using Broadcast.Origin.Chat;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Dvr;
using Broadcast.Origin.Live;
using Broadcast.Origin.ViewerCounting;
using Broadcast.Origin.Vod;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin;

/// <summary>Registers the origin's services and endpoints.</summary>
public static class OriginModule
{
    /// <summary>
    /// Adds the origin with <see cref="LiveDirectory"/>, which is also an <see cref="ITimelineSink"/>. Requires an <see cref="ISpool"/>.
    /// Channels that are not public also require an <see cref="IViewerAuthorizer"/>. Playback of recordings requires an
    /// <see cref="IRecordingCatalog"/>, and an <see cref="IObjectStore"/> with their journals.
    /// </summary>
    /// <param name="services">The service collection.</param>
    /// <param name="configuration">The root configuration; the section <c>Origin</c> is read.</param>
    public static IServiceCollection AddOrigin(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<OriginOptions>()
            .Bind(configuration.GetSection(OriginOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<OriginOptions>, OriginOptionsValidator>());
        services.TryAddSingleton<LiveDirectory>();
        services.TryAddSingleton<ISessionFeeds>(provider => provider.GetRequiredService<LiveDirectory>());
        services.TryAddSingleton<IMirroredSessions>(provider => provider.GetRequiredService<LiveDirectory>());
        services.TryAddSingleton(provider => new RecordingTimelineCache(
            provider.GetRequiredService<LiveDirectory>(), provider.GetRequiredService<ISpool>(),
            provider.GetRequiredService<IOptions<OriginOptions>>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RecordingTimelineCache>>(), provider.GetService<IObjectStore>()));
        services.TryAddSingleton(provider => new RecordingLookup(provider.GetRequiredService<TimeProvider>(),
            provider.GetService<IRecordingCatalog>()));
        services.AddSingleton<ITimelineSink>(provider => provider.GetRequiredService<RecordingTimelineCache>());
        services.AddSingleton<ITimelineSink>(provider => provider.GetRequiredService<LiveDirectory>());
        if (configuration.GetSection(OriginOptions.Section).GetValue<bool>(nameof(OriginOptions.PublishManifests)))
        {
            // Registered after the directory, which then has applied the events that the publisher receives.
            services.TryAddSingleton(provider => new BucketManifestPublisher(
                provider.GetRequiredService<LiveDirectory>(), provider.GetRequiredService<ISpool>(),
                provider.GetRequiredService<IObjectStore>(), provider.GetRequiredService<IOptions<OriginOptions>>(),
                provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<BucketManifestPublisher>>(),
                provider.GetService<IViewerAuthorizer>()));
            services.AddSingleton<ITimelineSink>(provider => provider.GetRequiredService<BucketManifestPublisher>());
            services.AddHostedService(provider => provider.GetRequiredService<BucketManifestPublisher>());
            services.TryAddSingleton(provider => new VodManifestPublisher(
                provider.GetRequiredService<RecordingTimelineCache>(), provider.GetRequiredService<LiveDirectory>(),
                provider.GetRequiredService<VodPlaylists>(), provider.GetRequiredService<ISpool>(),
                provider.GetRequiredService<IObjectStore>(), provider.GetRequiredService<IOptions<OriginOptions>>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<VodManifestPublisher>>(), provider.GetService<IRecordingList>(),
                provider.GetService<IViewerAuthorizer>()));
            services.AddSingleton<ITimelineSink>(provider => provider.GetRequiredService<VodManifestPublisher>());
            services.AddHostedService(provider => provider.GetRequiredService<VodManifestPublisher>());
        }

        services.TryAddSingleton<IPosters, LivePosters>();
        services.TryAddSingleton<SharedWaits>();
        services.TryAddSingleton<MediaDelivery>();
        services.TryAddSingleton<DocumentDelivery>();
        services.TryAddSingleton<HeldRequests>();
        services.TryAddSingleton<LiveMedia>();
        services.TryAddSingleton<IndexBlockCache>();
        services.TryAddSingleton<DvrPlaylists>();
        services.TryAddSingleton<TimeRangeCache>();
        services.TryAddSingleton<TimeRangePlaylists>();
        services.TryAddSingleton<VodPlaylists>();
        services.TryAddSingleton<DownloadBuilder>();
        services.TryAddSingleton<DownloadCache>();
        services.TryAddSingleton<DownloadDelivery>();
        services.TryAddSingleton<DownloadEndpoint>();
        services.TryAddSingleton<VodEndpoint>();
        services.TryAddSingleton<ViewerCounts>();
        services.TryAddSingleton<IViewerCounter>(provider => provider.GetRequiredService<ViewerCounts>());
        services.AddHostedService<ViewerMetrics>();
        services.TryAddSingleton<BeaconEndpoint>();
        services.TryAddSingleton<StatusEndpoint>();
        services.TryAddSingleton<TimeRangeEndpoint>();
        services.TryAddSingleton<MediaPlaylistEndpoint>();
        services.TryAddSingleton<ManifestEndpoint>();
        services.TryAddSingleton<ImageEndpoint>();
        services.TryAddSingleton<MediaEndpoint>();
        services.TryAddSingleton(provider => new ChatEndpoint(
            provider.GetRequiredService<HeldRequests>(), provider.GetRequiredService<DocumentDelivery>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<IHostApplicationLifetime>(),
            provider.GetService<IChat>()));
        services.TryAddSingleton(provider => new ChatHistoryEndpoint(
            provider.GetRequiredService<DocumentDelivery>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetService<IChatHistory>()));
        services.TryAddSingleton(provider => new ChatPostEndpoint(
            provider.GetRequiredService<LiveDirectory>(), provider.GetRequiredService<ILogger<ChatPostEndpoint>>(),
            provider.GetService<IChat>()));
        services.TryAddSingleton(provider => new LiveEndpoint(
            provider.GetRequiredService<LiveDirectory>(), provider.GetRequiredService<BeaconEndpoint>(),
            provider.GetRequiredService<StatusEndpoint>(), provider.GetRequiredService<ManifestEndpoint>(),
            provider.GetRequiredService<ImageEndpoint>(), provider.GetRequiredService<MediaEndpoint>(),
            provider.GetRequiredService<ChatEndpoint>(), provider.GetRequiredService<ChatHistoryEndpoint>(),
            provider.GetRequiredService<ILogger<LiveEndpoint>>(), provider.GetService<IChannelRecovery>(),
            provider.GetService<ISessionMirrors>()));
        services.TryAddSingleton<TimeEndpoint>();
        services.TryAddSingleton(provider => new ViewerAuthorizationMiddleware(
            provider.GetRequiredService<LiveEndpoint>(), provider.GetRequiredService<VodEndpoint>(),
            provider.GetRequiredService<ChatPostEndpoint>(),
            provider.GetRequiredService<RecordingLookup>(), provider.GetRequiredService<LiveDirectory>(),
            provider.GetRequiredService<ILogger<ViewerAuthorizationMiddleware>>(), provider.GetService<IViewerAuthorizer>(),
            provider.GetService<ISessionMirrors>()));
        return services;
    }

    /// <summary>
    /// Maps <c>/live/…</c> (playlists, media, status, chat), <c>/chat/…</c> (messages of viewers), <c>/vod/…</c> (recordings), all also
    /// behind <c>/t/{token}</c>, <c>/auth/…</c> (access checks of edges) and <c>/time</c> (clock for DASH players).
    /// </summary>
    /// <param name="endpoints">The route builder.</param>
    public static IEndpointRouteBuilder MapOrigin(this IEndpointRouteBuilder endpoints)
    {
        var time = endpoints.ServiceProvider.GetRequiredService<TimeEndpoint>();
        var authorization = endpoints.ServiceProvider.GetRequiredService<ViewerAuthorizationMiddleware>();
        var waits = endpoints.ServiceProvider.GetRequiredService<SharedWaits>();
        var held = endpoints.ServiceProvider.GetRequiredService<HeldRequests>();
        var stopping = endpoints.ServiceProvider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        stopping.Register(waits.Release);
        stopping.Register(held.Release);
        endpoints.Map("/live/{**path}", (RequestDelegate)authorization.HandleAsync);
        endpoints.Map("/t/{token}/live/{**path}", (RequestDelegate)authorization.HandleAsync);
        endpoints.Map("/chat/{**path}", (RequestDelegate)authorization.HandleAsync);
        endpoints.Map("/t/{token}/chat/{**path}", (RequestDelegate)authorization.HandleAsync);
        endpoints.Map("/vod/{**path}", (RequestDelegate)authorization.HandleAsync);
        endpoints.Map("/t/{token}/vod/{**path}", (RequestDelegate)authorization.HandleAsync);
        endpoints.Map("/auth/{**path}", (RequestDelegate)authorization.AnswerEdgeAsync);
        endpoints.Map("/time", (RequestDelegate)time.HandleAsync);
        return endpoints;
    }
}
