using Broadcast.Media;
using Broadcast.Origin.BucketLists;
using Broadcast.Origin.Counting;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Recordings;
using Broadcast.Origin.Rewinding;
using Broadcast.Origin.Viewing;
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

/// <summary>Registration of the room.</summary>
public static class OriginModule
{
    /// <summary>
    /// Adds the origin: <see cref="LiveDirectory"/>, which is also an <see cref="ITimelineSink"/>. Needs an <see cref="ISpool"/> from elsewhere, and an <see cref="IViewerAuthority"/> where
    /// not every channel is public. Recordings can be replayed where there is an <see cref="IRecordingCatalog"/>, and an <see cref="IObjectStore"/> to find their journals in.
    /// </summary>
    /// <param name="services">Where to.</param>
    /// <param name="configuration">The whole configuration; section <c>Origin</c> is read.</param>
    public static IServiceCollection AddOrigin(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<OriginOptions>()
            .Bind(configuration.GetSection(OriginOptions.Section), binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<OriginOptions>, OriginOptionsValidator>());
        services.TryAddSingleton<LiveDirectory>();
        services.TryAddSingleton(provider => new RecordingShelf(
            provider.GetRequiredService<LiveDirectory>(), provider.GetRequiredService<ISpool>(), provider.GetRequiredService<IOptions<OriginOptions>>(), provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RecordingShelf>>(), provider.GetService<IObjectStore>()));
        services.TryAddSingleton(provider => new KnownRecordings(provider.GetRequiredService<TimeProvider>(), provider.GetService<IRecordingCatalog>()));
        services.AddSingleton<ITimelineSink>(provider => provider.GetRequiredService<RecordingShelf>());
        services.AddSingleton<ITimelineSink>(provider => provider.GetRequiredService<LiveDirectory>());
        if (configuration.GetSection(OriginOptions.Section).GetValue<bool>(nameof(OriginOptions.BucketLists)))
        {
            // Behind the directory, which knows then what is told here.
            services.TryAddSingleton(provider => new BucketListWriter(
                provider.GetRequiredService<LiveDirectory>(), provider.GetRequiredService<ISpool>(), provider.GetRequiredService<IObjectStore>(), provider.GetRequiredService<IOptions<OriginOptions>>(),
                provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<BucketListWriter>>(), provider.GetService<IViewerAuthority>()));
            services.AddSingleton<ITimelineSink>(provider => provider.GetRequiredService<BucketListWriter>());
            services.AddHostedService(provider => provider.GetRequiredService<BucketListWriter>());
            services.TryAddSingleton(provider => new ReplayListWriter(
                provider.GetRequiredService<RecordingShelf>(), provider.GetRequiredService<LiveDirectory>(), provider.GetRequiredService<ReplayPlaylists>(), provider.GetRequiredService<ISpool>(),
                provider.GetRequiredService<IObjectStore>(), provider.GetRequiredService<IOptions<OriginOptions>>(), provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<ReplayListWriter>>(), provider.GetService<IRecordingList>(), provider.GetService<IViewerAuthority>()));
            services.AddSingleton<ITimelineSink>(provider => provider.GetRequiredService<ReplayListWriter>());
            services.AddHostedService(provider => provider.GetRequiredService<ReplayListWriter>());
        }

        services.TryAddSingleton<IPosters, LivePosters>();
        services.TryAddSingleton<SharedWaits>();
        services.TryAddSingleton<MediaDelivery>();
        services.TryAddSingleton<DocumentDelivery>();
        services.TryAddSingleton<HeldRequests>();
        services.TryAddSingleton<LiveMedia>();
        services.TryAddSingleton<ChapterShelf>();
        services.TryAddSingleton<RewoundPlaylists>();
        services.TryAddSingleton<RangeShelf>();
        services.TryAddSingleton<RangePlaylists>();
        services.TryAddSingleton<RecordingCuts>();
        services.TryAddSingleton<ReplayPlaylists>();
        services.TryAddSingleton<DownloadMaker>();
        services.TryAddSingleton<DownloadShelf>();
        services.TryAddSingleton<DownloadDelivery>();
        services.TryAddSingleton<RecordingDownloads>();
        services.TryAddSingleton<ReplayEndpoint>();
        services.TryAddSingleton<ViewerCounts>();
        services.TryAddSingleton<IViewerCounter>(provider => provider.GetRequiredService<ViewerCounts>());
        services.AddHostedService<ViewerMetrics>();
        services.TryAddSingleton<BeaconEndpoint>();
        services.TryAddSingleton<LiveEndpoint>();
        services.TryAddSingleton(provider => new ViewerDoor(
            provider.GetRequiredService<LiveEndpoint>(), provider.GetRequiredService<ReplayEndpoint>(), provider.GetRequiredService<KnownRecordings>(), provider.GetRequiredService<LiveDirectory>(),
            provider.GetRequiredService<ILogger<ViewerDoor>>(), provider.GetService<IViewerAuthority>()));
        return services;
    }

    /// <summary>
    /// Maps <c>/live/…</c> (playlists, media, status) and <c>/vod/…</c> (recordings), the same behind <c>/t/{token}</c>, <c>/auth/…</c> (edges ask there who may watch) and <c>/time</c> (the clock that DASH players
    /// set theirs by).
    /// </summary>
    /// <param name="endpoints">Where to.</param>
    public static IEndpointRouteBuilder MapOrigin(this IEndpointRouteBuilder endpoints)
    {
        var live = endpoints.ServiceProvider.GetRequiredService<LiveEndpoint>();
        var door = endpoints.ServiceProvider.GetRequiredService<ViewerDoor>();
        var waits = endpoints.ServiceProvider.GetRequiredService<SharedWaits>();
        var held = endpoints.ServiceProvider.GetRequiredService<HeldRequests>();
        var stopping = endpoints.ServiceProvider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        stopping.Register(waits.Release);
        stopping.Register(held.Release);
        endpoints.Map("/live/{**path}", (RequestDelegate)door.HandleAsync);
        endpoints.Map("/t/{token}/live/{**path}", (RequestDelegate)door.HandleAsync);
        endpoints.Map("/vod/{**path}", (RequestDelegate)door.HandleAsync);
        endpoints.Map("/t/{token}/vod/{**path}", (RequestDelegate)door.HandleAsync);
        endpoints.Map("/auth/{**path}", (RequestDelegate)door.AnswerEdgeAsync);
        endpoints.Map("/time", (RequestDelegate)live.HandleTimeAsync);
        return endpoints;
    }
}
