namespace Broadcast.Host.Listening;

/// <summary>Keeps what is inside apart from what viewers get, by the port that was asked.</summary>
internal static class InternalPort
{
    /// <summary>Requests that came in at the internal port get these pages or 404, and nothing that is mapped for the public ones.</summary>
    /// <param name="app">Where to.</param>
    /// <param name="port">Which port that is; asked when a request comes, since it may be the system's choice.</param>
    /// <param name="map">Adds the pages.</param>
    public static IApplicationBuilder UseInternalPort(this IApplicationBuilder app, Func<int> port, Action<IEndpointRouteBuilder> map) =>
        app.MapWhen(context => context.Connection.LocalPort == port(), inner =>
        {
            // The web application looks for public pages before anything else, and what is found already is not looked for again.
            inner.Use((context, next) =>
            {
                context.SetEndpoint(null);
                context.Request.RouteValues.Clear();
                return next(context);
            });
            inner.UseRouting();
            inner.UseEndpoints(map);
        });
}
