using System.Net;
using System.Reflection;
using Broadcast.Control.Access;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Publishing;
using Broadcast.Database;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/tokens</c>, <c>/api/v1/setup</c> and <c>/api/v1/system</c>.</summary>
internal static class TokenEndpoints
{
    private static readonly string Version =
        typeof(TokenEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
        ?.InformationalVersion.Split('+')[0] ?? "0";

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/tokens", async (HttpContext http, TokenRepository tokens) =>
            (await tokens.ListAsync(http.RequestAborted)).Select(TokenView.From).ToList())
            .RequireRole(TokenRole.Admin).Describe<List<TokenView>>("listTokens", "List tokens without their secrets, newest first.");

        api.MapPost("/tokens", CreateAsync).RequireRole(TokenRole.Admin).AcceptsBody<NewToken>()
            .Describe<IssuedTokenView>("createToken",
                "Create a token. It is shown only once. 'channels' and 'scopes' restrict it further than its role.", 201, 404,
                409).WithIdempotencyKey<IssuedTokenView>();

        api.MapDelete("/tokens/{id}", async (string id, HttpContext http, TokenRepository tokens) =>
            {
                await tokens.RevokeAsync(id, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Admin).Describe("revokeToken", "Revoke a token permanently.", 204, 404);

        api.MapPost("/setup", SetUpAsync).AcceptsBody<SetupRequest>()
            .Describe<IssuedTokenView>("setUp",
                "Exchange the setup code that the server printed for the first admin token, and with 'name' and 'password' also create "
                + "the first admin user. Needs no token; works once.", 201, 429);

        api.MapGet("/system", (HttpContext http, IOptions<AuthorizationOptions> authorization) =>
            {
                // Null when not configured: behind a proxy only the caller knows the public URL.
                var pagesUrl = http.RequestServices.GetService<IViewerUrls>()?.For("").Pages;
                var publish = http.RequestServices.GetService<IPublishUrls>()?.For(http.Request.Host.Host);
                return new SystemView(
                    Version, TokenRoles.Name(ApiAuthorization.GetCaller(http).Role), TokenRoles.Names, ChannelRules.Ladders,
                    ChannelRules.Latencies, ChannelRules.Takeovers,
                    [.. ChannelRules.Accesses.Where(a => ChannelRules.ValidateAccess(a, authorization.Value) is null)], publish?.Rtmp,
                    publish?.Rtmps,
                    string.IsNullOrEmpty(pagesUrl) ? null : pagesUrl);
            })
            .RequireRole(TokenRole.Viewer).Describe<SystemView>("getSystem",
                "Get the server's version, its publish URLs, your role, and valid values for other requests. 'publicUrl' is the base URL "
                + "of viewer pages; if null, it is the URL of this request.");
    }

    private static async Task<IResult> CreateAsync(HttpContext http, TokenRepository tokens, IOptions<ControlOptions> options,
        [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        if (!TokenRoles.TryParse(body.OneOf("role", TokenRoles.Names, required: true), out var role))
        {
            role = TokenRole.Viewer;   // already recorded as an error; thrown below
        }

        var label = body.Text("label") ?? "";
        var expires = body.Instant("expiresAt");
        var limits = new TokenLimits(body.Texts("channels"), body.Texts("scopes"));
        body.ThrowIfInvalid(ChannelRules.ValidateLabel(label, expires, time.GetUtcNow()).Concat(Scopes.Validate(limits)));
        return Issued(await tokens.CreateAsync(role, label, expires, limits, http.RequestAborted));
    }

    private static async Task<IResult> SetUpAsync(HttpContext http, SetupCodes codes, SetupThrottle throttle, CallerLimits limits,
        IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var (code, name, password) = (body.Text("code", required: true), body.Text("name"), body.Text("password"));
        var errors = UserRules.Validate(name, null).Concat(UserRules.ValidatePassword(name, password)).ToList();
        if ((name is null) != (password is null))
        {
            errors.Add(new(name is null ? "name" : "password", "The first admin needs both a name and a password."));
        }

        body.ThrowIfInvalid(errors);

        // One at a time, so that each attempt is counted before the next, and a burst does not wait on many database connections.
        using var slot = await limits.EnterSetupAsync(http.Connection.RemoteIpAddress, http.RequestAborted)
            ?? throw new OperationException(OperationErrorCode.TooManyAttempts, "Too many setup codes at once. Try again in a moment.");
        var remote = LoginEndpoints.RemoteOf(http);
        if (throttle.Attempts.IsLimitReached(remote))
        {
            throw new OperationException(OperationErrorCode.TooManyAttempts, "Too many invalid setup codes from your address. Wait a minute.");
        }

        try
        {
            return Issued(await codes.RedeemAsync(code!, name, password, http.RequestAborted));
        }
        catch (OperationException e) when (e.Code == OperationErrorCode.Denied)
        {
            throttle.Attempts.RecordFailure(remote);
            throw;
        }
    }

    private static IResult Issued(IssuedToken issued) =>
        TypedResults.Created($"/api/v1/tokens/{issued.Info.Id}", new IssuedTokenView(TokenView.From(issued.Info), issued.Token));
}

/// <summary>
/// Attempts to redeem setup codes. They are counted apart from stream keys, so that a misconfigured encoder does not lock the operator out.
/// </summary>
internal sealed record SetupThrottle(AttemptThrottle Attempts);
