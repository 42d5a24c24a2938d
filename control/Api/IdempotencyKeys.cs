using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Api;

/// <summary>Stored result of an earlier request with the same key.</summary>
/// <param name="Request">Hash of that request.</param>
/// <param name="CreatedAt">Start of that request.</param>
/// <param name="Status">Status of the response; <see langword="null"/> while there is none, or when it is unknown.</param>
/// <param name="Location">Location of the created resource.</param>
/// <param name="Body">Body of the response; <see langword="null"/> when it contained a secret.</param>
internal sealed record IdempotentResponse(byte[] Request, DateTimeOffset CreatedAt, int? Status, string? Location, string? Body);

/// <summary>
/// Stores results of requests with an <c>Idempotency-Key</c> for <see cref="Retention"/>, at most <see cref="MaxPerCaller"/> per caller.
/// </summary>
internal sealed class IdempotencyKeys(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    /// <summary>Retention of results.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromHours(24);

    /// <summary>Maximum number of stored keys per caller.</summary>
    public const int MaxPerCaller = 10_000;

    // Each new key removes up to this many expired ones, so that removal outpaces growth.
    private const int MaxRemovedPerRequest = 100;

    // The holder of a conflicting row can release it between two statements.
    private const int Tries = 3;

    private const string RemoveExpired = """
        DELETE FROM idempotency_keys k USING (SELECT caller, key FROM idempotency_keys WHERE created_at < @old
            ORDER BY created_at LIMIT @most FOR UPDATE SKIP LOCKED) o
        WHERE k.caller = o.caller AND k.key = o.key
        """;

    private const string Reserve = """
        INSERT INTO idempotency_keys (caller, key, request, created_at)
        SELECT @caller, @key, @request, @now WHERE (SELECT count(*) FROM idempotency_keys k WHERE k.caller = @caller
            AND k.created_at >= @old) < @most
        ON CONFLICT (caller, key) DO UPDATE SET request = excluded.request, created_at = excluded.created_at, answered_at = NULL,
        status = NULL, location = NULL, body = NULL
            WHERE idempotency_keys.created_at < @old
        """;

    /// <summary>Reserves a key for a request.</summary>
    /// <param name="caller">Caller that owns the key; keys of different callers are independent.</param>
    /// <param name="key">Key, at most 200 characters.</param>
    /// <param name="request">SHA-256 of the request.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Earlier request with the same key; <see langword="null"/> when the key is now reserved.</returns>
    /// <exception cref="OperationException">The caller has <see cref="MaxPerCaller"/> keys.</exception>
    public async Task<IdempotentResponse?> ReserveAsync(string caller, string key, byte[] request, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var old = now - Retention;
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(RemoveExpired, new { old, most = MaxRemovedPerRequest },
            cancellationToken: cancellationToken));
        for (var i = 0; i < Tries; i++)
        {
            if (await connection.ExecuteAsync(new CommandDefinition(Reserve, new { caller, key, request, now, old, most = MaxPerCaller },
                cancellationToken: cancellationToken)) == 1)
            {
                return null;
            }

            if (await connection.QuerySingleOrDefaultAsync<IdempotentResponse>(new CommandDefinition(
                "SELECT request, created_at AS createdAt, status, location, body FROM idempotency_keys WHERE caller = @caller AND key = "
                + "@key AND created_at >= @old",
                new { caller, key, old },
                cancellationToken: cancellationToken)) is { } earlier)
            {
                return earlier;
            }
        }

        throw new OperationException(OperationErrorCode.TooManyAttempts,
            $"You have sent {MaxPerCaller} different keys within {Retention.TotalHours:0} h, which is the limit.");
    }

    /// <summary>Stores the result of a request.</summary>
    public async Task StoreAsync(string caller, string key, int status, string? location, string? body, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE idempotency_keys SET answered_at = @now, status = @status, location = @location, body = @body WHERE caller = @caller "
            + "AND key = @key",
            new { caller, key, status, location, body, now = time.GetUtcNow() },
            cancellationToken: cancellationToken));
    }

    /// <summary>Releases the key of a request that created nothing.</summary>
    public async Task ReleaseAsync(string caller, string key, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM idempotency_keys WHERE caller = @caller AND key = @key AND status IS NULL", new { caller, key },
            cancellationToken: cancellationToken));
    }
}
