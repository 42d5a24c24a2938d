using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.PackagerToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Servers;

/// <summary>
/// Confirms to the packager which sessions this server may change. While the database is unavailable, or before this server has taken its
/// lease, nothing is confirmed: the id in a copied data folder is that of another server until then.
/// </summary>
internal sealed class SessionOwners(ServerDatabase database, ServerIdentity identity, IOptions<ControlOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time, SuspensionWatch? suspensions = null) : ISessionOwnership
{
    /// <summary>
    /// Time after which a server that did not release its lease is taken for lost. Until then it may be cut off from the database alone,
    /// and still serve a session that another server has ended in the database.
    /// </summary>
    private static readonly TimeSpan LostAfter = TimeSpan.FromDays(1);

    private const string Sql = """
        SELECT s.id IS NOT NULL AS hasRow, s.ended_at IS NOT NULL AS isEnded, s.owner IS NOT NULL AS hasOwner,
            coalesce(s.owner = @me, false) AS isOwnedHere, v.id IS NOT NULL AS isKnown, coalesce(v.released, false) AS isReleased,
            coalesce(extract(epoch FROM clock_timestamp() - v.lease_until), 0)::float8 AS expiredFor,
            EXISTS (SELECT 1 FROM servers o WHERE o.id <> @me) AS hasOthers
        FROM (SELECT 1) one LEFT JOIN sessions s ON s.id = @id LEFT JOIN servers v ON v.id = s.owner
        """;

    /// <inheritdoc/>
    public bool IsUncertain => suspensions is { IsUncertain: true };

    /// <inheritdoc/>
    public Task WhenCertainAsync(CancellationToken cancellationToken) =>
        suspensions?.WhenCertainAsync(cancellationToken) ?? Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask<SessionOwnership> FindAsync(SessionId session, CancellationToken cancellationToken)
    {
        if (!identity.IsConfirmed)
        {
            return SessionOwnership.Undecided;
        }

        try
        {
            using var limit = new CancellationTokenSource(options.Value.LookupTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            await using var connection = await database.Source.OpenConnectionAsync(either.Token);
            var row = await connection.QuerySingleAsync<OwnerRow>(new CommandDefinition(Sql, new { id = session.Value, me = identity.Id },
                cancellationToken: either.Token));
            return Evaluate(row, time.GetUtcNow() - session.CreatedAt);
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e) || e is PostgresException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return SessionOwnership.Undecided;
        }
    }

    /// <summary>Decides on ownership.</summary>
    /// <param name="row">Database facts.</param>
    /// <param name="age">Time since the session began.</param>
    internal static SessionOwnership Evaluate(OwnerRow row, TimeSpan age)
    {
        if (!row.HasRow)
        {
            // The row of a session that begins while its server has no database is written later. An old session without a row belongs
            // to an older backup of the database.
            return !row.HasOthers || age >= LostAfter ? SessionOwnership.Closed : SessionOwnership.Undecided;
        }

        if (row.HasOwner && !row.IsOwnedHere && row is { IsKnown: true, ExpiredFor: < 0 })
        {
            return SessionOwnership.Elsewhere;
        }

        if (!row.IsEnded)
        {
            // Without a live owner, a server that starts takes the session over.
            return row.IsOwnedHere ? SessionOwnership.Open : SessionOwnership.Undecided;
        }

        var isLost = row.IsReleased || (row.IsKnown ? TimeSpan.FromSeconds(row.ExpiredFor) : age) >= LostAfter;
        return !row.HasOwner || row.IsOwnedHere || isLost ? SessionOwnership.Closed : SessionOwnership.Undecided;
    }

    /// <summary>Database facts about a session and its owner.</summary>
    /// <param name="HasRow">Whether the session has a row.</param>
    /// <param name="IsEnded">Whether the session has ended.</param>
    /// <param name="HasOwner">Whether the row names an owner.</param>
    /// <param name="IsOwnedHere">Whether the owner is this server.</param>
    /// <param name="IsKnown">Whether the owner has a row.</param>
    /// <param name="IsReleased">Whether the owner released its lease at shutdown.</param>
    /// <param name="ExpiredFor">Seconds since the owner's lease expired; negative while it holds.</param>
    /// <param name="HasOthers">Whether the database knows other servers.</param>
    internal sealed record OwnerRow(bool HasRow, bool IsEnded, bool HasOwner, bool IsOwnedHere, bool IsKnown, bool IsReleased,
        double ExpiredFor, bool HasOthers);
}
