using Broadcast.Control.Identity;
using Microsoft.AspNetCore.Http;

namespace Broadcast.Control.Api;

/// <summary>
/// Cookie that identifies a browser in which a user has logged in (<see cref="LoginAttempts"/>). It grants no access and remains after
/// logout. It exempts the browser from the counts of failed logins of its network and of the user name. Its value is random, and the
/// database stores its hash. The attributes are those of the <see cref="LoginCookie"/>.
/// </summary>
internal static class DeviceCookie
{
    private const string Plain = "broadcast-device";

    /// <summary>Reads the cookie; <see langword="null"/> when the browser sent none.</summary>
    public static string? Read(HttpContext http) => http.Request.Cookies[Name(http)];

    /// <summary>Sets the cookie, or extends its lifetime.</summary>
    public static void Set(HttpContext http, string device) =>
        http.Response.Cookies.Append(Name(http), device, LoginCookie.Options(http, LoginAttempts.ClientLifetime));

    private static string Name(HttpContext http) => LoginCookie.IsSecure(http) ? "__Host-" + Plain : Plain;
}
