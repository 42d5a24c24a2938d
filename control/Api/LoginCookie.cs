using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Api;

/// <summary>
/// The cookie of a login. Scripts do not see it (<c>HttpOnly</c>), other sites' pages do not cause it to be sent (<c>SameSite=Strict</c>). Over HTTPS its name begins with <c>__Host-</c>: browsers then take it from this very
/// host and over HTTPS only, so that neither a neighbouring domain nor somebody on the wire can put one of theirs in its place.
/// </summary>
internal static class LoginCookie
{
    /// <summary>Its name over HTTPS.</summary>
    public const string Secure = "__Host-broadcast-login";

    private const string Plain = "broadcast-login";

    /// <summary>What the browser sent; <see langword="null"/> when it sent none.</summary>
    public static string? Read(HttpContext http) => http.Request.Cookies[IsSecure(http) ? Secure : Plain];

    /// <summary>Has the browser keep it.</summary>
    public static void Set(HttpContext http, string text, TimeSpan life) => http.Response.Cookies.Append(Name(http), text, Options(http, life));

    /// <summary>Has the browser forget it.</summary>
    public static void Clear(HttpContext http) => http.Response.Cookies.Delete(Name(http), Options(http, null));

    /// <summary>Whether the browser asks over HTTPS, here or as far as a proxy that ends it.</summary>
    internal static bool IsSecure(HttpContext http) =>
        http.Request.IsHttps || (Pages(http) is { Scheme: "https" } pages && SameOrigin.IsAt(pages, http.Request.Host.Value));

    /// <summary>Where the dashboard is reached from outside, when that is configured.</summary>
    internal static Uri? Pages(HttpContext http) =>
        http.RequestServices.GetService<IViewerAddresses>()?.For("").Pages is { Length: > 0 } text && Uri.TryCreate(text, UriKind.Absolute, out var pages) ? pages : null;

    private static string Name(HttpContext http) => IsSecure(http) ? Secure : Plain;

    private static CookieOptions Options(HttpContext http, TimeSpan? life) => new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = IsSecure(http), Path = "/", MaxAge = life, IsEssential = true,
    };
}
