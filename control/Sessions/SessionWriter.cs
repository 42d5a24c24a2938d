using Broadcast.Control.Channels;
using Broadcast.Control.Servers;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Sessions;

/// <summary>
/// Writes session changes to the database in the background, so that publishers never wait for a disk and short database outages have no
/// effect. Changes wait in <see cref="PendingWrites"/>. A row that another server took over or ended is not overwritten.
/// </summary>
/// <param name="database">Database to write to.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Logger.</param>
/// <param name="identity">Server that owns the sessions; without it, they have no owner.</param>
/// <param name="options">Options with the lease duration.</param>
internal sealed class SessionWriter(ServerDatabase database, TimeProvider time, ILogger logger, ServerIdentity? identity = null,
    IOptions<ControlOptions>? options = null)
{
    private const int SessionBatchSize = 50;
    private const int EventBatchSize = 100;
    private const string OpenElsewhere = "the channel is on air at another server";
    private const string OneOpenConstraint = "sessions_one_open";

    // A channel has one open session, so an older one is a leftover, unless a live server owns it, or one that may be live according to
    // OwnershipRules.
    private const string Supersede = """
        UPDATE sessions s SET ended_at = greatest($2, started_at), end_reason = CASE WHEN owner <> $5 THEN $7 ELSE 'superseded' END
        WHERE $4 AND channel_id = $1 AND ended_at IS NULL AND id <> $3
            AND (owner IS NULL OR owner = $5 OR NOT EXISTS (
                SELECT 1 FROM servers v WHERE v.id = s.owner AND (v.lease_until > clock_timestamp() OR (NOT v.released AND NOT EXISTS (
                    SELECT 1 FROM servers m WHERE m.id = $5 AND m.lease_until > clock_timestamp()
                        AND m.unbroken_since <= clock_timestamp() - make_interval(secs => $6))))))
        """;

    private const string Write = """
        INSERT INTO sessions (id, channel_id, epoch, latency, started_at, last_publication_ended_at, ended_at, end_reason, recorded,
            preview, owner, access, peak_viewers)
        SELECT $1, c.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 FROM channels c WHERE c.id = $2
        ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, last_publication_ended_at = excluded.last_publication_ended_at,
            ended_at = excluded.ended_at, end_reason = excluded.end_reason, owner = excluded.owner,
            peak_viewers = greatest(sessions.peak_viewers, excluded.peak_viewers)
        WHERE sessions.ended_at IS NULL AND (sessions.epoch < excluded.epoch OR (sessions.epoch = excluded.epoch
            AND (sessions.owner IS NULL OR sessions.owner IS NOT DISTINCT FROM excluded.owner)))
        """;

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private readonly PendingWrites _pending = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly SemaphoreSlim _writeLock = new(1, 1);
    private readonly Lock _wakeLock = new();

    /// <summary>
    /// Raised when an open session cannot be written because another server uses its channel or owns it. Called on the writer's thread;
    /// handlers may record its end.
    /// </summary>
    public event Action<SessionId, string>? OwnershipLost;

    /// <summary>Records a session's state.</summary>
    public void Record(SessionRecord session)
    {
        _pending.Add(session);
        Wake();
    }

    /// <summary>Returns whether the state of a session is not written yet.</summary>
    public bool HasPending(SessionId session) => _pending.Contains(session);

    /// <summary>Records the use of a key.</summary>
    public void RecordKeyUse(string keyId)
    {
        _pending.AddKeyUse(keyId, time.GetUtcNow());
        Wake();
    }

    /// <summary>Queues a webhook event.</summary>
    public void Enqueue(WebhookMessage message)
    {
        if (_pending.Add(message) is { } dropped)
        {
            ControlLog.WebhookEventDropped(logger, dropped.Type, PendingWrites.MaxEvents);
        }

        Wake();
    }

    /// <summary>Writes until canceled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _wake.WaitAsync(cancellationToken);
            if (!await FlushAsync(cancellationToken))
            {
                await Task.Delay(Retry, time, cancellationToken);
                Wake();
            }
        }
    }

    /// <summary>Writes all pending changes; <see langword="false"/> when the database is unavailable.</summary>
    public async Task<bool> FlushAsync(CancellationToken cancellationToken)
    {
        await _writeLock.WaitAsync(cancellationToken);
        try
        {
            return await WriteSessionsAsync(cancellationToken) && await WriteUsesAsync(cancellationToken)
                && await WriteEventsAsync(cancellationToken);
        }
        finally
        {
            _writeLock.Release();
        }
    }

    /// <summary>
    /// Writes the pending change of one session now, before those of others. If another server has its channel,
    /// <see cref="OwnershipLost"/> is raised before this completes.
    /// </summary>
    /// <exception cref="Npgsql.NpgsqlException">The database is unavailable; the change stays pending.</exception>
    public async Task WriteAsync(SessionId id, CancellationToken cancellationToken)
    {
        await _writeLock.WaitAsync(cancellationToken);
        try
        {
            if (_pending.Find(id) is { } session)
            {
                try
                {
                    await WriteAsync([session], cancellationToken);
                }
                catch (PostgresException e) when (IsOpenElsewhere(e))
                {
                    OwnershipLost?.Invoke(session.Id, OpenElsewhere);
                }

                _pending.Remove([session]);
            }
        }
        finally
        {
            _writeLock.Release();
        }
    }

    // Batches sessions in one transaction to wait for the database once. If it rejects one, they are written one by one.
    private async Task<bool> WriteSessionsAsync(CancellationToken cancellationToken)
    {
        var batchSize = SessionBatchSize;
        while (_pending.NextSessions(batchSize) is { Length: > 0 } sessions)
        {
            try
            {
                await WriteAsync(sessions, cancellationToken);
            }
            catch (Exception e) when (ServerDatabase.IsRetryable(e))
            {
                ControlLog.SessionsPending(logger, _pending.SessionCount, ServerDatabase.Describe(e));
                return false;
            }
            catch (Exception e) when (sessions.Length > 1 && e is not OperationCanceledException)
            {
                batchSize = 1;
                continue;
            }
            catch (PostgresException e) when (IsOpenElsewhere(e))
            {
                OwnershipLost?.Invoke(sessions[0].Id, OpenElsewhere);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // A write that can never succeed is not retried, because other sessions wait behind it.
                ControlLog.SessionNotRecorded(logger, e, sessions[0].Id.Value);
            }

            _pending.Remove(sessions);
        }

        return true;
    }

    // Another server admitted an encoder at the same time and wrote first. The session is then recorded as ended and still gets a row.
    private static bool IsOpenElsewhere(PostgresException error) =>
        error is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: OneOpenConstraint };

    // The batch runs in one transaction.
    private async Task WriteAsync(SessionRecord[] sessions, CancellationToken cancellationToken)
    {
        await using var batch = database.Source.CreateBatch();
        foreach (var session in sessions)
        {
            batch.BatchCommands.Add(CreateSupersede(session));
            batch.BatchCommands.Add(CreateWrite(session));
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
        for (var i = 0; i < sessions.Length; i++)
        {
            if (batch.BatchCommands[(2 * i) + 1].RecordsAffected == 0 && sessions[i].EndedAt is null)
            {
                OwnershipLost?.Invoke(sessions[i].Id, "another server owns or ended it");
            }
        }
    }

    private NpgsqlBatchCommand CreateSupersede(SessionRecord s) => new(Supersede)
    {
        Parameters =
        {
            new() { Value = s.ChannelId },
            new() { Value = s.StartedAt.UtcDateTime },
            new() { Value = s.Id.Value },
            new() { Value = s.EndedAt is null },
            Owner(),
            new() { Value = (options?.Value.ServerLease ?? TimeSpan.Zero).TotalSeconds },
            new() { Value = SessionClaims.ServerLostReason },
        },
    };

    private NpgsqlBatchCommand CreateWrite(SessionRecord s) => new(Write)
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

    private async Task<bool> WriteUsesAsync(CancellationToken cancellationToken)
    {
        var uses = _pending.KeyUses();
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
        catch (Exception e) when (ServerDatabase.IsRetryable(e))
        {
            return false;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            ControlLog.KeyUseNotRecorded(logger, e);
        }

        _pending.Remove(uses);
        return true;
    }

    // Batches events in one transaction to flush once. If the database rejects one, they are written one by one, so that the others are
    // kept.
    private async Task<bool> WriteEventsAsync(CancellationToken cancellationToken)
    {
        var batchSize = EventBatchSize;
        while (_pending.NextEvents(batchSize) is { Length: > 0 } messages)
        {
            try
            {
                await WriteAsync(messages, cancellationToken);
            }
            catch (Exception e) when (ServerDatabase.IsRetryable(e))
            {
                return false;
            }
            catch (Exception e) when (messages.Length > 1 && e is not OperationCanceledException)
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    return false;
                }

                batchSize = 1;
                continue;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                ControlLog.WebhookEventRejected(logger, e, messages[0].Type);
            }

            _pending.Remove(messages);
        }

        return true;
    }

    // The batch runs in one transaction.
    private async Task WriteAsync(WebhookMessage[] messages, CancellationToken cancellationToken)
    {
        await using var batch = database.Source.CreateBatch();
        foreach (var message in messages)
        {
            batch.BatchCommands.Add(Outbox.CreateCommand(message.At, message.Type, message.Channel, message.Data));
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private void Wake()
    {
        lock (_wakeLock)
        {
            if (_wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
    }

    private NpgsqlParameter Owner() => new() { Value = (object?)identity?.Id ?? DBNull.Value,
        NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid };

    private static NpgsqlParameter Instant(DateTimeOffset? at) =>
        new() { Value = (object?)at?.UtcDateTime ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz };
}
