using Dapper;

namespace Broadcast.Control;

/// <summary>What may be known of an address at which a calendar reads the events: all but the secret.</summary>
/// <param name="Id">The part before the underscore.</param>
/// <param name="Channel">The channel whose events it has; <see langword="null"/> for all.</param>
/// <param name="Label">Whose it is; may be empty.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="LastUsedAt">When it was last read, to the minute.</param>
/// <param name="RevokedAt">When it was revoked.</param>
public sealed record CalendarFeedInfo(string Id, string? Channel, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt);

/// <summary>A new address, shown this once.</summary>
/// <param name="Info">What may be known of it.</param>
/// <param name="Path">Its path on the server: <c>/api/v1/calendars/…/events.ics</c>, with the secret.</param>
public sealed record IssuedFeed(CalendarFeedInfo Info, string Path)
{
    /// <summary>Without the secret.</summary>
    public override string ToString() => $"calendar feed {Info.Id}";
}

/// <summary>
/// Events for calendars of other programs, which can send no token: each has an address with a secret of its own, which can be revoked and is good for reading the events alone. Works on the database,
/// whether the server runs or not.
/// </summary>
public sealed class CalendarFeeds(Database database, TimeProvider time)
{
    /// <summary>Most feeds that work at once.</summary>
    public const int MaxFeeds = 1000;

    /// <summary>Most events and exceptions that one calendar holds.</summary>
    internal const int MaxEvents = 2000;

    private const string Columns = "f.id, c.name AS channel, f.label, f.created_at AS createdAt, f.last_used_at AS lastUsedAt, f.revoked_at AS revokedAt";

    // How much of the past a calendar shows.
    private static readonly TimeSpan Past = TimeSpan.FromDays(92);

    /// <summary>Makes an address.</summary>
    /// <param name="channel">The channel whose events it has; <see langword="null"/> for all.</param>
    /// <param name="label">Whose it is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">No such channel, a bad label, or too many.</exception>
    public async Task<IssuedFeed> CreateAsync(string? channel = null, string label = "", CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        ChannelRules.CheckLabel(label, null, now);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channelId = channel is null ? (long?)null : await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var secret = Secret.New(out var text);
        var made = await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO calendar_feeds (id, hash, channel_id, label, created_at)
            SELECT @id, @hash, @channelId, @label, @now WHERE (SELECT count(*) FROM calendar_feeds WHERE revoked_at IS NULL) < @most
            """,
            new { id = secret.Id, hash = secret.Hash, channelId, label, now, most = MaxFeeds },
            transaction,
            cancellationToken: cancellationToken));
        if (made == 0)
        {
            throw new ControlException(ControlCode.Conflict, $"There are {MaxFeeds} calendar feeds, which is the most. Revoke one that is not used.");
        }

        await AuditLog.AddAsync(connection, transaction, now, "calendar_feed.create", $"calendar_feed/{secret.Id}", AuditLog.Detail(("channel", channel), ("label", label)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new(new(secret.Id, channel, label, now, null, null), $"/api/v1/calendars/{text}/events.ics");
    }

    /// <summary>All feeds, newest first, revoked ones too; at most 500.</summary>
    public async Task<IReadOnlyList<CalendarFeedInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<CalendarFeedInfo>(new CommandDefinition(
            $"SELECT {Columns} FROM calendar_feeds f LEFT JOIN channels c ON c.id = f.channel_id ORDER BY f.created_at DESC, f.id LIMIT 500", cancellationToken: cancellationToken));
        return [.. rows];
    }

    /// <summary>Withdraws an address for good. One already revoked stays so.</summary>
    /// <exception cref="ControlException">There is no such feed.</exception>
    public async Task RevokeAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var changed = await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE calendar_feeds SET revoked_at = coalesce(revoked_at, @now) WHERE id = @id", new { id, now = time.GetUtcNow() }, transaction, cancellationToken: cancellationToken));
        if (changed == 0)
        {
            throw new ControlException(ControlCode.NotFound, "There is no such calendar feed. 'broadcast event feed list' shows those there are.");
        }

        await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "calendar_feed.revoke", $"calendar_feed/{id}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>What an address with a secret has to tell.</summary>
    /// <param name="secretText">The secret in it.</param>
    /// <param name="watch">The address at which a channel is watched.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">There is no such address, or it was revoked; the two are not told apart.</exception>
    public async Task<string> ReadAsync(string secretText, Func<string, string> watch, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var found = !Secret.TryParse(secretText, out var secret) ? null : await connection.QuerySingleOrDefaultAsync<Found>(new CommandDefinition(
            """
            SELECT f.hash, f.channel_id AS channelId, f.last_used_at AS lastUsedAt FROM calendar_feeds f LEFT JOIN channels c ON c.id = f.channel_id
            WHERE f.id = @id AND f.revoked_at IS NULL AND c.deleted_at IS NULL
            """,
            new { id = secret.Id }, cancellationToken: cancellationToken));
        if (found is null || !secret.Matches(found.Hash))
        {
            throw new ControlException(ControlCode.NotFound, "There is no such calendar.");
        }

        if (found.LastUsedAt is null || now - found.LastUsedAt > TimeSpan.FromMinutes(1))
        {
            await connection.ExecuteAsync(new CommandDefinition("UPDATE calendar_feeds SET last_used_at = @now WHERE id = @id", new { id = secret.Id, now }, cancellationToken: cancellationToken));
        }

        return await WriteAsync(connection, found.ChannelId, watch, now, cancellationToken);
    }

    /// <summary>The events of a channel, or all, as a calendar.</summary>
    /// <param name="channel">The channel; <see langword="null"/> for all.</param>
    /// <param name="watch">The address at which a channel is watched.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">No such channel.</exception>
    public async Task<string> WriteAsync(string? channel, Func<string, string> watch, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channelId = channel is null ? (long?)null : await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        return await WriteAsync(connection, channelId, watch, time.GetUtcNow(), cancellationToken);
    }

    private static async Task<string> WriteAsync(Npgsql.NpgsqlConnection connection, long? channel, Func<string, string> watch, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var rows = (await connection.QueryAsync<EventRow>(new CommandDefinition(
            $"""
            {EventRow.Select} AND (@channel::bigint IS NULL OR e.channel_id = @channel) AND (e.kind = 'series' OR e.ends_at > @since)
                AND (e.kind <> 'occurrence' OR e.is_changed OR e.state = 'cancelled')
            ORDER BY e.kind <> 'series', e.starts_at DESC, e.id LIMIT @most
            """,
            new { channel, since = now - Past, most = MaxEvents }, cancellationToken: cancellationToken))).Select(r => r.ToInfo()).ToList();
        var name = channel is not null && rows is [var first, ..] ? $"Broadcast: {first.Channel}" : "Broadcast";
        return EventCalendar.Write(name, rows, now, watch);
    }

    private sealed record Found(byte[] Hash, long? ChannelId, DateTimeOffset? LastUsedAt);
}
