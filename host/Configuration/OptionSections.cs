using Broadcast.Chat;
using Broadcast.Cluster;
using Broadcast.Control;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Database;
using Broadcast.Host.Listening;
using Broadcast.Host.Observability;
using Broadcast.Ingest;
using Broadcast.Origin;
using Broadcast.Packager;
using Broadcast.Storage;
using Broadcast.Storage.Spooling;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Failover;
using Broadcast.Transcoder.Slate;
using Broadcast.Transcoder.Steady;
using Broadcast.Transcoder.Thumbnails;

namespace Broadcast.Host.Configuration;

/// <summary>All configuration sections with their options classes; <c>docs/configuration.md</c> and the startup check follow it.</summary>
internal static class OptionSections
{
    public static IReadOnlyDictionary<string, Type> All { get; } = new Dictionary<string, Type>(StringComparer.OrdinalIgnoreCase)
    {
        [ListenerOptions.Section] = typeof(ListenerOptions),
        [TlsOptions.Section] = typeof(TlsOptions),
        [DeliveryOptions.Section] = typeof(DeliveryOptions),
        [IngestOptions.Section] = typeof(IngestOptions),
        [FailoverOptions.Section] = typeof(FailoverOptions),
        [SlateOptions.Section] = typeof(SlateOptions),
        [EncodingOptions.Section] = typeof(EncodingOptions),
        [SteadyOptions.Section] = typeof(SteadyOptions),
        [ThumbnailOptions.Section] = typeof(ThumbnailOptions),
        [PackagerOptions.Section] = typeof(PackagerOptions),
        [StorageOptions.Section] = typeof(StorageOptions),
        [SpoolOptions.Section] = typeof(SpoolOptions),
        [OriginOptions.Section] = typeof(OriginOptions),
        [ChatOptions.Section] = typeof(ChatOptions),
        [ClusterOptions.Section] = typeof(ClusterOptions),
        [DatabaseOptions.Section] = typeof(DatabaseOptions),
        [ControlOptions.Section] = typeof(ControlOptions),
        [AuthorizationOptions.Section] = typeof(AuthorizationOptions),
        [TelemetryOptions.Section] = typeof(TelemetryOptions),
    };
}
