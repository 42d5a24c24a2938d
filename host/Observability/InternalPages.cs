namespace Broadcast.Host.Observability;

/// <summary>Health, readiness and metrics endpoints on the internal port.</summary>
internal static class InternalPages
{
    /// <summary>Adds the endpoints.</summary>
    public static void Map(IEndpointRouteBuilder endpoints, MetricsText metrics, IHostApplicationLifetime lifetime,
        Func<bool> isDraining)
    {
        // Liveness: the process responds. No external dependencies, so that outages elsewhere cause no restart.
        endpoints.MapGet("/healthz", () => Results.Text("ok\n"));

        // Readiness: the process accepts new encoders and viewers. A drained server still serves those that it has.
        endpoints.MapGet("/readyz", () => lifetime.ApplicationStarted.IsCancellationRequested
            && !lifetime.ApplicationStopping.IsCancellationRequested && !isDraining()
            ? Results.Text("ready\n")
            : Results.Text("not ready\n", statusCode: StatusCodes.Status503ServiceUnavailable));
        endpoints.MapGet("/metrics", (HttpContext http) =>
        {
            var format = MetricsWriter.Preferred(http.Request.Headers.Accept);
            http.Response.Headers.Vary = "Accept";
            return Results.Text(metrics.Render(format), MetricsWriter.ContentType(format));
        });
    }
}
