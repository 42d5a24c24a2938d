using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Api;

/// <summary>What an endpoint asks of who comes; without it an endpoint asks for nothing.</summary>
internal sealed record RequiredRole(TokenRole Role);

/// <summary>An endpoint that encoders ask: how often they do is not for the API's limits.</summary>
internal sealed record NotCounted;

/// <summary>
/// Stands before every endpoint: asks for the bearer token (RFC 6750) or the login's cookie before anything else is looked at, and turns what goes wrong into problem details (RFC 9457). Where both are sent, the token counts.
/// </summary>
internal sealed class Gate(Tokens tokens, UserSessions sessions, CallerLimits limits, ILogger<Gate> logger) : IEndpointFilter
{
    private const string Scheme = "Bearer ";
    private static readonly object HolderKey = new();

    /// <summary>Whose request it is, once it is through the gate.</summary>
    public static Holder Holder(HttpContext http) => (Holder)http.Items[HolderKey]!;

    /// <summary>The person whose request it is.</summary>
    /// <exception cref="ControlException">It is a token's.</exception>
    public static LoggedIn Person(HttpContext http) =>
        Holder(http).User ?? throw new ControlException(ControlCode.Refused, "This is for people who logged in; a token has no login and no password.");

    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        http.Response.Headers.CacheControl = "no-store";
        var address = http.Connection.RemoteIpAddress?.ToString() ?? "";
        using var stranger = Actor.Be(Actor.Server with { Address = address });
        try
        {
            if (http.GetEndpoint()?.Metadata.GetMetadata<RequiredRole>() is { Role: var role })
            {
                if (await HolderAsync(http) is not { } holder)
                {
                    if (limits.WaitOf(http.Connection.RemoteIpAddress, HttpMethods.IsGet(http.Request.Method)) is { } enough)
                    {
                        return TooOften(http, enough);
                    }

                    return Unknown(http, "Log in, or send a valid token: 'Authorization: Bearer TOKEN'. 'broadcast token create' makes one.");
                }

                if (holder.User is not null && !HttpMethods.IsGet(http.Request.Method) && !SameOrigin.IsProved(http.Request, LoginCookie.Pages(http)))
                {
                    return Problem(403, "A login changes things only from a page of this server: the browser's 'Sec-Fetch-Site' or 'Origin' does not say that this came from one. Programs use a token.");
                }

                if (limits.WaitOf($"{AuditLog.Name(holder.Kind)}/{holder.Id}", HttpMethods.IsGet(http.Request.Method)) is { } wait)
                {
                    return TooOften(http, wait);
                }

                if (holder.Role < role)
                {
                    return Problem(403, $"This needs the role {Roles.Name(role)}; yours is {Roles.Name(holder.Role)}.");
                }

                if (Scopes.Refusal(holder.Limits, http.Request.Method, (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "", http.GetRouteValue("name") as string) is { } why)
                {
                    return Problem(403, why);
                }

                http.Items[HolderKey] = holder;
                using var known = Actor.Be(holder.At(address));
                return await next(context);
            }

            if (http.GetEndpoint()?.Metadata.GetMetadata<NotCounted>() is null && limits.WaitOf(http.Connection.RemoteIpAddress, HttpMethods.IsGet(http.Request.Method)) is { } pause)
            {
                return TooOften(http, pause);
            }

            return await next(context);
        }
        catch (BadHttpRequestException e)
        {
            return Problem(e.StatusCode, e.Message);
        }
        catch (ControlException e)
        {
            return Problem(http, e);
        }
        catch (Exception e) when (Database.IsAway(e))
        {
            return Away(http);
        }
        catch (PostgresException e)
        {
            ControlLog.RequestFailed(logger, e);
            return Problem((int)HttpStatusCode.InternalServerError, "The server could not do that; its log tells why.");
        }
    }

    internal static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(detail, statusCode: status);

    /// <summary>Nobody that is known (RFC 9110, section 15.5.2).</summary>
    internal static ProblemHttpResult Unknown(HttpContext http, string detail, string? needs = null)
    {
        http.Response.Headers.WWWAuthenticate = "Bearer realm=\"broadcast\"";
        return needs is null ? Problem(401, detail) : TypedResults.Problem(detail, statusCode: 401, extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["needs"] = needs });
    }

    private static ProblemHttpResult TooOften(HttpContext http, TimeSpan wait)
    {
        http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return Problem(429, "You ask more often than this server allows (Control:ReadsPerSecond, Control:WritesPerSecond). 'Retry-After' says how many seconds to wait.");
    }

    private async Task<Holder?> HolderAsync(HttpContext http)
    {
        return await FindAsync(http, tokens, sessions, isUse: true, http.RequestAborted);
    }

    /// <summary>Whose request it is; <see langword="null"/> for nobody that is known.</summary>
    /// <param name="http">The request.</param>
    /// <param name="tokens">The tokens there are.</param>
    /// <param name="sessions">The logins there are.</param>
    /// <param name="isUse">Whether a login counts as used: not where a request that goes on by itself is only looked at again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<Holder?> FindAsync(HttpContext http, Tokens tokens, UserSessions sessions, bool isUse, CancellationToken cancellationToken)
    {
        if (http.Request.Headers.Authorization.Count > 0)
        {
            return await tokens.VerifyAsync(TokenOf(http.Request), cancellationToken) is { } token ? Api.Holder.Of(token) : null;
        }

        return await sessions.VerifyAsync(LoginCookie.Read(http), isUse, cancellationToken) is { } user ? Api.Holder.Of(user) : null;
    }

    private static string? TokenOf(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        return header.Count == 1 && header[0] is { } value && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? value[Scheme.Length..].Trim() : null;
    }

    private static ProblemHttpResult Problem(HttpContext http, ControlException e) => e.Code switch
    {
        ControlCode.Invalid => TypedResults.Problem(
            "The request has mistakes; 'errors' lists them by member.",
            statusCode: StatusCodes.Status400BadRequest,
            extensions: new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["errors"] = e.Mistakes.GroupBy(m => m.Member, m => m.Message, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal),
            }),
        ControlCode.NotFound => Problem(StatusCodes.Status404NotFound, e.Message),
        ControlCode.Conflict => Problem(StatusCodes.Status409Conflict, e.Message),
        ControlCode.Stale => Problem(StatusCodes.Status412PreconditionFailed, e.Message),
        ControlCode.Refused => Problem(StatusCodes.Status403Forbidden, e.Message),
        ControlCode.TooMany => Problem(StatusCodes.Status429TooManyRequests, e.Message),
        _ => Away(http),
    };

    private static ProblemHttpResult Away(HttpContext http)
    {
        http.Response.Headers.RetryAfter = "2";
        return Problem(StatusCodes.Status503ServiceUnavailable, "The database is away; streams go on. Try again in a moment.");
    }
}
