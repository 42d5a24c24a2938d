using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/users</c>: the people who may log in.</summary>
internal static class UserEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/users", async (HttpContext http, Users users) => (await users.ListAsync(http.RequestAborted)).Select(UserView.From).ToList())
            .Asks(TokenRole.Admin).Describe<List<UserView>>("listUsers", "All users, by name.");

        api.MapPost("/users", CreateAsync).Asks(TokenRole.Admin).Takes<NewUser>().Describe<UserView>("createUser", "Makes a user with a first password.", 201, 409, 429);

        api.MapGet("/users/{name}", async (string name, HttpContext http, Users users) => Answer(http, await users.GetAsync(name, http.RequestAborted)))
            .Asks(TokenRole.Admin).Describe<UserView>("getUser", "One user.", 200, 404).Tagged();

        api.MapPatch("/users/{name}", ChangeAsync).Asks(TokenRole.Admin).Takes<UserChangeBody>()
            .Describe<UserView>("changeUser", "Changes the members that are sent and leaves the others. 'disabled' ends all their logins at once. The last admin stays one.", 200, 404, 409).Guarded(200);

        api.MapDelete("/users/{name}", async (string name, HttpContext http, Users users) =>
            {
                await users.DeleteIfAsync(name, ETags.Expected<UserInfo>(http, ETags.Of), http.RequestAborted);
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Admin).Describe("deleteUser", "Deletes a user and their logins. The last admin stays.", 204, 404, 409).Guarded();

        api.MapPut("/users/{name}/password", SetPasswordAsync).Asks(TokenRole.Admin).Takes<NewPassword>()
            .Describe("setUserPassword", "Gives a user another password; all their logins end.", 204, 404, 429);

        api.MapDelete("/users/{name}/totp", async (string name, HttpContext http, Users users) =>
            {
                await users.ResetTotpAsync(name, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Admin).Describe("resetUserTotp", "Takes a user's second factor away, for whoever lost theirs.", 204, 404);

        api.MapGet("/users/{name}/logins", async (string name, HttpContext http, UserSessions sessions) =>
                (await sessions.ListAsync(name, http.RequestAborted)).Select(l => LoginView.From(l, Gate.Holder(http).User?.Login.Id)).ToList())
            .Asks(TokenRole.Admin).Describe<List<LoginView>>("listUserLogins", "Where a user is logged in, newest first.", 200, 404);

        api.MapDelete("/users/{name}/logins", async (string name, HttpContext http, UserSessions sessions) =>
            {
                await sessions.EndAllAsync(name, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Admin).Describe("endUserLogins", "Ends all logins of a user.", 204, 404);

        api.MapDelete("/users/{name}/logins/{id}", async (string name, string id, HttpContext http, UserSessions sessions) =>
            {
                await sessions.EndAsync(name, id, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Admin).Describe("endUserLogin", "Ends one login of a user.", 204, 404);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, Users users, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var (name, password, display) = (body.Text("name", required: true), body.Text("password", required: true), body.Text("displayName") ?? "");
        if (!Roles.TryParse(body.Word("role", Roles.Names, required: true), out var role))
        {
            role = TokenRole.Viewer;   // a mistake by now, told by Check
        }

        body.Check(UserRules.Mistakes(name, display).Concat(UserRules.PasswordMistakes(name, password)));
        var made = await users.CreateAsync(name!, password!, role, display, http.RequestAborted);
        return TypedResults.Created($"/api/v1/users/{made.Name}", UserView.From(made));
    }

    private static async Task<UserView> ChangeAsync(string name, HttpContext http, Users users, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var change = new UserChange(body.Text("displayName"), Roles.TryParse(body.Word("role", Roles.Names), out var role) ? role : null, body.Flag("disabled"));
        body.Check(UserRules.Mistakes(null, change.DisplayName));
        return Answer(http, await users.SetIfAsync(name, change, ETags.Expected<UserInfo>(http, ETags.Of), http.RequestAborted));
    }

    private static UserView Answer(HttpContext http, UserInfo user) => ETags.Tagged(http, ETags.Of(user), UserView.From(user));

    private static async Task<IResult> SetPasswordAsync(string name, HttpContext http, Users users, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var password = body.Text("password", required: true);
        body.Check(UserRules.PasswordMistakes(name, password));
        await users.SetPasswordAsync(name, password!, null, http.RequestAborted);
        return TypedResults.NoContent();
    }
}
