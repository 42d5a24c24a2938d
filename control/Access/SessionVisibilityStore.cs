using System.Collections.Immutable;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Access;

/// <summary>
/// Visibility of sessions for viewers, in memory: the sessions that were ever hidden. A change takes effect at once and is written to the
/// database afterwards, so that it needs no database: a session that starts in a preview during an outage is hidden. Until a change is
/// written, it overrides the database. Beyond <see cref="MaxSessions"/>, the visibilities of the oldest sessions are read on demand
/// (<see cref="OlderSessionVisibility"/>). Thread-safe.
/// </summary>
/// <param name="database">Database with the visibilities.</param>
/// <param name="logger">Logger.</param>
/// <param name="sessionWriter">Writes the rows of sessions; a change waits as long as its row does.</param>
/// <param name="time">Clock.</param>
internal sealed class SessionVisibilityStore(ServerDatabase database, ILogger<SessionVisibilityStore> logger,
    SessionWriter? sessionWriter = null, [FromKeyedServices(CalendarClock.Key)] TimeProvider? time = null) : ISessionVisibility, IDisposable
{
    /// <summary>Maximum attempts to write a change whose session is not found, most likely because its channel was deleted.</summary>
    private const int MaxTries = 100;

    private const string Read = """
        SELECT id, visible_from AS since, visible_segment AS segment FROM sessions
        WHERE preview OR visible_from IS NOT NULL ORDER BY id DESC LIMIT @most
        """;

    private const string ReadSome = """
        SELECT id, visible_from AS since, visible_segment AS segment FROM sessions
        WHERE (preview OR visible_from IS NOT NULL) AND id = ANY (@sessions)
        """;

    private const string Write =
        "UPDATE sessions SET preview = @isHidden, visible_from = @since, visible_segment = @segment WHERE id = @id";

    // The session's recording starts at the visible start, unless it was trimmed to a later one.
    private const string MoveRecordingStart = """
        UPDATE recordings SET starts_at = @since
        WHERE id = @id AND kind = 'session' AND coalesce(starts_at < @since, true) AND coalesce(ends_at > @since, true)
        """;

    private readonly SemaphoreSlim _mutex = new(1, 1);
    private readonly Lock _lock = new();
    private readonly Dictionary<SessionId, PendingWrite> _pending = [];
    private OlderSessionVisibility? _older;

    // read without the lock
    private Views _views = new(ImmutableDictionary<SessionId, SessionVisibility>.Empty, null);

    /// <summary>Maximum sessions in memory; the newest are retained.</summary>
    public int MaxSessions { get; init; } = 100_000;

    private OlderSessionVisibility Older => LazyInitializer.EnsureInitialized(ref _older, () => new(
        sessions => TryAsync((connection, token) => ReadAsync(connection, sessions, token), CancellationToken.None),
        time ?? TimeProvider.System));

    /// <summary>Indicates whether changes are not written yet.</summary>
    public bool HasPendingWrites
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count > 0;
            }
        }
    }

    /// <inheritdoc/>
    public SessionVisibility? Find(ChannelName channel, SessionId session)
    {
        var views = Volatile.Read(ref _views);
        return views.All.TryGetValue(session, out var view) ? view : views.IsOlder(session) ? Older.Find(session) : null;
    }

    /// <inheritdoc/>
    public void FixFirstSegment(ChannelName channel, SessionId session, DateTimeOffset from, long segment)
    {
        lock (_lock)
        {
            if (FindKnown(session) is { Segment: null } view && view.From == from)
            {
                Set(session, SessionVisibility.Since(from, segment));
            }
        }
    }

    /// <summary>Records that a session starts hidden. Takes effect at once; its row states it too, once it is written.</summary>
    public void StartHidden(SessionId session) => Set(session, SessionVisibility.Hidden);

    /// <summary>
    /// Hides a session: viewers are denied, and the channel shows the previous session. Media that edges and players have loaded stays
    /// there.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Cancels the immediate write; the change takes effect and is written later.</param>
    public Task HideAsync(SessionId session, CancellationToken cancellationToken = default)
    {
        Set(session, SessionVisibility.Hidden);
        return TryAsync(WriteAllAsync, cancellationToken);
    }

    /// <summary>
    /// Shows a hidden session from an instant on: viewers get media from then on, also in the DVR window, and the recording starts there. A
    /// visible session stays unchanged.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="from">The instant, with millisecond precision. If it is in the future, nothing is visible before it.</param>
    /// <param name="cancellationToken">Cancels the immediate write; the change takes effect and is written later.</param>
    public async Task ShowAsync(SessionId session, DateTimeOffset from, CancellationToken cancellationToken = default)
    {
        if (FindKnown(session) is null)
        {
            // Another process may have just hidden it.
            await TryAsync((connection, token) => ReadAsync(connection, [session.Value], token), cancellationToken);
        }

        // Rounded as in the database, so that a settled start still matches after it is read back.
        var view = SessionVisibility.Since(DateTimeOffset.FromUnixTimeMilliseconds(from.ToUnixTimeMilliseconds()));
        lock (_lock)
        {
            if (FindKnown(session) is not { IsHidden: true })
            {
                return;
            }

            Set(session, view);
        }

        await TryAsync(WriteAllAsync, cancellationToken);
    }

    /// <summary>Reads all visibilities. Unwritten changes remain.</summary>
    public Task RefreshAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => RunExclusiveAsync(
        async () =>
        {
            var rows = await connection.QueryAsync<Row>(new CommandDefinition(Read, new { most = MaxSessions + 1 },
                cancellationToken: cancellationToken));
            var views = rows.ToImmutableDictionary(row => SessionId.Parse(row.Id), row => row.ToVisibility());
            lock (_lock)
            {
                Older.Clear();
                Store(views.SetItems(_pending.Select(waiting => KeyValuePair.Create(waiting.Key, waiting.Value.View))), null);
            }
        },
        cancellationToken);

    /// <summary>Reads the visibilities of some sessions. Unwritten changes remain.</summary>
    public Task RefreshAsync(NpgsqlConnection connection, IEnumerable<string> sessions, CancellationToken cancellationToken) =>
        RunExclusiveAsync(() => ReadAsync(connection, sessions, cancellationToken), cancellationToken);

    /// <summary>
    /// Writes pending changes. A change whose session is not found stays pending, because a new session's row is written a little later.
    /// </summary>
    public Task FlushAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        RunExclusiveAsync(() => WriteAllAsync(connection, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _mutex.Dispose();

    private async Task ReadAsync(NpgsqlConnection connection, IEnumerable<string> sessions, CancellationToken cancellationToken)
    {
        var ids = sessions.ToArray();
        var rows = ids.Length == 0 ? [] : await connection.QueryAsync<Row>(new CommandDefinition(ReadSome, new { sessions = ids },
            cancellationToken: cancellationToken));
        var found = rows.ToDictionary(row => row.Id, row => row.ToVisibility(), StringComparer.Ordinal);
        lock (_lock)
        {
            var views = _views.All.ToBuilder();
            foreach (var session in ids.Select(SessionId.Parse).Where(session => !_pending.ContainsKey(session)))
            {
                SessionVisibility? view = found.TryGetValue(session.Value, out var set) ? set : null;
                if (_views.IsOlder(session))
                {
                    Older.Set(session, view);
                    views.Remove(session);
                }
                else if (view is not null)
                {
                    views[session] = view.Value;
                }
                else
                {
                    views.Remove(session);
                }
            }

            Store(views.ToImmutable(), _views.NewestOlder);
        }
    }

    /// <summary>Stores views. If there are too many, removes the oldest that are written. Called under the lock.</summary>
    private void Store(ImmutableDictionary<SessionId, SessionVisibility> views, SessionId? newestOlder)
    {
        if (views.Count > MaxSessions)
        {
            var oldest = views.Keys.Where(session => !_pending.ContainsKey(session)).Order().Take(views.Count - (MaxSessions * 9 / 10))
                .ToList();
            if (oldest.Count > 0)
            {
                views = views.RemoveRange(oldest);
                newestOlder = newestOlder is { } older && older.CompareTo(oldest[^1]) > 0 ? older : oldest[^1];
                Older.Clear();
            }
        }

        Volatile.Write(ref _views, new(views, newestOlder));
    }

    /// <summary>Visibility of a session in memory; <see langword="null"/> when there is none.</summary>
    private SessionVisibility? FindKnown(SessionId session) =>
        Volatile.Read(ref _views).All.TryGetValue(session, out var view) ? view : Older.FindKnown(session);

    private async Task WriteAllAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        KeyValuePair<SessionId, PendingWrite>[] waiting;
        lock (_lock)
        {
            waiting = [.. _pending];
        }

        foreach (var (session, pending) in waiting)
        {
            var isWritten = await WriteAsync(connection, session, pending.View, cancellationToken);
            lock (_lock)
            {
                if (_pending.GetValueOrDefault(session) == pending
                    && (isWritten || (sessionWriter?.HasPending(session) != true && ++pending.Tries >= MaxTries)))
                {
                    _pending.Remove(session);
                }
            }
        }
    }

    private static async Task<bool> WriteAsync(NpgsqlConnection connection, SessionId session, SessionVisibility view,
        CancellationToken cancellationToken)
    {
        var row = new { id = session.Value, isHidden = view.IsHidden, since = view.From, segment = view.Segment };
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var exists = await connection.ExecuteAsync(new CommandDefinition(Write, row, transaction, cancellationToken: cancellationToken))
            > 0;
        if (exists && view.From is not null)
        {
            await connection.ExecuteAsync(new CommandDefinition(MoveRecordingStart, row, transaction,
                cancellationToken: cancellationToken));
        }

        await transaction.CommitAsync(cancellationToken);
        return exists;
    }

    /// <summary>Works with the database, after all others that do.</summary>
    /// <returns><see langword="false"/> when the database is unavailable.</returns>
    private async Task<bool> TryAsync(Func<NpgsqlConnection, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await RunExclusiveAsync(
                async () =>
                {
                    await using var connection = await database.ReloadSource.OpenConnectionAsync(cancellationToken);
                    await work(connection, cancellationToken);
                },
                cancellationToken);
            return true;
        }
        catch (Exception e) when (ServerDatabase.IsUnavailable(e))
        {
            if (HasPendingWrites)
            {
                ControlLog.VisibilityWritePending(logger, ServerDatabase.Describe(e));
            }

            return false;
        }
    }

    private void Set(SessionId session, SessionVisibility view)
    {
        lock (_lock)
        {
            Volatile.Write(ref _views, _views with { All = _views.All.SetItem(session, view) });
            _pending[session] = new(view);
        }
    }

    // One at a time: an older read must not overwrite a later write.
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

    /// <summary>Visibilities in memory.</summary>
    /// <param name="All">Visibilities of all newer sessions that have one, and of some older ones.</param>
    /// <param name="NewestOlder">Newest session whose visibility may be missing; <see langword="null"/> when there is none.</param>
    private sealed record Views(ImmutableDictionary<SessionId, SessionVisibility> All, SessionId? NewestOlder)
    {
        public bool IsOlder(SessionId session) => NewestOlder is { } newest && session.CompareTo(newest) <= 0;
    }

    private sealed record Row(string Id, DateTimeOffset? Since, long? Segment)
    {
        public SessionVisibility ToVisibility() =>
            Since is { } from ? SessionVisibility.Since(from, Segment) : SessionVisibility.Hidden;
    }

    private sealed class PendingWrite(SessionVisibility view)
    {
        public SessionVisibility View => view;

        public int Tries { get; set; }
    }
}
