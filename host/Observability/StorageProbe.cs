using Broadcast.Control.Storage;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Storage;
using Broadcast.Storage.Integrity;
using Microsoft.Extensions.Options;

namespace Broadcast.Host.Observability;

/// <summary>Storage information and storage test for the API.</summary>
internal sealed class StorageProbe(IObjectStore store, IOptions<StorageOptions> options, DataFolder data, TimeProvider time) : IStorageProbe
{
    public StorageInfo Describe() => Describe(options.Value, data);

    public async Task<IReadOnlyList<StorageStep>> TestAsync(CancellationToken cancellationToken) =>
        [.. (await StoreProbe.RunAsync(store, time, cancellationToken)).Select(s => new StorageStep(s.Name, s.Duration, s.Error))];

    /// <summary>Describes the configured storage, without secrets.</summary>
    internal static StorageInfo Describe(StorageOptions options, DataFolder data)
    {
        if (string.IsNullOrEmpty(options.Bucket))
        {
            return new("disk", Path.Combine(data.Path, "objects"));
        }

        var prefix = string.IsNullOrEmpty(options.Prefix) ? "" : $"/{options.Prefix.Trim('/')}";
        var service = !string.IsNullOrEmpty(options.Endpoint) ? options.Endpoint : $"AWS ({options.Region})";
        return new("bucket", $"{options.Bucket}{prefix} at {service}");
    }
}
