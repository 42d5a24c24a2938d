using Broadcast.Database;
using Broadcast.Media.ClusterToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Servers;

/// <summary>
/// Other live servers with role <c>media</c> that are not drained, for new sessions of servers without that role, and for sessions that
/// this server hands over. Read at most once a second. Thread-safe.
/// </summary>
internal sealed class MediaServers(ServerDatabase database, ServerIdentity identity, IOptions<ControlOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time) : IDisposable
{
    /// <summary>
    /// Servers whose processor use is in the same quarter count as equally loaded; then the number of sessions decides. The use is measured
    /// only with each renewal of the lease, and varies.
    /// </summary>
    private const int LoadSteps = 4;

    private const string ListSql = """
        SELECT v.id, v.name, v.address, v.number, coalesce(v.load, 0)::float8 AS load,
            (SELECT count(*) FROM sessions s WHERE s.owner = v.id AND s.ended_at IS NULL)::int AS sessions
        FROM servers v
        WHERE v.id <> @me AND 'media' = ANY (v.roles) AND NOT v.draining AND v.address IS NOT NULL AND v.lease_until > clock_timestamp()
        """;

    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly Lock _lock = new();
    private List<Entry> _servers = [];
    private long? _readAt;

    /// <summary>Finds the servers, the least loaded first. While the database is unavailable, those that were found last.</summary>
    public async ValueTask<IReadOnlyList<ClusterServer>> FindAsync(CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (_readAt is not { } readAt || time.GetElapsedTime(readAt) >= FreshFor)
            {
                await ReadAsync(cancellationToken);
            }
        }
        finally
        {
            _reading.Release();
        }

        lock (_lock)
        {
            Entry[] ordered = [.. _servers.OrderBy(server => (int)(server.Load * LoadSteps))
                .ThenBy(server => server.Sessions + server.Named).ThenBy(server => server.Number)];
            if (ordered is [var first, ..])
            {
                // Its session is counted only with the next read.
                first.Named++;
            }

            return [.. ordered.Select(server => server.Server)];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var limit = new CancellationTokenSource(options.Value.LookupTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            await using var connection = await database.Source.OpenConnectionAsync(either.Token);
            var rows = await connection.QueryAsync<Row>(
                new CommandDefinition(ListSql, new { me = identity.Id }, cancellationToken: either.Token));
            List<Entry> servers =
                [.. rows.Select(row => new Entry(new(row.Id, row.Name, row.Address), row.Number, row.Load, row.Sessions))];
            lock (_lock)
            {
                _servers = servers;
            }
        }
        catch (Exception error) when (ServerDatabase.IsUnavailable(error)
            || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The last list applies.
        }

        _readAt = time.GetTimestamp();
    }

    private sealed record Row(Guid Id, string Name, string Address, int Number, double Load, int Sessions);

    private sealed record Entry(ClusterServer Server, int Number, double Load, int Sessions)
    {
        /// <summary>Number of encoders for which the server was named since the read.</summary>
        public int Named { get; set; }
    }
}
