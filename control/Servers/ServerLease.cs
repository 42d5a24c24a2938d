using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>What came of a beat.</summary>
internal enum Beat
{
    /// <summary>The lease holds for its whole length again.</summary>
    Held,

    /// <summary>Another process goes by this server's number.</summary>
    Taken,
}

/// <summary>A server's lease in the database: as long as it holds, no other touches its sessions. All by the database's clock.</summary>
internal static class ServerLease
{
    /// <summary>
    /// SQL: of a row <c>s</c> of sessions, whether its media are <c>@me</c>'s to look after: its own, nobody's, or those of a server that is not there. Of the others only their own server knows whether all that is to come has
    /// come, and what waits in its spool. Where <c>@me</c> is null, all are.
    /// </summary>
    public const string IsForUs = """
        (s.owner IS NULL OR @me::uuid IS NULL OR s.owner = @me::uuid OR NOT EXISTS (SELECT 1 FROM servers v WHERE v.id = s.owner AND v.lease_until > clock_timestamp()))
        """;

    // Who starts may take the number over from a run that ended without a word: the one before in the same place, one whose lease is over, or one that has not beaten since it was looked at. Else it is a copy's.
    private const string Renew = """
        INSERT INTO servers AS v (id, run, name, place, started_at, last_seen_at, unbroken_since, lease_until, released)
        SELECT @id, @run, @name, @place, t, t, t, t + make_interval(secs => @lease), false FROM clock_timestamp() t
        ON CONFLICT (id) DO UPDATE SET run = excluded.run, name = excluded.name, place = excluded.place, released = false,
            started_at = CASE WHEN v.run = excluded.run THEN v.started_at ELSE excluded.started_at END,
            unbroken_since = CASE WHEN v.run = excluded.run AND v.lease_until >= excluded.last_seen_at THEN v.unbroken_since ELSE excluded.last_seen_at END,
            last_seen_at = excluded.last_seen_at, lease_until = excluded.lease_until
        WHERE v.run = excluded.run OR (@isFirst AND (v.place = excluded.place OR v.released OR v.lease_until < excluded.last_seen_at OR v.last_seen_at = @silentSince::timestamptz))
        """;

    /// <summary>Renews it, or takes it for the first time.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="identity">Whose.</param>
    /// <param name="lease">How long it holds from now on.</param>
    /// <param name="isFirst">Whether this run has had none yet.</param>
    /// <param name="silentSince">Where this run has had none yet and another one's holds: when that was heard of last, long enough ago that it would have beaten again if it lived.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Beat> BeatAsync(
        NpgsqlConnection connection, ServerIdentity identity, TimeSpan lease, bool isFirst, DateTimeOffset? silentSince, CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(
            Renew,
            new { id = identity.Id, run = identity.Run, name = identity.Name, place = identity.Place, lease = lease.TotalSeconds, isFirst, silentSince },
            cancellationToken: cancellationToken)) > 0 ? Beat.Held : Beat.Taken;

    /// <summary>When the server that goes by this one's number was heard of last; <see langword="null"/> when there is none.</summary>
    public static async Task<DateTimeOffset?> LastSeenAsync(NpgsqlConnection connection, ServerIdentity identity, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<DateTimeOffset?>(new CommandDefinition(
            "SELECT last_seen_at FROM servers WHERE id = @id", new { id = identity.Id }, cancellationToken: cancellationToken));

    /// <summary>Gives it back: whoever starts next need not wait for its end.</summary>
    public static async Task ReleaseAsync(NpgsqlConnection connection, ServerIdentity identity, CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE servers SET lease_until = clock_timestamp(), last_seen_at = clock_timestamp(), released = true WHERE id = @id AND run = @run",
            new { id = identity.Id, run = identity.Run },
            cancellationToken: cancellationToken));

    /// <summary>Forgets servers that nobody has heard of for 30 days; their sessions have long been ended.</summary>
    public static async Task ForgetAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.ExecuteAsync(new CommandDefinition(
            """
            DELETE FROM servers v WHERE v.lease_until < clock_timestamp() - interval '30 days'
                AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.owner = v.id AND s.ended_at IS NULL)
            """,
            cancellationToken: cancellationToken));
}
