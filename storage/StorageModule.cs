using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Media.StorageToControl;
using Broadcast.Storage.Objects;
using Broadcast.Storage.Spooling;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Storage;

/// <summary>Registration of the storage module.</summary>
public static class StorageModule
{
    /// <summary>
    /// Adds <see cref="IObjectStore"/> (S3 when <c>Storage:Bucket</c> is set, otherwise files under <c>objects</c> in the data folder),
    /// <see cref="ISpool"/> (under <c>spool</c> in the data folder), <see cref="ISessionStorageInspector"/>, the background work and
    /// <see cref="SpoolMonitor"/>. Requires a <see cref="DataFolder"/>; options are validated at startup. Add it before the modules that
    /// write, so that it stops after them.
    /// </summary>
    public static IServiceCollection AddStorage(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IValidateOptions<StorageOptions>, StorageOptionsValidator>();
        services.AddSingleton<IValidateOptions<SpoolOptions>, SpoolOptionsValidator>();
        services.AddOptions<StorageOptions>().Bind(configuration.GetSection(StorageOptions.Section)).ValidateOnStart();
        services.AddOptions<SpoolOptions>().Bind(configuration.GetSection(SpoolOptions.Section)).ValidateOnStart();

        services.AddSingleton<IObjectStore>(provider => CreateStore(
            provider.GetRequiredService<IOptions<StorageOptions>>().Value, provider.GetRequiredService<DataFolder>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Spool(
            Path.Combine(provider.GetRequiredService<DataFolder>().Path, "spool"),
            provider.GetRequiredService<IObjectStore>(),
            provider.GetRequiredService<IOptions<SpoolOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<Spool>>()));
        services.AddSingleton<ISpool>(provider => provider.GetRequiredService<Spool>());
        services.AddSingleton(provider => new SpoolMonitor(provider.GetRequiredService<Spool>()));
        services.AddSingleton<ISessionStorageInspector>(provider =>
            new SessionStorageInspector(provider.GetRequiredService<IObjectStore>(), provider.GetRequiredService<ISpool>()));
        services.AddHostedService<SpoolService>();
        return services;
    }

    /// <summary>Creates the object store that the options describe: S3 with a bucket, otherwise files in the data folder.</summary>
    public static IObjectStore CreateStore(StorageOptions options, DataFolder data, TimeProvider time) =>
        string.IsNullOrEmpty(options.Bucket)
        ? new DiskObjectStore(Path.Combine(data.Path, "objects"), options.FlushToDisk, time)
        : new S3ObjectStore(options, time);
}
