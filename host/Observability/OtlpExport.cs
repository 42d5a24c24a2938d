using Broadcast.Media;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Broadcast.Host.Observability;

/// <summary>
/// Sends what the rooms count to an OTLP receiver, where one is configured. A receiver that is away costs that round's sending and nothing else: counters are cumulative, and the next round tells all.
/// </summary>
internal sealed class OtlpExport(IOptions<TelemetryOptions> options) : IHostedService, IDisposable
{
    /// <summary>How long one sending, and the last one at the stop, may take.</summary>
    private const int PatienceMilliseconds = 2_000;

    private MeterProvider? _provider;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var telemetry = options.Value;
        if (telemetry.OtlpEndpoint is { } endpoint)
        {
            _provider = Sdk.CreateMeterProviderBuilder()
                .ConfigureResource(resource => resource.Clear().AddService("broadcast", serviceVersion: ProcessMetrics.Version, serviceInstanceId: Environment.MachineName))
                .AddMeter(Telemetry.MeterName)
                .AddOtlpExporter((exporter, reader) =>
                {
                    exporter.Endpoint = new Uri(endpoint);
                    exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
                    exporter.Headers = telemetry.OtlpHeaders;
                    exporter.TimeoutMilliseconds = PatienceMilliseconds;
                    reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = telemetry.OtlpSeconds * 1000;
                    reader.PeriodicExportingMetricReaderOptions.ExportTimeoutMilliseconds = PatienceMilliseconds;
                    reader.TemporalityPreference = MetricReaderTemporalityPreference.Cumulative;
                })
                .Build();
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.Run(() => _provider?.Shutdown(PatienceMilliseconds), CancellationToken.None);

    /// <inheritdoc/>
    public void Dispose() => _provider?.Dispose();
}
