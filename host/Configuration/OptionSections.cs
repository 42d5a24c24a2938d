using Broadcast.Host.Listening;

namespace Broadcast.Host.Configuration;

/// <summary>Every section of the configuration and the class it fills; <c>docs/configuration.md</c> and the start-up check follow it.</summary>
internal static class OptionSections
{
    public static IReadOnlyDictionary<string, Type> All { get; } = new Dictionary<string, Type>(StringComparer.OrdinalIgnoreCase)
    {
        [ListenerOptions.Section] = typeof(ListenerOptions),
        [TlsOptions.Section] = typeof(TlsOptions),
        [DeliveryOptions.Section] = typeof(DeliveryOptions),
    };
}
