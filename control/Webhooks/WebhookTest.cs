using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media.Outbound;
using Dapper;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Webhooks;

/// <summary>
/// Sends a <see cref="WebhookEventTypes.Test"/> event to a webhook once and at once, independent of the queue, of its event types and of
/// whether it is enabled. The attempt is logged.
/// </summary>
public sealed class WebhookTest
{
    private readonly ServerDatabase _database;
    private readonly WebhookSender _sender;
    private readonly TimeProvider _time;

    internal WebhookTest(ServerDatabase database, WebhookSender sender, TimeProvider time) =>
        (_database, _sender, _time) = (database, sender, time);

    /// <summary>Tests a webhook without a running server.</summary>
    /// <returns>Logged delivery.</returns>
    /// <exception cref="OperationException">The webhook does not exist.</exception>
    public static async Task<DeliveryInfo> RunAsync(ServerDatabase database, ControlOptions options, TimeProvider time, string webhook,
        CancellationToken cancellationToken)
    {
        var wrappedOptions = Options.Create(options);
        using var sender = new WebhookSender(options.CreateConnector(time), wrappedOptions, time);
        return await new WebhookTest(database, sender, time).RunAsync(webhook, cancellationToken);
    }

    /// <summary>Tests a webhook.</summary>
    /// <returns>Logged delivery.</returns>
    /// <exception cref="OperationException">The webhook does not exist.</exception>
    internal async Task<DeliveryInfo> RunAsync(string webhook, CancellationToken cancellationToken)
    {
        var target = await FindAsync(webhook, cancellationToken);
        var at = _time.GetUtcNow();
        var id = Outbox.NewId(at);
        var body = Outbox.Body(id, at, WebhookEventTypes.Test, null, new { webhook });
        var outcome = await _sender.SendAsync(target, id, body, cancellationToken);
        var state = outcome.IsDelivered ? DeliveryState.Delivered : DeliveryState.Failed;
        var attemptedAt = _time.GetUtcNow();
        await using var connection = await _database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var delivery = await connection.QuerySingleOrDefaultAsync<long?>(new CommandDefinition(
            """
            WITH event AS (INSERT INTO webhook_events (id, type, channel, body, created_at) VALUES (@id, @type, NULL, @body, @at)
                RETURNING id)
            INSERT INTO webhook_deliveries (webhook_id, event_id, state, attempts, last_attempt_at, status, error, excerpt, seconds,
                created_at)
            SELECT w.id, event.id, @state, 1, @attemptedAt, @status, @error, @excerpt, @seconds, @at FROM event, webhooks w
                WHERE w.id = @webhook RETURNING id
            """,
            new
            {
                id, type = WebhookEventTypes.Test, body, at, webhook, state = DeliveryStates.Name(state), attemptedAt,
                status = outcome.Status, error = outcome.Error, excerpt = outcome.Excerpt, seconds = outcome.Seconds,
            },
            transaction,
            cancellationToken: cancellationToken)) ?? throw WebhookRules.NotFound();
        await AuditLog.RecordAsync(connection, transaction, attemptedAt, "webhook.test", $"webhook/{webhook}",
            AuditLog.Detail(("event", id)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new(delivery, id, WebhookEventTypes.Test, null, state, 1, at, attemptedAt, null, outcome.Status, outcome.Error,
            outcome.Excerpt, outcome.Seconds);
    }

    private async Task<WebhookTarget> FindAsync(string webhook, CancellationToken cancellationToken)
    {
        await using var connection = await _database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<WebhookTarget>(new CommandDefinition(
            "SELECT id, url, secret, old_secret AS oldSecret, old_secret_until AS oldSecretUntil FROM webhooks WHERE id = @webhook",
            new { webhook }, cancellationToken: cancellationToken))
            ?? throw WebhookRules.NotFound();
    }
}
