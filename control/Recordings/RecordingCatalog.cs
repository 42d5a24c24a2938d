using System.Collections.Concurrent;
using Broadcast.Control.Channels;
using Broadcast.Control.Lookups;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Dapper;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Recordings;

/// <summary>
/// Recordings for playback, in memory by session: the newest, and recently requested ones. Others are looked up in the database, with
/// limited concurrency, because ids can be guessed. Updated by notifications; while the database is unavailable, the known data remains.
/// </summary>
internal sealed class RecordingCatalog(ServerDatabase database, IOptions<ControlOptions> options, TimeProvider time,
    IHttpContextAccessor? requests = null) : IRecordingCatalog, IRecordingList, INotificationHandler, IDisposable
{
    internal const int MaxSessions = 10_000;

    private const string Rows = """
        SELECT r.id, r.session_id AS session, r.channel_id AS channelId, c.name AS channel, r.starts_at AS startsAt, r.ends_at AS endsAt,
            r.title, r.visibility <> 'private' AS isVisible, s.access, coalesce(r.starts_at, s.started_at) AS startedAt,
            CASE WHEN NOT s.preview THEN extract(epoch FROM coalesce(r.ends_at, CASE WHEN s.ended_at IS NOT NULL
                THEN coalesce(s.last_publication_ended_at, s.ended_at) END) - coalesce(r.starts_at, s.started_at))::float8 END AS seconds,
            r.visibility = 'public' AS isListed
        FROM recordings r JOIN channels c ON c.id = r.channel_id JOIN sessions s ON s.id = r.session_id
        WHERE r.deleted_at IS NULL AND c.deleted_at IS NULL
        """;

    private const string OfOne = $"{Rows} AND r.session_id = coalesce((SELECT session_id FROM recordings WHERE id = @id), @id)";
    private const string OfMany = $"{Rows} AND r.session_id = ANY (@sessions)";
    private const string VisibleOnes =
        $"{Rows} AND r.visibility <> 'private' AND (@before::text IS NULL OR r.id < @before) ORDER BY r.id DESC LIMIT @most";
    private const string Newest = "SELECT DISTINCT session_id FROM recordings WHERE deleted_at IS NULL ORDER BY session_id DESC LIMIT 2000";

    private readonly ConcurrentDictionary<string, CachedSession> _sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _clips = new(StringComparer.Ordinal);
    private readonly CacheMissLookup _lookups = new(options, time, requests);
    private readonly Lock _lock = new();

    /// <summary>Number of sessions in memory.</summary>
    internal int Count => _sessions.Count;

    /// <summary>Running and waiting lookups.</summary>
    internal LookupSlots Lookups => _lookups.Slots;

    /// <inheritdoc/>
    public long Changes => _lookups.Changes;

    /// <inheritdoc/>
    public bool Handles(DatabaseNotification notification) => notification.Table is "recordings" or "sessions" or "channels";

    /// <inheritdoc/>
    public async ValueTask<RecordingRange?> FindAsync(RecordingId id, CancellationToken cancellationToken)
    {
        var entry = await FindSessionAsync(id.Value, cancellationToken);
        return entry?.Visible.GetValueOrDefault(id);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> HasAnyAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        var entry = await FindSessionAsync(session.Value, cancellationToken);
        return entry is { Visible.Count: > 0 } && entry.Session == session.Value && entry.Channel == channel;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RecordingRange>> VisibleAsync(RecordingId? before, int most, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            var rows = await connection.QueryAsync<Row>(new CommandDefinition(VisibleOnes, new { before = before?.Value, most },
                cancellationToken: cancellationToken));
            return [.. rows.Select(row => row.ToRange())];
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e))
        {
            throw new RecordingsUnavailableException(e);
        }
    }

    /// <summary>Reads known and new recordings.</summary>
    public Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => _lookups.ApplyChangeAsync(
        async () =>
        {
            var newest = await connection.QueryAsync<string>(new CommandDefinition(Newest, cancellationToken: cancellationToken));
            await UpdateSessionsAsync(connection, [.. newest.Union(_sessions.Keys, StringComparer.Ordinal)], cancellationToken);
        },
        cancellationToken);

    /// <summary>
    /// Reads a recording that a request has changed, so that the change is in effect with the response. While it waits for other changes it
    /// uses no connection, so that many requests cannot take those of others.
    /// </summary>
    public Task RefreshAsync(string id, CancellationToken cancellationToken) => _lookups.ApplyChangeAsync(
        async () =>
        {
            await using var connection = await database.ReloadSource.OpenConnectionAsync(cancellationToken);
            await ApplyAsync(connection, [new("recordings", id)], cancellationToken);
        },
        cancellationToken);

    /// <summary>Reads the recordings that notifications concern.</summary>
    public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken) =>
        _lookups.ApplyChangeAsync(() => ApplyAsync(connection, notifications, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _lookups.Dispose();

    private async Task ApplyAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken)
    {
        // A session's properties, such as its access policy, apply to its recordings; the session's own recording has its id.
        List<string> ids = [
            .. DatabaseNotification.RowsOf("recordings", notifications), .. DatabaseNotification.RowsOf("sessions", notifications),
        ];
        var channels = DatabaseNotification.RowsOf("channels", notifications).Select(long.Parse).ToHashSet();
        var deleted = channels.Count == 0 ? channels : [.. await connection.QueryAsync<long>(new CommandDefinition(
            "SELECT u.channel FROM unnest(@channels) AS u (channel) WHERE NOT EXISTS (SELECT 1 FROM channels c WHERE c.id = u.channel "
            + "AND c.deleted_at IS NULL)",
            new { channels = channels.ToArray() },
            cancellationToken: cancellationToken))];
        var sessions = await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT DISTINCT session_id FROM recordings WHERE id = ANY (@ids)", new { ids = ids.ToArray() },
            cancellationToken: cancellationToken));
        string[] changed;
        lock (_lock)
        {
            // Under the lock: a lookup that still found the rows is either in memory by now, or sees the change and is not cached.
            // Otherwise it could add a session of a deleted channel after this enumeration, and the session would stay.
            changed =
            [
                .. sessions.Union(ids.Select(id => _clips.GetValueOrDefault(id, id))
                    .Concat(_sessions.Where(s => deleted.Contains(s.Value.ChannelId)).Select(s => s.Key)), StringComparer.Ordinal),
            ];
        }

        await UpdateSessionsAsync(connection, changed, cancellationToken);
        foreach (var id in ids)
        {
            _lookups.ClearMissing(id);
        }
    }

    private async Task UpdateSessionsAsync(NpgsqlConnection connection, string[] sessions, CancellationToken cancellationToken)
    {
        var rows =
            (await connection.QueryAsync<Row>(new CommandDefinition(OfMany, new { sessions },
                cancellationToken: cancellationToken))).ToLookup(r => r.Session, StringComparer.Ordinal);
        lock (_lock)
        {
            foreach (var session in sessions)
            {
                Remember(session, [.. rows[session]]);
            }
        }
    }

    /// <summary>Returns whether memory has the answer: a session, or <see langword="null"/> for an id that was recently missing.</summary>
    private bool TryGet(string id, out CachedSession? entry)
    {
        if (_sessions.TryGetValue(_clips.GetValueOrDefault(id, id), out var known))
        {
            known.LastUsed = time.GetTimestamp();
            entry = known;
            return true;
        }

        entry = null;
        return _lookups.IsMissing(id);
    }

    private ValueTask<CachedSession?> FindSessionAsync(string id, CancellationToken cancellationToken) =>
        TryGet(id, out var known) ? new(known) : _lookups.FindAsync<CachedSession>(id, TryGet, ReadAsync,
            static e => new RecordingsUnavailableException(e), cancellationToken);

    private async Task<CachedSession?> ReadAsync(string id)
    {
        var changes = _lookups.Changes;
        await using var connection = await database.LookupSource.OpenConnectionAsync(CancellationToken.None);
        Row[] rows = [.. await connection.QueryAsync<Row>(new CommandDefinition(OfOne, new { id },
            cancellationToken: CancellationToken.None))];
        lock (_lock)
        {
            if (changes != _lookups.Changes)
            {
                return rows.Length == 0 ? null : CachedSession.Of(rows, time.GetTimestamp());
            }

            var entry = rows.Length == 0 ? null : Remember(rows[0].Session, rows);
            if (entry is null || (entry.Session != id && !_clips.ContainsKey(id)))
            {
                _lookups.RecordMissing(id);
            }

            return entry;
        }
    }

    private CachedSession? Remember(string session, Row[] rows)
    {
        if (_sessions.TryRemove(session, out var before))
        {
            foreach (var clip in before.Clips)
            {
                _clips.TryRemove(clip, out _);
            }
        }

        if (rows.Length == 0)
        {
            return null;
        }

        MakeRoom();
        var entry = CachedSession.Of(rows, before?.LastUsed ?? time.GetTimestamp());
        _lookups.ClearMissing(session);
        _sessions[session] = entry;
        foreach (var clip in entry.Clips)
        {
            _lookups.ClearMissing(clip);
            _clips[clip] = session;
        }

        return entry;
    }

    // Removes a quarter at once, so that it happens seldom: the least recently used.
    private void MakeRoom()
    {
        if (_sessions.Count < MaxSessions)
        {
            return;
        }

        foreach (var (session, _) in _sessions.ToArray().OrderBy(s => s.Value.LastUsed).Take(MaxSessions / 4))
        {
            Remember(session, []);
        }
    }

    /// <summary>The recordings of a session.</summary>
    private sealed class CachedSession(string session, long channelId, ChannelName channel, IReadOnlyList<string> clips,
        IReadOnlyDictionary<RecordingId, RecordingRange> visible)
    {
        private long _lastUsed;

        public string Session => session;

        public long ChannelId => channelId;

        public ChannelName Channel => channel;

        /// <summary>Ids of clips, including hidden ones.</summary>
        public IReadOnlyList<string> Clips => clips;

        /// <summary>Recordings that viewers can see.</summary>
        public IReadOnlyDictionary<RecordingId, RecordingRange> Visible => visible;

        /// <summary>Timestamp of the last use.</summary>
        public long LastUsed
        {
            get => Volatile.Read(ref _lastUsed);
            set => Volatile.Write(ref _lastUsed, value);
        }

        public static CachedSession Of(Row[] rows, long lastUsed) => new(
            rows[0].Session,
            rows[0].ChannelId,
            ChannelName.Parse(rows[0].Channel),
            [.. rows.Where(r => r.Id != r.Session).Select(r => r.Id)],
            rows.Where(r => r.IsVisible).Select(r => r.ToRange()).ToDictionary(r => r.Id)) { LastUsed = lastUsed };
    }

    private sealed record Row(string Id, string Session, long ChannelId, string Channel, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt,
        string Title, bool IsVisible, string? Access, DateTimeOffset StartedAt, double? Seconds, bool IsListed)
    {
        public RecordingRange ToRange() => new(RecordingId.Parse(Id), ChannelName.Parse(Channel), SessionId.Parse(Session), StartsAt,
            EndsAt, Title)
        {
            Access = Access is null ? null : ChannelRules.ParseAccess(Access),
            Details = Seconds is >= 0 and var seconds ? new(StartedAt, TimeSpan.FromSeconds(seconds), IsListed) : null,
        };
    }
}
