using System.Net;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/tokens</c>, <c>/api/v1/setup</c> and <c>/api/v1/system</c>.</summary>
internal static class TokenEndpoints
{
    private static readonly string Version =
        typeof(TokenEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/tokens", async (HttpContext http, Tokens tokens) => (await tokens.ListAsync(http.RequestAborted)).Select(TokenView.From).ToList())
            .Asks(TokenRole.Admin).Describe<List<TokenView>>("listTokens", "All tokens without their secrets, newest first.");

        api.MapPost("/tokens", CreateAsync).Asks(TokenRole.Admin).Takes<NewToken>()
            .Describe<IssuedTokenView>("createToken", "Makes a token, which is shown this once. 'channels' and 'scopes' limit what it is for, beside its role.", 201, 404, 409).Repeatable<IssuedTokenView>();

        api.MapDelete("/tokens/{id}", async (string id, HttpContext http, Tokens tokens) =>
            {
                await tokens.RevokeAsync(id, http.RequestAborted);
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Admin).Describe("revokeToken", "Withdraws a token for good.", 204, 404);

        api.MapPost("/setup", SetUpAsync).Takes<SetupRequest>()
            .Describe<IssuedTokenView>("setUp", "Trades the set-up code that the server printed for the first admin token, and with 'name' and 'password' for a first admin who logs in as well. Needs no token; works once.", 201, 429);

        api.MapGet("/system", (HttpContext http, IOptions<AuthorizationOptions> authorization) =>
            {
                // Nothing where nothing is configured: behind a proxy only who asked knows where that was.
                var pages = http.RequestServices.GetService<IViewerAddresses>()?.For("").Pages;
                var publish = http.RequestServices.GetService<IPublishAddresses>()?.For(http.Request.Host.Host);
                return new SystemView(
                    Version, Roles.Name(Gate.Holder(http).Role), Roles.Names, ChannelRules.Ladders, ChannelRules.Latencies, ChannelRules.Takeovers,
                    [.. ChannelRules.Accesses.Where(a => ChannelRules.AccessMistake(a, authorization.Value) is null)], publish?.Rtmp, publish?.Rtmps,
                    string.IsNullOrEmpty(pages) ? null : pages);
            })
            .Asks(TokenRole.Viewer).Describe<SystemView>("getSystem", "The server's version, where encoders publish, your role, and the names that other requests use. 'publicUrl' is where viewers' pages are; null where none is configured, and they are where you asked.");
    }

    private static async Task<IResult> CreateAsync(HttpContext http, Tokens tokens, IOptions<ControlOptions> options, TimeProvider time)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        if (!Roles.TryParse(body.Word("role", Roles.Names, required: true), out var role))
        {
            role = TokenRole.Viewer;   // a mistake by now, told by Check
        }

        var label = body.Text("label") ?? "";
        var expires = body.Instant("expiresAt");
        var limits = new TokenLimits(body.Texts("channels"), body.Texts("scopes"));
        body.Check(ChannelRules.LabelMistakes(label, expires, time.GetUtcNow()).Concat(Scopes.Mistakes(limits)));
        return Issued(await tokens.CreateAsync(role, label, expires, limits, http.RequestAborted));
    }

    private static async Task<IResult> SetUpAsync(HttpContext http, SetupCodes codes, SetupThrottle throttle, IOptions<ControlOptions> options)
    {
        var remote = http.Connection.RemoteIpAddress is { } address ? new IPEndPoint(address, 0) : null;
        if (throttle.Attempts.IsOver(remote))
        {
            throw new ControlException(ControlCode.TooMany, "Too many wrong set-up codes from your address. Wait a minute.");
        }

        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var (code, name, password) = (body.Text("code", required: true), body.Text("name"), body.Text("password"));
        var mistakes = UserRules.Mistakes(name, null).Concat(UserRules.PasswordMistakes(name, password)).ToList();
        if ((name is null) != (password is null))
        {
            mistakes.Add(new(name is null ? "name" : "password", "A first admin who logs in has a name and a password."));
        }

        body.Check(mistakes);
        try
        {
            return Issued(await codes.RedeemAsync(code!, name, password, http.RequestAborted));
        }
        catch (ControlException e) when (e.Code == ControlCode.Refused)
        {
            throttle.Attempts.Failed(remote);
            throw;
        }
    }

    private static IResult Issued(IssuedToken issued) => TypedResults.Created($"/api/v1/tokens/{issued.Info.Id}", new IssuedTokenView(TokenView.From(issued.Info), issued.Token));
}

/// <summary>Set-up codes are counted apart from stream keys: a broken encoder must not lock the operator out.</summary>
internal sealed record SetupThrottle(AttemptThrottle Attempts);
