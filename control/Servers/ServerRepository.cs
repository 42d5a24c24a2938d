using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Servers;

/// <summary>State of a server.</summary>
public enum ServerState
{
    /// <summary>Running: the lease holds.</summary>
    Running,

    /// <summary>Running, and drained: it hands its sessions over and takes no others.</summary>
    Draining,

    /// <summary>Stopped: the server gave its lease back.</summary>
    Stopped,

    /// <summary>Lost: the lease expired.</summary>
    Lost,
}

/// <summary>A server that uses the database.</summary>
/// <param name="Number">Short number, unique in the database.</param>
/// <param name="Name">Name of its machine.</param>
/// <param name="Address">Address of its internal listener; <see langword="null"/> when unknown.</param>
/// <param name="Roles">Its roles, separated by commas, or <c>all</c>.</param>
/// <param name="State">Its state.</param>
/// <param name="Sessions">Number of open sessions that it owns.</param>
/// <param name="Load">Share of its machine's processors that it used before its last renewal, 0 to 1; <see langword="null"/> when
/// unknown.</param>
/// <param name="Version">Its version; <see langword="null"/> for versions that do not state it.</param>
/// <param name="StartedAt">Start of its process.</param>
/// <param name="LastSeenAt">Last renewal of its lease.</param>
public sealed record ServerInfo(int Number, string Name, string? Address, string Roles, ServerState State, int Sessions, double? Load,
    string? Version, DateTimeOffset StartedAt, DateTimeOffset LastSeenAt);

/// <summary>Lists the servers that use the database.</summary>
public sealed class ServerRepository(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    private static readonly EnumNames<ServerState> StateNames = new("state of a server",
        (ServerState.Running, "running"), (ServerState.Draining, "draining"), (ServerState.Stopped, "stopped"), (ServerState.Lost, "lost"));

    /// <summary>Name of a state in the API and in commands.</summary>
    public static string NameOf(ServerState state) => StateNames.Name(state);

    /// <summary>Lists all servers of the last 30 days by number.</summary>
    public async Task<IReadOnlyList<ServerInfo>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            SELECT v.number, v.name, v.address, v.lease_until > clock_timestamp() AS isLive, v.released AS isReleased, v.draining AS isDraining,
                v.load::float8 AS load, v.version, array_to_string(v.roles, ',') AS roles, v.started_at AS startedAt, v.last_seen_at AS lastSeenAt,
                (SELECT count(*) FROM sessions s WHERE s.owner = v.id AND s.ended_at IS NULL)::int AS sessions
            FROM servers v ORDER BY v.number
            """,
            cancellationToken: cancellationToken));
        return [.. rows.Select(row => new ServerInfo(
            row.Number, row.Name, row.Address, ServerRoles.Parse(row.Roles, out _).ToString(),
            row.State,
            row.Sessions, row.Load is { } load ? Math.Round(load, 3) : null, row.Version, row.StartedAt, row.LastSeenAt))];
    }

    /// <summary>
    /// Drains a server, or ends that: while a server is drained, it hands its sessions over and takes no others.
    /// </summary>
    /// <param name="number">Number of the server.</param>
    /// <param name="draining">Whether to drain it.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">There is no such server, or it is not running.</exception>
    public async Task SetDrainingAsync(int number, bool draining, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var isLive = await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            "UPDATE servers SET draining = @draining WHERE number = @number RETURNING lease_until > clock_timestamp()",
            new { number, draining }, transaction, cancellationToken: cancellationToken))
            ?? throw new OperationException(OperationErrorCode.NotFound, $"There is no server {number}; see the list of servers.");
        if (!isLive)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"Server {number} is not running. Its sessions wait for it, or are taken over by other servers.");
        }

        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), draining ? "server.drain" : "server.undrain",
            $"server/{number}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private sealed record Row(int Number, string Name, string? Address, bool IsLive, bool IsReleased, bool IsDraining, double? Load,
        string? Version, string Roles, DateTimeOffset StartedAt, DateTimeOffset LastSeenAt, int Sessions)
    {
        public ServerState State => IsLive ? IsDraining ? ServerState.Draining : ServerState.Running
            : IsReleased ? ServerState.Stopped : ServerState.Lost;
    }
}
