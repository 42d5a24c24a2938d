using System.Collections.Concurrent;
using System.Globalization;
using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Lookups;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Dapper;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Pages;

/// <summary>
/// Data about channels and events for viewer pages, in memory: titles and newest recordings of all channels, current events, and recently
/// requested events. Other events are looked up in the database, with limited concurrency. Updated by notifications; while the database is
/// unavailable, the known data remains.
/// </summary>
internal sealed class PageDataCache(ServerDatabase database, IOptions<ControlOptions> options, TimeProvider time,
    IHttpContextAccessor? requests = null) : IChannelRecordings, IPageData, INotificationHandler, IDisposable
{
    internal const int MaxEvents = 10_000;

    // Start and end of a recording are those of the API. A recording shorter than one second has nothing to show and will be deleted.
    private const string Replay = """
        SELECT r.id, r.title, coalesce(r.starts_at, s.started_at) AS started, s.access AS opened,
            extract(epoch FROM coalesce(r.ends_at, s.last_publication_ended_at, s.ended_at) - coalesce(r.starts_at,
            s.started_at))::float8 AS seconds
        FROM recordings r JOIN sessions s ON s.id = r.session_id
        WHERE r.kind = 'session' AND r.visibility = 'public' AND r.deleted_at IS NULL AND s.ended_at IS NOT NULL AND NOT s.preview
            AND coalesce(r.ends_at, s.last_publication_ended_at, s.ended_at) - coalesce(r.starts_at, s.started_at) >= interval '1 second'
        """;

    private const string Channels = $"""
        SELECT c.id, c.name, c.title, x.id AS replay, x.title AS replayTitle, x.started, x.seconds
        FROM channels c LEFT JOIN LATERAL ({Replay} AND r.channel_id = c.id AND coalesce(s.access, 'public') IN ('public', c.access)
            ORDER BY r.id DESC LIMIT 1) x ON true
        WHERE c.deleted_at IS NULL AND (@ids::bigint[] IS NULL OR c.id = ANY (@ids))
        """;

    private const string ChannelsOfChanges = """
        SELECT channel_id FROM sessions WHERE id = ANY (@rows) UNION SELECT channel_id FROM recordings WHERE id = ANY (@rows)
        """;

    // The access policy of an ended event's recording applies to the event's page too, because it may have changed later.
    private const string Events = $"""
        SELECT e.id, c.name AS channel, e.title, e.description, e.poster, e.state, e.starts_at AS startsAt, e.ends_at AS endsAt,
            e.time_zone AS timeZone, e.went_live_at AS wentLiveAt, e.ended_at AS endedAt,
            e.revision, e.created_at AS createdAt, e.updated_at AS updatedAt,
            coalesce(x.opened, e.access) AS access, x.id AS replay, x.title AS replayTitle, x.started, x.seconds
        FROM events e JOIN channels c ON c.id = e.channel_id
            LEFT JOIN LATERAL ({Replay} AND e.state = 'ended' AND (s.access IS NOT NULL OR c.access IN ('public', coalesce(e.access,
            c.access)))
                AND r.session_id IN (SELECT a.session_id FROM event_sessions a WHERE a.event_id = e.id)
                ORDER BY coalesce(s.access, c.access) IN ('public', coalesce(e.access, c.access)) DESC, seconds DESC LIMIT 1) x ON true
        WHERE c.deleted_at IS NULL AND e.kind <> 'series' AND (e.announced OR e.went_live_at IS NOT NULL)
        """;

    private const string EventsOf = $"{Events} AND e.id = ANY (@ids)";

    private const string Near = """
        SELECT id FROM events WHERE kind <> 'series' AND starts_at BETWEEN @now - interval '30 days' AND @now + interval '100 days'
        ORDER BY abs(extract(epoch FROM starts_at - @now)) LIMIT 2000
        """;

    private readonly ConcurrentDictionary<string, PublicEvent> _events = new(StringComparer.Ordinal);
    private readonly CacheMissLookup _lookups = new(options, time, requests);
    private readonly Lock _lock = new();
    private readonly Dictionary<long, ChannelName> _names = [];
    private ConcurrentDictionary<ChannelName, ChannelRow> _channels = [];

    /// <inheritdoc/>
    public bool Handles(DatabaseNotification notification) => notification.Table is "channels" or "sessions" or "recordings" or "events";

    /// <inheritdoc/>
    public ChannelRecording? Newest(ChannelName channel) => Find(channel)?.ToReplay();

    /// <inheritdoc/>
    public string? TitleOf(ChannelName channel) =>
        Find(channel) is { } row ? row.Title.Length > 0 ? row.Title : row.Name : null;

    /// <inheritdoc/>
    public async ValueTask<PublicEvent?> FindEventAsync(string id, CancellationToken cancellationToken)
    {
        if (!EventId.TryParse(id, out var eventId))
        {
            return null;
        }

        var page = TryGet(eventId.Value, out var known) ? known : await _lookups.FindAsync<PublicEvent>(eventId.Value, TryGet, ReadAsync,
            static e => new EventsUnavailableException(e), cancellationToken);
        return page is not null && Volatile.Read(ref _channels).ContainsKey(page.Channel) ? page : null;
    }

    /// <summary>Reads known and current data.</summary>
    public Task LoadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => _lookups.ApplyChangeAsync(
        async () =>
        {
            await RefreshChannelsAsync(connection, null, cancellationToken);
            var near = await connection.QueryAsync<string>(
                new CommandDefinition(Near, new { now = time.GetUtcNow() }, cancellationToken: cancellationToken));
            await UpdateEventsAsync(connection, [.. near.Union(_events.Keys, StringComparer.Ordinal)], cancellationToken);
        },
        cancellationToken);

    /// <summary>Reads the data that notifications concern.</summary>
    public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken) => _lookups.ApplyChangeAsync(
        async () =>
        {
            var sessions = DatabaseNotification.RowsOf("sessions", notifications)
                .Union(DatabaseNotification.RowsOf("recordings", notifications), StringComparer.Ordinal).ToArray();
            var ids = sessions.Length == 0 ? [] : await connection.QueryAsync<string>(new CommandDefinition(
                "SELECT DISTINCT event_id FROM event_sessions WHERE session_id = ANY (@sessions)", new { sessions },
                cancellationToken: cancellationToken));
            // A channel's access policy also affects its events.
            var channels = DatabaseNotification.RowsOf("channels", notifications)
                .Select(id => long.Parse(id, CultureInfo.InvariantCulture)).ToArray();
            var ofRows = sessions.Length == 0 ? [] : await connection.QueryAsync<long>(new CommandDefinition(ChannelsOfChanges,
                new { rows = sessions }, cancellationToken: cancellationToken));
            await RefreshChannelsAsync(connection, [.. channels.Union(ofRows)], cancellationToken);
            var channelNames = channels.Length == 0 ? []
                : (await connection.QueryAsync<string>(new CommandDefinition("SELECT name FROM channels WHERE id = ANY (@channels)",
                    new { channels }, cancellationToken: cancellationToken))).ToHashSet(StringComparer.Ordinal);
            var known = channelNames.Count == 0 ? [] : _events.Where(e => channelNames.Contains(e.Value.Channel.Value)).Select(e => e.Key);
            var events = DatabaseNotification.RowsOf("events", notifications);
            await UpdateEventsAsync(connection, [.. events.Union(ids, StringComparer.Ordinal).Union(known, StringComparer.Ordinal)],
                cancellationToken);
        },
        cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _lookups.Dispose();

    private ChannelRow? Find(ChannelName channel) =>
        Volatile.Read(ref _channels).TryGetValue(channel, out var row) ? row : null;

    /// <summary>Reads some channels, or all for <see langword="null"/>.</summary>
    private async Task RefreshChannelsAsync(NpgsqlConnection connection, long[]? ids, CancellationToken cancellationToken)
    {
        if (ids is [])
        {
            return;
        }

        var rows = (await connection.QueryAsync<ChannelRow>(new CommandDefinition(Channels, new { ids },
            cancellationToken: cancellationToken))).ToList();
        if (ids is null)
        {
            _names.Clear();
        }

        var channels = ids is null ? [] : _channels;
        foreach (var row in rows)
        {
            channels[_names[row.Id] = ChannelName.Parse(row.Name)] = row;
        }

        foreach (var id in ids?.Except(rows.Select(r => r.Id)) ?? [])
        {
            // Another channel may have the name of the deleted one by now.
            if (_names.Remove(id, out var name) && channels.TryGetValue(name, out var named) && named.Id == id)
            {
                channels.TryRemove(name, out _);
            }
        }

        Volatile.Write(ref _channels, channels);
    }

    private async Task UpdateEventsAsync(NpgsqlConnection connection, string[] ids, CancellationToken cancellationToken)
    {
        if (ids.Length == 0)
        {
            return;
        }

        var rows =
            (await connection.QueryAsync<Row>(new CommandDefinition(EventsOf, new { ids },
                cancellationToken: cancellationToken))).ToDictionary(r => r.Id, StringComparer.Ordinal);
        lock (_lock)
        {
            foreach (var id in ids)
            {
                Remember(id, rows.GetValueOrDefault(id)?.ToPage());
            }
        }
    }

    /// <summary>Returns whether memory has the answer: an event, or <see langword="null"/> for an id that was recently missing.</summary>
    private bool TryGet(string id, out PublicEvent? page) =>
        _events.TryGetValue(id, out page) || _lookups.IsMissing(id);

    private async Task<PublicEvent?> ReadAsync(string id)
    {
        var changes = _lookups.Changes;
        await using var connection = await database.LookupSource.OpenConnectionAsync(CancellationToken.None);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            new CommandDefinition(EventsOf, new { ids = new[] { id } }, cancellationToken: CancellationToken.None));
        var page = row?.ToPage();
        lock (_lock)
        {
            if (changes == _lookups.Changes)
            {
                Remember(id, page);
                if (page is null)
                {
                    _lookups.RecordMissing(id);
                }
            }
        }

        return page;
    }

    private void Remember(string id, PublicEvent? page)
    {
        _lookups.ClearMissing(id);
        if (page is null)
        {
            _events.TryRemove(id, out _);
            return;
        }

        // Removes a quarter at once, so that it happens seldom: the events that ended first.
        if (_events.Count >= MaxEvents && !_events.ContainsKey(id))
        {
            foreach (var old in _events.Values.OrderBy(e => e.EndsAt).Take(MaxEvents / 4).ToList())
            {
                _events.TryRemove(old.Id, out _);
            }
        }

        _events[id] = page;
    }

    private static ChannelRecording? ReplayOf(string? id, string? title, DateTimeOffset? started, double? seconds) =>
        id is null ? null : new(RecordingId.Parse(id), title!, started!.Value, TimeSpan.FromSeconds(Math.Floor(seconds!.Value)));

    private sealed record ChannelRow(long Id, string Name, string Title, string? Replay, string? ReplayTitle, DateTimeOffset? Started,
        double? Seconds)
    {
        public ChannelRecording? ToReplay() => ReplayOf(Replay, ReplayTitle, Started, Seconds);
    }

    private sealed record Row(
        string Id, string Channel, string Title, string Description, string Poster, string State, DateTimeOffset StartsAt,
        DateTimeOffset EndsAt, string TimeZone, DateTimeOffset? WentLiveAt,
        DateTimeOffset? EndedAt, int Revision, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, string? Access, string? Replay,
        string? ReplayTitle, DateTimeOffset? Started, double? Seconds)
    {
        public PublicEvent ToPage() => new(Id, ChannelName.Parse(Channel), Title, EventRules.ParseState(State), StartsAt, EndsAt, TimeZone)
        {
            Description = Description, Poster = Poster, WentLiveAt = WentLiveAt, EndedAt = EndedAt,
            Replay = ReplayOf(Replay, ReplayTitle, Started, Seconds), Revision = Revision, CreatedAt = CreatedAt,
            UpdatedAt = UpdatedAt, Access = Access is { } value ? ChannelRules.ParseAccess(value) : null,
        };
    }
}
