using Broadcast.Control.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/users</c>: user accounts.</summary>
internal static class UserEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/users", async (HttpContext http, UserRepository users) =>
            (await users.ListAsync(http.RequestAborted)).Select(UserView.From).ToList())
            .RequireRole(TokenRole.Admin).Describe<List<UserView>>("listUsers", "List users by name.");

        api.MapPost("/users", CreateAsync).RequireRole(TokenRole.Admin).AcceptsBody<NewUser>()
            .Describe<UserView>("createUser", "Create a user with an initial password.", 201, 409, 429);

        api.MapGet("/users/{name}", async (string name, HttpContext http, UserRepository users) =>
            TaggedView(http, await users.GetAsync(name, http.RequestAborted)))
            .RequireRole(TokenRole.Admin).Describe<UserView>("getUser", "Get a user.", 200, 404).WithETag();

        api.MapPatch("/users/{name}", ChangeAsync).RequireRole(TokenRole.Admin).AcceptsBody<UserChangeBody>()
            .Describe<UserView>("changeUser",
                "Change the members that are sent; the others stay as they are. 'disabled' ends all logins of the user at once. The last "
                + "admin cannot be disabled or demoted.", 200, 404, 409).WithIfMatch(200);

        api.MapDelete("/users/{name}", async (string name, HttpContext http, UserRepository users) =>
            {
                await users.DeleteIfAsync(name, ETags.PreconditionOf<UserInfo>(http, ETags.Of), http.RequestAborted);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Admin).Describe("deleteUser", "Delete a user and their logins. The last admin cannot be deleted.", 204,
                404, 409).WithIfMatch();

        api.MapPut("/users/{name}/password", SetPasswordAsync).RequireRole(TokenRole.Admin).AcceptsBody<NewPassword>()
            .Describe("setUserPassword", "Set a user's password. All their logins end.", 204, 404, 429);

        api.MapDelete("/users/{name}/totp", async (string name, HttpContext http, UserRepository users) =>
            {
                await users.ResetTotpAsync(name, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Admin).Describe("resetUserTotp", "Remove a user's second factor, for example after its loss.", 204, 404);

        api.MapGet("/users/{name}/logins", async (string name, HttpContext http, UserSessions sessions) =>
                (await sessions.ListAsync(name, http.RequestAborted)).Select(l =>
                    LoginView.From(l, ApiAuthorization.GetCaller(http).User?.Login.Id)).ToList())
            .RequireRole(TokenRole.Admin).Describe<List<LoginView>>("listUserLogins", "List a user's logins, newest first.", 200, 404);

        api.MapDelete("/users/{name}/logins", async (string name, HttpContext http, UserSessions sessions) =>
            {
                await sessions.EndAllAsync(name, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Admin).Describe("endUserLogins", "End all logins of a user.", 204, 404);

        api.MapDelete("/users/{name}/logins/{id}", async (string name, string id, HttpContext http, UserSessions sessions) =>
            {
                await sessions.EndAsync(name, id, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Admin).Describe("endUserLogin", "End one login of a user.", 204, 404);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, UserRepository users, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var (name, password, display) = (body.Text("name", required: true), body.Text("password", required: true),
            body.Text("displayName") ?? "");
        if (!TokenRoles.TryParse(body.OneOf("role", TokenRoles.Names, required: true), out var role))
        {
            role = TokenRole.Viewer;   // already recorded as an error; thrown below
        }

        body.ThrowIfInvalid(UserRules.Validate(name, display).Concat(UserRules.ValidatePassword(name, password)));
        var created = await users.CreateAsync(name!, password!, role, display, http.RequestAborted);
        return TypedResults.Created($"/api/v1/users/{created.Name}", UserView.From(created));
    }

    private static async Task<UserView> ChangeAsync(string name, HttpContext http, UserRepository users, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var change = new UserChange(body.Text("displayName"),
            TokenRoles.TryParse(body.OneOf("role", TokenRoles.Names), out var role) ? role : null, body.Boolean("disabled"));
        body.ThrowIfInvalid(UserRules.Validate(null, change.DisplayName));
        return TaggedView(http, await users.SetIfAsync(name, change, ETags.PreconditionOf<UserInfo>(http, ETags.Of), http.RequestAborted));
    }

    private static UserView TaggedView(HttpContext http, UserInfo user) => ETags.Tagged(http, ETags.Of(user), UserView.From(user));

    private static async Task<IResult> SetPasswordAsync(string name, HttpContext http, UserRepository users,
        IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var password = body.Text("password", required: true);
        body.ThrowIfInvalid(UserRules.ValidatePassword(name, password));
        await users.SetPasswordAsync(name, password!, null, http.RequestAborted);
        return TypedResults.NoContent();
    }
}
