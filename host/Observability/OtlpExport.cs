using Broadcast.Media;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Broadcast.Host.Observability;

/// <summary>
/// Export of metrics to an OTLP receiver. While the receiver is unavailable, only that export is lost: counters are cumulative, and the
/// next export is complete.
/// </summary>
internal static class OtlpExport
{
    /// <summary>Timeout of one export, and of the last one at shutdown.</summary>
    private const int TimeoutMilliseconds = 2_000;

    /// <summary>Adds the export if the section <c>Telemetry</c> names a receiver; otherwise adds nothing.</summary>
    public static void AddOtlpExport(this IServiceCollection services, IConfiguration configuration)
    {
        var telemetry = configuration.GetSection(TelemetryOptions.Section).Get<TelemetryOptions>();
        if (telemetry?.OtlpEndpoint is not { } endpoint)
        {
            return;
        }

        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.Clear()
                .AddService("broadcast", serviceVersion: ProcessMetrics.Version, serviceInstanceId: Environment.MachineName))
            .WithMetrics(metrics => metrics.AddMeter(Telemetry.MeterName).AddOtlpExporter((exporter, reader) =>
            {
                exporter.Endpoint = new Uri(endpoint);
                exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
                exporter.Headers = telemetry.OtlpHeaders;
                exporter.TimeoutMilliseconds = TimeoutMilliseconds;
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = telemetry.OtlpSeconds * 1000;
                reader.PeriodicExportingMetricReaderOptions.ExportTimeoutMilliseconds = TimeoutMilliseconds;
                reader.TemporalityPreference = MetricReaderTemporalityPreference.Cumulative;
            }));
    }

    /// <summary>
    /// Exports the final values. Called before the server releases its data folder; otherwise the provider would do it when the host is
    /// disposed. Gives up after 2 s, also if a periodic export is still in progress.
    /// </summary>
    public static Task ExportLastAsync(this IServiceProvider services) =>
        Task.Run(() => services.GetService<MeterProvider>()?.Shutdown(TimeoutMilliseconds));
}
