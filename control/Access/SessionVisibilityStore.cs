using System.Collections.Immutable;
using Broadcast.Control.Database;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Access;

/// <summary>
/// Visibility of sessions for viewers, in memory: the sessions that were ever hidden. A change takes effect at once and is written to the
/// database afterwards, so that it needs no database: a session that starts in a preview during an outage is hidden. Until a change is
/// written, it overrides the database. Thread-safe.
/// </summary>
/// <param name="database">Database with the visibilities.</param>
/// <param name="logger">Logger.</param>
/// <param name="sessionWriter">Writes the rows of sessions; a change waits as long as its row does.</param>
internal sealed class SessionVisibilityStore(ControlDatabase database, ILogger<SessionVisibilityStore> logger,
    SessionWriter? sessionWriter = null) : ISessionVisibility, IDisposable
{
    /// <summary>Maximum sessions in memory; the newest are retained.</summary>
    private const int MaxSessions = 100_000;

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
    // read without the lock
    private ImmutableDictionary<SessionId, SessionVisibility> _views = ImmutableDictionary<SessionId, SessionVisibility>.Empty;

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
    public SessionVisibility? Find(ChannelName channel, SessionId session) =>
        Volatile.Read(ref _views).TryGetValue(session, out var view) ? view : null;

    /// <inheritdoc/>
    public void FixFirstSegment(ChannelName channel, SessionId session, DateTimeOffset from, long segment)
    {
        lock (_lock)
        {
            if (_views.GetValueOrDefault(session) is { Segment: null } view && view.From == from)
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
        if (Find(default, session) is null)
        {
            // Another process may have just hidden it.
            await TryAsync((connection, token) => ReadAsync(connection, [session.Value], token), cancellationToken);
        }

        // Rounded as in the database, so that a settled start still matches after it is read back.
        var view = SessionVisibility.Since(DateTimeOffset.FromUnixTimeMilliseconds(from.ToUnixTimeMilliseconds()));
        lock (_lock)
        {
            if (!_views.GetValueOrDefault(session).IsHidden)
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
            var rows = await connection.QueryAsync<Row>(new CommandDefinition(Read, new { most = MaxSessions },
                cancellationToken: cancellationToken));
            var views = rows.ToImmutableDictionary(row => SessionId.Parse(row.Id), row => row.ToVisibility());
            lock (_lock)
            {
                Volatile.Write(ref _views,
                    views.SetItems(_pending.Select(waiting => KeyValuePair.Create(waiting.Key, waiting.Value.View))));
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
            var views = _views.ToBuilder();
            foreach (var id in ids.Where(id => !_pending.ContainsKey(SessionId.Parse(id))))
            {
                if (found.TryGetValue(id, out var view))
                {
                    views[SessionId.Parse(id)] = view;
                }
                else
                {
                    views.Remove(SessionId.Parse(id));
                }
            }

            if (views.Count > MaxSessions)
            {
                views.RemoveRange(views.Keys.OrderBy(s => s.Value, StringComparer.Ordinal).Take(MaxSessions / 10).ToList());
            }

            Volatile.Write(ref _views, views.ToImmutable());
        }
    }

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

    // Waits for the others before it takes a connection.
    private async Task TryAsync(Func<NpgsqlConnection, CancellationToken, Task> work, CancellationToken cancellationToken)
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
        }
        catch (Exception e) when (ControlDatabase.IsUnavailable(e))
        {
            ControlLog.VisibilityWritePending(logger, ControlDatabase.Describe(e));
        }
    }

    private void Set(SessionId session, SessionVisibility view)
    {
        lock (_lock)
        {
            Volatile.Write(ref _views, _views.SetItem(session, view));
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
