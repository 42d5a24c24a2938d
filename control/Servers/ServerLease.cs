using Broadcast.Database;
using Dapper;
using Npgsql;

namespace Broadcast.Control.Servers;

/// <summary>Result of a lease renewal.</summary>
internal enum LeaseRenewal
{
    /// <summary>The lease was renewed for its whole duration.</summary>
    Renewed,

    /// <summary>The lease was renewed, and an operator drains the server.</summary>
    Draining,

    /// <summary>Another process uses this server's id.</summary>
    TakenByOther,
}

/// <summary>
/// Lease of a server in the database. While it holds, no other server touches its sessions. All times are by the database's clock.
/// </summary>
internal static class ServerLease
{
    /// <summary>
    /// SQL condition on a row <c>s</c> of sessions: whether the server <c>@me</c> may manage its media. It may if the session is its own,
    /// has no owner, or its owner is not live. Only a live owner knows whether its media are complete and what its spool still holds. True
    /// for all rows if <c>@me</c> is null.
    /// </summary>
    public const string IsManageable = """
        (s.owner IS NULL OR @me::uuid IS NULL OR s.owner = @me::uuid OR NOT EXISTS (SELECT 1 FROM servers v WHERE v.id = s.owner AND v.lease_until > clock_timestamp()))
        """;

    private static readonly string Version = typeof(ServerLease).Assembly.GetName().Version?.ToString(3) ?? "";

    // A starting server may take over its id from a run that ended abruptly: an earlier one in the same location, one whose lease expired,
    // or one that has not renewed since it was checked. Otherwise the data folder is a copy.
    private const string RenewSql = """
        INSERT INTO servers AS v (id, run, name, place, started_at, last_seen_at, unbroken_since, lease_until, released, address, version, load, roles)
        SELECT @id, @run, @name, @place, t, t, t, t + make_interval(secs => @lease), false, @address, @version, @load, @roles
            FROM clock_timestamp() t
        ON CONFLICT (id) DO UPDATE SET run = excluded.run, name = excluded.name, place = excluded.place, released = false,
            address = excluded.address, version = excluded.version, load = excluded.load, roles = excluded.roles,
            draining = v.draining AND v.run = excluded.run,
            started_at = CASE WHEN v.run = excluded.run THEN v.started_at ELSE excluded.started_at END,
            unbroken_since = CASE WHEN v.run = excluded.run AND v.lease_until >= excluded.last_seen_at THEN v.unbroken_since
            ELSE excluded.last_seen_at END,
            last_seen_at = excluded.last_seen_at, lease_until = excluded.lease_until
        WHERE v.run = excluded.run OR (@isFirst AND (v.place = excluded.place OR v.released OR v.lease_until < excluded.last_seen_at
            OR v.last_seen_at = @silentSince::timestamptz))
        RETURNING v.draining, v.last_seen_at AS at
        """;

    /// <summary>Renews the lease, or takes it for the first time. Returns the result, and the database's time.</summary>
    /// <param name="connection">Open connection.</param>
    /// <param name="identity">Identity of this server.</param>
    /// <param name="lease">Duration of the lease.</param>
    /// <param name="address">Address of the internal listener; <see langword="null"/> while it is unknown.</param>
    /// <param name="load">Share of the machine's processors that this server uses, 0 to 1.</param>
    /// <param name="isFirst">Whether this run has not held the lease yet.</param>
    /// <param name="silentSince">For a first renewal while another run's lease holds: the last renewal of that run, long enough ago that a
    /// live server would have renewed.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public static async Task<(LeaseRenewal Renewal, DateTimeOffset At)> RenewAsync(
        NpgsqlConnection connection, ServerIdentity identity, TimeSpan lease, string? address, double load, bool isFirst,
        DateTimeOffset? silentSince,
        CancellationToken cancellationToken)
    {
        var row = await connection.QuerySingleOrDefaultAsync<RenewedLease?>(new CommandDefinition(
            RenewSql,
            new { id = identity.Id, run = identity.Run, name = identity.Name, place = identity.Location, lease = lease.TotalSeconds,
                isFirst, silentSince, address, version = Version, load, roles = identity.Roles.Names.ToArray() },
            cancellationToken: cancellationToken));
        return (row switch
        {
            null => LeaseRenewal.TakenByOther,
            { Draining: true } => LeaseRenewal.Draining,
            _ => LeaseRenewal.Renewed,
        }, row?.At ?? default);
    }

    /// <summary>Gets the last renewal of the server with this id; <see langword="null"/> when there is none.</summary>
    public static async Task<DateTimeOffset?> LastSeenAsync(NpgsqlConnection connection, ServerIdentity identity,
        CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<DateTimeOffset?>(new CommandDefinition(
            "SELECT last_seen_at FROM servers WHERE id = @id", new { id = identity.Id }, cancellationToken: cancellationToken));

    /// <summary>
    /// Releases the lease, so that the next start need not wait for it to expire, and notifies the other servers, which may admit the
    /// encoders of its channels from now on.
    /// </summary>
    public static async Task ReleaseAsync(NpgsqlConnection connection, ServerIdentity identity, CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(
            $"""
            WITH given_back AS (UPDATE servers SET lease_until = clock_timestamp(), last_seen_at = clock_timestamp(), released = true
                WHERE id = @id AND run = @run RETURNING 1)
            SELECT pg_notify('{DatabaseNotification.Channel}', 'session_owners:') FROM given_back
            """,
            new { id = identity.Id, run = identity.Run },
            cancellationToken: cancellationToken));

    /// <summary>Removes servers that have not renewed for 30 days; their sessions ended long ago.</summary>
    public static async Task RemoveStaleAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(
            """
            DELETE FROM servers v WHERE v.lease_until < clock_timestamp() - interval '30 days'
                AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.owner = v.id AND s.ended_at IS NULL)
            """,
            cancellationToken: cancellationToken));

    private sealed record RenewedLease(bool Draining, DateTimeOffset At);
}
