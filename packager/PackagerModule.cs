using Broadcast.Media;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Broadcast.Packager;

/// <summary>Registration of the room.</summary>
public static class PackagerModule
{
    /// <summary>
    /// Adds the packager: <see cref="IRenditionSink"/>, <see cref="ISessionLifecycle"/>, <see cref="IPictureSink"/>, <see cref="IPackagedSessions"/>, and the recovery of earlier sessions, which
    /// runs at the host's start. Publications that come before it is done wait for it. Needs an <see cref="ISpool"/>, an <see cref="IObjectStore"/> and any number of
    /// <see cref="ITimelineSink"/>s; add it after the room that provides storage and before the one that lets encoders in. Options are checked at the start.
    /// </summary>
    public static IServiceCollection AddPackager(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IValidateOptions<PackagerOptions>, PackagerOptionsValidation>();
        services.AddOptions<PackagerOptions>().Bind(configuration.GetSection(PackagerOptions.Section)).ValidateOnStart();
        services.AddSingleton<DeferredWork>();
        services.AddSingleton<PackagingStage>();
        services.AddSingleton<IRenditionSink>(provider => provider.GetRequiredService<PackagingStage>());
        services.AddSingleton<ISessionLifecycle>(provider => provider.GetRequiredService<PackagingStage>());
        services.AddSingleton<IPictureSink>(provider => provider.GetRequiredService<PackagingStage>());
        services.AddSingleton<IPackagedSessions>(provider => provider.GetRequiredService<PackagingStage>());
        services.AddHostedService<RecoveryService>();
        return services;
    }
}
