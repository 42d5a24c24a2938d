using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>What the event stream told lately, in the database: all processes tell it from there, and clients that come back read on in it. It is kept for <see cref="Kept"/>, by the database's clock.</summary>
internal sealed class EventStreamLog(Database database)
{
    /// <summary>How long something is remembered, but for the last of all and what stands of each channel, which stay, and <see cref="OfTimeline"/>.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    /// <summary>How old the last that a client had may be for it to read on: what followed is there for certain.</summary>
    public static readonly TimeSpan ResumedFor = TimeSpan.FromMinutes(55);

    /// <summary>How long what a channel's timeline tells is kept beyond that (<see cref="ChannelTimeline"/>).</summary>
    public static readonly TimeSpan KeptForTimeline = TimeSpan.FromDays(7);

    /// <summary>Most rows of <see cref="OfTimeline"/> that a channel has beyond <see cref="Kept"/>, the newest: an encoder that comes back every few seconds writes hundreds of thousands in a week.</summary>
    public const int MostOfTimeline = 5000;

    /// <summary>What timelines take from here: nothing else keeps it.</summary>
    public static IReadOnlyList<string> OfTimeline { get; } =
        [HookTypes.PublishStarted, HookTypes.PublishStopped, HookTypes.InputLost, HookTypes.InputBack, HookTypes.HealthIssue, HookTypes.RecordingReady, HookTypes.EventLate];

    // Said literally, so that the index of timelines can be used: the same types, as in migration 0023.
    internal const string IsOfTimeline =
        $"IN ('{HookTypes.PublishStarted}', '{HookTypes.PublishStopped}', '{HookTypes.InputLost}', '{HookTypes.InputBack}', '{HookTypes.HealthIssue}', '{HookTypes.RecordingReady}', '{HookTypes.EventLate}')";

    private const int AtOnce = 5000;

    // Said literally, so that the index of what stands can be used.
    private const string Stands = $"IN ('{EventStreamTypes.ChannelState}', '{EventStreamTypes.ChannelHealth}')";

    /// <summary>Writes down something that the stream alone is told.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="at">When it happened.</param>
    /// <param name="type">One of <see cref="EventStreamTypes"/>.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="data">What listeners get as <c>data</c>; never a secret.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task AddAsync(NpgsqlConnection connection, DateTimeOffset at, string type, string channel, object data, CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO stream_events (type, channel, body) VALUES (@type, @channel, @body)",
            new { type, channel, body = Outbox.Body(Outbox.NewId(at), at, type, channel, data) },
            cancellationToken: cancellationToken));

    /// <summary>The highest number; 0 before anything happened.</summary>
    public async Task<long> NewestAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition("SELECT coalesce(max(id), 0) FROM stream_events", cancellationToken: cancellationToken));
    }

    /// <summary>What follows a number, in order.</summary>
    /// <param name="after">The number before the first.</param>
    /// <param name="upTo">The last number.</param>
    /// <param name="limit">Most that are read.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<EventStreamMessage>> ReadAsync(long after, long upTo, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<EventStreamMessage>(new CommandDefinition(
            "SELECT id, type, channel, body, channel_id AS channelId FROM stream_events WHERE id > @after AND id <= @upTo ORDER BY id LIMIT @limit", new { after, upTo, limit }, cancellationToken: cancellationToken));
        return [.. rows];
    }

    /// <summary>Whether all that followed a number is still there.</summary>
    public async Task<bool> CanResumeAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            """
            SELECT EXISTS (SELECT 1 FROM stream_events e WHERE e.id = @id
                AND (e.written_at > now() - make_interval(secs => @kept) OR NOT EXISTS (SELECT 1 FROM stream_events n WHERE n.id > e.id)))
            """,
            new { id, kept = ResumedFor.TotalSeconds },
            cancellationToken: cancellationToken));
    }

    /// <summary>How channels stand: of each that is there the latest of <see cref="EventStreamTypes"/>, up to a number.</summary>
    public async Task<IReadOnlyList<EventStreamMessage>> StandingAsync(long upTo, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<EventStreamMessage>(new CommandDefinition(
            $"""
            SELECT DISTINCT ON (e.channel, e.type) e.id, e.type, e.channel, e.body, e.channel_id AS channelId FROM stream_events e JOIN channels c ON c.id = e.channel_id AND c.deleted_at IS NULL
            WHERE e.type {Stands} AND e.id <= @upTo ORDER BY e.channel, e.type DESC, e.id DESC
            """,
            new { upTo },
            cancellationToken: cancellationToken));
        return [.. rows];
    }

    /// <summary>Forgets what is old, some of it at a time.</summary>
    /// <returns>Whether there may be more.</returns>
    public async Task<bool> TidyAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var old = await connection.ExecuteAsync(new CommandDefinition(
            $"""
            DELETE FROM stream_events WHERE id IN (
                SELECT e.id FROM stream_events e WHERE e.written_at < now() - make_interval(secs => @kept) AND e.id < (SELECT max(m.id) FROM stream_events m)
                    AND (e.type <> ALL (@ofTimeline) OR e.written_at < now() - make_interval(secs => @keptLonger))
                    AND (e.type NOT {Stands} OR EXISTS (SELECT 1 FROM stream_events n WHERE n.type {Stands} AND n.type = e.type AND n.channel_id = e.channel_id AND n.id > e.id)
                        OR NOT EXISTS (SELECT 1 FROM channels c WHERE c.id = e.channel_id AND c.deleted_at IS NULL))
                LIMIT @most)
            """,
            new { kept = Kept.TotalSeconds, keptLonger = KeptForTimeline.TotalSeconds, ofTimeline = OfTimeline.ToArray(), most = AtOnce },
            cancellationToken: cancellationToken));

        // Of each channel the place of the newest that is too much, by the index; what is there and older goes, some of it at a time.
        var tooMany = await connection.ExecuteAsync(new CommandDefinition(
            $"""
            DELETE FROM stream_events WHERE id IN (
                SELECT e.id FROM channels c
                CROSS JOIN LATERAL (SELECT n.id FROM stream_events n WHERE n.channel_id = c.id AND n.type {IsOfTimeline} ORDER BY n.id DESC OFFSET @kept LIMIT 1) first
                JOIN stream_events e ON e.channel_id = c.id AND e.type {IsOfTimeline} AND e.id <= first.id
                WHERE e.written_at < now() - make_interval(secs => @age) LIMIT @most)
            """,
            new { kept = MostOfTimeline, age = Kept.TotalSeconds, most = AtOnce },
            cancellationToken: cancellationToken));
        return old == AtOnce || tooMany == AtOnce;
    }
}
