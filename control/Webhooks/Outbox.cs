using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Database;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Broadcast.Control.Webhooks;

/// <summary>
/// Outbox of webhook events. An event is written in the transaction of its change, so neither exists without the other. Deliveries are
/// written only for webhooks that subscribe to the event. The event stream (<see cref="EventStream"/>) gets it, unless there are very
/// many. At most <see cref="MaxPending"/> deliveries are pending per webhook; further ones are dropped and counted.
/// </summary>
internal static class Outbox
{
    /// <summary>Maximum number of pending deliveries per webhook.</summary>
    public const int MaxPending = 1000;

    /// <summary>Maximum request body, in characters.</summary>
    public const int MaxBody = 64 * 1024;

    /// <summary>Maximum number of bodies in memory when items are removed from them.</summary>
    private const int ReadTogether = 50;

    // $1 id, $2 type, $3 channel, $4 body, $5 time, $6 maximum of pending deliveries, $7 whether it is streamed.
    private const string Add = """
        WITH wanted AS (
            SELECT w.id, (SELECT count(*) FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 'waiting') >= $6 AS is_full
            FROM webhooks w WHERE w.enabled AND (w.types = '{}' OR $2 = ANY (w.types)) AND (w.channels = '{}' OR $3 = ANY (w.channels))
        ), event AS (
            INSERT INTO webhook_events (id, type, channel, body, created_at) SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT 1
                FROM wanted WHERE NOT is_full) RETURNING id
        ), missed AS (
            UPDATE webhooks w SET dropped = w.dropped + 1 FROM wanted n WHERE n.is_full AND w.id = n.id
        ), streamed AS (
            INSERT INTO stream_events (type, channel, body) SELECT $2, $3, $4 WHERE $7
        )
        INSERT INTO webhook_deliveries (webhook_id, event_id, state, next_attempt_at, created_at)
        SELECT n.id, e.id, 'waiting', $5, $5 FROM wanted n CROSS JOIN event e WHERE NOT n.is_full
        """;

    private static readonly JsonSerializerOptions Json =
        new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <summary>Adds an event to the outbox of each subscribed webhook and to the event stream.</summary>
    /// <param name="connection">Open connection.</param>
    /// <param name="transaction">Transaction of the change; <see langword="null"/> for none.</param>
    /// <param name="at">Time of the event.</param>
    /// <param name="type">One of <see cref="WebhookEventTypes"/>.</param>
    /// <param name="channel">Name of the channel; <see langword="null"/> for an event without channel, which webhooks limited to channels
    /// do not get.</param>
    /// <param name="data">Payload that receivers get as <c>data</c>, as JSON with camelCase names. Never a secret.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <param name="isStreamed">Whether the event stream gets the event.</param>
    /// <exception cref="ArgumentException">The request body exceeds <see cref="MaxBody"/>.</exception>
    public static async Task AddAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, DateTimeOffset at, string type, string? channel, object data,
        CancellationToken cancellationToken, bool isStreamed = true)
    {
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands = { CreateCommand(at, type, channel, data, isStreamed) },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Creates the command that adds an event, for a batch; see <see cref="AddAsync"/>.</summary>
    public static NpgsqlBatchCommand CreateCommand(DateTimeOffset at, string type, string? channel, object data, bool isStreamed = true)
    {
        var id = NewId(at);
        return new NpgsqlBatchCommand(Add)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = id },
                new NpgsqlParameter<string> { TypedValue = type },
                new NpgsqlParameter<string?> { TypedValue = channel, NpgsqlDbType = NpgsqlDbType.Text },
                new NpgsqlParameter<string> { TypedValue = Body(id, at, type, channel, data) },
                new NpgsqlParameter<DateTime> { TypedValue = at.UtcDateTime },
                new NpgsqlParameter<int> { TypedValue = MaxPending },
                new NpgsqlParameter<bool> { TypedValue = isStreamed },
            },
        };
    }

    /// <summary>Removes items from the payloads of events (<see cref="IChangeLog.RemoveFromEventsAsync"/>).</summary>
    public static async Task RemoveItemsAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string type, string channel,
        DateTimeOffset since, IReadOnlyList<string> containing, string list, Func<JsonObject, JsonObject, bool> isRemoved,
        CancellationToken cancellationToken)
    {
        var last = "";
        while (true)
        {
            var events = (await connection.QueryAsync<(string Id, string Body)>(new CommandDefinition(
                """
                SELECT id, body FROM webhook_events e WHERE type = @type AND channel = @channel AND created_at >= @since AND id > @last
                    AND NOT EXISTS (SELECT FROM unnest(@containing) text WHERE strpos(e.body, text) = 0)
                ORDER BY id LIMIT @most
                """, new { type, channel, since, last, containing = containing.ToArray(), most = ReadTogether }, transaction,
                cancellationToken: cancellationToken))).AsList();
            foreach (var (id, body) in events)
            {
                last = id;
                if (Without(body, list, isRemoved) is { } changed)
                {
                    await connection.ExecuteAsync(new CommandDefinition("UPDATE webhook_events SET body = @changed WHERE id = @id",
                        new { id, changed }, transaction, cancellationToken: cancellationToken));
                }
            }

            if (events.Count < ReadTogether)
            {
                return;
            }
        }
    }

    /// <summary>Removes items from the payload of a request body.</summary>
    /// <returns>The new body; <see langword="null"/> when nothing has changed.</returns>
    private static string? Without(string body, string list, Func<JsonObject, JsonObject, bool> isRemoved)
    {
        var parsed = JsonNode.Parse(body);
        if (parsed?["data"] is not JsonObject data || data[list] is not JsonArray items)
        {
            return null;
        }

        var removed = items.OfType<JsonObject>().Where(item => isRemoved(data, item)).ToList();
        removed.ForEach(item => items.Remove(item));
        return removed.Count > 0 ? parsed.ToJsonString(Json) : null;
    }

    /// <summary>Creates an event id; ids sort by time.</summary>
    internal static string NewId(DateTimeOffset at) => "evt_" + Guid.CreateVersion7(at).ToString("N");

    /// <summary>Creates the request body, equal at each attempt.</summary>
    internal static string Body(string id, DateTimeOffset at, string type, string? channel, object data)
    {
        var timestamp = at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var body = JsonSerializer.Serialize(new { id, type, timestamp, channel, data }, Json);
        return body.Length <= MaxBody ? body : throw new ArgumentException(
            $"The body of an event of type {type} has {body.Length} characters; the limit is {MaxBody}.", nameof(data));
    }
}
