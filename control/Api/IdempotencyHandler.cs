using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Npgsql;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace Broadcast.Control.Api;

/// <summary>
/// Idempotent creation requests. With the header <c>Idempotency-Key</c>, a repeated request of the same caller gets the first response
/// again and creates nothing. Responses that contain a secret are not stored; a repeated request then gets the location of the created
/// resource.
/// </summary>
internal static class IdempotencyHandler
{
    /// <summary>Request header with the key.</summary>
    public const string Header = "Idempotency-Key";

    /// <summary>Response header that marks a repeated response.</summary>
    public const string Replayed = "Idempotency-Replayed";

    private const int MaxLength = 200;

    /// <summary>Adds idempotency keys to an endpoint.</summary>
    /// <typeparam name="TView">Type of the success response.</typeparam>
    /// <param name="endpoint">Endpoint that accepts JSON and answers 201.</param>
    /// <param name="isSecret">Whether that response contains a secret.</param>
    public static RouteHandlerBuilder WithIdempotencyKey<TView>(this RouteHandlerBuilder endpoint, bool isSecret = true) =>
        endpoint.AddEndpointFilter((context, next) => RunAsync<TView>(context.HttpContext, () => next(context), isSecret))
            .ProducesProblem(422, EndpointDescriptions.ProblemType)
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                EndpointDescriptions.AddRequestHeader(
                    operation, Header,
                    $"1 to {MaxLength} visible ASCII characters of your choice, different for each resource to create. The same request "
                    + $"sent again within {IdempotencyKeys.Retention.TotalHours:0} h creates nothing: "
                    + (isSecret ? "the answer is 409 with the 'location' of the first resource, whose secret was shown then."
                        : $"the first response is repeated, with '{Replayed}: true'.")
                    + " 422: a different request used the key. 409 with 'Retry-After': the first request is still running.");
                return Task.CompletedTask;
            });

    /// <summary>Hash that identifies a request.</summary>
    internal static byte[] ComputeHash(string method, string path, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{method} {path}\n"));
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }

    private static async ValueTask<object?> RunAsync<TView>(HttpContext http, Func<ValueTask<object?>> action, bool isSecret)
    {
        var keyHeader = http.Request.Headers[Header];
        if (keyHeader.Count == 0)
        {
            return await action();
        }

        var key = KeyOf(keyHeader);
        var services = http.RequestServices;
        var keys = services.GetRequiredService<IdempotencyKeys>();
        var body = await RequestBody.BytesAsync(http.Request, services.GetRequiredService<IOptions<ControlOptions>>().Value.MaxBodyBytes,
            http.RequestAborted);
        var request = ComputeHash(http.Request.Method, http.Request.Path.Value ?? "", body.Span);
        var caller = ApiAuthorization.GetCaller(http).Key;
        if (await keys.ReserveAsync(caller, key, request, http.RequestAborted) is { } earlier)
        {
            return Replay(http, earlier, request);
        }

        // The body was read for the hash and is read again. From here on the request completes even if the caller disconnects, so that its
        // result is known when it is repeated.
        http.Request.Body = new MemoryStream(body.ToArray(), writable: false);
        http.RequestAborted = CancellationToken.None;
        var logger = services.GetRequiredService<ILogger<IdempotencyKeys>>();
        object? result;
        try
        {
            result = await action();
        }
        catch (Exception e) when (!ServerDatabase.IsUnavailable(e))
        {
            // Nothing was created. If the database became unavailable that is unknown, and the key stays taken.
            await TryAsync(logger, () => keys.ReleaseAsync(caller, key, CancellationToken.None));
            throw;
        }

        await TryAsync(logger, () => result is Created<TView> created
            ? keys.StoreAsync(caller, key, created.StatusCode, created.Location, isSecret ? null : Json(services, created.Value),
                CancellationToken.None)
            : keys.ReleaseAsync(caller, key, CancellationToken.None));
        return result;
    }

    private static IResult Replay(HttpContext http, IdempotentResponse earlier, byte[] request)
    {
        if (!earlier.Request.AsSpan().SequenceEqual(request))
        {
            return ApiAuthorization.Problem(422, $"Another request used this '{Header}'. Use a different key for each resource to create.");
        }

        if (earlier.Status is not { } status)
        {
            http.Response.Headers.RetryAfter = "1";
            return ApiAuthorization.Problem(
                409,
                $"A request with this '{Header}' started at {AuditLog.Text(earlier.CreatedAt)} and has no response yet. If that "
                + "persists, the server was stopped meanwhile: check whether the resource exists, and use another key.");
        }

        if (earlier.Body is not { } body)
        {
            return TypedResults.Problem(
                $"This was created at {AuditLog.Text(earlier.CreatedAt)}: {earlier.Location}. Its secret was shown only in that "
                + "response. If the response was lost, revoke the resource and create another with another key.",
                statusCode: 409,
                extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["location"] = earlier.Location });
        }

        http.Response.Headers[Replayed] = "true";
        http.Response.Headers.Location = earlier.Location;
        return TypedResults.Text(body, "application/json; charset=utf-8", statusCode: status);
    }

    private static string KeyOf(StringValues keyHeader) =>
        keyHeader.Count == 1 && keyHeader[0] is { Length: > 0 and <= MaxLength } key && key.All(c => c is > ' ' and <= '~')
            ? key
            : throw new OperationException([new(Header, $"'{Header}' must be 1 to {MaxLength} visible ASCII characters, sent once.")]);

    private static string Json<T>(IServiceProvider services, T value) =>
        JsonSerializer.Serialize(value, services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions);

    // The resource exists and its response is sent even if it cannot be stored.
    private static async Task TryAsync(ILogger logger, Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e) || e is PostgresException)
        {
            ControlLog.ResponseNotStored(logger, ServerDatabase.Describe(e));
        }
    }
}
