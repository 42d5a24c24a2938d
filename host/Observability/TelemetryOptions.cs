namespace Broadcast.Host.Observability;

/// <summary>Options of the OTLP metrics export; section <c>Telemetry</c>.</summary>
public sealed class TelemetryOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Telemetry";

    /// <summary>
    /// Full URL of the OTLP metrics receiver over HTTP (binary Protobuf): <c>http://collector:4318/v1/metrics</c>. Default: no export.
    /// </summary>
    public string? OtlpEndpoint { get; set; }

    /// <summary>
    /// Request headers, <c>Name=value</c> separated by commas, as in <c>OTEL_EXPORTER_OTLP_HEADERS</c>: <c>Authorization=Bearer …</c>.
    /// Secret: never logged.
    /// </summary>
    public string? OtlpHeaders { get; set; }

    /// <summary>Export interval in seconds, 1 to 3600. Default 30.</summary>
    public int OtlpSeconds { get; set; } = 30;

    /// <summary>Finds invalid values.</summary>
    internal IEnumerable<string> FindErrors()
    {
        if (OtlpEndpoint is { } endpoint
            && !(Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0))
        {
            yield return "Telemetry:OtlpEndpoint is not an http or https URL without credentials; use for example http://collector:4318/v1/metrics.";
        }

        if (OtlpHeaders is { } headers && headers.Split(',').Any(header => header.IndexOf('=', StringComparison.Ordinal) < 1))
        {
            yield return "Telemetry:OtlpHeaders is not a comma-separated list of Name=value.";
        }

        if (OtlpSeconds is < 1 or > 3600)
        {
            yield return $"Telemetry:OtlpSeconds is {OtlpSeconds}; use 1 to 3600.";
        }
    }
}
