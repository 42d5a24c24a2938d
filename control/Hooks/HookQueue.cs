using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>A webhook that this process alone delivers to, for a while.</summary>
/// <param name="Target">Where to.</param>
/// <param name="Lease">What proves that it is still this process' own.</param>
internal sealed record HookTurn(HookTarget Target, Guid Lease);

/// <summary>Something to be told now.</summary>
/// <param name="Id">The delivery.</param>
/// <param name="EventId">The event's id.</param>
/// <param name="Body">The request's body.</param>
/// <param name="Attempts">Tries so far.</param>
internal sealed record DueDelivery(long Id, string EventId, string Body, int Attempts);

/// <summary>What became of a try.</summary>
/// <param name="IsGivenUp">Whether it is not tried again.</param>
/// <param name="DisabledReason">Why the webhook was switched off with it; <see langword="null"/> when it was not.</param>
internal readonly record struct NotedOutcome(bool IsGivenUp, string? DisabledReason);

/// <summary>
/// The queue in the database from which any number of processes deliver. A webhook is one process' own while it has a lease on it, by the database's clock, so that what it is told keeps its order
/// and nothing is told twice at once. A process that dies keeps the lease until that is over; then another tells the same again, under the same id.
/// </summary>
internal sealed class HookQueue(Database database, TimeProvider time)
{
    /// <summary>How long a lease lasts that is not renewed: more than one request and writing down what came of it.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    // One that has failed a few times holds those behind it; after that it is beside the line (RetrySchedule.Holding).
    private static readonly string Due = $"""
        d.state = 'waiting' AND d.next_at <= @now AND (d.attempts > {RetrySchedule.Holding} OR NOT EXISTS (
            SELECT 1 FROM webhook_deliveries b WHERE b.webhook_id = d.webhook_id AND b.state = 'waiting' AND b.attempts <= {RetrySchedule.Holding} AND b.id < d.id))
        """;

    private static readonly string Claim = $"""
        UPDATE webhooks w SET lease = gen_random_uuid(), leased_until = now() + make_interval(secs => @span)
        WHERE w.id IN (
            SELECT c.id FROM webhooks c WHERE c.enabled AND (c.leased_until IS NULL OR c.leased_until < now()) AND EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = c.id AND {Due})
            ORDER BY c.tried_at NULLS FIRST, c.id LIMIT @most FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING w.id, w.url, w.secret, w.old_secret AS oldSecret, w.old_secret_until AS oldSecretUntil, w.lease
        """;

    private static readonly string Next = $"""
        SELECT d.id, d.event_id AS eventId, e.body, d.attempts FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id
        WHERE d.webhook_id = @id AND {Due} ORDER BY d.id LIMIT 1
        """;

    /// <summary>Takes webhooks that have something due and are nobody's at this moment, those first that were not told anything for longest.</summary>
    public async Task<IReadOnlyList<HookTurn>> ClaimAsync(int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Claimed>(new CommandDefinition(Claim, new { most, span = Lease.TotalSeconds, now = time.GetUtcNow() }, cancellationToken: cancellationToken));
        return [.. rows.Select(r => new HookTurn(new(r.Id, r.Url, r.Secret, r.OldSecret, r.OldSecretUntil), r.Lease))];
    }

    /// <summary>What is to be told next in a turn, whose lease begins anew; <see langword="null"/> when nothing is due, or the turn is over.</summary>
    public async Task<DueDelivery?> NextAsync(HookTurn turn, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var isOurs = await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE webhooks SET leased_until = now() + make_interval(secs => @span) WHERE id = @id AND lease = @lease AND enabled",
            new { id = turn.Target.Id, lease = turn.Lease, span = Lease.TotalSeconds },
            cancellationToken: cancellationToken)) == 1;
        return isOurs
            ? await connection.QuerySingleOrDefaultAsync<DueDelivery>(new CommandDefinition(Next, new { id = turn.Target.Id, now = time.GetUtcNow() }, cancellationToken: cancellationToken)) : null;
    }

    /// <summary>Writes down what came of a try, and when the next one is; switches the webhook off when it is gone or has failed for days.</summary>
    public async Task<NotedOutcome> NoteAsync(HookTurn turn, DueDelivery delivery, HookOutcome outcome, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var after = outcome.IsDelivered || outcome.IsGone ? null : RetrySchedule.After(delivery.Attempts + 1, outcome.RetryAfter, Random.Shared.NextDouble());
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await NoteDeliveryAsync(connection, transaction, delivery, outcome, now, now + after, cancellationToken);
        string? reason = null;
        if (outcome.IsDelivered)
        {
            await NoteSuccessAsync(connection, transaction, turn, now, cancellationToken);
        }
        else
        {
            reason = await NoteFailureAsync(connection, transaction, turn, outcome, now, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return new(!outcome.IsDelivered && after is null, reason);
    }

    /// <summary>The turn is over.</summary>
    public async Task ReleaseAsync(HookTurn turn, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE webhooks SET lease = NULL, leased_until = NULL WHERE id = @id AND lease = @lease", new { id = turn.Target.Id, lease = turn.Lease }, cancellationToken: cancellationToken));
    }

    /// <summary>When something is due next, which may be in the past; <see langword="null"/> when nothing waits.</summary>
    public async Task<DateTimeOffset?> NextDueAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<DateTime?>(new CommandDefinition(
            "SELECT min(d.next_at) FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE d.state = 'waiting' AND w.enabled", cancellationToken: cancellationToken)) is { } next
            ? new DateTimeOffset(next, TimeSpan.Zero) : null;
    }

    private static async Task NoteDeliveryAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, DueDelivery delivery, HookOutcome outcome, DateTimeOffset now, DateTimeOffset? next, CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE webhook_deliveries SET state = @state, attempts = attempts + 1, next_at = @next, tried_at = @now, status = @status, fault = @fault, excerpt = @excerpt, seconds = @seconds
            WHERE id = @id AND state = 'waiting'
            """,
            new
            {
                id = delivery.Id, now, next, status = outcome.Status, fault = outcome.Fault, excerpt = outcome.Excerpt, seconds = outcome.Seconds,
                state = outcome.IsDelivered ? DeliveryStates.Delivered : next is null ? DeliveryStates.Failed : DeliveryStates.Waiting,
            },
            transaction,
            cancellationToken: cancellationToken));

    /// <summary>When the receiver is back, those that stand beside the line need not wait for their hours; one that was tried just now does, since it may be what the receiver chokes on.</summary>
    private static async Task NoteSuccessAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, HookTurn turn, DateTimeOffset now, CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(
            $"""
            UPDATE webhook_deliveries d SET next_at = @now FROM webhooks w
            WHERE w.id = @id AND w.failing_since IS NOT NULL AND d.webhook_id = w.id AND d.state = 'waiting' AND d.attempts > {RetrySchedule.Holding} AND d.next_at > @now AND d.tried_at < @before;
            UPDATE webhooks SET tried_at = @now, failing_since = NULL, failures = 0 WHERE id = @id
            """,
            new { id = turn.Target.Id, now, before = now - TimeSpan.FromMinutes(10) },
            transaction,
            cancellationToken: cancellationToken));

    private static async Task<string?> NoteFailureAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, HookTurn turn, HookOutcome outcome, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var reason = outcome.IsGone ? "The receiver answered 410: it is gone for good." : $"Nothing has arrived for {RetrySchedule.GivenUpAfter.TotalDays:0} days. Last: {outcome.Fault}";
        var isOff = await connection.QuerySingleOrDefaultAsync<bool>(new CommandDefinition(
            """
            UPDATE webhooks SET tried_at = @now, failing_since = coalesce(failing_since, @now), failures = failures + 1,
                enabled = enabled AND NOT (@gone OR (coalesce(failing_since <= @longAgo, false) AND failures + 1 >= @many)),
                disabled_reason = CASE WHEN enabled AND (@gone OR (coalesce(failing_since <= @longAgo, false) AND failures + 1 >= @many)) THEN left(@reason, 500) ELSE disabled_reason END
            WHERE id = @id RETURNING NOT enabled AND disabled_reason = left(@reason, 500)
            """,
            new { id = turn.Target.Id, now, gone = outcome.IsGone, longAgo = now - RetrySchedule.GivenUpAfter, many = RetrySchedule.GivenUpFailures, reason },
            transaction,
            cancellationToken: cancellationToken));
        return isOff ? reason : null;
    }

    private sealed record Claimed(string Id, string Url, string Secret, string? OldSecret, DateTimeOffset? OldSecretUntil, Guid Lease);
}
