using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Api;

/// <summary>What an endpoint asks of a token; without it an endpoint asks for none.</summary>
internal sealed record RequiredRole(TokenRole Role);

/// <summary>
/// Stands before every endpoint: asks for the bearer token (RFC 6750) before anything else is looked at, and turns what goes wrong into problem details (RFC 9457).
/// </summary>
internal sealed class Gate(Tokens tokens, ILogger<Gate> logger) : IEndpointFilter
{
    private const string Scheme = "Bearer ";
    private static readonly object HolderKey = new();

    /// <summary>Whose request it is, once it is through the gate.</summary>
    public static TokenInfo Holder(HttpContext http) => (TokenInfo)http.Items[HolderKey]!;

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
                if (await tokens.VerifyAsync(TokenOf(http.Request), http.RequestAborted) is not { } holder)
                {
                    http.Response.Headers.WWWAuthenticate = "Bearer realm=\"broadcast\"";
                    return Problem(401, "Send a valid token: 'Authorization: Bearer TOKEN'. 'broadcast token create' makes one.");
                }

                if (holder.Role < role)
                {
                    return Problem(403, $"This needs a token of role {Roles.Name(role)}; yours is {Roles.Name(holder.Role)}.");
                }

                http.Items[HolderKey] = holder;
                using var known = Actor.Be(new(ActorKind.Token, holder.Id, holder.Label, address));
                return await next(context);
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
