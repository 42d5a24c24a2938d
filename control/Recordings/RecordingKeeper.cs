using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control;

/// <summary>
/// Keeps recordings as long as they are to be kept: deletes those whose retention is over and those of sessions that never had a segment, and removes the media of sessions of which no
/// recording or clip is left. A row is marked as deleted first, then the media go, then the row: interrupted anywhere, it is done again. A session that is open is left alone.
/// </summary>
internal sealed class RecordingKeeper(
    Database database, SessionBook book, SessionLedger ledger, TimeProvider time, ILogger<RecordingKeeper> logger,
    ISessionLifecycle? lifecycle = null, ISessionMedia? media = null, ServerIdentity? identity = null) : BackgroundService
{
    private const int AtOnce = 1000;

    private const string Expire = """
        WITH gone AS (
            UPDATE recordings r SET deleted_at = @now FROM sessions s, channels c
            WHERE s.id = r.session_id AND c.id = r.channel_id AND r.deleted_at IS NULL AND s.ended_at IS NOT NULL
                AND s.ended_at + make_interval(hours => nullif(coalesce(r.retention_hours, c.retention_hours), 0)) <= @now
            RETURNING r.id, c.name, r.title)
        INSERT INTO audit_log (at, actor_kind, actor_id, actor_name, address, action, subject, detail)
        SELECT @now, 'server', '', 'retention', '', 'recording.delete', 'recording/' || id, jsonb_build_object('channel', name, 'title', title) FROM gone
        """;

    private const string Unproven = $"""
        SELECT s.id, c.name, coalesce(s.owner = @me::uuid, true) AS isOurs FROM recordings r JOIN sessions s ON s.id = r.session_id JOIN channels c ON c.id = r.channel_id
        WHERE r.kind = 'session' AND NOT r.playable AND r.deleted_at IS NULL AND s.ended_at IS NOT NULL AND c.deleted_at IS NULL AND {ServerLease.IsForUs} ORDER BY s.id LIMIT @most
        """;

    private const string Unneeded = $"""
        SELECT s.id, c.name, coalesce(s.owner = @me::uuid, true) AS isOurs FROM sessions s JOIN channels c ON c.id = s.channel_id
        WHERE s.ended_at IS NOT NULL AND c.deleted_at IS NULL AND {ServerLease.IsForUs}
            AND EXISTS (SELECT 1 FROM recordings r WHERE r.session_id = s.id AND r.deleted_at IS NOT NULL)
            AND NOT EXISTS (SELECT 1 FROM recordings r WHERE r.session_id = s.id AND r.deleted_at IS NULL)
        ORDER BY s.id LIMIT @most
        """;

    // Nothing of their media goes, so that nothing has to be done first.
    private const string RemoveBesideOthers = """
        DELETE FROM recordings r USING sessions s WHERE s.id = r.session_id AND s.ended_at IS NOT NULL AND r.deleted_at IS NOT NULL
            AND EXISTS (SELECT 1 FROM recordings o WHERE o.session_id = r.session_id AND o.deleted_at IS NULL)
        """;

    private static readonly TimeSpan Round = TimeSpan.FromMinutes(1);
    private readonly WorkLoop _loop = new(time);

    /// <summary>Something was deleted: look now.</summary>
    public void Wake() => _loop.Wake();

    /// <summary>One round.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        // What was decided to be over is over for database and packager before anything is looked at.
        await book.EndsToldAsync();
        if (!await ledger.FlushAsync(cancellationToken))
        {
            return;
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var expired = await connection.ExecuteAsync(new CommandDefinition(Expire, new { now = time.GetUtcNow() }, cancellationToken: cancellationToken));
        if (expired > 0)
        {
            ControlLog.RecordingsExpired(logger, expired);
        }

        if (lifecycle is null)
        {
            return;   // another process has the media; the rows wait for it
        }

        await ProveAsync(connection, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(RemoveBesideOthers, cancellationToken: cancellationToken));
        await PurgeAsync(lifecycle, connection, cancellationToken);
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
            return Round;
        },
        Round, e => ControlLog.RecordingsNotKept(logger, e), stoppingToken);

    /// <summary>Recordings of sessions that are over and never had a segment are nothing anybody could play.</summary>
    private async Task ProveAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (media is null)
        {
            return;
        }

        foreach (var (session, channel, isOurs) in await SessionsAsync(connection, Unproven, cancellationToken))
        {
            try
            {
                var isPlayable = await media.HasSegmentsAsync(channel, session, cancellationToken);
                if (isPlayable)
                {
                    await MarkReadyAsync(connection, session, channel, cancellationToken);
                    continue;
                }

                if (!isOurs)
                {
                    continue;   // what its server had not yet stored may come when that is back
                }

                await connection.ExecuteAsync(new CommandDefinition(
                    "UPDATE recordings SET deleted_at = @now WHERE session_id = @id AND deleted_at IS NULL",
                    new { id = session.Value, now = time.GetUtcNow() },
                    cancellationToken: cancellationToken));
                ControlLog.RecordingEmpty(logger, channel.Value, session.Value);
            }
            catch (ObjectStoreException e)
            {
                ControlLog.RecordingNotProved(logger, channel.Value, session.Value, e.Message);
                return;   // the store fails for the others, too
            }
        }
    }

    /// <summary>Webhooks hear of it with the mark, and so once.</summary>
    private async Task MarkReadyAsync(NpgsqlConnection connection, SessionId session, ChannelName channel, CancellationToken cancellationToken)
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
            var at = RecordingAddresses.Of("", session.Value);
            await Outbox.AddAsync(
                connection, transaction, time.GetUtcNow(), HookTypes.RecordingReady, channel.Value,
                new RecordingReadyData(session.Value, session.Value, ready.Title, ready.Visibility, ready.StartedAt, ready.EndedAt, at.Hls, at.Dash, at.Download), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private async Task PurgeAsync(ISessionLifecycle lifecycle, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        foreach (var (session, channel, _) in await SessionsAsync(connection, Unneeded, cancellationToken))
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
                "DELETE FROM recordings WHERE session_id = @id AND deleted_at IS NOT NULL", new { id = session.Value }, cancellationToken: cancellationToken));
            ControlLog.RecordingPurged(logger, channel.Value, session.Value);
        }
    }

    private async Task<List<(SessionId Session, ChannelName Channel, bool IsOurs)>> SessionsAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        var rows = await connection.QueryAsync<(string Id, string Name, bool IsOurs)>(new CommandDefinition(sql, new { most = AtOnce, me = identity?.Id }, cancellationToken: cancellationToken));
        return [.. rows.Select(r => (Session: SessionId.Parse(r.Id), Channel: ChannelName.Parse(r.Name), r.IsOurs)).Where(r => !book.HasOpen(r.Session))];
    }

    private sealed record Ready(string Title, string Visibility, DateTimeOffset StartedAt, DateTimeOffset EndedAt);
}
