using Broadcast.Media;
using Dapper;

namespace Broadcast.Control;

/// <summary>What the database knows of a channel's sessions, to be held against their journals.</summary>
/// <param name="IsKnown">Whether there is such a channel.</param>
/// <param name="IsGoing">Whether one of that name was deleted and its media are being removed.</param>
/// <param name="Sessions">Its sessions.</param>
/// <param name="Recorded">Those of them that there is a playable recording of, which has to have a journal.</param>
public sealed record AuditedChannel(bool IsKnown, bool IsGoing, IReadOnlySet<SessionId> Sessions, IReadOnlySet<SessionId> Recorded);

/// <summary>Tells what sessions the database knows, and adds those that it has lost: after a restore of an older backup, say.</summary>
public sealed class SessionAudit(Database database)
{
    /// <summary>Channels that have recordings, in order.</summary>
    public async Task<IReadOnlyList<ChannelName>> RecordedChannelsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var names = await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT DISTINCT c.name FROM channels c JOIN recordings r ON r.channel_id = c.id WHERE r.deleted_at IS NULL AND c.deleted_at IS NULL AND r.playable ORDER BY c.name", cancellationToken: cancellationToken));
        return [.. names.Select(ChannelName.Parse)];
    }

    /// <summary>Recordings and clips that viewers may see, whatever their channel.</summary>
    public async Task<IReadOnlySet<RecordingId>> VisibleRecordingsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var ids = await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT r.id FROM recordings r JOIN channels c ON c.id = r.channel_id WHERE r.deleted_at IS NULL AND c.deleted_at IS NULL AND r.visibility <> 'private'", cancellationToken: cancellationToken));
        return ids.Select(RecordingId.Parse).ToHashSet();
    }

    /// <summary>What is known of a channel.</summary>
    public async Task<AuditedChannel> ReadAsync(ChannelName channel, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = (await connection.QueryAsync<(long Id, bool IsDeleted)>(new CommandDefinition(
            "SELECT id, deleted_at IS NOT NULL FROM channels WHERE name = @name", new { name = channel.Value }, cancellationToken: cancellationToken))).ToList();
        var ids = rows.Select(row => row.Id).ToArray();
        var sessions = await connection.QueryAsync<string>(new CommandDefinition("SELECT id FROM sessions WHERE channel_id = ANY(@ids)", new { ids }, cancellationToken: cancellationToken));
        var recorded = await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT DISTINCT session_id FROM recordings WHERE channel_id = ANY(@ids) AND deleted_at IS NULL AND playable", new { ids }, cancellationToken: cancellationToken));
        return new AuditedChannel(
            rows.Exists(row => !row.IsDeleted), rows.Exists(row => row.IsDeleted), sessions.Select(SessionId.Parse).ToHashSet(), recorded.Select(SessionId.Parse).ToHashSet());
    }

    /// <summary>
    /// Adds a session that is over, as its journal tells of it; its recording comes with it, where it was recorded, and is private: for whom it was at last only the database knew, and that may have been fewer than the
    /// journal says.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="endedAt">When it ended.</param>
    /// <param name="reason">Why.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns><see langword="false"/> when there is no such channel, or the session is known.</returns>
    public async Task<bool> AddAsync(BroadcastSession session, DateTimeOffset endedAt, string reason, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var added = await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO sessions (id, channel_id, epoch, latency, started_at, last_publication_ended_at, ended_at, end_reason, recorded, access)
            SELECT @id, c.id, @epoch, @latency, @startedAt, @endedAt, @endedAt, @reason, @recorded, @access FROM channels c WHERE c.name = @channel AND c.deleted_at IS NULL
            ON CONFLICT (id) DO NOTHING
            """,
            new
            {
                id = session.Id.Value, channel = session.Channel.Value, epoch = Math.Max(1, session.Epoch), latency = session.Latency.Name, startedAt = session.StartedAt, endedAt,
                reason = reason.Length > 500 ? reason[..500] : reason, recorded = session.IsRecorded, access = ChannelRules.Name(session.Access),
            },
            transaction,
            cancellationToken: cancellationToken)) > 0;
        if (added)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "UPDATE recordings SET visibility = 'private' WHERE id = @id", new { id = session.Id.Value }, transaction, cancellationToken: cancellationToken));
        }

        await transaction.CommitAsync(cancellationToken);
        return added;
    }
}
