using Broadcast.Control;
using Broadcast.Media;
using Broadcast.Storage;
using Broadcast.Storage.Integrity;
using Microsoft.Extensions.Options;

namespace Broadcast.Host.Observability;

/// <summary>Tells the API where objects are kept, and tries that out.</summary>
internal sealed class StorageProbe(IObjectStore store, IOptions<StorageOptions> options, DataFolder data, TimeProvider time) : IStorageProbe
{
    public StorageInfo Describe() => Describe(options.Value, data);

    public async Task<IReadOnlyList<StorageStep>> TestAsync(CancellationToken cancellationToken) =>
        [.. (await StoreProof.RunAsync(store, time, cancellationToken)).Select(s => new StorageStep(s.Name, s.Took, s.Problem))];

    /// <summary>What options say, without a secret.</summary>
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
