using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.StorageToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Control.Recordings;

/// <summary>
/// Manages recordings and clips. Works on the database, with or without a running server; a running server is notified of every change.
/// </summary>
public sealed class RecordingRepository(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time,
    TimeProvider? mediaTime = null)
{
    private const string Select = """
        SELECT r.id, c.name AS channel, r.channel_id AS channelId, r.session_id AS session, r.kind, r.title, r.visibility,
            r.starts_at AS startsAt, r.ends_at AS endsAt,
            r.retention_hours AS retentionHours, c.retention_hours AS channelHours, r.created_at AS createdAt,
            s.started_at AS sessionStartedAt, s.ended_at AS sessionEndedAt, s.last_publication_ended_at AS lastPublicationEndedAt, s.access
        FROM recordings r JOIN channels c ON c.id = r.channel_id JOIN sessions s ON s.id = r.session_id
        WHERE r.deleted_at IS NULL AND c.deleted_at IS NULL
        """;

    /// <summary>Recordings and clips, newest first.</summary>
    /// <exception cref="OperationException">The channel does not exist, or a value is invalid.</exception>
    public async Task<IReadOnlyList<RecordingInfo>> ListAsync(RecordingFilter filter, CancellationToken cancellationToken = default)
    {
        ThrowIfInvalid(RecordingRules.Validate(filter));
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channel = filter.Channel is { } name ? await StreamKeys.ChannelIdAsync(connection, name, cancellationToken) : (long?)null;
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"""
            {Select} AND (@channel::bigint IS NULL OR r.channel_id = @channel) AND (@kind::text IS NULL OR r.kind = @kind) AND (@visibility::text IS NULL OR r.visibility = @visibility)
                AND (@session::text IS NULL OR r.session_id = @session) AND (@before::text IS NULL OR r.id < @before)
                AND (@like::text IS NULL OR r.title ILIKE @like OR c.name ILIKE @like OR c.title ILIKE @like)
                AND (@from::timestamptz IS NULL OR coalesce(r.starts_at, s.started_at) >= @from) AND (@to::timestamptz IS NULL OR coalesce(r.starts_at, s.started_at) < @to)
            ORDER BY r.id DESC LIMIT @limit
            """,
            new
            {
                channel, kind = filter.Kind, visibility = filter.Visibility, session = filter.Session?.Value, before = filter.Before?.Value,
                limit = filter.Limit,
                like = string.IsNullOrWhiteSpace(filter.Text) ? null : $"%{AuditLog.EscapeLike(filter.Text.Trim())}%", from = filter.From,
                to = filter.To,
            },
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    /// <summary>Gets a recording or clip.</summary>
    /// <exception cref="OperationException">The recording does not exist.</exception>
    public async Task<RecordingInfo> GetAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return (await FindAsync(connection, null, id, "", cancellationToken)).ToInfo();
    }

    /// <summary>Applies the values in <paramref name="change"/>.</summary>
    /// <exception cref="OperationException">A value is invalid, or the recording does not exist.</exception>
    public Task<RecordingInfo> SetAsync(string id, RecordingChange change, CancellationToken cancellationToken = default) =>
        SetIfAsync(id, change, null, null, cancellationToken);

    /// <summary>As <see cref="SetAsync"/>, with a check of the locked recording and a permission that may throw.</summary>
    internal async Task<RecordingInfo> SetIfAsync(string id, RecordingChange change, Action<RecordingInfo>? check,
        RetentionPermission? permission, CancellationToken cancellationToken)
    {
        ThrowIfInvalid(RecordingRules.Validate(change.Title, change.Visibility, change.Retention, change.Access));
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await FindAsync(connection, transaction, id, "FOR NO KEY UPDATE OF r", cancellationToken);
        check?.Invoke(row.ToInfo());
        if (change.Retention is not null && IsShorter(HoursOf(change.Retention) ?? row.ChannelHours, row.RetentionHours
            ?? row.ChannelHours))
        {
            permission?.ThrowIfDenied(1);
        }

        var (startsAt, endsAt) = change.Start is null && change.End is null ? (row.StartsAt, row.EndsAt) : Trimmed(row, change);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE recordings SET title = coalesce(@title, title), visibility = coalesce(@visibility, visibility), starts_at = @startsAt,
                ends_at = @endsAt,
                retention_hours = CASE WHEN @hasRetention THEN @hours ELSE retention_hours END
            WHERE id = @id
            """,
            new { id, title = change.Title, visibility = change.Visibility, startsAt, endsAt, hasRetention = change.Retention is not null,
                hours = HoursOf(change.Retention) },
            transaction,
            cancellationToken: cancellationToken));
        if (change.Access is { } access && access != (row.Access ?? EventRules.ChannelDefault))
        {
            await SetAccessAsync(connection, transaction, row, access, cancellationToken);
        }

        var changed = (await FindAsync(connection, transaction, id, "", cancellationToken)).ToInfo();
        await AuditLog.RecordAsync(
            connection, transaction, time.GetUtcNow(), "recording.change", $"recording/{id}",
            AuditLog.Detail(
                ("channel", changed.Channel), ("title", change.Title), ("visibility", change.Visibility), ("access", change.Access),
                ("retention", change.Retention),
                ("start", change.Start is null ? null : AuditLog.Text(startsAt) ?? "begin"),
                ("end", change.End is null ? null : AuditLog.Text(endsAt) ?? "end")),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return changed;
    }

    /// <summary>
    /// Sets the access policy of an ended session. It belongs to the session, because all of its recordings and clips share its media URLs.
    /// Servers are notified.
    /// </summary>
    private static async Task SetAccessAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Row row, string access,
        CancellationToken cancellationToken)
    {
        if (access == EventRules.ChannelDefault)
        {
            // Without it, the policy stored with the media at its start would apply again.
            throw new OperationException(
                [new("access",
                    $"Session {row.Session} of '{row.Channel}' cannot return to the channel's access; use one "
                    + $"of {string.Join(", ", ChannelRules.Accesses)}.")]);
        }

        if (row.SessionEndedAt is null)
        {
            throw new OperationException(
                OperationErrorCode.Conflict,
                $"Session {row.Session} of '{row.Channel}' is live with the access of its event or channel. Change it after the end, or "
                + "make the recording private.");
        }

        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE sessions SET access = @access WHERE id = @session AND access IS DISTINCT FROM @access",
            new { session = row.Session, access }, transaction, cancellationToken: cancellationToken));
    }

    /// <summary>
    /// Creates a clip of the channel's newest recording, or of the newest one that started before the clip's start, if that is an instant.
    /// </summary>
    /// <exception cref="OperationException">The channel does not exist, it has no recording, or a value is invalid.</exception>
    public async Task<RecordingInfo> ClipOfChannelAsync(string channel, ClipRequest request, CancellationToken cancellationToken = default)
    {
        string? source;
        await using (var connection = await database.Source.OpenConnectionAsync(cancellationToken))
        {
            var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
            source = await connection.QuerySingleOrDefaultAsync<string?>(new CommandDefinition(
                """
                SELECT r.id FROM recordings r JOIN sessions s ON s.id = r.session_id
                WHERE r.channel_id = @id AND r.kind = 'session' AND r.deleted_at IS NULL AND (@at::timestamptz IS NULL
                    OR s.started_at <= @at) ORDER BY r.id DESC LIMIT 1
                """,
                new { id, at = request.Start.Instant + RecordingRules.Tolerance },
                cancellationToken: cancellationToken));
        }

        return source is null
            ? throw new OperationException(OperationErrorCode.NotFound,
                $"Channel '{channel}' has no recording for this clip. Record its next session with 'broadcast channel set {channel} "
                + "--record on'.")
            : await ClipAsync(source, request, cancellationToken);
    }

    /// <summary>
    /// Creates a clip of a recording or clip, also while it grows. It refers to the same media; nothing is copied or encoded.
    /// </summary>
    /// <exception cref="OperationException">
    /// The recording does not exist, a value is invalid, or its session has <see cref="RecordingRules.MaxClips"/> clips.
    /// </exception>
    public async Task<RecordingInfo> ClipAsync(string source, ClipRequest request, CancellationToken cancellationToken = default)
    {
        ThrowIfInvalid(RecordingRules.Validate(request.Title, request.Visibility, request.Retention));
        var (now, mediaNow) = (time.GetUtcNow(), MediaNow);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Locked until the clip exists: a concurrent deletion waits, and then finds the media in use.
        var row = await FindAsync(connection, transaction, source, "FOR SHARE OF r", cancellationToken);
        var (first, last) = (row.StartsAt ?? row.SessionStartedAt, row.EndsAt ?? row.SessionEndedAt ?? mediaNow);
        var until = row.EndsAt ?? row.SessionEnd ?? mediaNow;
        var (start, end) = RecordingRules.Range(request.Start.Resolve(first, until),
            (request.End ?? RecordingPosition.End).Resolve(first, until), first, last);
        var id = RecordingId.New(now).Value;
        var inserted = await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO recordings (id, channel_id, session_id, kind, title, visibility, starts_at, ends_at, retention_hours, created_at)
            SELECT @id, @channel, @session, 'clip', @title, @visibility, @start, @end, @hours, @now
            WHERE (SELECT count(*) FROM recordings WHERE session_id = @session AND kind = 'clip' AND deleted_at IS NULL) < @most
            """,
            new
            {
                id, channel = row.ChannelId, session = row.Session, title = request.Title ?? row.Title, visibility = request.Visibility
                ?? row.Visibility, start, end,
                hours = HoursOf(request.Retention), now, most = RecordingRules.MaxClips,
            },
            transaction,
            cancellationToken: cancellationToken));
        if (inserted == 0)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"Session {row.Session} has {RecordingRules.MaxClips} clips, the maximum. Delete one first.");
        }

        var clip = (await FindAsync(connection, transaction, id, "", cancellationToken)).ToInfo();
        await AuditLog.RecordAsync(
            connection, transaction, now, "clip.create", $"recording/{id}",
            AuditLog.Detail(("channel", clip.Channel), ("source", source), ("title", clip.Title), ("visibility", clip.Visibility),
                ("start", AuditLog.Text(start)), ("end", AuditLog.Text(end))),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return clip;
    }

    /// <summary>Determines the consequences of <see cref="DeleteAsync"/>.</summary>
    /// <param name="id">A recording or clip.</param>
    /// <param name="withClips">Whether to delete the clips of a session's recording too.</param>
    /// <param name="media">Measures a session's media; <see langword="null"/> if unavailable.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The recording does not exist.</exception>
    public async Task<DeletionPlan> PlanAsync(string id, bool withClips, ISessionStorageInspector? media,
        CancellationToken cancellationToken = default)
    {
        RecordingInfo named;
        List<RecordingInfo> all;
        await using (var connection = await database.Source.OpenConnectionAsync(cancellationToken))
        {
            named = (await FindAsync(connection, null, id, "", cancellationToken)).ToInfo();
            all = [.. (await connection.QueryAsync<Row>(new CommandDefinition(
                $"{Select} AND r.session_id = @session ORDER BY r.id", new { session = named.Session },
                cancellationToken: cancellationToken))).Select(r => r.ToInfo())];
        }

        var deleted = all.Where(r => r.Id == id || (withClips && named.Kind == "session" && r.Kind == "clip")).ToList();
        var retained = all.Except(deleted).Select(r => r.Id).ToList();
        var size = retained.Count > 0 || media is null ? (SessionStorageUsage?)null
            : await media.MeasureAsync(ChannelName.Parse(named.Channel), SessionId.Parse(named.Session), DeletionPlan.MaxCounted,
                cancellationToken);
        return new(deleted, named.Channel, named.Session, named.SessionStartedAt, named.SessionEndedAt, retained, size);
    }

    /// <summary>
    /// Deletes a recording or clip. Viewers no longer find it. The server deletes the session's media once the session has ended and has no
    /// other recordings or clips.
    /// </summary>
    /// <param name="id">A recording or clip.</param>
    /// <param name="withClips">Whether to delete the clips of a session's recording too.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The recording does not exist.</exception>
    public Task DeleteAsync(string id, bool withClips = false, CancellationToken cancellationToken = default) =>
        DeleteIfAsync(id, withClips, null, cancellationToken);

    /// <summary>As <see cref="DeleteAsync"/>, with a check that may throw.</summary>
    internal async Task DeleteIfAsync(string id, bool withClips, Action<RecordingInfo>? check, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await FindAsync(connection, transaction, id, "FOR UPDATE OF r", cancellationToken);
        check?.Invoke(row.ToInfo());
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE recordings SET deleted_at = @now WHERE deleted_at IS NULL AND (id = @id OR (@clips AND session_id = @session AND kind "
            + "= 'clip'))",
            new { id, now = time.GetUtcNow(), clips = withClips && row.Kind == "session", session = row.Session },
            transaction,
            cancellationToken: cancellationToken));
        await AuditLog.RecordAsync(
            connection, transaction, time.GetUtcNow(), "recording.delete", $"recording/{id}",
            AuditLog.Detail(("channel", row.Channel), ("title", row.Title), ("clips", withClips ? "true" : null)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static (DateTimeOffset? StartsAt, DateTimeOffset? EndsAt) Trimmed(Row row, RecordingChange change, DateTimeOffset now)
    {
        var (first, last, until) = (row.SessionStartedAt, row.SessionEndedAt ?? now, row.SessionEnd ?? now);
        var (start, end) = RecordingRules.Range(change.Start?.Resolve(first, until) ?? row.StartsAt ?? first,
            change.End?.Resolve(first, until) ?? row.EndsAt ?? until, first, last);

        // A session's recording follows the session's end, even if that is in the future; a clip has fixed times.
        var isWhole = row.Kind == "session";
        return (isWhole && start <= first ? null : start, isWhole
            && (change.End is null ? row.EndsAt is null : change.End == RecordingPosition.End) ? null : end);
    }

    private (DateTimeOffset? StartsAt, DateTimeOffset? EndsAt) Trimmed(Row row, RecordingChange change) =>
        Trimmed(row, change, MediaNow);

    // Positions in a live session are times of its media.
    private DateTimeOffset MediaNow => (mediaTime ?? time).GetUtcNow();

    private static async Task<Row> FindAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string id, string locking,
        CancellationToken cancellationToken) =>
        RecordingId.TryParse(id, out _)
            && await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition($"{Select} AND r.id = @id {locking}", new { id },
                transaction, cancellationToken: cancellationToken)) is { } row
            ? row : throw RecordingRules.NotFound(id.Length > 26 ? id[..26] : id);

    // 0 and null mean unlimited.
    private static bool IsShorter(int? hours, int? than) => hours is > 0 && (than is null or 0 || hours < than);

    private static int? HoursOf(string? retention) =>
        retention is null or Retention.OfChannel ? null : Retention.TryParse(retention, out var hours) ? hours ?? 0 : null;

    private static void ThrowIfInvalid(IEnumerable<ValidationError> errors)
    {
        if (errors.ToList() is { Count: > 0 } found)
        {
            throw new OperationException(found);
        }
    }

    private sealed record Row(
        string Id, string Channel, long ChannelId, string Session, string Kind, string Title, string Visibility, DateTimeOffset? StartsAt,
        DateTimeOffset? EndsAt,
        int? RetentionHours, int? ChannelHours, DateTimeOffset CreatedAt, DateTimeOffset SessionStartedAt, DateTimeOffset? SessionEndedAt,
        DateTimeOffset? LastPublicationEndedAt,
        string? Access)
    {
        /// <summary>
        /// End of its session's VOD: the last encoder's end, without the slate after it. <see langword="null"/> while the session is open.
        /// </summary>
        public DateTimeOffset? SessionEnd => SessionEndedAt is null ? null : LastPublicationEndedAt ?? SessionEndedAt;

        public RecordingInfo ToInfo() => new(
            Id, Channel, Session, Kind, Title, Visibility, StartsAt, EndsAt,
            RetentionHours is { } custom ? Retention.Format(custom == 0 ? null : custom) : Retention.OfChannel, CreatedAt)
        {
            Access = Access, SessionStartedAt = SessionStartedAt, SessionEndedAt = SessionEndedAt,
            LastPublicationEndedAt = LastPublicationEndedAt,
            ExpiresAt = (RetentionHours ?? ChannelHours) is { } hours and > 0 && SessionEndedAt is { } ended ? ended.AddHours(hours) : null,
        };
    }
}
