using System.Collections.Immutable;
using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// How much of each session its audience gets, in memory: the sessions of which it was ever not all. What is said here counts at once and is written down behind it, so that an event goes live on time
/// while the database is away; until it is written, it stands above what is read. Safe to use from any thread.
/// </summary>
internal sealed class AudienceRegister(Database database, ILogger<AudienceRegister> logger) : ISessionAudience, IDisposable
{
    /// <summary>Sessions that are remembered, the newest.</summary>
    private const int MaxSessions = 100_000;

    /// <summary>How often it is tried to write what finds no session: one whose channel was deleted, most likely.</summary>
    private const int MaxTries = 100;

    private const string Read = """
        SELECT id, audience_from AS since, audience_segment AS segment FROM sessions
        WHERE preview OR audience_from IS NOT NULL ORDER BY id DESC LIMIT @most
        """;

    private const string Write = "UPDATE sessions SET preview = @isHidden, audience_from = @since, audience_segment = @segment WHERE id = @id";

    // A recording of the whole begins where the audience's does; one that was cut later stays so.
    private const string BeginRecording = """
        UPDATE recordings SET starts_at = @since
        WHERE id = @id AND kind = 'session' AND coalesce(starts_at < @since, true) AND coalesce(ends_at > @since, true)
        """;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _lock = new();
    private readonly Dictionary<SessionId, Unwritten> _unwritten = [];
    private ImmutableDictionary<SessionId, AudienceView> _views = ImmutableDictionary<SessionId, AudienceView>.Empty;   // read without the lock

    /// <summary>Whether something waits to be written.</summary>
    public bool HasUnwritten
    {
        get
        {
            lock (_lock)
            {
                return _unwritten.Count > 0;
            }
        }
    }

    /// <summary>Whether a notice on <c>broadcast_control</c> is about something that stands in here.</summary>
    public static bool IsAbout(string notice) => notice.StartsWith("sessions:", StringComparison.Ordinal);

    /// <inheritdoc/>
    public AudienceView? Find(ChannelName channel, SessionId session) => Volatile.Read(ref _views).TryGetValue(session, out var view) ? view : null;

    /// <inheritdoc/>
    public void Settle(ChannelName channel, SessionId session, DateTimeOffset from, long segment)
    {
        lock (_lock)
        {
            if (_views.GetValueOrDefault(session) is { Segment: null } view && view.From == from)
            {
                Set(session, AudienceView.Since(from, segment));
            }
        }
    }

    /// <summary>A session begins that is not for its audience yet. Counts at once; its row says so, too, whenever that is written.</summary>
    public void BeginHidden(SessionId session) => Set(session, AudienceView.Hidden);

    /// <summary>From now on the audience gets nothing of a session: those who watch it are refused, and the channel shows the session before it. What edges and players have loaded they have.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Gives up writing it down now: it counts, and is written later.</param>
    public Task HideAsync(SessionId session, CancellationToken cancellationToken = default)
    {
        Set(session, AudienceView.Hidden);
        return TryAsync(FlushAsync, cancellationToken);
    }

    /// <summary>
    /// The audience gets a hidden session from an instant on: what begins then and later, also where it can go back, and the recording begins there. One that it gets already stays as it is.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="from">The instant; to the millisecond. One that is still to come shows nothing before it comes.</param>
    /// <param name="cancellationToken">Gives up writing it down now: it counts, and is written later.</param>
    public async Task ShowAsync(SessionId session, DateTimeOffset from, CancellationToken cancellationToken = default)
    {
        if (Find(default, session) is null)
        {
            // Another process may have hidden it a moment ago.
            await TryAsync(LearnAsync, cancellationToken);
        }

        // As it comes back from the database, so that what is settled for it stays settled.
        var view = AudienceView.Since(DateTimeOffset.FromUnixTimeMilliseconds(from.ToUnixTimeMilliseconds()));
        lock (_lock)
        {
            if (!_views.GetValueOrDefault(session).IsHidden)
            {
                return;
            }

            Set(session, view);
        }

        await TryAsync(FlushAsync, cancellationToken);
    }

    /// <summary>Reads all of it. What is not written yet stays as it was said.</summary>
    public Task LearnAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => TakeTurnAsync(
        async () =>
        {
            var rows = await connection.QueryAsync<Row>(new CommandDefinition(Read, new { most = MaxSessions }, cancellationToken: cancellationToken));
            var views = rows.ToImmutableDictionary(row => SessionId.Parse(row.Id), row => row.Since is { } from ? AudienceView.Since(from, row.Segment) : AudienceView.Hidden);
            lock (_lock)
            {
                Volatile.Write(ref _views, views.SetItems(_unwritten.Select(waiting => KeyValuePair.Create(waiting.Key, waiting.Value.View))));
            }
        },
        cancellationToken);

    /// <summary>Writes down what waits. What finds no session waits on: its row comes a little later, as that of a session that has only begun.</summary>
    public Task FlushAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => TakeTurnAsync(
        async () =>
        {
            KeyValuePair<SessionId, Unwritten>[] waiting;
            lock (_lock)
            {
                waiting = [.. _unwritten];
            }

            foreach (var (session, unwritten) in waiting)
            {
                var isWritten = await WriteAsync(connection, session, unwritten.View, cancellationToken);
                lock (_lock)
                {
                    if (_unwritten.GetValueOrDefault(session) == unwritten && (isWritten || ++unwritten.Tries >= MaxTries))
                    {
                        _unwritten.Remove(session);
                    }
                }
            }
        },
        cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private static async Task<bool> WriteAsync(NpgsqlConnection connection, SessionId session, AudienceView view, CancellationToken cancellationToken)
    {
        var row = new { id = session.Value, isHidden = view.IsHidden, since = view.From, segment = view.Segment };
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var isThere = await connection.ExecuteAsync(new CommandDefinition(Write, row, transaction, cancellationToken: cancellationToken)) > 0;
        if (isThere && view.From is not null)
        {
            await connection.ExecuteAsync(new CommandDefinition(BeginRecording, row, transaction, cancellationToken: cancellationToken));
        }

        await transaction.CommitAsync(cancellationToken);
        return isThere;
    }

    private async Task TryAsync(Func<NpgsqlConnection, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
            await work(connection, cancellationToken);
        }
        catch (Exception e) when (Database.IsAway(e))
        {
            ControlLog.AudienceWaits(logger, Database.Describe(e));
        }
    }

    private void Set(SessionId session, AudienceView view)
    {
        lock (_lock)
        {
            Volatile.Write(ref _views, _views.SetItem(session, view));
            _unwritten[session] = new(view);
        }
    }

    // One at a time: what was read earlier must not take the place of what was written later.
    private async Task TakeTurnAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await work();
        }
        finally
        {
            _turn.Release();
        }
    }

    private sealed record Row(string Id, DateTimeOffset? Since, long? Segment);

    private sealed class Unwritten(AudienceView view)
    {
        public AudienceView View => view;

        public int Tries { get; set; }
    }
}
