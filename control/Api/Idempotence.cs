using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
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
/// Requests that make something, and are safe to send again when their answer was lost: with the header <c>Idempotency-Key</c> the same caller gets the first answer again, and nothing is made twice. An answer that shows a secret is
/// not kept, so it is not given again either: the caller is told what was made.
/// </summary>
internal static class Idempotence
{
    /// <summary>The header that a request brings.</summary>
    public const string Header = "Idempotency-Key";

    /// <summary>The header of an answer that was given before.</summary>
    public const string Replayed = "Idempotency-Replayed";

    private const int MaxLength = 200;

    /// <summary>Has an endpoint that makes something take keys.</summary>
    /// <typeparam name="TView">What it answers when it made it.</typeparam>
    /// <param name="endpoint">The endpoint. It takes JSON and answers 201.</param>
    /// <param name="isSecret">Whether that answer shows a secret.</param>
    public static RouteHandlerBuilder Repeatable<TView>(this RouteHandlerBuilder endpoint, bool isSecret = true) =>
        endpoint.AddEndpointFilter((context, next) => RunAsync<TView>(context.HttpContext, () => next(context), isSecret))
            .ProducesProblem(422, Description.ProblemType)
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                Description.Reads(
                    operation, Header,
                    $"1 to {MaxLength} visible ASCII characters of your choice, another for each thing to be made. The same request sent again within {IdempotencyKeys.Memory.TotalHours:0} h makes nothing: "
                    + (isSecret ? "it is answered 409 with the 'location' of what the first one made, whose secret was shown then." : $"it gets the first answer again, with '{Replayed}: true'.")
                    + " 422: the key was another request's. 409 with 'Retry-After': the first one is still at work.");
                return Task.CompletedTask;
            });

    /// <summary>What tells a request from others.</summary>
    internal static byte[] HashOf(string method, string path, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{method} {path}\n"));
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }

    private static async ValueTask<object?> RunAsync<TView>(HttpContext http, Func<ValueTask<object?>> work, bool isSecret)
    {
        var sent = http.Request.Headers[Header];
        if (sent.Count == 0)
        {
            return await work();
        }

        var key = KeyOf(sent);
        var services = http.RequestServices;
        var keys = services.GetRequiredService<IdempotencyKeys>();
        var body = await RequestBody.BytesAsync(http.Request, services.GetRequiredService<IOptions<ControlOptions>>().Value.MaxBodyBytes, http.RequestAborted);
        var request = HashOf(http.Request.Method, http.Request.Path.Value ?? "", body.Span);
        var holder = Gate.Holder(http);
        var caller = $"{AuditLog.Name(holder.Kind)}/{holder.Id}";
        if (await keys.TakeAsync(caller, key, request, http.RequestAborted) is { } earlier)
        {
            return Again(http, earlier, request);
        }

        // It was read for the hash, and is read again. From here on the request is done to its end though its caller goes, so that it is known what came of it when they ask again.
        http.Request.Body = new MemoryStream(body.ToArray(), writable: false);
        http.RequestAborted = CancellationToken.None;
        var logger = services.GetRequiredService<ILogger<IdempotencyKeys>>();
        object? result;
        try
        {
            result = await work();
        }
        catch (Exception e) when (!Database.IsAway(e))
        {
            // Nothing was made. Where the database went away that is not known, and the key stays taken.
            await TryAsync(logger, () => keys.GiveBackAsync(caller, key, CancellationToken.None));
            throw;
        }

        await TryAsync(logger, () => result is Created<TView> made
            ? keys.KeepAsync(caller, key, made.StatusCode, made.Location, isSecret ? null : Json(services, made.Value), CancellationToken.None)
            : keys.GiveBackAsync(caller, key, CancellationToken.None));
        return result;
    }

    private static IResult Again(HttpContext http, EarlierRequest earlier, byte[] request)
    {
        if (!earlier.Request.AsSpan().SequenceEqual(request))
        {
            return Gate.Problem(422, $"Another request had this '{Header}'. Take another key for each thing that is to be made.");
        }

        if (earlier.Status is not { } status)
        {
            http.Response.Headers.RetryAfter = "1";
            return Gate.Problem(
                409, $"A request with this '{Header}' began at {AuditLog.Text(earlier.CreatedAt)} and has no answer yet. When that stays so, the server was stopped meanwhile: look what is there, and take another key.");
        }

        if (earlier.Body is not { } body)
        {
            return TypedResults.Problem(
                $"This was made at {AuditLog.Text(earlier.CreatedAt)}: {earlier.Location}. Its secret was shown in the answer of then and is kept nowhere; when that answer was lost, withdraw what was made and make another with another key.",
                statusCode: 409,
                extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["location"] = earlier.Location });
        }

        http.Response.Headers[Replayed] = "true";
        http.Response.Headers.Location = earlier.Location;
        return TypedResults.Text(body, "application/json; charset=utf-8", statusCode: status);
    }

    private static string KeyOf(StringValues sent) =>
        sent.Count == 1 && sent[0] is { Length: > 0 and <= MaxLength } key && key.All(c => c is > ' ' and <= '~')
            ? key : throw new ControlException([new(Header, $"'{Header}' is 1 to {MaxLength} visible ASCII characters, sent once.")]);

    private static string Json<T>(IServiceProvider services, T value) => JsonSerializer.Serialize(value, services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions);

    // What was made is made, and told, whether it is remembered or not.
    private static async Task TryAsync(ILogger logger, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (Database.IsAway(e) || e is PostgresException)
        {
            ControlLog.AnswerNotKept(logger, Database.Describe(e));
        }
    }
}
