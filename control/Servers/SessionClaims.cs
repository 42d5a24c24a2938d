using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control;

/// <summary>An open session's row, and whose it is.</summary>
internal sealed record ClaimedSession(SessionId Id, long ChannelId, string Channel, long Epoch, string? EndRequest, Standing Standing);

/// <summary>A session that was ended in the database for its owner, which is gone.</summary>
internal sealed record AbandonedSession(string Id, string Channel, string Owner, string Reason);

/// <summary>Reads whose the open sessions are, and takes those that may be taken: each claim is one transaction in which the owners cannot renew their leases, so that what was judged still holds when it is written.</summary>
internal sealed class SessionClaims(ServerIdentity identity, IOptions<ControlOptions> options)
{
    /// <summary>Why a session ended whose owner did not come back.</summary>
    public const string Gone = "its server is gone";

    // Before the first beat after a break it is not yet written that there was one, but the lease is over.
    private const string ContactOfThisServer =
        "coalesce((SELECT extract(epoch FROM clock_timestamp() - m.unbroken_since) FROM servers m WHERE m.id = @me AND m.lease_until > clock_timestamp()), 0)";

    // Who starts has had no contact yet; that the database itself has been up is the most that can be known then.
    private const string ContactAtStart = "extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())";

    private const string LockOwners = "SELECT 1 FROM servers WHERE id <> @me ORDER BY id FOR UPDATE";

    private const string Take = """
        UPDATE sessions s SET epoch = s.epoch + 1, owner = @me FROM channels c WHERE c.id = s.channel_id AND s.ended_at IS NULL AND s.id = ANY (@ids)
        RETURNING s.id, c.name AS channel, s.channel_id AS channelId, s.epoch, s.latency, s.started_at AS startedAt, s.last_publication_ended_at AS lastPublicationEndedAt,
            c.reconnect_window_seconds AS window, s.recorded, s.preview OR s.audience_from IS NOT NULL AS beginsHidden, s.access
        """;

    private const string End = """
        UPDATE sessions s SET ended_at = greatest(clock_timestamp(), s.started_at), end_reason = coalesce(s.end_request, @gone) FROM channels c
        WHERE c.id = s.channel_id AND s.ended_at IS NULL AND s.id = ANY (@ids)
        RETURNING s.id, c.name AS channel, s.owner::text AS owner, s.end_reason AS reason
        """;

    private OwnershipTerms Terms => new(options.Value.ServerLease, options.Value.ServerGrace);

    /// <summary>All open sessions, as this server has to take them.</summary>
    public Task<List<ClaimedSession>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        ReadAsync(connection, null, ContactOfThisServer, cancellationToken);

    /// <summary>Takes over what this server may go on with as it starts, each with the next epoch.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was taken, and what another server has on air.</returns>
    public async Task<(List<OpenSession> Taken, List<ClaimedSession> Elsewhere)> TakeOverAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(LockOwners, new { me = identity.Id }, transaction, cancellationToken: cancellationToken));
        var open = await ReadAsync(connection, transaction, ContactAtStart, cancellationToken);
        var ids = open.Where(s => OwnershipTerms.IsTakenAtStart(s.Standing)).Select(s => s.Id.Value).ToArray();
        var rows = await connection.QueryAsync<TakenRow>(new CommandDefinition(Take, new { me = identity.Id, ids }, transaction, cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return ([.. rows.Select(r => r.ToOpen())], [.. open.Where(s => !OwnershipTerms.IsTakenAtStart(s.Standing))]);
    }

    /// <summary>Ends the sessions of servers that are gone. However many servers do it at once, each session is ended, and told, by one.</summary>
    public async Task<List<AbandonedSession>> EndGoneAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(LockOwners, new { me = identity.Id }, transaction, cancellationToken: cancellationToken));
        var open = await ReadAsync(connection, transaction, ContactOfThisServer, cancellationToken);
        var ids = open.Where(IsToEnd).Select(s => s.Id.Value).ToArray();
        var ended = await connection.QueryAsync<AbandonedSession>(new CommandDefinition(End, new { ids, gone = Gone }, transaction, cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return [.. ended];
    }

    /// <summary>Whether <see cref="EndGoneAsync"/> has a session to end.</summary>
    public static bool IsToEnd(ClaimedSession session) => OwnershipTerms.IsEnded(session.Standing, session.EndRequest is not null);

    /// <summary>Asks whichever server has a channel's session to end it; it hears of it at once.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="channelId">The channel.</param>
    /// <param name="reason">Why, up to 500 characters.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The session that is to end; <see langword="null"/> when no other server has one.</returns>
    public async Task<SessionId?> RequestEndAsync(NpgsqlConnection connection, long channelId, string reason, CancellationToken cancellationToken) =>
        SessionId.TryParse(
            await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
                "UPDATE sessions SET end_request = coalesce(end_request, @reason) WHERE channel_id = @channelId AND ended_at IS NULL AND owner <> @me RETURNING id",
                new { channelId, reason, me = identity.Id },
                cancellationToken: cancellationToken)),
            out var id) ? id : null;

    /// <summary>Of sessions that this process has open, those that the database says are over.</summary>
    public static async Task<List<SessionId>> OverAsync(NpgsqlConnection connection, IEnumerable<SessionId> sessions, CancellationToken cancellationToken) =>
        [.. (await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT id FROM sessions WHERE id = ANY (@ids) AND ended_at IS NOT NULL", new { ids = sessions.Select(s => s.Value).ToArray() }, cancellationToken: cancellationToken)))
            .Select(SessionId.Parse)];

    private async Task<List<ClaimedSession>> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string contact, CancellationToken cancellationToken)
    {
        var rows = await connection.QueryAsync<OpenRow>(new CommandDefinition(
            $"""
            SELECT s.id, s.channel_id AS channelId, c.name AS channel, s.epoch, s.end_request AS endRequest, s.owner IS NOT NULL AS hasOwner, coalesce(s.owner = @me, false) AS isOurs,
                v.id IS NOT NULL AS isKnown, coalesce(v.released, false) AS isReleased, coalesce(extract(epoch FROM clock_timestamp() - v.lease_until), 0)::float8 AS overFor,
                ({contact})::float8 AS contact, c.reconnect_window_seconds AS window
            FROM sessions s JOIN channels c ON c.id = s.channel_id LEFT JOIN servers v ON v.id = s.owner WHERE s.ended_at IS NULL
            """,
            new { me = identity.Id },
            transaction,
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToClaimed(Terms))];
    }

    private sealed record OpenRow(
        string Id, long ChannelId, string Channel, long Epoch, string? EndRequest, bool HasOwner, bool IsOurs, bool IsKnown, bool IsReleased, double OverFor, double Contact, int Window)
    {
        public ClaimedSession ToClaimed(OwnershipTerms terms) => new(
            SessionId.Parse(Id), ChannelId, Channel, Epoch, EndRequest,
            terms.Judge(new(HasOwner, IsOurs, IsKnown, IsReleased, TimeSpan.FromSeconds(OverFor), TimeSpan.FromSeconds(Contact), TimeSpan.FromSeconds(Window))));
    }

    private sealed record TakenRow(
        string Id, string Channel, long ChannelId, long Epoch, string Latency, DateTimeOffset StartedAt, DateTimeOffset? LastPublicationEndedAt, int Window, bool Recorded, bool BeginsHidden,
        string? Access)
    {
        public OpenSession ToOpen() => new(
            new(ChannelName.Parse(Channel), SessionId.Parse(Id), Epoch, StartedAt, LatencyProfile.Find(Latency) ?? LatencyProfile.Standard)
            {
                IsRecorded = Recorded, BeginsHidden = BeginsHidden, Access = Access is null ? null : ViewingRegister.AccessOf(Access),
            },
            ChannelId,
            TimeSpan.FromSeconds(Window),
            LastPublicationEndedAt);
    }
}
