using Dapper;

namespace Broadcast.Control.Api;

/// <summary>What an earlier request with the same key came to.</summary>
/// <param name="Request">The hash of that request.</param>
/// <param name="CreatedAt">When it began.</param>
/// <param name="Status">The status of its answer; <see langword="null"/> while there is none, and where it is not known.</param>
/// <param name="Location">What it made.</param>
/// <param name="Body">Its answer; <see langword="null"/> where that showed a secret.</param>
internal sealed record EarlierRequest(byte[] Request, DateTimeOffset CreatedAt, int? Status, string? Location, string? Body);

/// <summary>Remembers what requests with an <c>Idempotency-Key</c> came to, for <see cref="Memory"/>; at most <see cref="MaxPerCaller"/> of each caller.</summary>
internal sealed class IdempotencyKeys(Database database, TimeProvider time)
{
    /// <summary>How long a request is remembered.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(24);

    /// <summary>Most keys of one caller that are remembered at a time.</summary>
    public const int MaxPerCaller = 10_000;

    // Each request that is remembered clears away more old ones than it adds.
    private const int ForgottenAtOnce = 100;

    // Whoever has the row that is in the way may give it up between two statements.
    private const int Tries = 3;

    private const string Clear = """
        DELETE FROM idempotency_keys k USING (SELECT caller, key FROM idempotency_keys WHERE created_at < @old ORDER BY created_at LIMIT @most FOR UPDATE SKIP LOCKED) o
        WHERE k.caller = o.caller AND k.key = o.key
        """;

    private const string Take = """
        INSERT INTO idempotency_keys (caller, key, request, created_at)
        SELECT @caller, @key, @request, @now WHERE (SELECT count(*) FROM idempotency_keys k WHERE k.caller = @caller AND k.created_at >= @old) < @most
        ON CONFLICT (caller, key) DO UPDATE SET request = excluded.request, created_at = excluded.created_at, answered_at = NULL, status = NULL, location = NULL, body = NULL
            WHERE idempotency_keys.created_at < @old
        """;

    /// <summary>Takes a key for a request that is about to be done.</summary>
    /// <param name="caller">Whose key it is: those of others are others.</param>
    /// <param name="key">The key, at most 200 characters.</param>
    /// <param name="request">The request's SHA-256.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The request that had the key before; <see langword="null"/> when it is taken now.</returns>
    /// <exception cref="ControlException">The caller has <see cref="MaxPerCaller"/> keys.</exception>
    public async Task<EarlierRequest?> TakeAsync(string caller, string key, byte[] request, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var old = now - Memory;
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(Clear, new { old, most = ForgottenAtOnce }, cancellationToken: cancellationToken));
        for (var i = 0; i < Tries; i++)
        {
            if (await connection.ExecuteAsync(new CommandDefinition(Take, new { caller, key, request, now, old, most = MaxPerCaller }, cancellationToken: cancellationToken)) == 1)
            {
                return null;
            }

            if (await connection.QuerySingleOrDefaultAsync<EarlierRequest>(new CommandDefinition(
                "SELECT request, created_at AS createdAt, status, location, body FROM idempotency_keys WHERE caller = @caller AND key = @key AND created_at >= @old",
                new { caller, key, old },
                cancellationToken: cancellationToken)) is { } earlier)
            {
                return earlier;
            }
        }

        throw new ControlException(ControlCode.TooMany, $"You have sent {MaxPerCaller} different keys within {Memory.TotalHours:0} h, which is the most that are remembered.");
    }

    /// <summary>Keeps what a request came to.</summary>
    public async Task KeepAsync(string caller, string key, int status, string? location, string? body, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE idempotency_keys SET answered_at = @now, status = @status, location = @location, body = @body WHERE caller = @caller AND key = @key",
            new { caller, key, status, location, body, now = time.GetUtcNow() },
            cancellationToken: cancellationToken));
    }

    /// <summary>Gives a key back whose request made nothing.</summary>
    public async Task GiveBackAsync(string caller, string key, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM idempotency_keys WHERE caller = @caller AND key = @key AND status IS NULL", new { caller, key }, cancellationToken: cancellationToken));
    }
}
