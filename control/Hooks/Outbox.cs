using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// Where what webhooks are to be told of waits until it is delivered. It is written with the change that it tells of, in one transaction: either both are there or neither. For webhooks nothing is written when
/// none wants to hear of it; the event stream is told in any case (<see cref="EventStream"/>). For each webhook at most <see cref="MaxWaiting"/> wait; when one that does not answer has filled that, what comes is dropped for it, and counted.
/// </summary>
internal static class Outbox
{
    /// <summary>Most deliveries that wait for one webhook.</summary>
    public const int MaxWaiting = 1000;

    /// <summary>Largest body of a request, in characters.</summary>
    public const int MaxBody = 64 * 1024;

    private const string Add = """
        WITH wanted AS (
            SELECT w.id, (SELECT count(*) FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 'waiting') >= @most AS is_full
            FROM webhooks w WHERE w.enabled AND (w.types = '{}' OR @type = ANY (w.types)) AND (w.channels = '{}' OR @channel::text = ANY (w.channels))
        ), event AS (
            INSERT INTO webhook_events (id, type, channel, body, created_at) SELECT @id, @type, @channel, @body, @at WHERE EXISTS (SELECT 1 FROM wanted WHERE NOT is_full) RETURNING id
        ), missed AS (
            UPDATE webhooks w SET dropped = w.dropped + 1 FROM wanted n WHERE n.is_full AND w.id = n.id
        ), streamed AS (
            INSERT INTO stream_events (type, channel, body) VALUES (@type, @channel, @body)
        )
        INSERT INTO webhook_deliveries (webhook_id, event_id, state, next_at, created_at)
        SELECT n.id, e.id, 'waiting', @at, @at FROM wanted n CROSS JOIN event e WHERE NOT n.is_full
        """;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <summary>Puts an event into the outbox of each webhook that wants to hear of it, and has the event stream tell it.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="transaction">The transaction of the change that it tells of; <see langword="null"/> where there is none.</param>
    /// <param name="at">When it happened.</param>
    /// <param name="type">One of <see cref="HookTypes"/>.</param>
    /// <param name="channel">The channel's name; <see langword="null"/> for what belongs to none, of which webhooks for certain channels do not hear.</param>
    /// <param name="data">What receivers get as <c>data</c>; written as JSON, names in camel case. Never a secret.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The data are over <see cref="MaxBody"/> as JSON.</exception>
    public static async Task AddAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, DateTimeOffset at, string type, string? channel, object data, CancellationToken cancellationToken)
    {
        var id = NewId(at);
        await connection.ExecuteAsync(new CommandDefinition(
            Add, new { id, type, channel, body = Body(id, at, type, channel, data), at, most = MaxWaiting }, transaction, cancellationToken: cancellationToken));
    }

    /// <summary>An event's id: later ones sort after earlier ones.</summary>
    internal static string NewId(DateTimeOffset at) => "evt_" + Guid.CreateVersion7(at).ToString("N");

    /// <summary>The request's body, the same at each try.</summary>
    internal static string Body(string id, DateTimeOffset at, string type, string? channel, object data)
    {
        var timestamp = at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var body = JsonSerializer.Serialize(new { id, type, timestamp, channel, data }, Json);
        return body.Length <= MaxBody ? body : throw new ArgumentException($"An event of type {type} has {body.Length} characters; at most {MaxBody} are sent.", nameof(data));
    }
}
