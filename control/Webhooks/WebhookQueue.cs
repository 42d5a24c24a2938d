using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Control.Webhooks;

/// <summary>Webhook leased by this process for delivery.</summary>
/// <param name="Target">Target of the deliveries.</param>
/// <param name="Lease">Token that proves the lease.</param>
internal sealed record WebhookLease(WebhookTarget Target, Guid Lease);

/// <summary>Due delivery.</summary>
/// <param name="Id">Id of the delivery.</param>
/// <param name="EventId">Id of the event.</param>
/// <param name="Body">Request body.</param>
/// <param name="Attempts">Number of attempts so far.</param>
internal sealed record DueDelivery(long Id, string EventId, string Body, int Attempts);

/// <summary>Recorded result of an attempt.</summary>
/// <param name="IsAbandoned">Whether there are no further attempts.</param>
/// <param name="DisabledReason">Reason for disabling the webhook with this attempt; <see langword="null"/> otherwise.</param>
internal readonly record struct DeliveryOutcome(bool IsAbandoned, string? DisabledReason);

/// <summary>
/// Delivery queue in the database, shared by any number of processes. A process leases a webhook by the database's clock, so that
/// deliveries keep their order and are not sent concurrently. The lease of a crashed process expires; another process then repeats its
/// delivery under the same id.
/// </summary>
internal sealed class WebhookQueue(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    /// <summary>Duration of a lease; longer than one request and recording its result.</summary>
    public static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(60);

    // A failed delivery holds up later ones for a few attempts, and is then passed (RetrySchedule.Holding).
    private static readonly string Due = $"""
        d.state = 'waiting' AND d.next_attempt_at <= @now AND (d.attempts > {RetrySchedule.MaxBlockingFailures} OR NOT EXISTS (
            SELECT 1 FROM webhook_deliveries b WHERE b.webhook_id = d.webhook_id AND b.state = 'waiting' AND b.attempts <= {RetrySchedule.MaxBlockingFailures} AND b.id < d.id))
        """;

    private static readonly string Claim = $"""
        UPDATE webhooks w SET lease = gen_random_uuid(), leased_until = now() + make_interval(secs => @span)
        WHERE w.id IN (
            SELECT c.id FROM webhooks c WHERE c.enabled AND (c.leased_until IS NULL OR c.leased_until < now()) AND EXISTS (SELECT 1
                FROM webhook_deliveries d WHERE d.webhook_id = c.id AND {Due})
            ORDER BY c.tried_at NULLS FIRST, c.id LIMIT @most FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING w.id, w.url, w.secret, w.old_secret AS oldSecret, w.old_secret_until AS oldSecretUntil, w.lease
        """;

    private static readonly string Next = $"""
        SELECT d.id, d.event_id AS eventId, e.body, d.attempts FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id
        WHERE d.webhook_id = @id AND {Due} ORDER BY d.id LIMIT 1
        """;

    /// <summary>Leases webhooks with due deliveries, least recently served first.</summary>
    public async Task<IReadOnlyList<WebhookLease>> ClaimAsync(int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<LeasedRow>(new CommandDefinition(Claim,
            new { most, span = LeaseDuration.TotalSeconds, now = time.GetUtcNow() }, cancellationToken: cancellationToken));
        return [.. rows.Select(r => new WebhookLease(new(r.Id, r.Url, r.Secret, r.OldSecret, r.OldSecretUntil), r.Lease))];
    }

    /// <summary>Renews the lease and gets the next due delivery; <see langword="null"/> when none is due or the lease was lost.</summary>
    public async Task<DueDelivery?> NextAsync(WebhookLease turn, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var isOwner = await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE webhooks SET leased_until = now() + make_interval(secs => @span) WHERE id = @id AND lease = @lease AND enabled",
            new { id = turn.Target.Id, lease = turn.Lease, span = LeaseDuration.TotalSeconds },
            cancellationToken: cancellationToken)) == 1;
        return isOwner
            ? await connection.QuerySingleOrDefaultAsync<DueDelivery>(new CommandDefinition(Next,
                new { id = turn.Target.Id, now = time.GetUtcNow() }, cancellationToken: cancellationToken)) : null;
    }

    /// <summary>
    /// Records the result of an attempt and the time of the next one. Disables the webhook when the receiver answered 410 or has failed for
    /// days.
    /// </summary>
    public async Task<DeliveryOutcome> RecordAsync(WebhookLease turn, DueDelivery delivery, WebhookSendResult outcome,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var delay = outcome.IsDelivered || outcome.IsGone ? null
            : RetrySchedule.DelayAfter(delivery.Attempts + 1, outcome.RetryAfter, Random.Shared.NextDouble());
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await RecordDeliveryAsync(connection, transaction, delivery, outcome, now, now + delay, cancellationToken);
        string? reason = null;
        if (outcome.IsDelivered)
        {
            await RecordSuccessAsync(connection, transaction, turn, now, cancellationToken);
        }
        else
        {
            reason = await RecordFailureAsync(connection, transaction, turn, outcome, now, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return new(!outcome.IsDelivered && delay is null, reason);
    }

    /// <summary>Releases the lease.</summary>
    public async Task ReleaseAsync(WebhookLease turn, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE webhooks SET lease = NULL, leased_until = NULL WHERE id = @id AND lease = @lease",
            new { id = turn.Target.Id, lease = turn.Lease }, cancellationToken: cancellationToken));
    }

    /// <summary>Gets the time of the next due delivery, possibly in the past; <see langword="null"/> when none is pending.</summary>
    public async Task<DateTimeOffset?> NextDueAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<DateTime?>(new CommandDefinition(
            "SELECT min(d.next_attempt_at) FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE d.state = 'waiting' AND "
            + "w.enabled", cancellationToken: cancellationToken)) is { } next
            ? new DateTimeOffset(next, TimeSpan.Zero) : null;
    }

    private static async Task RecordDeliveryAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, DueDelivery delivery, WebhookSendResult outcome, DateTimeOffset now,
        DateTimeOffset? next, CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE webhook_deliveries SET state = @state, attempts = attempts + 1, next_attempt_at = @next, last_attempt_at = @now,
                status = @status, error = @error, excerpt = @excerpt, seconds = @seconds
            WHERE id = @id AND state = 'waiting'
            """,
            new
            {
                id = delivery.Id, now, next, status = outcome.Status, error = outcome.Error, excerpt = outcome.Excerpt,
                seconds = outcome.Seconds,
                state = DeliveryStates.Name(
                    outcome.IsDelivered ? DeliveryState.Delivered : next is null ? DeliveryState.Failed : DeliveryState.Waiting),
            },
            transaction,
            cancellationToken: cancellationToken));

    /// <summary>
    /// Records a success. Deliveries that were passed become due at once, except those tried within the last 10 minutes, which may cause
    /// the receiver's failures.
    /// </summary>
    private static async Task RecordSuccessAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, WebhookLease turn,
        DateTimeOffset now, CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(
            $"""
            UPDATE webhook_deliveries d SET next_attempt_at = @now FROM webhooks w
            WHERE w.id = @id AND w.failing_since IS NOT NULL AND d.webhook_id = w.id AND d.state = 'waiting'
                AND d.attempts > {RetrySchedule.MaxBlockingFailures} AND d.next_attempt_at > @now AND d.last_attempt_at < @before;
            UPDATE webhooks SET tried_at = @now, failing_since = NULL, failures = 0 WHERE id = @id
            """,
            new { id = turn.Target.Id, now, before = now - TimeSpan.FromMinutes(10) },
            transaction,
            cancellationToken: cancellationToken));

    private static async Task<string?> RecordFailureAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, WebhookLease turn, WebhookSendResult outcome, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var reason = outcome.IsGone ? "The receiver answered 410 Gone."
            : $"No delivery has succeeded for {RetrySchedule.DisableAfter.TotalDays:0} days. Last error: {outcome.Error}";
        var wasDisabled = await connection.QuerySingleOrDefaultAsync<bool>(new CommandDefinition(
            """
            UPDATE webhooks SET tried_at = @now, failing_since = coalesce(failing_since, @now), failures = failures + 1,
                enabled = enabled AND NOT (@gone OR (coalesce(failing_since <= @longAgo, false) AND failures + 1 >= @many)),
                disabled_reason = CASE WHEN enabled AND (@gone OR (coalesce(failing_since <= @longAgo, false) AND failures + 1 >= @many))
                THEN left(@reason, 500) ELSE disabled_reason END
            WHERE id = @id RETURNING NOT enabled AND disabled_reason = left(@reason, 500)
            """,
            new { id = turn.Target.Id, now, gone = outcome.IsGone, longAgo = now - RetrySchedule.DisableAfter,
                many = RetrySchedule.DisableFailures, reason },
            transaction,
            cancellationToken: cancellationToken));
        return wasDisabled ? reason : null;
    }

    private sealed record LeasedRow(string Id, string Url, string Secret, string? OldSecret, DateTimeOffset? OldSecretUntil, Guid Lease);
}
