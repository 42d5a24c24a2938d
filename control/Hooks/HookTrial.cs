using Dapper;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>Tells a webhook a <see cref="HookTypes.Test"/> at once, once, beside what waits, and whatever it hears of otherwise; also one that is switched off. The log remembers it.</summary>
public sealed class HookTrial
{
    private readonly Database _database;
    private readonly HookSender _sender;
    private readonly TimeProvider _time;

    internal HookTrial(Database database, HookSender sender, TimeProvider time) => (_database, _sender, _time) = (database, sender, time);

    /// <summary>Tries a webhook out where no server need run.</summary>
    /// <returns>What the log says of it.</returns>
    /// <exception cref="ControlException">There is no such webhook.</exception>
    public static async Task<DeliveryInfo> RunAsync(Database database, ControlOptions options, TimeProvider time, string webhook, CancellationToken cancellationToken)
    {
        var wrapped = Options.Create(options);
        using var sender = new HookSender(new OutboundConnector(wrapped, time), wrapped, time);
        return await new HookTrial(database, sender, time).RunAsync(webhook, cancellationToken);
    }

    /// <summary>Tries a webhook out.</summary>
    /// <returns>What the log says of it.</returns>
    /// <exception cref="ControlException">There is no such webhook.</exception>
    internal async Task<DeliveryInfo> RunAsync(string webhook, CancellationToken cancellationToken)
    {
        var target = await FindAsync(webhook, cancellationToken);
        var at = _time.GetUtcNow();
        var id = Outbox.NewId(at);
        var body = Outbox.Body(id, at, HookTypes.Test, null, new { webhook });
        var outcome = await _sender.SendAsync(target, id, body, cancellationToken);
        var state = outcome.IsDelivered ? DeliveryStates.Delivered : DeliveryStates.Failed;
        var tried = _time.GetUtcNow();
        await using var connection = await _database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var delivery = await connection.QuerySingleOrDefaultAsync<long?>(new CommandDefinition(
            """
            WITH event AS (INSERT INTO webhook_events (id, type, channel, body, created_at) VALUES (@id, @type, NULL, @body, @at) RETURNING id)
            INSERT INTO webhook_deliveries (webhook_id, event_id, state, attempts, tried_at, status, fault, excerpt, seconds, created_at)
            SELECT w.id, event.id, @state, 1, @tried, @status, @fault, @excerpt, @seconds, @at FROM event, webhooks w WHERE w.id = @webhook RETURNING id
            """,
            new
            {
                id, type = HookTypes.Test, body, at, webhook, state, tried, status = outcome.Status, fault = outcome.Fault, excerpt = outcome.Excerpt, seconds = outcome.Seconds,
            },
            transaction,
            cancellationToken: cancellationToken)) ?? throw HookRules.NotFound();
        await AuditLog.AddAsync(connection, transaction, tried, "webhook.test", $"webhook/{webhook}", AuditLog.Detail(("event", id)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new(delivery, id, HookTypes.Test, null, state, 1, at, tried, null, outcome.Status, outcome.Fault, outcome.Excerpt, outcome.Seconds);
    }

    private async Task<HookTarget> FindAsync(string webhook, CancellationToken cancellationToken)
    {
        await using var connection = await _database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<HookTarget>(new CommandDefinition(
            "SELECT id, url, secret, old_secret AS oldSecret, old_secret_until AS oldSecretUntil FROM webhooks WHERE id = @webhook", new { webhook }, cancellationToken: cancellationToken))
            ?? throw HookRules.NotFound();
    }
}
