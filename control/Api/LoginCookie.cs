using Broadcast.Control.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Api;

/// <summary>
/// Cookie of a login. It is invisible to scripts (<c>HttpOnly</c>) and not sent with cross-site requests (<c>SameSite=Strict</c>). Over
/// HTTPS its name begins with <c>__Host-</c>: browsers then accept it only from this host and over HTTPS, so that neither a sibling domain
/// nor an attacker on the network can replace it.
/// </summary>
internal static class LoginCookie
{
    /// <summary>Name over HTTPS.</summary>
    public const string Secure = "__Host-broadcast-login";

    private const string Plain = "broadcast-login";

    /// <summary>Reads the cookie; <see langword="null"/> when the browser sent none.</summary>
    public static string? Read(HttpContext http) => http.Request.Cookies[IsSecure(http) ? Secure : Plain];

    /// <summary>Sets the cookie.</summary>
    public static void Set(HttpContext http, string text, TimeSpan lifetime) =>
        http.Response.Cookies.Append(Name(http), text, Options(http, lifetime));

    /// <summary>Deletes the cookie.</summary>
    public static void Clear(HttpContext http) => http.Response.Cookies.Delete(Name(http), Options(http, null));

    /// <summary>Returns whether the browser uses HTTPS, directly or up to a proxy.</summary>
    internal static bool IsSecure(HttpContext http) =>
        http.Request.IsHttps || (PagesUrl(http) is { Scheme: "https" } pagesUrl && SameOrigin.HasHost(pagesUrl, http.Request.Host.Value));

    /// <summary>Configured public URL of the dashboard.</summary>
    internal static Uri? PagesUrl(HttpContext http) =>
        http.RequestServices.GetService<IViewerUrls>()?.For("").Pages is { Length: > 0 } text
        && Uri.TryCreate(text, UriKind.Absolute, out var pagesUrl) ? pagesUrl : null;

    private static string Name(HttpContext http) => IsSecure(http) ? Secure : Plain;

    /// <summary>Attributes of the cookies that this server sets.</summary>
    internal static CookieOptions Options(HttpContext http, TimeSpan? lifetime) => new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = IsSecure(http), Path = "/", MaxAge = lifetime, IsEssential = true,
    };
}
