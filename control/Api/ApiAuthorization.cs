using System.Globalization;
using System.Net;
using Broadcast.Control.Identity;
using Broadcast.Control.Servers;
using Broadcast.Database;
using Broadcast.Media.ControlToCluster;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Api;

/// <summary>Role that an endpoint requires; endpoints without it require none.</summary>
internal sealed record RequiredRole(TokenRole Role);

/// <summary>Marks an endpoint that accepts unauthenticated requests. Roles and token scopes do not apply to it.</summary>
internal sealed record OptionalCaller;

/// <summary>Marks an endpoint whose requests last for hours; they do not count as concurrent requests of the caller.</summary>
internal sealed record LongRequest;

/// <summary>Marks an endpoint that encoders call; API rate limits do not apply to it.</summary>
internal sealed record RateLimitExempt;

/// <summary>
/// Endpoint filter of the API. It authenticates the bearer token (RFC 6750) or login cookie before anything else and turns exceptions into
/// problem details (RFC 9457). If both are sent, the token is used.
/// </summary>
internal sealed class ApiAuthorization(TokenRepository tokens, UserSessions sessions, CallerLimits limits, UnknownCallers unknownCallers,
    ILogger<ApiAuthorization> logger) : IEndpointFilter
{
    private const string RateLimitExceeded =
        "Rate limit exceeded (Control:ReadsPerSecond, Control:WritesPerSecond). Wait the number of seconds in 'Retry-After'.";

    private const string TooManyConcurrent = "Too many requests of this token or login are waiting. Send fewer at the same time.";

    private const string Scheme = "Bearer ";
    private static readonly object CallerKey = new();

    /// <summary>Gets the authenticated caller of a request.</summary>
    public static Caller GetCaller(HttpContext http) => (Caller)http.Items[CallerKey]!;

    /// <summary>Returns whether a request to an endpoint with <see cref="OptionalCaller"/> has a valid token or login.</summary>
    public static bool HasCaller(HttpContext http) => http.Items.ContainsKey(CallerKey);

    /// <summary>Gets the logged-in user of a request.</summary>
    /// <exception cref="OperationException">The caller is a token.</exception>
    public static AuthenticatedUser RequireUser(HttpContext http) =>
        GetCaller(http).User
        ?? throw new OperationException(OperationErrorCode.Denied, "This request requires a login; a token has no login and no password.");

    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        http.Response.Headers.CacheControl = "no-store";
        var address = http.Connection.RemoteIpAddress?.ToString() ?? "";
        using var anonymousScope = Actor.Use(Actor.Server with { Address = address });
        try
        {
            if (http.Features.Get<PeerRequest>() is not null)
            {
                return await AnswerPeerAsync(context, next);
            }

            var requiredRole = http.GetEndpoint()?.Metadata.GetMetadata<RequiredRole>();
            if (requiredRole is not null || http.GetEndpoint()?.Metadata.GetMetadata<OptionalCaller>() is not null)
            {
                var (found, anonymousDelay) = await unknownCallers.FindCallerAsync(
                    http, () => AuthenticateAsync(http, tokens, sessions, countsAsUse: true, http.RequestAborted));
                if (anonymousDelay is { } delay)
                {
                    return TooManyRequests(http, delay);
                }

                if (found is not { } caller)
                {
                    return requiredRole is null ? await next(context) : Unauthorized(http,
                        "Log in, or send a valid token: 'Authorization: Bearer TOKEN'. 'broadcast token create' creates one.");
                }

                if (caller.User is not null && !HttpMethods.IsGet(http.Request.Method)
                    && !SameOrigin.IsSameOrigin(http.Request, LoginCookie.PagesUrl(http)))
                {
                    return Problem(403,
                        "With a login, changes must come from a page of this server, and 'Sec-Fetch-Site' or 'Origin' does not show that. "
                        + "Programs use a token.");
                }

                if (limits.GetRetryDelay(caller.Key, HttpMethods.IsGet(http.Request.Method)) is { } wait)
                {
                    return TooManyRequests(http, wait);
                }

                if (requiredRole is not null && DenialReason(http, caller, requiredRole.Role) is { } denial)
                {
                    return Problem(403, denial);
                }

                using var slot = http.GetEndpoint()?.Metadata.GetMetadata<LongRequest>() is null
                    ? await limits.EnterAsync(caller.Key, http.RequestAborted) : NoSlot.Instance;
                if (slot is null)
                {
                    return TooManyRequests(http, TimeSpan.FromSeconds(1), TooManyConcurrent);
                }

                http.Items[CallerKey] = caller;
                using var callerScope = Actor.Use(caller.ActorAt(address));
                return await next(context);
            }

            if (http.GetEndpoint()?.Metadata.GetMetadata<RateLimitExempt>() is null
                && limits.GetRetryDelay(http.Connection.RemoteIpAddress, HttpMethods.IsGet(http.Request.Method)) is { } pause)
            {
                return TooManyRequests(http, pause);
            }

            return await next(context);
        }
        catch (BadHttpRequestException e)
        {
            return Problem(e.StatusCode, e.Message);
        }
        catch (OperationException e)
        {
            return Problem(http, e);
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e))
        {
            return Unavailable(http);
        }
        catch (PostgresException e)
        {
            ControlLog.RequestFailed(logger, e);
            return Problem((int)HttpStatusCode.InternalServerError, "The server failed to process the request; see its log.");
        }
    }

    /// <summary>
    /// Answers a request that another server forwards with the caller that it has authenticated, and whose limits it applies.
    /// </summary>
    private static async ValueTask<object?> AnswerPeerAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        http.Response.Headers[OwnerRequests.AnsweredBy] = http.RequestServices.GetRequiredService<ServerIdentity>().Id.ToString("D");
        if (ForwardedCaller.Read(http.Request) is not { } forwarded
            || http.GetEndpoint()?.Metadata.GetMetadata<RequiredRole>() is not { } required)
        {
            return Problem(StatusCodes.Status400BadRequest, "The request of the server names no caller.");
        }

        if (DenialReason(http, forwarded.Caller, required.Role) is { } denial)
        {
            return Problem(StatusCodes.Status403Forbidden, denial);
        }

        http.Items[CallerKey] = forwarded.Caller;
        using var scope = Actor.Use(forwarded.Caller.ActorAt(forwarded.Address));
        return await next(context);
    }

    internal static ProblemHttpResult Problem(int status, string detail) => TypedResults.Problem(detail, statusCode: status);

    /// <summary>Response 401 for an unknown caller (RFC 9110, section 15.5.2).</summary>
    internal static ProblemHttpResult Unauthorized(HttpContext http, string detail, string? needs = null)
    {
        http.Response.Headers.WWWAuthenticate = "Bearer realm=\"broadcast\"";
        return Problem(StatusCodes.Status401Unauthorized, detail, needs);
    }

    private static ProblemHttpResult Problem(int status, string detail, string? needs) =>
        needs is null ? Problem(status, detail) : TypedResults.Problem(detail, statusCode: status,
            extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["needs"] = needs });

    private static ProblemHttpResult TooManyRequests(HttpContext http, TimeSpan? wait, string detail = RateLimitExceeded)
    {
        if (wait is { } time)
        {
            http.Response.Headers.RetryAfter = Math.Ceiling(time.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        return Problem(StatusCodes.Status429TooManyRequests, detail);
    }

    /// <summary>Authenticates a request; returns <see langword="null"/> for an unknown caller.</summary>
    /// <param name="http">Request.</param>
    /// <param name="tokens">API tokens.</param>
    /// <param name="sessions">Logins.</param>
    /// <param name="countsAsUse">Whether the request counts as use of the login; not when a long-running request is only checked
    /// again.</param>
    /// <param name="cancellationToken">Cancels the lookup.</param>
    internal static async Task<Caller?> AuthenticateAsync(HttpContext http, TokenRepository tokens, UserSessions sessions, bool countsAsUse,
        CancellationToken cancellationToken)
    {
        if (http.Request.Headers.Authorization.Count > 0)
        {
            return await tokens.VerifyAsync(TokenOf(http.Request), cancellationToken) is { } token
                ? Broadcast.Control.Api.Caller.Of(token) : null;
        }

        return await sessions.VerifyAsync(LoginCookie.Read(http), countsAsUse, cancellationToken) is { } user
            ? Broadcast.Control.Api.Caller.Of(user) : null;
    }

    private static string? DenialReason(HttpContext http, Caller caller, TokenRole role) =>
        caller.Role < role ? $"Role {TokenRoles.Name(role)} is required; yours is {TokenRoles.Name(caller.Role)}."
        : Scopes.DenialReason(caller.Limits, http.Request.Method, (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "",
            http.GetRouteValue("name") as string);

    private sealed class NoSlot : IDisposable
    {
        public static readonly NoSlot Instance = new();

        public void Dispose()
        {
        }
    }

    private static string? TokenOf(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        return header.Count == 1 && header[0] is { } value
            && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? value[Scheme.Length..].Trim() : null;
    }

    private static ProblemHttpResult Problem(HttpContext http, OperationException e) => e.Code switch
    {
        OperationErrorCode.Invalid => TypedResults.Problem(
            "The request is invalid; 'errors' lists the errors by member.",
            statusCode: StatusCodes.Status400BadRequest,
            extensions: new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["errors"] = e.ValidationErrors.GroupBy(m => m.Member, m => m.Message, StringComparer.Ordinal)
                    .ToDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal),
            }),
        OperationErrorCode.NotFound => Problem(StatusCodes.Status404NotFound, e.Message),
        OperationErrorCode.Conflict => Problem(StatusCodes.Status409Conflict, e.Message, e.Needs),
        OperationErrorCode.Stale => Problem(StatusCodes.Status412PreconditionFailed, e.Message),
        OperationErrorCode.Denied => Problem(StatusCodes.Status403Forbidden, e.Message),
        OperationErrorCode.TooManyAttempts => TooManyRequests(http, e.RetryAfter, e.Message),
        OperationErrorCode.OwnerUnavailable => OwnerUnavailable(http, e.Message),
        OperationErrorCode.Broken => Problem(StatusCodes.Status503ServiceUnavailable, e.Message),
        _ => Unavailable(http),
    };

    private static ProblemHttpResult OwnerUnavailable(HttpContext http, string detail)
    {
        http.Response.Headers.RetryAfter = "2";
        return Problem(StatusCodes.Status503ServiceUnavailable, detail);
    }

    private static ProblemHttpResult Unavailable(HttpContext http)
    {
        http.Response.Headers.RetryAfter = "2";
        return Problem(StatusCodes.Status503ServiceUnavailable, "The database is unavailable; streams continue. Try again in a moment.");
    }
}
