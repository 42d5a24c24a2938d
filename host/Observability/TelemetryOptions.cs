namespace Broadcast.Host.Observability;

/// <summary>Where metrics are sent, besides being there to be fetched; configuration section <c>Telemetry</c>.</summary>
public sealed class TelemetryOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Telemetry";

    /// <summary>The OTLP receiver's address for metrics over HTTP (binary Protobuf), whole: <c>http://collector:4318/v1/metrics</c>. Not set: nothing is sent.</summary>
    public string? OtlpEndpoint { get; set; }

    /// <summary>Headers for it, <c>Name=value</c> separated by commas, as <c>OTEL_EXPORTER_OTLP_HEADERS</c> has them: <c>Authorization=Bearer …</c>. A secret: never logged.</summary>
    public string? OtlpHeaders { get; set; }

    /// <summary>Seconds from one sending to the next (1 to 3600; default 30).</summary>
    public int OtlpSeconds { get; set; } = 30;

    /// <summary>What is wrong with the values.</summary>
    internal IEnumerable<string> Mistakes()
    {
        if (OtlpEndpoint is { } endpoint && !(Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0))
        {
            yield return "Telemetry:OtlpEndpoint is not an http or https address without a name and password in it: use http://collector:4318/v1/metrics.";
        }

        if (OtlpHeaders is { } headers && headers.Split(',').Any(header => header.IndexOf('=', StringComparison.Ordinal) < 1))
        {
            yield return "Telemetry:OtlpHeaders is not a list of Name=value, separated by commas.";
        }

        if (OtlpSeconds is < 1 or > 3600)
        {
            yield return $"Telemetry:OtlpSeconds is {OtlpSeconds}: use 1 to 3600.";
        }
    }
}
