using Broadcast.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control;

/// <summary>A session's row.</summary>
internal sealed record SessionRecord(
    SessionId Id, long ChannelId, long Epoch, string Latency, DateTimeOffset StartedAt, DateTimeOffset? LastPublicationEndedAt, DateTimeOffset? EndedAt, string? EndReason)
{
    /// <summary>Whether it is recorded; with its first row its recording appears.</summary>
    public bool IsRecorded { get; init; }

    /// <summary>Whether it begins with nothing for its audience. Counts for its first row: what becomes of that later, <see cref="AudienceRegister"/> writes.</summary>
    public bool BeginsHidden { get; init; }

    /// <summary>Who may watch it, where its event says that; <see langword="null"/> for whom the channel lets in. Counts for its first row.</summary>
    public ViewerAccess? Access { get; init; }

    /// <summary>Most viewers at a time, as far as this process saw it; a higher one that is written already stays.</summary>
    public long PeakViewers { get; init; }

    /// <summary>The row of a session that is open.</summary>
    /// <param name="session">The session.</param>
    /// <param name="channelId">Its channel.</param>
    /// <param name="lastPublicationEndedAt">Since when nobody publishes; <see langword="null"/> while somebody does.</param>
    public static SessionRecord Of(BroadcastSession session, long channelId, DateTimeOffset? lastPublicationEndedAt) =>
        new(session.Id, channelId, session.Epoch, session.Latency.Name, session.StartedAt, lastPublicationEndedAt, EndedAt: null, EndReason: null)
        {
            IsRecorded = session.IsRecorded,
            BeginsHidden = session.BeginsHidden,
            Access = session.Access,
        };
}

/// <summary>
/// Writes what becomes of sessions to the database, behind the publishers' backs: nobody waits for a disk, and a database that is away for minutes costs nothing. It keeps the latest state of
/// each session until it is written, so it holds no more than there are sessions. A row that another server took or ended stays as that one wrote it.
/// </summary>
/// <param name="database">Where to.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it is told.</param>
/// <param name="identity">Which server's sessions they are; without it, nobody's.</param>
/// <param name="options">How long a server's lease is.</param>
internal sealed class SessionLedger(Database database, TimeProvider time, ILogger logger, ServerIdentity? identity = null, IOptions<ControlOptions>? options = null)
{
    /// <summary>Most events for webhooks that wait for the database; when more come while it is away, the oldest are dropped, and the log says so.</summary>
    public const int MaxNotices = 1000;

    private const int NoticesAtOnce = 100;
    private const string OneOpen = "sessions_one_open";

    // What was open on the channel before can only be a leftover, as there is one open session a channel: unless another server has it that lives, or may, as OwnershipTerms say.
    private const string Supersede = """
        UPDATE sessions s SET ended_at = greatest($2, started_at), end_reason = CASE WHEN owner <> $5 THEN $7 ELSE 'superseded' END
        WHERE $4 AND channel_id = $1 AND ended_at IS NULL AND id <> $3
            AND (owner IS NULL OR owner = $5 OR NOT EXISTS (
                SELECT 1 FROM servers v WHERE v.id = s.owner AND (v.lease_until > clock_timestamp() OR (NOT v.released AND NOT EXISTS (
                    SELECT 1 FROM servers m WHERE m.id = $5 AND m.lease_until > clock_timestamp() AND m.unbroken_since <= clock_timestamp() - make_interval(secs => $6))))))
        """;

    private const string Write = """
        INSERT INTO sessions (id, channel_id, epoch, latency, started_at, last_publication_ended_at, ended_at, end_reason, recorded, preview, owner, access, peak_viewers)
        SELECT $1, c.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 FROM channels c WHERE c.id = $2
        ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, last_publication_ended_at = excluded.last_publication_ended_at,
            ended_at = excluded.ended_at, end_reason = excluded.end_reason, owner = excluded.owner, peak_viewers = greatest(sessions.peak_viewers, excluded.peak_viewers)
        WHERE sessions.ended_at IS NULL AND sessions.epoch <= excluded.epoch AND (sessions.owner IS NULL OR sessions.owner IS NOT DISTINCT FROM excluded.owner)
        """;

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private readonly Dictionary<SessionId, SessionRecord> _sessions = [];
    private readonly Dictionary<string, DateTimeOffset> _keys = new(StringComparer.Ordinal);
    private readonly Queue<HookNotice> _notices = [];
    private readonly SemaphoreSlim _work = new(0, 1);
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Lock _lock = new();

    /// <summary>An open session could not be written, because another server has its channel or took it. Called on the writer's thread; handlers may note its end.</summary>
    public event Action<SessionId, string>? Lost;

    /// <summary>Notes a session's state.</summary>
    public void Note(SessionRecord session)
    {
        lock (_lock)
        {
            _sessions[session.Id] = session;
            Wake();
        }
    }

    /// <summary>Notes that a key let an encoder in.</summary>
    public void NoteUse(string keyId)
    {
        lock (_lock)
        {
            _keys[keyId] = time.GetUtcNow();
            Wake();
        }
    }

    /// <summary>Notes what webhooks are to be told.</summary>
    public void Tell(HookNotice notice)
    {
        lock (_lock)
        {
            if (_notices.Count == MaxNotices)
            {
                ControlLog.HookNoticeDropped(logger, _notices.Dequeue().Type, MaxNotices);
            }

            _notices.Enqueue(notice);
            Wake();
        }
    }

    /// <summary>Writes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _work.WaitAsync(cancellationToken);
            if (!await FlushAsync(cancellationToken))
            {
                await Task.Delay(Retry, time, cancellationToken);
                lock (_lock)
                {
                    Wake();
                }
            }
        }
    }

    /// <summary>Writes all that waits; <see langword="false"/> when the database is away.</summary>
    public async Task<bool> FlushAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            while (Next() is { } session)
            {
                try
                {
                    await WriteAsync(session, cancellationToken);
                }
                catch (Exception e) when (Database.IsAway(e))
                {
                    ControlLog.SessionsWait(logger, Count(), Database.Describe(e));
                    return false;
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // Nobody repeats what can never work: the sessions behind it wait.
                    ControlLog.SessionNotRecorded(logger, e, session.Id.Value);
                }

                Done(session);
            }

            return await WriteUsesAsync(cancellationToken) && await WriteNoticesAsync(cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    // One transaction.
    private async Task WriteAsync(SessionRecord s, CancellationToken cancellationToken)
    {
        await using var batch = database.Source.CreateBatch();
        batch.BatchCommands.Add(new(Supersede)
        {
            Parameters =
            {
                new() { Value = s.ChannelId },
                new() { Value = s.StartedAt.UtcDateTime },
                new() { Value = s.Id.Value },
                new() { Value = s.EndedAt is null },
                Owner(),
                new() { Value = (options?.Value.ServerLease ?? TimeSpan.Zero).TotalSeconds },
                new() { Value = SessionClaims.Gone },
            },
        });
        var write = new NpgsqlBatchCommand(Write)
        {
            Parameters =
            {
                new() { Value = s.Id.Value },
                new() { Value = s.ChannelId },
                new() { Value = s.Epoch },
                new() { Value = s.Latency },
                new() { Value = s.StartedAt.UtcDateTime },
                Instant(s.LastPublicationEndedAt),
                Instant(s.EndedAt),
                new() { Value = (object?)s.EndReason ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text },
                new() { Value = s.IsRecorded },
                new() { Value = s.BeginsHidden },
                Owner(),
                new() { Value = (object?)ChannelRules.Name(s.Access) ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text },
                new() { Value = s.PeakViewers },
            },
        };
        batch.BatchCommands.Add(write);
        try
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: OneOpen })
        {
            // Another server let an encoder in at the same moment, and wrote first. Noted as over, the session has a row all the same.
            Lost?.Invoke(s.Id, "the channel is on air at another server");
            return;
        }

        if (write.RecordsAffected == 0 && s.EndedAt is null)
        {
            Lost?.Invoke(s.Id, "another server has it, or ended it");
        }
    }

    private async Task<bool> WriteUsesAsync(CancellationToken cancellationToken)
    {
        KeyValuePair<string, DateTimeOffset>[] uses;
        lock (_lock)
        {
            uses = [.. _keys];
        }

        if (uses.Length == 0)
        {
            return true;
        }

        try
        {
            await using var command = database.Source.CreateCommand(
                "UPDATE stream_keys k SET last_used_at = u.at FROM unnest($1::text[], $2::timestamptz[]) AS u (id, at) WHERE k.id = u.id");
            command.Parameters.Add(new() { Value = uses.Select(u => u.Key).ToArray() });
            command.Parameters.Add(new() { Value = uses.Select(u => u.Value.UtcDateTime).ToArray() });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception e) when (Database.IsAway(e))
        {
            return false;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            ControlLog.UsesNotRecorded(logger, e);
        }

        lock (_lock)
        {
            foreach (var (id, at) in uses)
            {
                if (_keys.TryGetValue(id, out var now) && now == at)
                {
                    _keys.Remove(id);
                }
            }
        }

        return true;
    }

    // Many in one transaction: one wait for the disk. When the database refuses one of them they go one by one, so that it takes no other with it.
    private async Task<bool> WriteNoticesAsync(CancellationToken cancellationToken)
    {
        var atOnce = NoticesAtOnce;
        while (NextNotices(atOnce) is { Length: > 0 } notices)
        {
            try
            {
                await WriteAsync(notices, cancellationToken);
            }
            catch (Exception e) when (Database.IsAway(e))
            {
                return false;
            }
            catch (Exception e) when (notices.Length > 1 && e is not OperationCanceledException)
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    return false;
                }

                atOnce = 1;
                continue;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                ControlLog.HookNoticeRefused(logger, e, notices[0].Type);
            }

            Done(notices);
        }

        return true;
    }

    private async Task WriteAsync(HookNotice[] notices, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var notice in notices)
        {
            await Outbox.AddAsync(connection, transaction, notice.At, notice.Type, notice.Channel, notice.Data, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private HookNotice[] NextNotices(int atMost)
    {
        lock (_lock)
        {
            return [.. _notices.Take(atMost)];
        }
    }

    // Some of them may have been dropped meanwhile, the oldest first.
    private void Done(HookNotice[] notices)
    {
        lock (_lock)
        {
            foreach (var notice in notices)
            {
                if (_notices.TryPeek(out var first) && ReferenceEquals(first, notice))
                {
                    _notices.Dequeue();
                }
            }
        }
    }

    private void Wake()
    {
        if (_work.CurrentCount == 0)
        {
            _work.Release();
        }
    }

    private int Count()
    {
        lock (_lock)
        {
            return _sessions.Count;
        }
    }

    private SessionRecord? Next()
    {
        lock (_lock)
        {
            return _sessions.Count == 0 ? null : _sessions.Values.MinBy(s => s.Id);
        }
    }

    private void Done(SessionRecord session)
    {
        lock (_lock)
        {
            if (_sessions.TryGetValue(session.Id, out var latest) && ReferenceEquals(latest, session))
            {
                _sessions.Remove(session.Id);
            }
        }
    }

    private NpgsqlParameter Owner() => new() { Value = (object?)identity?.Id ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid };

    private static NpgsqlParameter Instant(DateTimeOffset? at) =>
        new() { Value = (object?)at?.UtcDateTime ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz };
}
