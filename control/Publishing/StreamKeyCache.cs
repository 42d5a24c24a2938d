using Broadcast.Control.Identity;
using Broadcast.Control.Lookups;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Publishing;

/// <summary>Valid stream key with the settings of its channel.</summary>
internal sealed record StreamKeyRecord(
    string KeyId, byte[] Hash, DateTimeOffset? ExpiresAt, long ChannelId, ChannelName Channel, string Ladder, LatencyProfile Latency,
    TimeSpan ReconnectWindow)
{
    /// <summary>Role of the key.</summary>
    public StreamKeyRole Role { get; init; }

    /// <summary>Channel input that the key's encoder feeds.</summary>
    public InputRole Input => Role == StreamKeyRole.Backup ? InputRole.Backup : InputRole.Primary;

    /// <summary>Takeover policy of the channel.</summary>
    public TakeoverPolicy Takeover { get; init; }

    /// <summary>
    /// Time without media after which the current encoder can be taken over; <see langword="null"/> for
    /// <see cref="ControlOptions.TakeoverAfter"/>.
    /// </summary>
    public TimeSpan? TakeoverAfter { get; init; }

    /// <summary>DVR window of a session that starts with this key.</summary>
    public TimeSpan DvrWindow { get; init; }

    /// <summary>Indicates whether a session that starts with this key is recorded.</summary>
    public bool IsRecorded { get; init; }

    /// <summary>Audio languages of the channel, as text (<see cref="TrackLanguages"/>).</summary>
    public string AudioLanguages { get; init; } = "";
}

/// <summary>Result of a key lookup.</summary>
/// <param name="Key">The key; <see langword="null"/> when it is unknown or invalid.</param>
/// <param name="FromCache">Whether the cache answered because the database is unavailable.</param>
internal readonly record struct StreamKeyLookup(StreamKeyRecord? Key, bool FromCache);

/// <summary>
/// Looks up stream keys in the database, and in the cache while the database is unavailable. The cache is trusted for
/// <see cref="ControlOptions.StreamKeyCacheDuration"/> after the last contact with the database; until then every revocation has been
/// received. Encoders that connect at the same time share statements.
/// </summary>
internal sealed class StreamKeyCache(ServerDatabase database, IOptions<ControlOptions> options, TimeProvider time)
    : INotificationHandler
{
    // The connections of the pool that lookups for viewers leave.
    private const int MaxStatements = ServerDatabase.MaxLookupConnections - (2 * LookupSlots.MaxRunning);

    // Older servers on the same database send no notifications for new keys. The margin allows for clock differences.
    private static readonly TimeSpan PollMargin = TimeSpan.FromMinutes(10);

    private const int MaxCached = 10_000;
    private const string ValidKeysSql = """
        SELECT k.hash, k.expires_at, c.id, c.name, c.ladder, c.latency, c.reconnect_window_seconds, k.role, c.takeover,
            c.takeover_after_seconds, k.id, c.dvr_window, c.record, c.audio_languages
        FROM stream_keys k JOIN channels c ON c.id = k.channel_id
        WHERE k.revoked_at IS NULL AND c.deleted_at IS NULL
        """;

    private const string Sql = $"{ValidKeysSql} AND k.id = ANY ($1)";
    private const string Latest = $"{ValidKeysSql} ORDER BY coalesce(k.last_used_at, k.created_at) DESC LIMIT 10000";
    private const string Recent = $"{ValidKeysSql} AND k.created_at > $1 ORDER BY k.created_at DESC LIMIT 1000";
    private const string Changed =
        $"{ValidKeysSql} AND (c.id = ANY ($1) OR c.id IN (SELECT channel_id FROM stream_keys WHERE id = ANY ($2))) LIMIT 10000";

    private readonly BatchedLookup<StreamKeyRecord> _lookup = new(ids => LookUpAsync(database, ids), MaxStatements);
    private readonly Dictionary<string, StreamKeyRecord> _cache = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private long _lastContact = time.GetTimestamp();
    private readonly Dictionary<string, long> _changedKeys = new(StringComparer.Ordinal);
    private readonly Dictionary<long, long> _changedChannels = [];
    private long _allChangedAt;
    private long _changes;

    /// <summary>
    /// Counter incremented with every notified change of a key or channel; a result is current if it has not risen since before the query.
    /// </summary>
    public long Changes => Interlocked.Read(ref _changes);

    /// <summary>Returns whether a key or its channel may have changed.</summary>
    /// <param name="since">Earlier value of <see cref="Changes"/>.</param>
    /// <param name="key">The key.</param>
    public bool HasChanged(long since, StreamKeyRecord key)
    {
        lock (_lock)
        {
            return _allChangedAt > since || _changedKeys.GetValueOrDefault(key.KeyId) > since
                || _changedChannels.GetValueOrDefault(key.ChannelId) > since;
        }
    }

    private void RecordContact() => Interlocked.Exchange(ref _lastContact, time.GetTimestamp());

    /// <summary>Looks up a key.</summary>
    /// <exception cref="OperationException"><see cref="OperationErrorCode.Unavailable"/>: the database is unavailable and the key is not
    /// cached, or the cache is too old.</exception>
    public async ValueTask<StreamKeyLookup> FindAsync(string keyId, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Value.LookupTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var changes = Changes;
            var key = await _lookup.FindAsync(keyId).WaitAsync(linked.Token);   // not canceled; see CacheMissLookup.FindAsync
            RecordContact();
            if (changes == Changes)
            {
                Cache(keyId, key);   // otherwise the key may have been revoked since, and the cache entry would stay
            }

            return new(key, FromCache: false);
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e)
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return GetCached(keyId) is { } key
                ? new(key, FromCache: true)
                : throw new OperationException(OperationErrorCode.Unavailable, "The database is unavailable and the key is not cached.", e);
        }
    }

    /// <summary>Gets a cached key, without the database; <see langword="null"/> when there is none or the cache is too old.</summary>
    public StreamKeyRecord? GetCached(string keyId)
    {
        lock (_lock)
        {
            return time.GetElapsedTime(Interlocked.Read(ref _lastContact)) <= options.Value.StreamKeyCacheDuration
                ? _cache.GetValueOrDefault(keyId) : null;
        }
    }

    /// <summary>Ids of all cached keys.</summary>
    public string[] CachedIds()
    {
        lock (_lock)
        {
            return [.. _cache.Keys];
        }
    }

    /// <inheritdoc/>
    public bool Handles(DatabaseNotification notification) => notification.Table is "stream_keys" or "channels";

    /// <summary>Removes changed keys, and caches the valid keys of changed channels and of channels with changed keys.</summary>
    public async Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken)
    {
        var keyIds = DatabaseNotification.RowsOf("stream_keys", notifications).ToHashSet(StringComparer.Ordinal);
        var channels = DatabaseNotification.RowsOf("channels", notifications).Select(long.Parse).ToHashSet();
        Remove(key => keyIds.Contains(key.KeyId) || channels.Contains(key.ChannelId), keyIds, channels);
        await using var command = new NpgsqlCommand(Changed, connection)
        {
            Parameters = { new() { Value = channels.ToArray() }, new() { Value = keyIds.ToArray() } },
        };
        await LoadAsync(command, cancellationToken);
    }

    /// <summary>Removes keys that became invalid while no connection was listening, and caches valid ones.</summary>
    public async Task ReloadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var cached = CachedIds();
        var valid = await FilterValidAsync(connection, cached, cancellationToken);
        var invalid = cached.Where(id => !valid.Contains(id)).ToHashSet(StringComparer.Ordinal);   // keys cached meanwhile are kept
        Remove(key => invalid.Contains(key.KeyId), null, null);
        await LoadAsync(connection, cancellationToken);
        
        // All revocations are known now. UseContactAsync is not reached if that of an earlier handler fails.
        RecordContact();
    }

    /// <inheritdoc/>
    public Task UseContactAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        RecordContact();
        return Task.CompletedTask;
    }

    /// <summary>Caches new keys.</summary>
    public async Task PollAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Recent, connection)
        {
            Parameters = { new() { Value = (time.GetUtcNow() - PollMargin).UtcDateTime } },
        };
        await LoadAsync(command, cancellationToken);
    }

    /// <summary>Returns those of the given keys that are valid.</summary>
    public static async Task<HashSet<string>> FilterValidAsync(NpgsqlConnection connection, string[] ids,
        CancellationToken cancellationToken) =>
        [.. await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT k.id FROM stream_keys k JOIN channels c ON c.id = k.channel_id WHERE k.id = ANY (@ids) AND k.revoked_at IS NULL AND "
            + "c.deleted_at IS NULL",
            new { ids },
            cancellationToken: cancellationToken))];

    /// <summary>
    /// Removes keys from the cache, and records which keys and channels changed; <see langword="null"/> if that is unknown.
    /// </summary>
    private void Remove(Func<StreamKeyRecord, bool> predicate, HashSet<string>? keys, HashSet<long>? channels)
    {
        lock (_lock)
        {
            var change = Interlocked.Increment(ref _changes);
            if (keys is null || channels is null || _changedKeys.Count + _changedChannels.Count > MaxCached)
            {
                _allChangedAt = change;
                _changedKeys.Clear();
                _changedChannels.Clear();
            }

            foreach (var key in keys ?? [])
            {
                _changedKeys[key] = change;
            }

            foreach (var channel in channels ?? [])
            {
                _changedChannels[channel] = change;
            }

            foreach (var key in _cache.Values.Where(predicate).ToList())
            {
                _cache.Remove(key.KeyId);
            }
        }
    }

    /// <summary>Caches valid keys, most recently used first, before their encoders connect.</summary>
    public async Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Latest, connection);
        await LoadAsync(command, cancellationToken);
    }

    private async Task LoadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var key = await ReadAsync(reader, cancellationToken);
            Cache(key.KeyId, key);
        }
    }

    private static async Task<IReadOnlyDictionary<string, StreamKeyRecord>> LookUpAsync(ServerDatabase database, string[] keyIds)
    {
        await using var command = database.LookupSource.CreateCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = keyIds });
        await using var reader = await command.ExecuteReaderAsync(CancellationToken.None);
        var found = new Dictionary<string, StreamKeyRecord>(StringComparer.Ordinal);
        while (await reader.ReadAsync(CancellationToken.None))
        {
            var key = await ReadAsync(reader, CancellationToken.None);
            found[key.KeyId] = key;
        }

        return found;
    }

    private static async Task<StreamKeyRecord> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken) => new(
        reader.GetString(10),
        reader.GetFieldValue<byte[]>(0),
        await reader.IsDBNullAsync(1, cancellationToken) ? null : reader.GetFieldValue<DateTimeOffset>(1),
        reader.GetInt64(2),
        ChannelName.Parse(reader.GetString(3)),
        reader.GetString(4),
        LatencyProfile.Find(reader.GetString(5)) ?? LatencyProfile.Standard,
        TimeSpan.FromSeconds(reader.GetInt32(6)))
    {
        Role = StreamKeys.ParseRole(reader.GetString(7)),
        Takeover = TakeoverRules.Parse(reader.GetString(8)),
        TakeoverAfter = reader.GetInt32(9) is var seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null,
        DvrWindow = DvrWindow.TryParse(reader.GetString(11), out var dvrWindow) ? dvrWindow : DvrWindow.Off,
        IsRecorded = reader.GetBoolean(12),
        AudioLanguages = reader.GetString(13),
    };

    private void Cache(string keyId, StreamKeyRecord? key)
    {
        lock (_lock)
        {
            if (key is null)
            {
                _cache.Remove(keyId);
                return;
            }

            if (_cache.Count >= MaxCached && !_cache.ContainsKey(keyId))
            {
                _cache.Remove(_cache.Keys.First());
            }

            _cache[keyId] = key;
        }
    }
}
