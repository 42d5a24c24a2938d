using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media;
using Dapper;

namespace Broadcast.Control.Sessions;

/// <summary>Session as stored in the database.</summary>
/// <param name="Id">ULID of the session.</param>
/// <param name="Channel">Name of the channel.</param>
/// <param name="Epoch">Number of processes that have owned it, from 1.</param>
/// <param name="Latency">Latency profile of the session.</param>
/// <param name="StartedAt">Time at which its first encoder was admitted.</param>
/// <param name="LastPublicationEndedAt">Time at which its last encoder disconnected, if any.</param>
/// <param name="EndedAt">End of the session; <see langword="null"/> while it is open.</param>
/// <param name="EndReason">Reason for its end.</param>
/// <param name="PeakViewers">Peak number of viewers, as reported by their pages.</param>
public sealed record SessionInfo(
    string Id, string Channel, long Epoch, string Latency, DateTimeOffset StartedAt, DateTimeOffset? LastPublicationEndedAt,
    DateTimeOffset? EndedAt, string? EndReason,
    long PeakViewers = 0);

/// <summary>Repository of past and open sessions.</summary>
public sealed class SessionHistory(ServerDatabase database)
{
    /// <summary>Maximum number of sessions per page.</summary>
    public const int MaxPage = 200;

    /// <summary>Lists sessions of a channel, newest first.</summary>
    /// <param name="channel">Name of the channel.</param>
    /// <param name="limit">1 to <see cref="MaxPage"/>.</param>
    /// <param name="before">Only sessions older than this one, for paging.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The channel does not exist, or a value is invalid.</exception>
    public async Task<IReadOnlyList<SessionInfo>> ListAsync(string channel, int limit = 50, SessionId? before = null,
        CancellationToken cancellationToken = default)
    {
        if (limit is < 1 or > MaxPage)
        {
            throw new OperationException([new("limit", $"A limit must be 1 to {MaxPage}.")]);
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        var rows = await connection.QueryAsync<SessionInfo>(new CommandDefinition(
            """
            SELECT id, @channel AS channel, epoch, latency, started_at AS startedAt, last_publication_ended_at AS lastPublicationEndedAt,
                ended_at AS endedAt, end_reason AS endReason,
                peak_viewers AS peakViewers
            FROM sessions WHERE channel_id = @id AND (@before::text IS NULL OR id < @before) ORDER BY id DESC LIMIT @limit
            """,
            new { id, channel, limit, before = before?.Value },
            cancellationToken: cancellationToken));
        return [.. rows];
    }
}
