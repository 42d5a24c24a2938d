using System.Runtime.CompilerServices;
using Broadcast.Control.Lookups;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.Storage;
using Broadcast.Media.StorageToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Recordings;

/// <summary>
/// Applies the retention of recordings. It deletes expired recordings and those of sessions without a segment, and deletes the media of
/// sessions without remaining recordings or clips. First the row is marked as deleted, then the media is deleted, then the row, so that an
/// interrupted deletion is repeated. An expired recording keeps its media for <see cref="ControlOptions.ExpiredRecordingGrace"/> and
/// returns if its retention is extended. Open sessions are skipped.
/// </summary>
internal sealed class RecordingRetentionService(
    ServerDatabase database, SessionManager sessionManager, SessionWriter sessionWriter,
        [FromKeyedServices(CalendarClock.Key)] TimeProvider time,
    ILogger<RecordingRetentionService> logger, IOptions<ControlOptions> options, DeletionClock clock,
    ISessionLifecycle? lifecycle = null, ISessionStorageInspector? media = null, ServerIdentity? identity = null) : BackgroundService,
    INotificationHandler
{
    /// <summary>Number of sessions per page.</summary>
    internal const int BatchSize = 1000;

    // NULL, which is neither true nor false, for unlimited retention and open sessions.
    private const string IsExpired =
        "s.ended_at + make_interval(hours => nullif(coalesce(r.retention_hours, c.retention_hours), 0)) <= @now";

    private const string AddAuditRow = """
        INSERT INTO audit_log (at, actor_kind, actor_id, actor_name, address, action, subject, detail)
        SELECT @now, 'server', '', 'retention', '', @action, 'recording/' || id, jsonb_build_object('channel', name, 'title',
            title) FROM changed
        """;

    private const string Expire = $"""
        WITH changed AS (
            UPDATE recordings r SET deleted_at = @now, purge_after = @now + @grace FROM sessions s, channels c
            WHERE s.id = r.session_id AND c.id = r.channel_id AND r.deleted_at IS NULL AND {IsExpired}
            RETURNING r.id, c.name, r.title)
        {AddAuditRow}
        """;

    private const string Restore = $"""
        WITH changed AS (
            UPDATE recordings r SET deleted_at = NULL, purge_after = NULL FROM sessions s, channels c
            WHERE s.id = r.session_id AND c.id = r.channel_id AND r.purge_after > @now AND ({IsExpired}) IS NOT true
            RETURNING r.id, c.name, r.title)
        {AddAuditRow}
        """;

    // Without a time, the media of all expired recordings are kept.
    private const string IsRetained = "(r.deleted_at IS NULL OR coalesce(r.purge_after > @now::timestamptz, r.purge_after IS NOT NULL))";

    private const string Unprobed = $"""
        SELECT s.id, c.name, coalesce(s.owner = @me::uuid, true) OR NOT EXISTS (SELECT 1 FROM servers o
                WHERE o.id = s.owner AND o.lease_until > clock_timestamp() - interval '1 day') AS isComplete
        FROM recordings r JOIN sessions s ON s.id = r.session_id JOIN channels c ON c.id = r.channel_id
        WHERE r.kind = 'session' AND NOT r.playable AND r.deleted_at IS NULL AND s.ended_at IS NOT NULL AND c.deleted_at IS NULL
            AND {ServerLease.IsManageable} AND s.id > @after ORDER BY s.id LIMIT @most
        """;

    private const string Unneeded = $"""
        SELECT s.id, c.name, true AS isComplete FROM sessions s JOIN channels c ON c.id = s.channel_id
        WHERE s.ended_at IS NOT NULL AND c.deleted_at IS NULL AND {ServerLease.IsManageable}
            AND EXISTS (SELECT 1 FROM recordings r WHERE r.session_id = s.id AND r.deleted_at IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM recordings r WHERE r.session_id = s.id AND {IsRetained})
            AND s.id > @after ORDER BY s.id LIMIT @most
        """;

    // Their media is retained, so nothing must be deleted before the rows.
    private const string RemoveBesideOthers = $"""
        DELETE FROM recordings r USING sessions s WHERE s.id = r.session_id AND s.ended_at IS NOT NULL AND NOT {IsRetained}
            AND EXISTS (SELECT 1 FROM recordings o WHERE o.session_id = r.session_id AND o.deleted_at IS NULL)
        """;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private readonly WorkLoop _loop = new(time);

    /// <summary>Requests a pass now, after a deletion.</summary>
    public void Wake() => _loop.Wake();

    /// <inheritdoc/>
    public bool Handles(DatabaseNotification notification) => notification.Table is "recordings" or "sessions" or "channels";

    /// <inheritdoc/>
    public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken)
    {
        Wake();
        return Task.CompletedTask;
    }

    /// <summary>Runs one pass.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        // Ended sessions must be known to the database and the packager first.
        await sessionManager.WhenEndsNotifiedAsync();
        if (!await sessionWriter.FlushAsync(cancellationToken))
        {
            return;
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var now = await clock.ReadAsync(connection, cancellationToken);
        if (now is not null)
        {
            await ExpireAsync(connection, now.Value, cancellationToken);
        }

        if (lifecycle is null)
        {
            return;   // another process has the media and completes the deletion
        }

        await ProbeAsync(connection, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(RemoveBesideOthers, new { now }, cancellationToken: cancellationToken));
        await PurgeAsync(lifecycle, connection, now, cancellationToken);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _loop.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => _loop.RunAsync(
        async token =>
        {
            await RunOnceAsync(token);
            return Interval;
        },
        Interval, e => ControlLog.RecordingRetentionFailed(logger, e), stoppingToken);

    /// <summary>Brings back recordings whose retention was extended, and marks expired ones.</summary>
    private async Task ExpireAsync(NpgsqlConnection connection, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var restored = await connection.ExecuteAsync(new CommandDefinition(Restore, new { now, action = "recording.restore" },
            cancellationToken: cancellationToken));
        var expired = await connection.ExecuteAsync(new CommandDefinition(Expire,
            new { now, grace = options.Value.ExpiredRecordingGrace, action = "recording.delete" }, cancellationToken: cancellationToken));
        if (restored > 0)
        {
            ControlLog.RecordingsRestored(logger, restored);
        }

        if (expired > 0)
        {
            ControlLog.RecordingsExpired(logger, expired);
        }
    }

    /// <summary>Marks recordings of ended sessions with segments as playable, and deletes those without.</summary>
    private async Task ProbeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (media is null)
        {
            return;
        }

        await foreach (var (session, channel, isComplete) in SessionsAsync(connection, Unprobed, null, cancellationToken))
        {
            try
            {
                var isPlayable = await media.HasSegmentsAsync(channel, session, cancellationToken);
                if (isPlayable)
                {
                    await MarkReadyAsync(connection, session, channel, cancellationToken);
                    continue;
                }

                if (!isComplete)
                {
                    continue;   // its server may still upload segments after it returns, until it has been gone for a day
                }

                await connection.ExecuteAsync(new CommandDefinition(
                    "UPDATE recordings SET deleted_at = @now WHERE session_id = @id AND deleted_at IS NULL",
                    new { id = session.Value, now = time.GetUtcNow() },
                    cancellationToken: cancellationToken));
                ControlLog.RecordingEmpty(logger, channel.Value, session.Value);
            }
            catch (ObjectStoreException e)
            {
                ControlLog.RecordingNotVerified(logger, channel.Value, session.Value, e.Message);
                return;   // the store fails for the others too
            }
        }
    }

    /// <summary>Marks a recording as playable and queues its webhook in the same transaction, so that the webhook is sent once.</summary>
    private async Task MarkReadyAsync(NpgsqlConnection connection, SessionId session, ChannelName channel,
        CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var ready = await connection.QuerySingleOrDefaultAsync<Ready>(new CommandDefinition(
            """
            UPDATE recordings r SET playable = true FROM sessions s WHERE r.id = @id AND s.id = r.session_id AND NOT r.playable
            RETURNING r.title, r.visibility, s.started_at AS startedAt, s.ended_at AS endedAt
            """,
            new { id = session.Value },
            transaction,
            cancellationToken: cancellationToken));
        if (ready is not null)
        {
            var at = RecordingUrls.Of("", session.Value);
            await Outbox.AddAsync(
                connection, transaction, time.GetUtcNow(), WebhookEventTypes.RecordingReady, channel.Value,
                new RecordingReadyData(session.Value, session.Value, ready.Title, ready.Visibility, ready.StartedAt, ready.EndedAt, at.Hls,
                    at.Dash, at.Download), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private async Task PurgeAsync(ISessionLifecycle lifecycle, NpgsqlConnection connection, DateTimeOffset? now,
        CancellationToken cancellationToken)
    {
        await foreach (var (session, channel, _) in SessionsAsync(connection, Unneeded, now, cancellationToken))
        {
            try
            {
                await lifecycle.ForgetAsync(channel, session, cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                ControlLog.RecordingNotPurged(logger, e, channel.Value, session.Value);
                continue;
            }

            await connection.ExecuteAsync(new CommandDefinition(
                "DELETE FROM recordings WHERE session_id = @id AND deleted_at IS NOT NULL", new { id = session.Value },
                cancellationToken: cancellationToken));
            ControlLog.RecordingPurged(logger, channel.Value, session.Value);
        }
    }

    // Reads in pages, each from after the previous one: sessions that cannot be processed now do not block the later ones.
    private async IAsyncEnumerable<(SessionId Session, ChannelName Channel, bool IsComplete)> SessionsAsync(NpgsqlConnection connection,
        string sql, DateTimeOffset? now, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = "";
        while (true)
        {
            var rows = (await connection.QueryAsync<(string Id, string Name, bool IsComplete)>(new CommandDefinition(
                sql, new { most = BatchSize, me = identity?.Id, after, now }, cancellationToken: cancellationToken))).ToList();
            foreach (var row in rows)
            {
                if (SessionId.Parse(row.Id) is var session && !sessionManager.HasOpen(session))
                {
                    yield return (session, ChannelName.Parse(row.Name), row.IsComplete);
                }
            }

            if (rows.Count < BatchSize)
            {
                yield break;
            }

            after = rows[^1].Id;
        }
    }

    private sealed record Ready(string Title, string Visibility, DateTimeOffset StartedAt, DateTimeOffset EndedAt);
}
