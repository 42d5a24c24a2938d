namespace Broadcast.Host.Pages;

/// <summary>What every answer says, from whatever room and whatever it is, errors too.</summary>
internal static class SafeHeaders
{
    /// <summary>
    /// No browser guesses what an answer is: a title that looks like HTML stays a part of JSON. None tells other sites where it came from: viewers' tokens stand in addresses. To be used
    /// before everything else.
    /// </summary>
    public static IApplicationBuilder UseSafeHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        return next(context);
    });
}
