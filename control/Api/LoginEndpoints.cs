using System.Net;
using Broadcast.Control.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/login</c>, <c>/logout</c> and <c>/me</c>: logging in and out, and the user's own account.</summary>
internal static class LoginEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/login", (HttpContext http) => new LoginStateView(ApiAuthorization.HasCaller(http))).WithMetadata(new OptionalCaller())
            .Describe<LoginStateView>(
                "getLogin", "Get the login state: 'authenticated' is true if the request has a valid token or login. Requires neither.");

        api.MapPost("/login", LoginAsync).AcceptsBody<LoginRequest>()
            .Describe<LoggedInView>(
                "login",
                "Log in; the response sets a cookie. Needs no token, but a name and password, and if the problem has 'needs: code', an "
                + "authenticator code or a recovery code.",
                200, 401, 403, 429);

        api.MapPost("/logout", LogoutAsync).RequireRole(TokenRole.Viewer).Describe("logout", "End the login of the cookie.", 204);

        api.MapGet("/me", (HttpContext http) => MeView.From(ApiAuthorization.GetCaller(http))).RequireRole(TokenRole.Viewer)
            .Describe<MeView>("getMe", "Get the caller (user or token) and its role.");

        api.MapGet("/me/logins", async (HttpContext http, UserSessions sessions) =>
            {
                var user = ApiAuthorization.RequireUser(http);
                return (await sessions.ListAsync(user.Name, http.RequestAborted)).Select(l => LoginView.From(l, user.Login.Id)).ToList();
            })
            .RequireRole(TokenRole.Viewer).Describe<List<LoginView>>("listMyLogins", "List your logins, newest first.");

        api.MapDelete("/me/logins/{id}", async (string id, HttpContext http, UserSessions sessions) =>
            {
                await sessions.EndAsync(ApiAuthorization.RequireUser(http).Name, id, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Viewer).Describe("endMyLogin", "End one of your logins.", 204, 404);

        api.MapPut("/me/password", SetPasswordAsync).RequireRole(TokenRole.Viewer).AcceptsBody<PasswordChange>()
            .Describe("setMyPassword", "Change your password. All your other logins end.", 204, 429);

        api.MapPost("/me/totp", BeginTotpAsync).RequireRole(TokenRole.Viewer).AcceptsBody<TotpStart>()
            .Describe<TotpView>("beginTotp",
                "Create a secret for an authenticator app. It is shown only once and takes effect with confirmTotp.", 200, 409, 429);

        api.MapPost("/me/totp/confirm", ConfirmTotpAsync).RequireRole(TokenRole.Viewer).AcceptsBody<TotpCode>()
            .Describe<RecoveryCodesView>("confirmTotp",
                "Turn on the second factor with its first code. The response contains recovery codes, shown only once.", 200, 409, 429);

        api.MapPost("/me/totp/end", EndTotpAsync).RequireRole(TokenRole.Viewer).AcceptsBody<TotpCode>()
            .Describe("endTotp", "Remove your second factor. Requires one of its codes or a recovery code.", 204, 429);
    }

    /// <summary>Remote address for counting attempts.</summary>
    internal static IPEndPoint? RemoteOf(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } address ? new IPEndPoint(address, 0) : null;

    private static async Task<IResult> LoginAsync(HttpContext http, Logins logins, IOptions<ControlOptions> options)
    {
        if (SameOrigin.IsCrossOrigin(http.Request, LoginCookie.PagesUrl(http)))
        {
            return ApiAuthorization.Problem(403, "Logging in from a page of another site is not allowed.");
        }

        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var (name, password, code) = (body.Text("name", required: true), body.Text("password", required: true), body.Text("code"));
        body.ThrowIfInvalid([]);
        switch (await logins.LoginAsync(name!, password!, code, RemoteOf(http), DeviceCookie.Read(http),
            http.Request.Headers.UserAgent.ToString(), http.RequestAborted))
        {
            case LoginResult.Succeeded success:
                LoginCookie.Set(http, success.Cookie, options.Value.LoginLifetime);
                DeviceCookie.Set(http, success.Device);
                return TypedResults.Ok(new LoggedInView(success.User));

            case LoginResult.NeedsCode:
                return ApiAuthorization.Unauthorized(http, "Also send 'code': the current code of your authenticator, or a recovery code.",
                    "code");

            case LoginResult.WrongCode:
                return ApiAuthorization.Unauthorized(http,
                    "The code is neither a current authenticator code nor an unused recovery code. Each code works once.", "code");

            default:
                return ApiAuthorization.Unauthorized(http, "Name or password is wrong.");
        }
    }

    private static async Task<IResult> LogoutAsync(HttpContext http, UserSessions sessions)
    {
        var user = ApiAuthorization.RequireUser(http);
        await sessions.EndAsync(user.Name, user.Login.Id, http.RequestAborted);
        LoginCookie.Clear(http);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> SetPasswordAsync(HttpContext http, UserRepository users, Logins logins,
        IOptions<ControlOptions> options)
    {
        var user = ApiAuthorization.RequireUser(http);
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var (old, password) = (body.Text("old", required: true), body.Text("password", required: true));
        body.ThrowIfInvalid(UserRules.ValidatePassword(user.Name, password));
        await logins.ConfirmAsync(user, old!, "old", RemoteOf(http), http.RequestAborted);
        await users.SetPasswordAsync(user.Name, password!, user.Login.Id, http.RequestAborted);
        return TypedResults.NoContent();
    }

    private static async Task<TotpView> BeginTotpAsync(HttpContext http, SecondFactors secondFactors, Logins logins,
        IOptions<ControlOptions> options)
    {
        var user = ApiAuthorization.RequireUser(http);
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var password = body.Text("password", required: true);
        body.ThrowIfInvalid([]);
        await logins.ConfirmAsync(user, password!, "password", RemoteOf(http), http.RequestAborted);
        var totp = await secondFactors.StartAsync(user, http.RequestAborted);
        return new(totp.Secret, totp.Uri);
    }

    private static async Task<RecoveryCodesView> ConfirmTotpAsync(HttpContext http, SecondFactors secondFactors,
        IOptions<ControlOptions> options)
    {
        var user = ApiAuthorization.RequireUser(http);
        return new(await secondFactors.ConfirmAsync(user, await CodeAsync(http, options), http.RequestAborted));
    }

    private static async Task<IResult> EndTotpAsync(HttpContext http, SecondFactors secondFactors, IOptions<ControlOptions> options)
    {
        var user = ApiAuthorization.RequireUser(http);
        await secondFactors.DisableAsync(user, await CodeAsync(http, options), http.RequestAborted);
        return TypedResults.NoContent();
    }

    private static async Task<string> CodeAsync(HttpContext http, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var code = body.Text("code", required: true);
        body.ThrowIfInvalid([]);
        return code!;
    }
}
