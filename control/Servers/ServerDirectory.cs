using System.Collections.Concurrent;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Servers;

/// <summary>Servers and sessions of the cluster, for links between servers.</summary>
internal sealed class ServerDirectory(ServerIdentity identity, RemoteSessions remoteSessions, ServerDatabase database,
    IOptions<ControlOptions> options, [FromKeyedServices(CalendarClock.Key)] TimeProvider time, MediaServers mediaServers,
    SpareSessions spares, ServerLeaseState lease, OwnershipProbe probe) : IServerDirectory
{
    /// <summary>Maximum number of channels whose last session is kept.</summary>
    private const int MaxLast = 4096;

    /// <summary>Maximum number of concurrent lookups; viewers beyond get no session.</summary>
    private const int MaxLookups = 2;

    private const string LastSql = """
        SELECT s.id, s.epoch, v.id AS server, v.name, v.address
        FROM (SELECT s.id, s.epoch, s.owner FROM sessions s JOIN channels c ON c.id = s.channel_id
            WHERE c.name = @name AND c.deleted_at IS NULL ORDER BY s.id COLLATE "C" DESC LIMIT 1) s
        JOIN servers v ON v.id = s.owner
        WHERE v.id <> @me AND v.lease_until > clock_timestamp() AND v.address IS NOT NULL
        """;

    private static readonly TimeSpan LastFor = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<ChannelName, (RemoteChannel? Channel, long ReadAt)> _last = new();
    private readonly SemaphoreSlim _lookups = new(MaxLookups);

    /// <inheritdoc/>
    public Guid Self => identity.Id;

    /// <inheritdoc/>
    public bool HasLeaseExpired => lease.HasExpired;

    /// <inheritdoc/>
    public TimeSpan LeaseAge => lease.Age;

    /// <inheritdoc/>
    public RemoteChannel? FindRemote(ChannelName channel) => remoteSessions.Find(channel)?.Target;

    /// <inheritdoc/>
    public SessionId? FindLost(ChannelName channel) => remoteSessions.FindLost(channel);

    /// <inheritdoc/>
    public ValueTask<bool> IsTakenOverAsync(ChannelName channel, CancellationToken cancellationToken) =>
        probe.IsTakenOverAsync(channel, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<RemoteChannel?> FindLastAsync(ChannelName channel, CancellationToken cancellationToken)
    {
        if (_last.TryGetValue(channel, out var known) && time.GetElapsedTime(known.ReadAt) < LastFor)
        {
            return known.Channel;
        }

        if (!await _lookups.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return null;
        }

        try
        {
            using var limit = new CancellationTokenSource(options.Value.LookupTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            await using var connection = await database.Source.OpenConnectionAsync(either.Token);
            var row = await connection.QuerySingleOrDefaultAsync<LastRow>(new CommandDefinition(LastSql,
                new { name = channel.Value, me = identity.Id }, cancellationToken: either.Token));
            if (_last.Count >= MaxLast)
            {
                _last.Clear();
            }

            var found = row is null ? null
                : new RemoteChannel(SessionId.Parse(row.Id), row.Epoch, new ClusterServer(row.Server, row.Name, row.Address));
            _last[channel] = (found, time.GetTimestamp());
            return found;
        }
        catch (Exception error) when (ServerDatabase.IsUnavailable(error)
            || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
        finally
        {
            _lookups.Release();
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<ChannelName> Spared => spares.Channels;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ClusterServer>> FindMediaServersAsync(CancellationToken cancellationToken) =>
        mediaServers.FindAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<ClusterAuthority> GetAuthorityAsync(Func<ClusterAuthority> create, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            const string Select = "SELECT certificate, private_key AS privateKey FROM cluster_authority";
            if (await connection.QuerySingleOrDefaultAsync<ClusterAuthority>(
                new CommandDefinition(Select, cancellationToken: cancellationToken)) is { } known)
            {
                return known;
            }

            var created = create();
            await connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO cluster_authority (certificate, private_key) VALUES (@Certificate, @PrivateKey) ON CONFLICT DO NOTHING",
                new { created.Certificate, created.PrivateKey }, cancellationToken: cancellationToken));
            return await connection.QuerySingleAsync<ClusterAuthority>(new CommandDefinition(Select, cancellationToken: cancellationToken));
        }
        catch (Exception error) when (ServerDatabase.IsUnavailable(error))
        {
            throw new IOException("The keys of the cluster cannot be read while the database is unavailable.", error);
        }
    }

    private sealed record LastRow(string Id, long Epoch, Guid Server, string Name, string Address);
}
