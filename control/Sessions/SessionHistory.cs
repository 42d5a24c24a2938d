using Broadcast.Media;
using Dapper;

namespace Broadcast.Control;

/// <summary>A session as the control room remembers it.</summary>
/// <param name="Id">Its ULID.</param>
/// <param name="Channel">The channel it is on.</param>
/// <param name="Epoch">How often a process has taken it over, from 1.</param>
/// <param name="Latency">The latency profile it began with.</param>
/// <param name="StartedAt">When its first encoder was let in.</param>
/// <param name="LastPublicationEndedAt">When its last encoder went, if one has.</param>
/// <param name="EndedAt">When it ended; <see langword="null"/> while it is open.</param>
/// <param name="EndReason">Why it ended.</param>
/// <param name="PeakViewers">Most viewers at a time, as their pages told.</param>
public sealed record SessionInfo(
    string Id, string Channel, long Epoch, string Latency, DateTimeOffset StartedAt, DateTimeOffset? LastPublicationEndedAt, DateTimeOffset? EndedAt, string? EndReason,
    long PeakViewers = 0);

/// <summary>The sessions that channels have had.</summary>
public sealed class SessionHistory(Database database)
{
    /// <summary>Most that one answer holds.</summary>
    public const int MaxPage = 200;

    /// <summary>A channel's sessions, newest first.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="limit">1 to <see cref="MaxPage"/>.</param>
    /// <param name="before">Only those older than this one, to read on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">No such channel, or a bad value.</exception>
    public async Task<IReadOnlyList<SessionInfo>> ListAsync(string channel, int limit = 50, SessionId? before = null, CancellationToken cancellationToken = default)
    {
        if (limit is < 1 or > MaxPage)
        {
            throw new ControlException([new("limit", $"A limit is 1 to {MaxPage}.")]);
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        var rows = await connection.QueryAsync<SessionInfo>(new CommandDefinition(
            """
            SELECT id, @channel AS channel, epoch, latency, started_at AS startedAt, last_publication_ended_at AS lastPublicationEndedAt, ended_at AS endedAt, end_reason AS endReason,
                peak_viewers AS peakViewers
            FROM sessions WHERE channel_id = @id AND (@before::text IS NULL OR id < @before) ORDER BY id DESC LIMIT @limit
            """,
            new { id, channel, limit, before = before?.Value },
            cancellationToken: cancellationToken));
        return [.. rows];
    }
}
