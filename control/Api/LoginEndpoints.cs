using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/login</c>, <c>/logout</c> and <c>/me</c>: logging in and out, and what people do with their own account.</summary>
internal static class LoginEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/login", LoginAsync).Takes<LoginRequest>()
            .Describe<LoggedInView>(
                "login",
                "Logs a person in: the answer sets a cookie. Needs no token, but a name and password, and where the problem says 'needs: code', a code of their authenticator or a recovery code.",
                200, 401, 403, 429);

        api.MapPost("/logout", LogoutAsync).Asks(TokenRole.Viewer).Describe("logout", "Ends the login that the cookie is of.", 204);

        api.MapGet("/me", (HttpContext http) => MeView.From(Gate.Holder(http))).Asks(TokenRole.Viewer).Describe<MeView>("getMe", "Whose request it is: a person's or a token's, and what they may do.");

        api.MapGet("/me/logins", async (HttpContext http, UserSessions sessions) =>
            {
                var me = Gate.Person(http);
                return (await sessions.ListAsync(me.Name, http.RequestAborted)).Select(l => LoginView.From(l, me.Login.Id)).ToList();
            })
            .Asks(TokenRole.Viewer).Describe<List<LoginView>>("listMyLogins", "Where you are logged in, newest first.");

        api.MapDelete("/me/logins/{id}", async (string id, HttpContext http, UserSessions sessions) =>
            {
                await sessions.EndAsync(Gate.Person(http).Name, id, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Viewer).Describe("endMyLogin", "Ends one of your logins.", 204, 404);

        api.MapPut("/me/password", SetPasswordAsync).Asks(TokenRole.Viewer).Takes<OwnPassword>()
            .Describe("setMyPassword", "Gives you another password; all your other logins end.", 204, 429);

        api.MapPost("/me/totp", BeginTotpAsync).Asks(TokenRole.Viewer).Takes<TotpStart>()
            .Describe<TotpView>("beginTotp", "Makes a secret for an authenticator app, which is shown this once. It asks for nothing until confirmTotp.", 200, 409, 429);

        api.MapPost("/me/totp/confirm", ConfirmTotpAsync).Asks(TokenRole.Viewer).Takes<TotpCode>()
            .Describe<RecoveryCodesView>("confirmTotp", "Turns the second factor on by its first code. The answer has the recovery codes, which are shown this once.", 200, 409, 429);

        api.MapPost("/me/totp/end", EndTotpAsync).Asks(TokenRole.Viewer).Takes<TotpCode>()
            .Describe("endTotp", "Takes your second factor away; asks for one of its codes, or a recovery code.", 204, 429);
    }

    /// <summary>Where somebody is, for counting.</summary>
    internal static IPEndPoint? RemoteOf(HttpContext http) => http.Connection.RemoteIpAddress is { } address ? new IPEndPoint(address, 0) : null;

    private static async Task<IResult> LoginAsync(HttpContext http, Logins logins, IOptions<ControlOptions> options)
    {
        if (SameOrigin.IsForeign(http.Request, LoginCookie.Pages(http)))
        {
            return Gate.Problem(403, "Nobody logs in from a page of another site.");
        }

        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var (name, password, code) = (body.Text("name", required: true), body.Text("password", required: true), body.Text("code"));
        body.Check([]);
        switch (await logins.LoginAsync(name!, password!, code, RemoteOf(http), http.Request.Headers.UserAgent.ToString(), http.RequestAborted))
        {
            case LoginResult.In done:
                LoginCookie.Set(http, done.Cookie, options.Value.LoginLife);
                return TypedResults.Ok(new LoggedInView(done.User));

            case LoginResult.NeedsCode:
                return Gate.Unknown(http, "Send 'code' too: what your authenticator shows now, or one of your recovery codes.", "code");

            case LoginResult.WrongCode:
                return Gate.Unknown(http, "That is not the code of this moment, nor a recovery code that is left. Each is good once.", "code");

            default:
                return Gate.Unknown(http, "Name or password is wrong.");
        }
    }

    private static async Task<IResult> LogoutAsync(HttpContext http, UserSessions sessions)
    {
        var me = Gate.Person(http);
        await sessions.EndAsync(me.Name, me.Login.Id, http.RequestAborted);
        LoginCookie.Clear(http);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> SetPasswordAsync(HttpContext http, Users users, Logins logins, IOptions<ControlOptions> options)
    {
        var me = Gate.Person(http);
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var (old, password) = (body.Text("old", required: true), body.Text("password", required: true));
        body.Check(UserRules.PasswordMistakes(me.Name, password));
        await logins.ConfirmAsync(me, old!, "old", RemoteOf(http), http.RequestAborted);
        await users.SetPasswordAsync(me.Name, password!, me.Login.Id, http.RequestAborted);
        return TypedResults.NoContent();
    }

    private static async Task<TotpView> BeginTotpAsync(HttpContext http, SecondFactors factors, Logins logins, IOptions<ControlOptions> options)
    {
        var me = Gate.Person(http);
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var password = body.Text("password", required: true);
        body.Check([]);
        await logins.ConfirmAsync(me, password!, "password", RemoteOf(http), http.RequestAborted);
        var made = await factors.BeginAsync(me, http.RequestAborted);
        return new(made.Secret, made.Uri);
    }

    private static async Task<RecoveryCodesView> ConfirmTotpAsync(HttpContext http, SecondFactors factors, IOptions<ControlOptions> options)
    {
        var me = Gate.Person(http);
        return new(await factors.ConfirmAsync(me, await CodeAsync(http, options), http.RequestAborted));
    }

    private static async Task<IResult> EndTotpAsync(HttpContext http, SecondFactors factors, IOptions<ControlOptions> options)
    {
        var me = Gate.Person(http);
        await factors.EndAsync(me, await CodeAsync(http, options), http.RequestAborted);
        return TypedResults.NoContent();
    }

    private static async Task<string> CodeAsync(HttpContext http, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var code = body.Text("code", required: true);
        body.Check([]);
        return code!;
    }
}
