using System.Collections.Concurrent;
using System.Collections.Frozen;
using Broadcast.Control.Channels;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Control.Access;

/// <summary>
/// Access policies of all channels, and of sessions with their own, in memory. After a change, those of the changed channels are read
/// again. While the database is unavailable, the last known policies apply, including revocations; before the first read, none is known.
/// </summary>
internal sealed class ViewerPolicyCache([FromKeyedServices(CalendarClock.Key)] TimeProvider time) : IDisposable
{
    private const string Sql = """
        SELECT c.id, c.name, c.access FROM channels c WHERE c.deleted_at IS NULL {0};
        SELECT c.name, k.id, k.secret, k.server_managed FROM viewer_keys k JOIN channels c ON c.id = k.channel_id WHERE k.revoked_at IS NULL
            AND c.deleted_at IS NULL {0};
        SELECT c.name, t.id FROM viewer_tokens t JOIN channels c ON c.id = t.channel_id
            WHERE t.revoked_at IS NOT NULL AND (t.expires_at IS NULL OR t.expires_at > @now) AND c.deleted_at IS NULL {0};
        SELECT c.name, s.id, s.access FROM sessions s JOIN channels c ON c.id = s.channel_id WHERE s.access IS NOT NULL
            AND c.deleted_at IS NULL {0}
        """;

    private const string ChannelsOfChanges = """
        SELECT channel_id FROM sessions WHERE id = ANY (@sessions)
        UNION SELECT channel_id FROM viewer_keys WHERE id = ANY (@keys)
        UNION SELECT channel_id FROM viewer_tokens WHERE id = ANY (@tokens)
        """;

    private static readonly string AllSql = Sql.Replace("{0}", "", StringComparison.Ordinal);
    private static readonly string SomeSql = Sql.Replace("{0}", "AND c.id = ANY (@channels)", StringComparison.Ordinal);

    private readonly SemaphoreSlim _mutex = new(1, 1);
    private readonly Dictionary<long, string> _names = [];
    private ConcurrentDictionary<string, ViewerAccessPolicy>? _policies;

    /// <summary>Indicates whether the policies were ever read.</summary>
    public bool IsLoaded => Volatile.Read(ref _policies) is not null;

    /// <summary>A channel's policy; <see langword="null"/> when the channel does not exist, or nothing is known yet.</summary>
    public ViewerAccessPolicy? Find(ChannelName channel) =>
        Volatile.Read(ref _policies) is { } policies && policies.TryGetValue(channel.Value, out var policy) ? policy : null;

    /// <summary>Reads all policies.</summary>
    public Task RefreshAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => RunExclusiveAsync(
        () => LoadAsync(connection, cancellationToken), cancellationToken);

    /// <summary>Reads the policies of one channel.</summary>
    public Task RefreshAsync(NpgsqlConnection connection, string channel, CancellationToken cancellationToken) => RunExclusiveAsync(
        () => LoadAsync(connection, channel, cancellationToken), cancellationToken);

    /// <summary>
    /// Reads the policies of one channel for a request. While it waits for other reads it uses no connection, so that many requests cannot
    /// take those of others.
    /// </summary>
    public Task RefreshAsync(ServerDatabase database, string channel, CancellationToken cancellationToken) => RunExclusiveAsync(
        async () =>
        {
            await using var connection = await database.ReloadSource.OpenConnectionAsync(cancellationToken);
            await LoadAsync(connection, channel, cancellationToken);
        },
        cancellationToken);

    /// <summary>Reads the policies of the channels that notifications concern.</summary>
    public async Task RefreshAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken)
    {
        var changes = new
        {
            sessions = DatabaseNotification.RowsOf("sessions", notifications).ToArray(),
            keys = DatabaseNotification.RowsOf("viewer_keys", notifications).ToArray(),
            tokens = DatabaseNotification.RowsOf("viewer_tokens", notifications).ToArray(),
        };
        var channels = await connection.QueryAsync<long>(new CommandDefinition(ChannelsOfChanges, changes,
            cancellationToken: cancellationToken));

        // A deleted key has no row that names its channel.
        var ofDeletedKeys = Volatile.Read(ref _policies)?.Where(p => changes.keys.Any(p.Value.Keys.ContainsKey)).Select(p => p.Key)
            .ToHashSet(StringComparer.Ordinal) ?? [];
        await RunExclusiveAsync(
            () => LoadAsync(
                connection,
                [
                    .. channels.Concat(DatabaseNotification.RowsOf("channels", notifications).Select(long.Parse))
                        .Concat(_names.Where(n => ofDeletedKeys.Contains(n.Value)).Select(n => n.Key)).Distinct(),
                ],
                cancellationToken),
            cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _mutex.Dispose();

    private async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var all = await ReadAsync(connection, AllSql, [], cancellationToken);
        _names.Clear();
        foreach (var (id, name, _) in all)
        {
            _names[id] = name;
        }

        Volatile.Write(ref _policies, new(all.Select(c => KeyValuePair.Create(c.Name, c.Policy)), StringComparer.Ordinal));
    }

    private async Task LoadAsync(NpgsqlConnection connection, string channel, CancellationToken cancellationToken)
    {
        if (!IsLoaded)
        {
            await LoadAsync(connection, cancellationToken);
            return;
        }

        var ids = await connection.QueryAsync<long>(new CommandDefinition(
            "SELECT id FROM channels WHERE name = @channel AND deleted_at IS NULL", new { channel }, cancellationToken: cancellationToken));
        await LoadAsync(connection, [.. ids], cancellationToken);
    }

    private async Task LoadAsync(NpgsqlConnection connection, long[] channels, CancellationToken cancellationToken)
    {
        if (_policies is not { } policies || channels.Length == 0)
        {
            return;   // the first read reads everything
        }

        var changed = await ReadAsync(connection, SomeSql, channels, cancellationToken);
        foreach (var (id, name, policy) in changed)
        {
            _names[id] = name;
            policies[name] = policy;
        }

        foreach (var id in channels.Except(changed.Select(c => c.Id)))
        {
            // Another channel may have the name of the deleted one by now.
            if (_names.Remove(id, out var name) && !_names.ContainsValue(name))
            {
                policies.TryRemove(name, out _);
            }
        }
    }

    private async Task<List<(long Id, string Name, ViewerAccessPolicy Policy)>> ReadAsync(NpgsqlConnection connection, string sql,
        long[] ids, CancellationToken cancellationToken)
    {
        await using var results = await connection.QueryMultipleAsync(
            new CommandDefinition(sql, new { now = time.GetUtcNow(), channels = ids }, cancellationToken: cancellationToken));
        var channels = await results.ReadAsync<(long Id, string Name, string Access)>();
        var keys = (await results.ReadAsync<(string Name, string Id, string Secret, bool IsServers)>()).ToLookup(k => k.Name,
            StringComparer.Ordinal);
        var revoked = (await results.ReadAsync<(string Name, string Id)>()).ToLookup(t => t.Name, t => t.Id, StringComparer.Ordinal);
        var sessions = (await results.ReadAsync<(string Name, string Id, string Access)>()).ToLookup(s => s.Name,
            StringComparer.Ordinal);
        return [.. channels.Select(c => (c.Id, c.Name, new ViewerAccessPolicy(
            ChannelRules.ParseAccess(c.Access),
            keys[c.Name].ToFrozenDictionary(k => k.Id, k => ViewerKeys.GetBytes(k.Secret), StringComparer.Ordinal),
            revoked[c.Name].ToFrozenSet(StringComparer.Ordinal))
        {
            ServerKeys = keys[c.Name].Where(k => k.IsServers).Select(k => k.Id).ToFrozenSet(StringComparer.Ordinal),
            Sessions = sessions[c.Name].ToFrozenDictionary(s => SessionId.Parse(s.Id), s => ChannelRules.ParseAccess(s.Access)),
        }))];
    }

    // One at a time: an older read must not overwrite a later one.
    private async Task RunExclusiveAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        await _mutex.WaitAsync(cancellationToken);
        try
        {
            await work();
        }
        finally
        {
            _mutex.Release();
        }
    }
}
