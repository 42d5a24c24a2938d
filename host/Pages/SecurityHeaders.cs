namespace Broadcast.Host.Pages;

/// <summary>Headers of all responses, including errors.</summary>
internal static class SecurityHeaders
{
    /// <summary>
    /// Adds headers that prevent content sniffing, so that a title that looks like HTML stays JSON, and referrers, because URLs may contain
    /// viewer tokens. Must be the first middleware.
    /// </summary>
    public static IApplicationBuilder UseSafeHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        return next(context);
    });
}
