using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin;

/// <summary>Registration of the room.</summary>
public static class OriginModule
{
    /// <summary>
    /// Adds the origin: <see cref="LiveDirectory"/>, which is also an <see cref="ITimelineSink"/>. Needs an <see cref="ISpool"/> from elsewhere.
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
        services.AddSingleton<ITimelineSink>(provider => provider.GetRequiredService<LiveDirectory>());
        services.TryAddSingleton<MediaDelivery>();
        services.TryAddSingleton<HeldRequests>();
        services.TryAddSingleton<LiveEndpoint>();
        return services;
    }

    /// <summary>Maps <c>/live/…</c> (playlists, media, status) and <c>/time</c> (the clock that DASH players set theirs by).</summary>
    /// <param name="endpoints">Where to.</param>
    public static IEndpointRouteBuilder MapOrigin(this IEndpointRouteBuilder endpoints)
    {
        var live = endpoints.ServiceProvider.GetRequiredService<LiveEndpoint>();
        endpoints.Map("/live/{**path}", (RequestDelegate)live.HandleAsync);
        endpoints.Map("/time", (RequestDelegate)live.HandleTimeAsync);
        return endpoints;
    }
}
