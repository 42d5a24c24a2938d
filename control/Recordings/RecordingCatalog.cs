using System.Collections.Concurrent;
using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// What can be replayed, in memory by session: the newest, and those that somebody asked for. Others are looked up in the database, a few at a time, because ids can be guessed at. It hears of
/// every change; while the database is away, what is known stays as it was.
/// </summary>
internal sealed class RecordingCatalog(Database database, IOptions<ControlOptions> options, TimeProvider time) : IRecordingCatalog, IRecordingList, IDisposable
{
    internal const int MaxSessions = 10_000;

    private const string Rows = """
        SELECT r.id, r.session_id AS session, r.channel_id AS channelId, c.name AS channel, r.starts_at AS startsAt, r.ends_at AS endsAt, r.title, r.visibility <> 'private' AS isVisible, s.access
        FROM recordings r JOIN channels c ON c.id = r.channel_id JOIN sessions s ON s.id = r.session_id
        WHERE r.deleted_at IS NULL AND c.deleted_at IS NULL
        """;

    private const string OfOne = $"{Rows} AND r.session_id = coalesce((SELECT session_id FROM recordings WHERE id = @id), @id)";
    private const string OfMany = $"{Rows} AND r.session_id = ANY (@sessions)";
    private const string VisibleOnes = $"{Rows} AND r.visibility <> 'private' AND (@before::text IS NULL OR r.id < @before) ORDER BY r.id DESC LIMIT @most";
    private const string Newest = "SELECT DISTINCT session_id FROM recordings WHERE deleted_at IS NULL ORDER BY session_id DESC LIMIT 2000";

    private readonly ConcurrentDictionary<string, Kept> _sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _clips = new(StringComparer.Ordinal);
    private readonly Lookups _lookups = new(options, time);
    private readonly Lock _lock = new();

    /// <summary>Sessions in memory.</summary>
    internal int Count => _sessions.Count;

    /// <inheritdoc/>
    public long Changes => _lookups.Changes;

    /// <summary>Whether a notice on <c>broadcast_control</c> is about something that stands in here.</summary>
    public static bool IsAbout(string notice) => notice.StartsWith("recordings:", StringComparison.Ordinal) || notice.StartsWith("sessions:", StringComparison.Ordinal) || notice.StartsWith("channels:", StringComparison.Ordinal);

    /// <inheritdoc/>
    public async ValueTask<RecordingRange?> FindAsync(RecordingId id, CancellationToken cancellationToken)
    {
        var kept = await KeptAsync(id.Value, cancellationToken);
        return kept?.Visible.GetValueOrDefault(id);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> HasAnyAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        var kept = await KeptAsync(session.Value, cancellationToken);
        return kept is { Visible.Count: > 0 } && kept.Session == session.Value && kept.Channel == channel;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RecordingRange>> VisibleAsync(RecordingId? before, int most, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            var rows = await connection.QueryAsync<Row>(new CommandDefinition(VisibleOnes, new { before = before?.Value, most }, cancellationToken: cancellationToken));
            return [.. rows.Select(row => row.ToRange())];
        }
        catch (Exception e) when (Database.IsAway(e))
        {
            throw new RecordingsAwayException(e);
        }
    }

    /// <summary>Reads what is known and the newest.</summary>
    public Task LearnAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => _lookups.LearnAsync(
        async () =>
        {
            var newest = await connection.QueryAsync<string>(new CommandDefinition(Newest, cancellationToken: cancellationToken));
            await TakeInAsync(connection, [.. newest.Union(_sessions.Keys, StringComparer.Ordinal)], cancellationToken);
        },
        cancellationToken);

    /// <summary>Reads what notices are about.</summary>
    public Task LearnAsync(NpgsqlConnection connection, IReadOnlyCollection<string> notices, CancellationToken cancellationToken) => _lookups.LearnAsync(
        async () =>
        {
            // What is said of a session, such as who may watch it, is of its recordings; the recording of the whole has its id.
            List<string> ids = [.. Named(notices, "recordings:"), .. Named(notices, "sessions:")];
            var channels = Named(notices, "channels:").Select(long.Parse).ToHashSet();
            var gone = channels.Count == 0 ? channels : [.. await connection.QueryAsync<long>(new CommandDefinition(
                "SELECT u.channel FROM unnest(@channels) AS u (channel) WHERE NOT EXISTS (SELECT 1 FROM channels c WHERE c.id = u.channel AND c.deleted_at IS NULL)",
                new { channels = channels.ToArray() },
                cancellationToken: cancellationToken))];
            var sessions = await connection.QueryAsync<string>(new CommandDefinition(
                "SELECT DISTINCT session_id FROM recordings WHERE id = ANY (@ids)", new { ids = ids.ToArray() }, cancellationToken: cancellationToken));
            var known = ids.Select(id => _clips.GetValueOrDefault(id, id)).Concat(_sessions.Where(s => gone.Contains(s.Value.ChannelId)).Select(s => s.Key));
            await TakeInAsync(connection, [.. sessions.Union(known, StringComparer.Ordinal)], cancellationToken);
            foreach (var id in ids)
            {
                _lookups.NoteThere(id);
            }
        },
        cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _lookups.Dispose();

    private static List<string> Named(IEnumerable<string> notices, string table) =>
        [.. notices.Where(n => n.StartsWith(table, StringComparison.Ordinal)).Select(n => n[table.Length..])];

    private async Task TakeInAsync(NpgsqlConnection connection, string[] sessions, CancellationToken cancellationToken)
    {
        var rows = (await connection.QueryAsync<Row>(new CommandDefinition(OfMany, new { sessions }, cancellationToken: cancellationToken))).ToLookup(r => r.Session, StringComparer.Ordinal);
        lock (_lock)
        {
            foreach (var session in sessions)
            {
                Remember(session, [.. rows[session]]);
            }
        }
    }

    /// <summary>Whether memory answers: with a session, or <see langword="null"/> for what there was not a moment ago.</summary>
    private bool TryGet(string id, out Kept? kept)
    {
        if (_sessions.TryGetValue(_clips.GetValueOrDefault(id, id), out var known))
        {
            known.LastUsed = time.GetTimestamp();
            kept = known;
            return true;
        }

        kept = null;
        return _lookups.IsMissing(id);
    }

    private ValueTask<Kept?> KeptAsync(string id, CancellationToken cancellationToken) =>
        TryGet(id, out var known) ? new(known) : _lookups.FindAsync<Kept>(id, TryGet, ReadAsync, static e => new RecordingsAwayException(e), cancellationToken);

    private async Task<Kept?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        var changes = _lookups.Changes;
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        Row[] rows = [.. await connection.QueryAsync<Row>(new CommandDefinition(OfOne, new { id }, cancellationToken: cancellationToken))];
        lock (_lock)
        {
            if (changes != _lookups.Changes)
            {
                return rows.Length == 0 ? null : Kept.Of(rows, time.GetTimestamp());
            }

            var kept = rows.Length == 0 ? null : Remember(rows[0].Session, rows);
            if (kept is null || (kept.Session != id && !_clips.ContainsKey(id)))
            {
                _lookups.NoteMissing(id);
            }

            return kept;
        }
    }

    private Kept? Remember(string session, Row[] rows)
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
        var kept = Kept.Of(rows, before?.LastUsed ?? time.GetTimestamp());
        _lookups.NoteThere(session);
        _sessions[session] = kept;
        foreach (var clip in kept.Clips)
        {
            _lookups.NoteThere(clip);
            _clips[clip] = session;
        }

        return kept;
    }

    // A quarter at once, those that nobody has asked for longest, so that it is seldom done.
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

    /// <summary>What of a session is there.</summary>
    private sealed class Kept(string session, long channelId, ChannelName channel, IReadOnlyList<string> clips, IReadOnlyDictionary<RecordingId, RecordingRange> visible)
    {
        private long _lastUsed;

        public string Session => session;

        public long ChannelId => channelId;

        public ChannelName Channel => channel;

        /// <summary>Ids of clips, hidden ones too.</summary>
        public IReadOnlyList<string> Clips => clips;

        /// <summary>What viewers may see.</summary>
        public IReadOnlyDictionary<RecordingId, RecordingRange> Visible => visible;

        /// <summary>When it was last asked for, a timestamp.</summary>
        public long LastUsed
        {
            get => Volatile.Read(ref _lastUsed);
            set => Volatile.Write(ref _lastUsed, value);
        }

        public static Kept Of(Row[] rows, long lastUsed) => new(
            rows[0].Session,
            rows[0].ChannelId,
            ChannelName.Parse(rows[0].Channel),
            [.. rows.Where(r => r.Id != r.Session).Select(r => r.Id)],
            rows.Where(r => r.IsVisible).Select(r => r.ToRange()).ToDictionary(r => r.Id)) { LastUsed = lastUsed };
    }

    private sealed record Row(string Id, string Session, long ChannelId, string Channel, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, string Title, bool IsVisible, string? Access)
    {
        public RecordingRange ToRange() => new(RecordingId.Parse(Id), ChannelName.Parse(Channel), SessionId.Parse(Session), StartsAt, EndsAt, Title)
        {
            Access = Access is null ? null : ViewingRegister.AccessOf(Access),
        };
    }
}
