using Broadcast.Media;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Recovery;
using Broadcast.Packager.Sessions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Broadcast.Packager;

/// <summary>Registration of the packager.</summary>
public static class PackagerModule
{
    /// <summary>
    /// Adds the packager: <see cref="IRenditionSink"/>, <see cref="ISessionLifecycle"/>, <see cref="IImageSink"/>,
    /// <see cref="IPackagedSessions"/>, <see cref="IChannelRecovery"/>, and the recovery of earlier sessions, which runs when the host
    /// starts. Publications wait until their channel is recovered. Needs an <see cref="ISpool"/>, an <see cref="IObjectStore"/>
    /// and any number of <see cref="ITimelineSink"/>s. Add it after the storage module and before ingest. Options are validated at startup.
    /// </summary>
    public static IServiceCollection AddPackager(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IValidateOptions<PackagerOptions>, PackagerOptionsValidator>();
        services.AddOptions<PackagerOptions>().Bind(configuration.GetSection(PackagerOptions.Section)).ValidateOnStart();
        services.AddSingleton<DeferredWork>();
        services.AddSingleton<PackagingStage>();
        services.AddSingleton<IRenditionSink>(provider => provider.GetRequiredService<PackagingStage>());
        services.AddSingleton<ISessionLifecycle>(provider => provider.GetRequiredService<PackagingStage>());
        services.AddSingleton<IImageSink>(provider => provider.GetRequiredService<PackagingStage>());
        services.AddSingleton<IPackagedSessions>(provider => provider.GetRequiredService<PackagingStage>());
        services.AddSingleton(provider => new SettledSessions(provider.GetService<DataFolder>()));
        services.AddSingleton<RecoveryService>();
        services.AddSingleton<IChannelRecovery>(provider => provider.GetRequiredService<RecoveryService>());
        services.AddHostedService(provider => provider.GetRequiredService<RecoveryService>());
        return services;
    }
}
