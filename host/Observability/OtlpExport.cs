using Broadcast.Media;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Broadcast.Host.Observability;

/// <summary>
/// Exports metrics to an OTLP receiver, if configured. While the receiver is unavailable, only that export is lost: counters are
/// cumulative, and the next export is complete.
/// </summary>
internal sealed class OtlpExport(IOptions<TelemetryOptions> options) : IHostedService, IDisposable
{
    /// <summary>Timeout of one export, and of the last one at shutdown.</summary>
    private const int TimeoutMilliseconds = 2_000;

    private MeterProvider? _provider;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var telemetry = options.Value;
        if (telemetry.OtlpEndpoint is { } endpoint)
        {
            _provider = Sdk.CreateMeterProviderBuilder()
                .ConfigureResource(resource => resource.Clear()
                    .AddService("broadcast", serviceVersion: ProcessMetrics.Version, serviceInstanceId: Environment.MachineName))
                .AddMeter(Telemetry.MeterName)
                .AddOtlpExporter((exporter, reader) =>
                {
                    exporter.Endpoint = new Uri(endpoint);
                    exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
                    exporter.Headers = telemetry.OtlpHeaders;
                    exporter.TimeoutMilliseconds = TimeoutMilliseconds;
                    reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = telemetry.OtlpSeconds * 1000;
                    reader.PeriodicExportingMetricReaderOptions.ExportTimeoutMilliseconds = TimeoutMilliseconds;
                    reader.TemporalityPreference = MetricReaderTemporalityPreference.Cumulative;
                })
                .Build();
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.Run(() => _provider?.Shutdown(TimeoutMilliseconds), CancellationToken.None);

    /// <inheritdoc/>
    public void Dispose() => _provider?.Dispose();
}
