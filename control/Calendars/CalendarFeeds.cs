using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Calendars;

/// <summary>Calendar feed without its secret.</summary>
/// <param name="Id">Part of the secret before the underscore.</param>
/// <param name="Channel">Channel of the feed; <see langword="null"/> for all.</param>
/// <param name="Label">Owner of the feed; may be empty.</param>
/// <param name="CreatedAt">Creation time.</param>
/// <param name="LastUsedAt">Time of the last read, to the minute.</param>
/// <param name="RevokedAt">Time of revocation.</param>
public sealed record CalendarFeedInfo(string Id, string? Channel, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt,
    DateTimeOffset? RevokedAt);

/// <summary>New calendar feed; its URL is shown only once.</summary>
/// <param name="Info">Feed without its secret.</param>
/// <param name="Path">Path on the server, with the secret: <c>/api/v1/calendars/…/events.ics</c>.</param>
public sealed record IssuedFeed(CalendarFeedInfo Info, string Path)
{
    /// <summary>Text without the secret.</summary>
    public override string ToString() => $"calendar feed {Info.Id}";
}

/// <summary>
/// Calendar feeds for programs that cannot send a token. Each feed has a URL with its own secret, can be revoked, and gives read access to
/// events only. Works on the database, with or without a running server.
/// </summary>
public sealed class CalendarFeeds(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    /// <summary>Maximum number of active feeds.</summary>
    public const int MaxFeeds = 1000;

    /// <summary>Maximum number of events and exceptions in one calendar.</summary>
    internal const int MaxEvents = 2000;

    private const string Columns =
        "f.id, c.name AS channel, f.label, f.created_at AS createdAt, f.last_used_at AS lastUsedAt, f.revoked_at AS revokedAt";

    // Past events up to this age are included.
    private static readonly TimeSpan MaxPast = TimeSpan.FromDays(92);

    /// <summary>Creates a feed.</summary>
    /// <param name="channel">Channel of the feed; <see langword="null"/> for all.</param>
    /// <param name="label">Owner of the feed.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The channel does not exist, the label is invalid, or the limit is reached.</exception>
    public async Task<IssuedFeed> CreateAsync(string? channel = null, string label = "", CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        ChannelRules.CheckLabel(label, null, now);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channelId = channel is null ? (long?)null : await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var secret = Secret.New(out var text);
        var inserted = await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO calendar_feeds (id, hash, channel_id, label, created_at)
            SELECT @id, @hash, @channelId, @label, @now WHERE (SELECT count(*) FROM calendar_feeds WHERE revoked_at IS NULL) < @most
            """,
            new { id = secret.Id, hash = secret.Hash, channelId, label, now, most = MaxFeeds },
            transaction,
            cancellationToken: cancellationToken));
        if (inserted == 0)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"The limit of {MaxFeeds} calendar feeds is reached. Revoke an unused one.");
        }

        await AuditLog.RecordAsync(connection, transaction, now, "calendar_feed.create", $"calendar_feed/{secret.Id}",
            AuditLog.Detail(("channel", channel), ("label", label)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new(new(secret.Id, channel, label, now, null, null), $"/api/v1/calendars/{text}/events.ics");
    }

    /// <summary>Lists feeds, newest first, including revoked ones; at most 500.</summary>
    public async Task<IReadOnlyList<CalendarFeedInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<CalendarFeedInfo>(new CommandDefinition(
            $"SELECT {Columns} FROM calendar_feeds f LEFT JOIN channels c ON c.id = f.channel_id ORDER BY f.created_at DESC, f.id LIMIT 500", cancellationToken: cancellationToken));
        return [.. rows];
    }

    /// <summary>Revokes a feed permanently. Revoking it again has no effect.</summary>
    /// <exception cref="OperationException">The feed does not exist.</exception>
    public async Task RevokeAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var changed = await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE calendar_feeds SET revoked_at = coalesce(revoked_at, @now) WHERE id = @id", new { id, now = time.GetUtcNow() },
            transaction, cancellationToken: cancellationToken));
        if (changed == 0)
        {
            throw new OperationException(OperationErrorCode.NotFound,
                "The calendar feed does not exist. 'broadcast event feed list' shows all feeds.");
        }

        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "calendar_feed.revoke", $"calendar_feed/{id}", null,
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Writes the calendar of a feed.</summary>
    /// <param name="secretText">Secret of the feed.</param>
    /// <param name="watchUrl">Function that returns a channel's watch page URL.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The feed does not exist or was revoked; the message is the same for both.</exception>
    public async Task<string> ReadAsync(string secretText, Func<string, string> watchUrl, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var feed = !Secret.TryParse(secretText, out var secret) ? null
            : await connection.QuerySingleOrDefaultAsync<FeedRow>(new CommandDefinition(
            """
            SELECT f.hash, f.channel_id AS channelId, f.last_used_at AS lastUsedAt FROM calendar_feeds f LEFT JOIN channels c
                ON c.id = f.channel_id
            WHERE f.id = @id AND f.revoked_at IS NULL AND c.deleted_at IS NULL
            """,
            new { id = secret.Id }, cancellationToken: cancellationToken));
        if (feed is null || !secret.Matches(feed.Hash))
        {
            throw new OperationException(OperationErrorCode.NotFound, "The calendar does not exist.");
        }

        if (feed.LastUsedAt is null || now - feed.LastUsedAt > TimeSpan.FromMinutes(1))
        {
            await connection.ExecuteAsync(new CommandDefinition("UPDATE calendar_feeds SET last_used_at = @now WHERE id = @id",
                new { id = secret.Id, now }, cancellationToken: cancellationToken));
        }

        return await WriteAsync(connection, feed.ChannelId, watchUrl, now, cancellationToken);
    }

    /// <summary>Writes the events of one channel or all as a calendar.</summary>
    /// <param name="channel">Channel; <see langword="null"/> for all.</param>
    /// <param name="watchUrl">Function that returns a channel's watch page URL.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The channel does not exist.</exception>
    public async Task<string> WriteAsync(string? channel, Func<string, string> watchUrl, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channelId = channel is null ? (long?)null : await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        return await WriteAsync(connection, channelId, watchUrl, time.GetUtcNow(), cancellationToken);
    }

    private static async Task<string> WriteAsync(Npgsql.NpgsqlConnection connection, long? channel, Func<string, string> watchUrl,
        DateTimeOffset now, CancellationToken cancellationToken)
    {
        var rows = (await connection.QueryAsync<EventRow>(new CommandDefinition(
            $"""
            {EventRow.Select} AND (@channel::bigint IS NULL OR e.channel_id = @channel) AND (e.kind = 'series' OR e.ends_at > @since)
                AND (e.kind <> 'occurrence' OR e.is_changed OR e.state = 'cancelled')
            ORDER BY e.kind <> 'series', e.starts_at DESC, e.id LIMIT @most
            """,
            new { channel, since = now - MaxPast, most = MaxEvents },
            cancellationToken: cancellationToken))).Select(r => r.ToInfo()).ToList();
        var name = channel is not null && rows is [var first, ..] ? $"Broadcast: {first.Channel}" : "Broadcast";
        return EventCalendar.Write(name, rows, now, watchUrl);
    }

    private sealed record FeedRow(byte[] Hash, long? ChannelId, DateTimeOffset? LastUsedAt);
}
