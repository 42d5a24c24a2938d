using Broadcast.Control.Channels;
using Broadcast.Control.Publishing;
using Broadcast.Media;
using Broadcast.Media.ControlToCluster;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Servers;

/// <summary>Open session with its ownership.</summary>
internal sealed record ClaimedSession(SessionId Id, long ChannelId, string Channel, long Epoch, string? EndRequest,
    OwnershipStatus Standing)
{
    /// <summary>Session on air at another live server, with the name of that server; otherwise <see langword="null"/>.</summary>
    public RemoteSession? Remote { get; init; }

    /// <summary>Time since the owner's lease expired; negative while it holds.</summary>
    public TimeSpan ExpiredFor { get; init; }

    /// <summary>Time until a session of another live server counts as lost, unless its owner renews the lease.</summary>
    public TimeSpan ExpiresIn { get; init; }

    /// <summary>Indicates whether the owner gave its lease back when it stopped.</summary>
    public bool IsReleased { get; init; }
}

/// <summary>Session ended in the database on behalf of its lost owner.</summary>
internal sealed record AbandonedSession(string Id, string Channel, string Owner, string Reason);

/// <summary>
/// Reads the ownership of open sessions and takes over or ends sessions. Each change is one transaction that blocks lease renewals, so that
/// the decision still holds when it is written.
/// </summary>
internal sealed class SessionClaims(ServerIdentity identity, IOptions<ControlOptions> options, ITakeoverCandidates? candidates = null)
{
    /// <summary>
    /// Time after the expiry of a lease in which servers with a copy take the session over. Until then its channel counts as on air at the
    /// lost server, so that no encoder begins a new session.
    /// </summary>
    public static readonly TimeSpan TakeoverGrace = TimeSpan.FromSeconds(5);

    /// <summary>End reason of a session whose owner did not return.</summary>
    public const string ServerLostReason = "its server did not return";

    /// <summary>End reason of a session whose row was open and whose server does not have it.</summary>
    private const string UnknownReason = "its server does not know it";

    // Before the first renewal after an interruption, the interruption is not recorded yet, but the lease has expired.
    private const string OwnContactSql =
        "coalesce((SELECT extract(epoch FROM clock_timestamp() - m.unbroken_since) FROM servers m WHERE m.id = @me AND m.lease_until > "
        + "clock_timestamp()), 0)";

    // A starting server has no contact yet, but others may have. The uptime of the database proves nothing: a standby that was promoted
    // a moment ago, with the leases of that time, has run for long.
    private const string StartContactSql =
        "coalesce((SELECT max(extract(epoch FROM clock_timestamp() - m.unbroken_since)) FROM servers m WHERE m.id <> @me "
        + "AND m.lease_until > clock_timestamp()), 0)";

    private const string LockOwners = "SET LOCAL idle_in_transaction_session_timeout = '5s'; "
        + "SELECT 1 FROM servers WHERE id <> @me ORDER BY id FOR UPDATE";

    private const string Take = """
        UPDATE sessions s SET epoch = s.epoch + 1, owner = @me FROM channels c WHERE c.id = s.channel_id AND s.ended_at IS NULL
            AND s.id = ANY (@ids) AND (@from::uuid IS NULL OR (s.owner = @from AND s.epoch = @epoch AND s.end_request IS NULL))
        RETURNING s.id, c.name AS channel, s.channel_id AS channelId, s.epoch, s.latency, s.started_at AS startedAt,
        s.last_publication_ended_at AS lastPublicationEndedAt,
            c.reconnect_window_seconds AS window, s.recorded, s.preview OR s.visible_from IS NOT NULL AS beginsHidden, s.access,
            c.ladder, c.audio_languages AS audioLanguages
        """;

    private const string End = """
        UPDATE sessions s SET ended_at = greatest(clock_timestamp(), s.started_at), end_reason = coalesce(s.end_request, @gone)
            FROM channels c
        WHERE c.id = s.channel_id AND s.ended_at IS NULL AND s.id = ANY (@ids)
        RETURNING s.id, c.name AS channel, s.owner::text AS owner, s.end_reason AS reason
        """;

    /// <summary>Indicates whether this server owns sessions. One that does not takes none over, neither at start nor later.</summary>
    public bool CanOwn => identity.Roles.Media;

    private OwnershipRules Rules => new(options.Value.ServerLease, options.Value.ServerGrace);

    /// <summary>Reads all open sessions.</summary>
    public Task<List<ClaimedSession>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        ReadAsync(connection, null, OwnContactSql, cancellationToken);

    /// <summary>Takes over sessions at start, each with the next epoch.</summary>
    /// <param name="connection">Open connection.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Sessions taken over, and sessions on air at other servers.</returns>
    public async Task<(List<OpenSession> Taken, List<ClaimedSession> Elsewhere)> TakeOverAsync(NpgsqlConnection connection,
        CancellationToken cancellationToken)
    {
        await using var transaction = await BeginDecisionAsync(connection, cancellationToken);
        var open = await ReadAsync(connection, transaction, StartContactSql, cancellationToken);
        if (!CanOwn)
        {
            return ([], open);
        }

        var ids = open.Where(s => OwnershipRules.IsTakenOverAtStart(s.Standing)).Select(s => s.Id.Value).ToArray();
        var rows = await connection.QueryAsync<TakenRow>(
            new CommandDefinition(Take, TakeOf(ids), transaction, cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return ([.. rows.Select(r => r.ToOpen())], [.. open.Where(s => !OwnershipRules.IsTakenOverAtStart(s.Standing))]);
    }

    /// <summary>Takes over a session whose owner is lost, with the next epoch.</summary>
    /// <param name="connection">Open connection.</param>
    /// <param name="seen">The session as it was read. Nothing happens if its owner or epoch has changed since.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <param name="isForEnd">Whether to take over a session in order to end it (<see cref="ShouldEnd"/>).</param>
    /// <returns>
    /// The session; <see langword="null"/> when it has another owner now, its owner is not lost, or its end was requested.
    /// </returns>
    public async Task<OpenSession?> TakeOverAsync(NpgsqlConnection connection, ClaimedSession seen, CancellationToken cancellationToken,
        bool isForEnd = false)
    {
        await using var transaction = await BeginDecisionAsync(connection, cancellationToken);
        var open = await ReadAsync(connection, transaction, OwnContactSql, cancellationToken);
        if (!open.Exists(s => s.Id == seen.Id && s.Epoch == seen.Epoch
            && (isForEnd ? ShouldEnd(s) : s is { Standing: OwnershipStatus.LeaseExpired, EndRequest: null })))
        {
            return null;
        }

        var rows = await connection.QueryAsync<TakenRow>(new CommandDefinition(Take, TakeOf([seen.Id.Value]), transaction,
            cancellationToken: cancellationToken));

        // A canceled commit may have happened: the session would have an owner that does not know it.
        await transaction.CommitAsync(CancellationToken.None);
        return rows.SingleOrDefault()?.ToOpen();
    }

    /// <summary>Takes a session of this server, whose epoch is known, with the next epoch.</summary>
    /// <returns>The session; <see langword="null"/> when it has another owner or epoch, has ended, or is to end.</returns>
    public Task<OpenSession?> TakeAgainAsync(NpgsqlConnection connection, SessionId session, long epoch) =>
        TakeHandedOverAsync(connection, session, epoch, identity.Id);

    /// <summary>Takes over a session that its owner hands over, with the next epoch.</summary>
    /// <param name="connection">Open connection.</param>
    /// <param name="session">The session.</param>
    /// <param name="epoch">Its epoch at the owner.</param>
    /// <param name="owner">The owner.</param>
    /// <returns>The session; <see langword="null"/> when it has another owner or epoch, has ended, or is to end.</returns>
    public async Task<OpenSession?> TakeHandedOverAsync(NpgsqlConnection connection, SessionId session, long epoch, Guid owner) =>
        (await connection.QueryAsync<TakenRow>(Take, TakeOf([session.Value], owner, epoch))).SingleOrDefault()?.ToOpen();

    /// <summary>
    /// Writes claims of this server that the database has lost, by a failover or a restore: nothing else lowers an epoch.
    /// </summary>
    /// <param name="connection">Open connection.</param>
    /// <param name="sessions">Sessions that this server owns, each with its epoch.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Sessions that this server owns again according to the database.</returns>
    public async Task<List<SessionId>> RestoreAsync(NpgsqlConnection connection, IReadOnlyList<(SessionId Id, long Epoch)> sessions,
        CancellationToken cancellationToken) =>
        [.. (await connection.QueryAsync<string>(new CommandDefinition(
            "UPDATE sessions s SET owner = @me, epoch = o.epoch FROM unnest(@ids, @epochs) AS o (id, epoch) "
            + "WHERE s.id = o.id AND s.epoch < o.epoch AND s.ended_at IS NULL RETURNING s.id",
            new { me = identity.Id, ids = sessions.Select(s => s.Id.Value).ToArray(), epochs = sessions.Select(s => s.Epoch).ToArray() },
            cancellationToken: cancellationToken)))
            .Select(SessionId.Parse)];

    /// <summary>
    /// Ends those of the given sessions whose servers are gone, in the database alone. Concurrent servers end and report each session once.
    /// </summary>
    public async Task<List<AbandonedSession>> EndAbandonedAsync(NpgsqlConnection connection, IReadOnlySet<SessionId> sessions,
        CancellationToken cancellationToken)
    {
        await using var transaction = await BeginDecisionAsync(connection, cancellationToken);
        var open = await ReadAsync(connection, transaction, OwnContactSql, cancellationToken);
        var ids = open.Where(s => ShouldEnd(s) && sessions.Contains(s.Id)).Select(s => s.Id.Value).ToArray();
        var ended = await connection.QueryAsync<AbandonedSession>(
            new CommandDefinition(End, new { ids, gone = ServerLostReason }, transaction, cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return [.. ended];
    }

    /// <summary>
    /// Ends sessions of this server that it does not know: their rows stayed open because the database lost or refused a write.
    /// </summary>
    public Task<int> EndUnknownAsync(NpgsqlConnection connection, IReadOnlyList<SessionId> sessions, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(
            "UPDATE sessions SET ended_at = greatest(clock_timestamp(), started_at), end_reason = coalesce(end_request, @UnknownReason) "
            + "WHERE id = ANY (@ids) AND owner = @me AND ended_at IS NULL",
            new { ids = sessions.Select(s => s.Value).ToArray(), me = identity.Id, UnknownReason }, cancellationToken: cancellationToken));

    /// <summary>Returns whether <see cref="EndAbandonedAsync"/> ends a session.</summary>
    public static bool ShouldEnd(ClaimedSession session) => OwnershipRules.CanBeEnded(session.Standing, session.EndRequest is not null);

    /// <summary>Requests the end of a channel's session from its owner, which is notified at once.</summary>
    /// <param name="connection">Open connection.</param>
    /// <param name="channelId">Database id of the channel.</param>
    /// <param name="reason">Reason, up to 500 characters.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The session; <see langword="null"/> when no other server has one.</returns>
    public async Task<SessionId?> RequestEndAsync(NpgsqlConnection connection, long channelId, string reason,
        CancellationToken cancellationToken) =>
        SessionId.TryParse(
            await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
                "UPDATE sessions SET end_request = coalesce(end_request, @reason) WHERE channel_id = @channelId AND ended_at IS NULL AND "
                + "owner <> @me RETURNING id",
                new { channelId, reason, me = identity.Id },
                cancellationToken: cancellationToken)),
            out var id) ? id : null;

    /// <summary>Lists those of the given sessions that have ended according to the database.</summary>
    public static async Task<List<SessionId>> ListEndedAsync(NpgsqlConnection connection, IEnumerable<SessionId> sessions,
        CancellationToken cancellationToken) =>
        [.. (await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT id FROM sessions WHERE id = ANY (@ids) AND ended_at IS NOT NULL", new { ids = sessions.Select(s => s.Value).ToArray() },
            cancellationToken: cancellationToken)))
            .Select(SessionId.Parse)];

    /// <summary>
    /// Begins a transaction in which no other server renews its lease. PostgreSQL ends it when this server no longer responds, for example
    /// after a power failure: the other servers would lose their leases.
    /// </summary>
    internal async Task<NpgsqlTransaction> BeginDecisionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            await connection.ExecuteAsync(new CommandDefinition(LockOwners, new { me = identity.Id }, transaction,
                cancellationToken: cancellationToken));
            return transaction;
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    private object TakeOf(string[] ids, Guid? from = null, long epoch = 0) => new { me = identity.Id, ids, from, epoch };

    private async Task<List<ClaimedSession>> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string contact,
        CancellationToken cancellationToken)
    {
        var rows = await connection.QueryAsync<OpenRow>(new CommandDefinition(
            $"""
            SELECT s.id, s.channel_id AS channelId, c.name AS channel, s.epoch, s.end_request AS endRequest,
                s.owner IS NOT NULL AS hasOwner, coalesce(s.owner = @me, false) AS isOurs,
                v.id IS NOT NULL AS isKnown, coalesce(v.name, s.owner::text) AS server, coalesce(v.released, false) AS isReleased,
                v.id AS serverId, v.address,
                coalesce(extract(epoch
                FROM clock_timestamp() - v.lease_until), 0)::float8 AS overFor,
                ({contact})::float8 AS contact, c.reconnect_window_seconds AS window
            FROM sessions s JOIN channels c ON c.id = s.channel_id LEFT JOIN servers v ON v.id = s.owner WHERE s.ended_at IS NULL
            """,
            new { me = identity.Id },
            transaction,
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToClaimed(Rules, candidates is null ? TimeSpan.Zero : TakeoverGrace))];
    }

    private sealed record OpenRow(
        string Id, long ChannelId, string Channel, long Epoch, string? EndRequest, bool HasOwner, bool IsOurs, bool IsKnown,
        string? Server, bool IsReleased, Guid? ServerId, string? Address, double OverFor, double Contact, int Window)
    {
        public ClaimedSession ToClaimed(OwnershipRules rules, TimeSpan grace)
        {
            var owner = new OwnerInfo(HasOwner, IsOurs, IsKnown, IsReleased, TimeSpan.FromSeconds(OverFor), TimeSpan.FromSeconds(Contact),
                TimeSpan.FromSeconds(Window));
            var (id, status, remaining) = (SessionId.Parse(Id), rules.Evaluate(owner), rules.GetRemaining(owner));
            return new(id, ChannelId, Channel, Epoch, EndRequest, status)
            {
                Remote = status == OwnershipStatus.OwnedByLiveServer
                    || (status == OwnershipStatus.LeaseExpired && !IsReleased && owner.ExpiredFor < grace)
                    ? new(ChannelId, Channel, id, Server ?? "", remaining + grace)
                    {
                        Target = ServerId is { } server ? new(id, Epoch, new(server, Server ?? "", Address)) : null,
                    }
                    : null,
                ExpiredFor = owner.ExpiredFor,
                ExpiresIn = remaining,
                IsReleased = IsReleased,
            };
        }
    }

    private sealed record TakenRow(
        string Id, string Channel, long ChannelId, long Epoch, string Latency, DateTimeOffset StartedAt,
        DateTimeOffset? LastPublicationEndedAt, int Window, bool Recorded, bool BeginsHidden,
        string? Access, string Ladder, string AudioLanguages)
    {
        public OpenSession ToOpen() => new(
            new(ChannelName.Parse(Channel), SessionId.Parse(Id), Epoch, StartedAt, LatencyProfile.Find(Latency) ?? LatencyProfile.Standard)
            {
                IsRecorded = Recorded, BeginsHidden = BeginsHidden, Access = Access is null ? null : ChannelRules.ParseAccess(Access),
            },
            ChannelId,
            TimeSpan.FromSeconds(Window),
            LastPublicationEndedAt)
        {
            Ladder = Ladder, AudioLanguages = AudioLanguages,
        };
    }
}
