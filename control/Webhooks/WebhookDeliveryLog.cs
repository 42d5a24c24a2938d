using Broadcast.Control.Identity;
using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Webhooks;

/// <summary>Delivery of an event to a webhook.</summary>
/// <param name="Id">Increasing number.</param>
/// <param name="EventId">Value of the header <c>webhook-id</c>.</param>
/// <param name="Type">One of <see cref="WebhookEventTypes"/>.</param>
/// <param name="Channel">Channel of the event; <see langword="null"/> for none.</param>
/// <param name="State">State of the delivery.</param>
/// <param name="Attempts">Number of attempts so far.</param>
/// <param name="CreatedAt">Time of the event.</param>
/// <param name="LastAttemptAt">Time of the last attempt.</param>
/// <param name="NextAttemptAt">Time of the next attempt; <see langword="null"/> for none.</param>
/// <param name="Status">HTTP status of the last attempt; <see langword="null"/> without a response.</param>
/// <param name="Error">Reason why the last attempt failed.</param>
/// <param name="ResponseExcerpt">Beginning of the last response.</param>
/// <param name="Seconds">Duration of the last attempt.</param>
public sealed record DeliveryInfo(
    long Id, string EventId, string Type, string? Channel, DeliveryState State, int Attempts, DateTimeOffset CreatedAt,
    DateTimeOffset? LastAttemptAt, DateTimeOffset? NextAttemptAt, int? Status, string? Error,
    string? ResponseExcerpt, double? Seconds);

/// <summary>
/// Log of webhook deliveries. It is kept for <see cref="ControlOptions.WebhookRetention"/>, with at most the last <see cref="MaxRetained"/>
/// of each webhook. Pending deliveries of an enabled webhook stay until they are delivered or abandoned.
/// </summary>
public sealed class WebhookDeliveryLog(ServerDatabase database, IOptions<ControlOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    /// <summary>Maximum number of logged deliveries per webhook.</summary>
    public const int MaxRetained = 10_000;

    /// <summary>Maximum number of deliveries per page.</summary>
    public const int MaxPage = 200;

    // Bounds the duration of one statement; the next cleanup removes more.
    private const int BatchSize = 5000;

    private const string Columns = """
        d.id, d.event_id AS eventId, e.type, e.channel, d.state, d.attempts, d.created_at AS createdAt, d.last_attempt_at AS lastAttemptAt, d.next_attempt_at AS nextAttemptAt, d.status, d.error AS error, d.excerpt AS responseExcerpt,
        d.seconds
        """;

    /// <summary>Lists deliveries of a webhook, newest first.</summary>
    /// <param name="webhook">Id of the webhook.</param>
    /// <param name="state">Only deliveries in this state.</param>
    /// <param name="before">Only deliveries older than this id, for paging.</param>
    /// <param name="limit">1 to <see cref="MaxPage"/>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The webhook does not exist, or a value is invalid.</exception>
    public async Task<IReadOnlyList<DeliveryInfo>> ListAsync(string webhook, DeliveryState? state = null, long? before = null,
        int limit = 50, CancellationToken cancellationToken = default)
    {
        if (limit is < 1 or > MaxPage)
        {
            throw new OperationException([new("limit", $"A limit must be 1 to {MaxPage}.")]);
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        if (!await connection.ExecuteScalarAsync<bool>(new CommandDefinition("SELECT EXISTS (SELECT 1 FROM webhooks WHERE id = @webhook)",
            new { webhook }, cancellationToken: cancellationToken)))
        {
            throw WebhookRules.NotFound();
        }

        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"""
            SELECT {Columns} FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id
            WHERE d.webhook_id = @webhook AND (@state::text IS NULL OR d.state = @state) AND (@before::bigint IS NULL OR d.id < @before)
                ORDER BY d.id DESC LIMIT @limit
            """,
            new { webhook, state = state is { } wanted ? DeliveryStates.Name(wanted) : null, before, limit },
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    /// <summary>Repeats a delivery under the same id, whatever its result. It is sent before later deliveries.</summary>
    /// <exception cref="OperationException">The delivery does not exist, or the webhook is disabled.</exception>
    public async Task<DeliveryInfo> ReplayAsync(string webhook, long delivery, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var isEnabled = await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            "SELECT enabled FROM webhooks WHERE id = @webhook", new { webhook }, transaction, cancellationToken: cancellationToken))
            ?? throw WebhookRules.NotFound();
        if (!isEnabled)
        {
            throw new OperationException(OperationErrorCode.Conflict, $"Webhook {webhook} is disabled. Enable it first.");
        }

        var changed = await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, next_attempt_at = @now WHERE id = @delivery AND webhook_id = "
            + "@webhook",
            new { webhook, delivery, now = time.GetUtcNow() },
            transaction,
            cancellationToken: cancellationToken));
        if (changed == 0)
        {
            throw new OperationException(OperationErrorCode.NotFound,
                $"Webhook {webhook} has no delivery {delivery}; old deliveries are removed.");
        }

        var row = await connection.QuerySingleAsync<Row>(new CommandDefinition(
            $"SELECT {Columns} FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id WHERE d.id = @delivery",
            new { delivery }, transaction, cancellationToken: cancellationToken));
        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "webhook.replay", $"webhook/{webhook}",
            AuditLog.Detail(("event", row.EventId)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.ToInfo();
    }

    /// <summary>Removes old and excess deliveries in batches.</summary>
    internal async Task CleanUpAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            DELETE FROM webhook_events WHERE id IN (SELECT e.id FROM webhook_events e WHERE e.created_at < @old AND NOT EXISTS (
                SELECT 1 FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE d.event_id = e.id AND d.state = 'waiting'
                    AND w.enabled) LIMIT @most)
            """,
            new { old = time.GetUtcNow() - options.Value.WebhookRetention, most = BatchSize },
            cancellationToken: cancellationToken));
        await connection.ExecuteAsync(new CommandDefinition(
            """
            WITH t AS MATERIALIZED (SELECT w.id, (SELECT k.id FROM webhook_deliveries k WHERE k.webhook_id = w.id
                ORDER BY k.id DESC OFFSET @kept LIMIT 1) AS last FROM webhooks w)
            DELETE FROM webhook_deliveries d USING t WHERE d.webhook_id = t.id AND d.id <= t.last AND d.state <> 'waiting'
            """,
            new { kept = MaxRetained },
            cancellationToken: cancellationToken));
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM webhook_events WHERE id IN (SELECT e.id FROM webhook_events e WHERE NOT EXISTS (SELECT 1 FROM webhook_deliveries "
            + "d WHERE d.event_id = e.id) LIMIT @most)",
            new { most = BatchSize },
            cancellationToken: cancellationToken));
    }

    private sealed record Row(
        long Id, string EventId, string Type, string? Channel, string State, int Attempts, DateTimeOffset CreatedAt,
        DateTimeOffset? LastAttemptAt, DateTimeOffset? NextAttemptAt, int? Status, string? Error, string? ResponseExcerpt, double? Seconds)
    {
        public DeliveryInfo ToInfo() => new(Id, EventId, Type, Channel, DeliveryStates.Parse(State), Attempts, CreatedAt, LastAttemptAt,
            NextAttemptAt, Status, Error, ResponseExcerpt, Seconds);
    }
}
