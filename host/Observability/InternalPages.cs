namespace Broadcast.Host.Observability;

/// <summary>Health, readiness and metrics, on the internal port.</summary>
internal static class InternalPages
{
    /// <summary>Adds the routes.</summary>
    public static void Map(IEndpointRouteBuilder endpoints, MetricsText metrics, IHostApplicationLifetime lifetime)
    {
        // Alive: this process turns its loop. It depends on nothing outside, so that no outage elsewhere has it restarted.
        endpoints.MapGet("/healthz", () => Results.Text("ok\n"));

        // Ready: may be given new encoders and viewers.
        endpoints.MapGet("/readyz", () => lifetime.ApplicationStarted.IsCancellationRequested && !lifetime.ApplicationStopping.IsCancellationRequested
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
