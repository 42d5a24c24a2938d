using Broadcast.Control.Channels;
using Broadcast.Database;
using Broadcast.Media;
using Dapper;

namespace Broadcast.Control.Sessions;

/// <summary>Sessions of a channel in the database, for comparison with their journals.</summary>
/// <param name="IsKnown">Whether the channel exists.</param>
/// <param name="IsBeingDeleted">Whether a channel of that name was deleted and its media are being removed.</param>
/// <param name="Sessions">Sessions of the channel.</param>
/// <param name="Recorded">Sessions with a playable recording, which must have a journal.</param>
public sealed record ReconciledChannel(bool IsKnown, bool IsBeingDeleted, IReadOnlySet<SessionId> Sessions,
    IReadOnlySet<SessionId> Recorded);

/// <summary>Lists sessions in the database, and adds missing ones, for example after an older backup was restored.</summary>
public sealed class SessionReconciler(ServerDatabase database)
{
    /// <summary>Lists channels that have recordings, by name.</summary>
    public async Task<IReadOnlyList<ChannelName>> RecordedChannelsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var names = await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT DISTINCT c.name FROM channels c JOIN recordings r ON r.channel_id = c.id WHERE r.deleted_at IS NULL AND c.deleted_at "
            + "IS NULL AND r.playable ORDER BY c.name", cancellationToken: cancellationToken));
        return [.. names.Select(ChannelName.Parse)];
    }

    /// <summary>Lists recordings and clips that viewers may see, of all channels.</summary>
    public async Task<IReadOnlySet<RecordingId>> VisibleRecordingsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var ids = await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT r.id FROM recordings r JOIN channels c ON c.id = r.channel_id WHERE r.deleted_at IS NULL AND c.deleted_at IS NULL AND "
            + "r.visibility <> 'private'", cancellationToken: cancellationToken));
        return ids.Select(RecordingId.Parse).ToHashSet();
    }

    /// <summary>Reads the sessions of a channel.</summary>
    public async Task<ReconciledChannel> ReadAsync(ChannelName channel, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = (await connection.QueryAsync<(long Id, bool IsDeleted)>(new CommandDefinition(
            "SELECT id, deleted_at IS NOT NULL FROM channels WHERE name = @name", new { name = channel.Value },
            cancellationToken: cancellationToken))).ToList();
        var ids = rows.Select(row => row.Id).ToArray();
        var sessions = await connection.QueryAsync<string>(new CommandDefinition("SELECT id FROM sessions WHERE channel_id = ANY(@ids)",
            new { ids }, cancellationToken: cancellationToken));
        var recorded = await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT DISTINCT session_id FROM recordings WHERE channel_id = ANY(@ids) AND deleted_at IS NULL AND playable", new { ids },
            cancellationToken: cancellationToken));
        return new ReconciledChannel(
            rows.Exists(row => !row.IsDeleted), rows.Exists(row => row.IsDeleted), sessions.Select(SessionId.Parse).ToHashSet(),
            recorded.Select(SessionId.Parse).ToHashSet());
    }

    /// <summary>
    /// Adds an ended session from its journal. If it was recorded, its recording is added as private: only the database knew its last
    /// visibility, which may have been more restricted than the journal says.
    /// </summary>
    /// <param name="session">Session to add.</param>
    /// <param name="endedAt">End of the session.</param>
    /// <param name="reason">Reason for its end.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns><see langword="false"/> when the channel does not exist or the session is already known.</returns>
    public async Task<bool> AddAsync(BroadcastSession session, DateTimeOffset endedAt, string reason, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var added = await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO sessions (id, channel_id, epoch, latency, started_at, last_publication_ended_at, ended_at, end_reason, recorded,
                access)
            SELECT @id, c.id, @epoch, @latency, @startedAt, @endedAt, @endedAt, @reason, @recorded, @access FROM channels c
                WHERE c.name = @channel AND c.deleted_at IS NULL
            ON CONFLICT (id) DO NOTHING
            """,
            new
            {
                id = session.Id.Value, channel = session.Channel.Value, epoch = Math.Max(1, session.Epoch), latency = session.Latency.Name,
                startedAt = session.StartedAt, endedAt,
                reason = reason.Length > 500 ? reason[..500] : reason, recorded = session.IsRecorded,
                access = ChannelRules.Name(session.Access),
            },
            transaction,
            cancellationToken: cancellationToken)) > 0;
        if (added)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "UPDATE recordings SET visibility = 'private' WHERE id = @id", new { id = session.Id.Value }, transaction,
                cancellationToken: cancellationToken));
        }

        await transaction.CommitAsync(cancellationToken);
        return added;
    }
}
