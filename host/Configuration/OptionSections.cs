using Broadcast.Control;
using Broadcast.Host.Listening;
using Broadcast.Host.Observability;
using Broadcast.Ingest;
using Broadcast.Origin;
using Broadcast.Packager;
using Broadcast.Storage;
using Broadcast.Storage.Spooling;
using Broadcast.Transcoder.Encoders;
using Broadcast.Transcoder.Pictures;
using Broadcast.Transcoder.Slate;
using Broadcast.Transcoder.Switching;

namespace Broadcast.Host.Configuration;

/// <summary>Every section of the configuration and the class it fills; <c>docs/configuration.md</c> and the start-up check follow it.</summary>
internal static class OptionSections
{
    public static IReadOnlyDictionary<string, Type> All { get; } = new Dictionary<string, Type>(StringComparer.OrdinalIgnoreCase)
    {
        [ListenerOptions.Section] = typeof(ListenerOptions),
        [TlsOptions.Section] = typeof(TlsOptions),
        [DeliveryOptions.Section] = typeof(DeliveryOptions),
        [IngestOptions.Section] = typeof(IngestOptions),
        [SwitchOptions.Section] = typeof(SwitchOptions),
        [SlateOptions.Section] = typeof(SlateOptions),
        [EncodingOptions.Section] = typeof(EncodingOptions),
        [PictureOptions.Section] = typeof(PictureOptions),
        [PackagerOptions.Section] = typeof(PackagerOptions),
        [StorageOptions.Section] = typeof(StorageOptions),
        [SpoolOptions.Section] = typeof(SpoolOptions),
        [OriginOptions.Section] = typeof(OriginOptions),
        [DatabaseOptions.Section] = typeof(DatabaseOptions),
        [ControlOptions.Section] = typeof(ControlOptions),
        [AuthorizationOptions.Section] = typeof(AuthorizationOptions),
        [TelemetryOptions.Section] = typeof(TelemetryOptions),
    };
}
