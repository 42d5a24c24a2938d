using Broadcast.Control.Sessions;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Dapper;
using Npgsql;

namespace Broadcast.Control.ServerSentEvents;

/// <summary>
/// Recent messages of the event stream in the database. All processes send from it, and reconnecting clients resume from it. Messages are
/// kept for <see cref="Retention"/>, by the database's clock.
/// </summary>
internal sealed class EventStreamLog(ServerDatabase database)
{
    /// <summary>
    /// Retention of messages. The last message, the current state of each channel and <see cref="ActivityTypes"/> are kept longer.
    /// </summary>
    public static readonly TimeSpan Retention = TimeSpan.FromHours(1);

    /// <summary>Maximum age of a client's last message for resuming; all later messages are then certain to be stored.</summary>
    public static readonly TimeSpan MaxResumeAge = TimeSpan.FromMinutes(55);

    /// <summary>Retention of messages for the activity log (<see cref="ChannelActivityLog"/>).</summary>
    public static readonly TimeSpan ActivityRetention = TimeSpan.FromDays(7);

    /// <summary>
    /// Maximum number of rows of <see cref="ActivityTypes"/> per channel beyond <see cref="Retention"/>, newest first: an encoder that
    /// reconnects every few seconds writes hundreds of thousands per week.
    /// </summary>
    public const int MaxActivityPerChannel = 5000;

    /// <summary>Types that the activity log reads from here; they are stored nowhere else.</summary>
    public static IReadOnlyList<string> ActivityTypes { get; } =
        [WebhookEventTypes.PublishStarted, WebhookEventTypes.PublishStopped, WebhookEventTypes.InputLost, WebhookEventTypes.InputRestored,
            WebhookEventTypes.HealthIssue, WebhookEventTypes.RecordingReady, WebhookEventTypes.EventLate, WebhookEventTypes.TargetLive,
            WebhookEventTypes.TargetLost, WebhookEventTypes.TargetRejected];

    // Literals, so that the activity index is used: the same types as in migration 0032.
    internal const string IsActivitySql =
        $"IN ('{WebhookEventTypes.PublishStarted}', '{WebhookEventTypes.PublishStopped}', '{WebhookEventTypes.InputLost}', "
        + $"'{WebhookEventTypes.InputRestored}', '{WebhookEventTypes.HealthIssue}', '{WebhookEventTypes.RecordingReady}', "
            + $"'{WebhookEventTypes.EventLate}', '{WebhookEventTypes.TargetLive}', '{WebhookEventTypes.TargetLost}', "
            + $"'{WebhookEventTypes.TargetRejected}')";

    private const int BatchSize = 5000;

    // Literals, so that the index of current states is used.
    private const string IsStateSql = $"IN ('{EventStreamTypes.ChannelState}', '{EventStreamTypes.ChannelHealth}')";

    /// <summary>Writes a message for the event stream only.</summary>
    /// <param name="connection">Open connection.</param>
    /// <param name="at">Time of the message.</param>
    /// <param name="type">One of <see cref="EventStreamTypes"/>.</param>
    /// <param name="channel">Name of the channel.</param>
    /// <param name="data">Payload that clients get as <c>data</c>; never a secret.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public static async Task AddAsync(NpgsqlConnection connection, DateTimeOffset at, string type, string channel, object data,
        CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO stream_events (type, channel, body) VALUES (@type, @channel, @body)",
            new { type, channel, body = Outbox.Body(Outbox.NewId(at), at, type, channel, data) },
            cancellationToken: cancellationToken));

    /// <summary>Gets the highest id; 0 before the first message.</summary>
    public async Task<long> LatestIdAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(
            new CommandDefinition("SELECT coalesce(max(id), 0) FROM stream_events", cancellationToken: cancellationToken));
    }

    /// <summary>Reads messages after an id, in order.</summary>
    /// <param name="after">Id before the first message.</param>
    /// <param name="upTo">Id of the last message.</param>
    /// <param name="limit">Maximum number of messages.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<IReadOnlyList<EventStreamMessage>> ReadAsync(long after, long upTo, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<EventStreamMessage>(new CommandDefinition(
            "SELECT id, type, channel, body, channel_id AS channelId FROM stream_events WHERE id > @after AND id <= @upTo ORDER BY id "
            + "LIMIT @limit", new { after, upTo, limit }, cancellationToken: cancellationToken));
        return [.. rows];
    }

    /// <summary>Returns whether all messages after an id are still stored.</summary>
    public async Task<bool> CanResumeAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            """
            SELECT EXISTS (SELECT 1 FROM stream_events e WHERE e.id = @id
                AND (e.written_at > now() - make_interval(secs => @kept) OR NOT EXISTS (SELECT 1 FROM stream_events n WHERE n.id > e.id)))
            """,
            new { id, kept = MaxResumeAge.TotalSeconds },
            cancellationToken: cancellationToken));
    }

    /// <summary>
    /// Reads the current state of channels: the latest message of each type in <see cref="EventStreamTypes"/> up to an id.
    /// </summary>
    public async Task<IReadOnlyList<EventStreamMessage>> CurrentStatesAsync(long upTo, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<EventStreamMessage>(new CommandDefinition(
            $"""
            SELECT DISTINCT ON (e.channel, e.type) e.id, e.type, e.channel, e.body, e.channel_id AS channelId FROM stream_events e
                JOIN channels c ON c.id = e.channel_id AND c.deleted_at IS NULL
            WHERE e.type {IsStateSql} AND e.id <= @upTo ORDER BY e.channel, e.type DESC, e.id DESC
            """,
            new { upTo },
            cancellationToken: cancellationToken));
        return [.. rows];
    }

    /// <summary>Removes old messages in batches.</summary>
    /// <returns>Whether there may be more.</returns>
    public async Task<bool> CleanUpAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var expired = await connection.ExecuteAsync(new CommandDefinition(
            $"""
            DELETE FROM stream_events WHERE id IN (
                SELECT e.id FROM stream_events e WHERE e.written_at < now() - make_interval(secs => @kept) AND e.id < (SELECT max(m.id)
                    FROM stream_events m)
                    AND (e.type <> ALL (@ofTimeline) OR e.written_at < now() - make_interval(secs => @keptLonger))
                    AND (e.type NOT {IsStateSql} OR EXISTS (SELECT 1 FROM stream_events n WHERE n.type {IsStateSql} AND n.type = e.type
                    AND n.channel_id = e.channel_id AND n.id > e.id)
                        OR NOT EXISTS (SELECT 1 FROM channels c WHERE c.id = e.channel_id AND c.deleted_at IS NULL))
                LIMIT @most)
            """,
            new { kept = Retention.TotalSeconds, keptLonger = ActivityRetention.TotalSeconds, ofTimeline = ActivityTypes.ToArray(),
                most = BatchSize },
            cancellationToken: cancellationToken));

        // Finds the newest excess row of each channel by index and removes it and older ones, in batches.
        var excess = await connection.ExecuteAsync(new CommandDefinition(
            $"""
            DELETE FROM stream_events WHERE id IN (
                SELECT e.id FROM channels c
                CROSS JOIN LATERAL (SELECT n.id FROM stream_events n WHERE n.channel_id = c.id AND n.type {IsActivitySql}
                ORDER BY n.id DESC OFFSET @kept LIMIT 1) first
                JOIN stream_events e ON e.channel_id = c.id AND e.type {IsActivitySql} AND e.id <= first.id
                WHERE e.written_at < now() - make_interval(secs => @age) LIMIT @most)
            """,
            new { kept = MaxActivityPerChannel, age = Retention.TotalSeconds, most = BatchSize },
            cancellationToken: cancellationToken));
        return expired == BatchSize || excess == BatchSize;
    }
}
