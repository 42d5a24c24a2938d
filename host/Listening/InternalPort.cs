using Broadcast.Media.ControlToCluster;

namespace Broadcast.Host.Listening;

/// <summary>Separates internal endpoints from public ones by port.</summary>
internal static class InternalPort
{
    /// <summary>
    /// Serves requests on the internal port with these endpoints or 404, never with public ones, except requests of other servers for
    /// endpoints that answer them (<see cref="PeerEndpoint"/>).
    /// </summary>
    /// <param name="app">The application.</param>
    /// <param name="port">Gets the internal port; evaluated per request, because the system may choose it.</param>
    /// <param name="map">Adds the internal endpoints.</param>
    /// <param name="isOfServer">Returns whether another server has sent a request, over a connection that proves it.</param>
    public static IApplicationBuilder UseInternalPort(this IApplicationBuilder app, Func<int> port, Action<IEndpointRouteBuilder> map,
        Func<HttpContext, ValueTask<bool>> isOfServer) =>
        app.MapWhen(context => context.Connection.LocalPort == port(), inner =>
        {
            // The web application has already matched a public endpoint, and routing keeps an existing match.
            inner.Use(async (context, next) =>
            {
                if (context.GetEndpoint()?.Metadata.GetMetadata<PeerEndpoint>() is null || !await isOfServer(context))
                {
                    context.SetEndpoint(null);
                    context.Request.RouteValues.Clear();
                }

                await next(context);
            });
            inner.UseRouting();
            inner.UseEndpoints(map);
        });
}
