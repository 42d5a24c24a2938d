using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>How deliveries stand.</summary>
public static class DeliveryStates
{
    /// <summary>To be told, for the first time or again.</summary>
    public const string Waiting = "waiting";

    /// <summary>The receiver answered 2xx.</summary>
    public const string Delivered = "delivered";

    /// <summary>Given up.</summary>
    public const string Failed = "failed";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Waiting, Delivered, Failed];
}

/// <summary>What a webhook was told, or is to be told.</summary>
/// <param name="Id">A number; later ones are higher.</param>
/// <param name="EventId">What stands in the header <c>webhook-id</c>.</param>
/// <param name="Type">One of <see cref="HookTypes"/>.</param>
/// <param name="Channel">The channel that it is about; <see langword="null"/> for none.</param>
/// <param name="State">One of <see cref="DeliveryStates"/>.</param>
/// <param name="Attempts">Tries so far.</param>
/// <param name="CreatedAt">When it happened.</param>
/// <param name="TriedAt">When it was last tried.</param>
/// <param name="NextAt">When it is tried next; <see langword="null"/> when it is not.</param>
/// <param name="Status">The HTTP status of the last try; <see langword="null"/> when there was no answer.</param>
/// <param name="Fault">Why the last try does not count.</param>
/// <param name="Excerpt">The beginning of the last answer.</param>
/// <param name="Seconds">How long the last try took.</param>
public sealed record DeliveryInfo(
    long Id, string EventId, string Type, string? Channel, string State, int Attempts, DateTimeOffset CreatedAt, DateTimeOffset? TriedAt, DateTimeOffset? NextAt, int? Status, string? Fault,
    string? Excerpt, double? Seconds);

/// <summary>
/// What webhooks were told. It is kept for <see cref="ControlOptions.WebhookHistory"/>, the last <see cref="MaxKept"/> of each webhook at most; what still waits for a webhook that is on stays until it
/// is delivered or given up.
/// </summary>
public sealed class HookLog(Database database, IOptions<ControlOptions> options, TimeProvider time)
{
    /// <summary>Most deliveries of one webhook that are remembered.</summary>
    public const int MaxKept = 10_000;

    /// <summary>Most that one answer holds.</summary>
    public const int MaxPage = 200;

    // A statement has seconds; what is more goes the next time.
    private const int AtOnce = 5000;

    private const string Columns = """
        d.id, d.event_id AS eventId, e.type, e.channel, d.state, d.attempts, d.created_at AS createdAt, d.tried_at AS triedAt, d.next_at AS nextAt, d.status, d.fault, d.excerpt, d.seconds
        """;

    /// <summary>A webhook's deliveries, newest first.</summary>
    /// <param name="webhook">The webhook.</param>
    /// <param name="state">Only those of a state (<see cref="DeliveryStates"/>).</param>
    /// <param name="before">Only those before this one, to read on.</param>
    /// <param name="limit">1 to <see cref="MaxPage"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">No such webhook, or bad values.</exception>
    public async Task<IReadOnlyList<DeliveryInfo>> ListAsync(string webhook, string? state = null, long? before = null, int limit = 50, CancellationToken cancellationToken = default)
    {
        if (limit is < 1 or > MaxPage)
        {
            throw new ControlException([new("limit", $"A limit is 1 to {MaxPage}.")]);
        }

        if (state is not null && !DeliveryStates.All.Contains(state))
        {
            throw new ControlException([new("state", $"There is no such state; use one of {string.Join(", ", DeliveryStates.All)}.")]);
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        if (!await connection.ExecuteScalarAsync<bool>(new CommandDefinition("SELECT EXISTS (SELECT 1 FROM webhooks WHERE id = @webhook)", new { webhook }, cancellationToken: cancellationToken)))
        {
            throw HookRules.NotFound();
        }

        var rows = await connection.QueryAsync<DeliveryInfo>(new CommandDefinition(
            $"""
            SELECT {Columns} FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id
            WHERE d.webhook_id = @webhook AND (@state::text IS NULL OR d.state = @state) AND (@before::bigint IS NULL OR d.id < @before) ORDER BY d.id DESC LIMIT @limit
            """,
            new { webhook, state, before, limit },
            cancellationToken: cancellationToken));
        return [.. rows];
    }

    /// <summary>Has something told once more, whatever became of it, under the same id. It goes before what was to be told later.</summary>
    /// <exception cref="ControlException">There is no such delivery, or the webhook is off.</exception>
    public async Task<DeliveryInfo> ReplayAsync(string webhook, long delivery, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var isOn = await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            "SELECT enabled FROM webhooks WHERE id = @webhook", new { webhook }, transaction, cancellationToken: cancellationToken)) ?? throw HookRules.NotFound();
        if (!isOn)
        {
            throw new ControlException(ControlCode.Conflict, $"Webhook {webhook} is switched off. Switch it on first.");
        }

        var changed = await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, next_at = @now WHERE id = @delivery AND webhook_id = @webhook",
            new { webhook, delivery, now = time.GetUtcNow() },
            transaction,
            cancellationToken: cancellationToken));
        if (changed == 0)
        {
            throw new ControlException(ControlCode.NotFound, $"Webhook {webhook} has no delivery {delivery}; older ones are forgotten after a while.");
        }

        var row = await connection.QuerySingleAsync<DeliveryInfo>(new CommandDefinition(
            $"SELECT {Columns} FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id WHERE d.id = @delivery", new { delivery }, transaction, cancellationToken: cancellationToken));
        await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "webhook.replay", $"webhook/{webhook}", AuditLog.Detail(("event", row.EventId)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row;
    }

    /// <summary>Forgets what is old or too much, some of it at a time.</summary>
    internal async Task TidyAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            DELETE FROM webhook_events WHERE id IN (SELECT e.id FROM webhook_events e WHERE e.created_at < @old AND NOT EXISTS (
                SELECT 1 FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE d.event_id = e.id AND d.state = 'waiting' AND w.enabled) LIMIT @most)
            """,
            new { old = time.GetUtcNow() - options.Value.WebhookHistory, most = AtOnce },
            cancellationToken: cancellationToken));
        await connection.ExecuteAsync(new CommandDefinition(
            """
            WITH t AS MATERIALIZED (SELECT w.id, (SELECT k.id FROM webhook_deliveries k WHERE k.webhook_id = w.id ORDER BY k.id DESC OFFSET @kept LIMIT 1) AS last FROM webhooks w)
            DELETE FROM webhook_deliveries d USING t WHERE d.webhook_id = t.id AND d.id <= t.last AND d.state <> 'waiting'
            """,
            new { kept = MaxKept },
            cancellationToken: cancellationToken));
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM webhook_events WHERE id IN (SELECT e.id FROM webhook_events e WHERE NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.event_id = e.id) LIMIT @most)",
            new { most = AtOnce },
            cancellationToken: cancellationToken));
    }
}
