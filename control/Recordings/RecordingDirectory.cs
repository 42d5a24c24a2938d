using Broadcast.Media;
using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>The recordings and clips there are. Works on the database, whether the server runs or not; a running server hears of every change.</summary>
public sealed class RecordingDirectory(Database database, TimeProvider time)
{
    private const string Select = """
        SELECT r.id, c.name AS channel, r.channel_id AS channelId, r.session_id AS session, r.kind, r.title, r.visibility, r.starts_at AS startsAt, r.ends_at AS endsAt,
            r.retention_hours AS retentionHours, c.retention_hours AS channelHours, r.created_at AS createdAt,
            s.started_at AS sessionStartedAt, s.ended_at AS sessionEndedAt, s.last_publication_ended_at AS lastPublicationEndedAt, s.access
        FROM recordings r JOIN channels c ON c.id = r.channel_id JOIN sessions s ON s.id = r.session_id
        WHERE r.deleted_at IS NULL AND c.deleted_at IS NULL
        """;

    /// <summary>Recordings and clips, newest first.</summary>
    /// <exception cref="ControlException">No such channel, or a bad value.</exception>
    public async Task<IReadOnlyList<RecordingInfo>> ListAsync(RecordingFilter filter, CancellationToken cancellationToken = default)
    {
        Refuse(RecordingRules.Mistakes(filter));
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
                channel, kind = filter.Kind, visibility = filter.Visibility, session = filter.Session?.Value, before = filter.Before?.Value, limit = filter.Limit,
                like = string.IsNullOrWhiteSpace(filter.Text) ? null : $"%{AuditLog.Like(filter.Text.Trim())}%", from = filter.From, to = filter.To,
            },
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    /// <summary>One recording or clip.</summary>
    /// <exception cref="ControlException">There is none.</exception>
    public async Task<RecordingInfo> GetAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return (await FindAsync(connection, null, id, "", cancellationToken)).ToInfo();
    }

    /// <summary>Changes what <paramref name="change"/> names and leaves the rest.</summary>
    /// <exception cref="ControlException">Bad values, or there is no such recording.</exception>
    public Task<RecordingInfo> SetAsync(string id, RecordingChange change, CancellationToken cancellationToken = default) => SetIfAsync(id, change, null, cancellationToken);

    /// <summary>As <see cref="SetAsync"/>, unless the check throws, which sees the recording as it is when nobody else can change it any more.</summary>
    internal async Task<RecordingInfo> SetIfAsync(string id, RecordingChange change, Action<RecordingInfo>? check, CancellationToken cancellationToken)
    {
        Refuse(RecordingRules.Mistakes(change.Title, change.Visibility, change.Retention, change.Access));
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await FindAsync(connection, transaction, id, "FOR NO KEY UPDATE OF r", cancellationToken);
        check?.Invoke(row.ToInfo());
        var (startsAt, endsAt) = change.Start is null && change.End is null ? (row.StartsAt, row.EndsAt) : Trimmed(row, change);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE recordings SET title = coalesce(@title, title), visibility = coalesce(@visibility, visibility), starts_at = @startsAt, ends_at = @endsAt,
                retention_hours = CASE WHEN @hasRetention THEN @hours ELSE retention_hours END
            WHERE id = @id
            """,
            new { id, title = change.Title, visibility = change.Visibility, startsAt, endsAt, hasRetention = change.Retention is not null, hours = HoursOf(change.Retention) },
            transaction,
            cancellationToken: cancellationToken));
        if (change.Access is { } access && access != (row.Access ?? EventRules.OfChannel))
        {
            await LetInAsync(connection, transaction, row, access, cancellationToken);
        }

        var changed = (await FindAsync(connection, transaction, id, "", cancellationToken)).ToInfo();
        await AuditLog.AddAsync(
            connection, transaction, time.GetUtcNow(), "recording.change", $"recording/{id}",
            AuditLog.Detail(
                ("channel", changed.Channel), ("title", change.Title), ("visibility", change.Visibility), ("access", change.Access), ("retention", change.Retention),
                ("start", change.Start is null ? null : AuditLog.Text(startsAt) ?? "begin"), ("end", change.End is null ? null : AuditLog.Text(endsAt) ?? "end")),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return changed;
    }

    /// <summary>Says who may watch a session that is over. It is the session's, because its media have one address for all recordings and clips of it. Servers hear of it.</summary>
    private static async Task LetInAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Row row, string access, CancellationToken cancellationToken)
    {
        if (access == EventRules.OfChannel)
        {
            // What was noted with the media when it began would count again.
            throw new ControlException([new("access", $"Session {row.Session} of '{row.Channel}' has its own, which stays its own: use one of {string.Join(", ", ChannelRules.Accesses)}.")]);
        }

        if (row.SessionEndedAt is null)
        {
            throw new ControlException(
                ControlCode.Conflict, $"Session {row.Session} of '{row.Channel}' is on air: who may watch it is what its event or its channel says. Change it when it is over, or make the recording private until then.");
        }

        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE sessions SET access = @access WHERE id = @session AND access IS DISTINCT FROM @access", new { session = row.Session, access }, transaction, cancellationToken: cancellationToken));
    }

    /// <summary>Cuts a clip out of the channel's recording in which it begins: the newest one, unless its start is an instant before that.</summary>
    /// <exception cref="ControlException">No such channel, it has no recording, or bad values.</exception>
    public async Task<RecordingInfo> ClipOfChannelAsync(string channel, ClipWish wish, CancellationToken cancellationToken = default)
    {
        string? source;
        await using (var connection = await database.Source.OpenConnectionAsync(cancellationToken))
        {
            var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
            source = await connection.QuerySingleOrDefaultAsync<string?>(new CommandDefinition(
                """
                SELECT r.id FROM recordings r JOIN sessions s ON s.id = r.session_id
                WHERE r.channel_id = @id AND r.kind = 'session' AND r.deleted_at IS NULL AND (@at::timestamptz IS NULL OR s.started_at <= @at) ORDER BY r.id DESC LIMIT 1
                """,
                new { id, at = wish.Start.Instant + RecordingRules.Slack },
                cancellationToken: cancellationToken));
        }

        return source is null
            ? throw new ControlException(ControlCode.NotFound, $"Channel '{channel}' has no recording to make that clip of. 'broadcast channel set {channel} --record on' has its next session recorded.")
            : await ClipAsync(source, wish, cancellationToken);
    }

    /// <summary>Cuts a clip out of a recording or clip, also while that is recorded. It has the same media: nothing is copied or encoded.</summary>
    /// <exception cref="ControlException">No such recording, bad values, or its session has <see cref="RecordingRules.MaxClips"/> already.</exception>
    public async Task<RecordingInfo> ClipAsync(string source, ClipWish wish, CancellationToken cancellationToken = default)
    {
        Refuse(RecordingRules.Mistakes(wish.Title, wish.Visibility, wish.Retention));
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Held until the clip is there: whoever deletes the recording meanwhile waits, and then sees that its media are still needed.
        var row = await FindAsync(connection, transaction, source, "FOR SHARE OF r", cancellationToken);
        var (first, last) = (row.StartsAt ?? row.SessionStartedAt, row.EndsAt ?? row.SessionEndedAt ?? now);
        var until = row.EndsAt ?? row.SessionEnd ?? now;
        var (start, end) = RecordingRules.Range(wish.Start.On(first, until), (wish.End ?? Moment.End).On(first, until), first, last);
        var id = RecordingId.New(now).Value;
        var made = await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO recordings (id, channel_id, session_id, kind, title, visibility, starts_at, ends_at, retention_hours, created_at)
            SELECT @id, @channel, @session, 'clip', @title, @visibility, @start, @end, @hours, @now
            WHERE (SELECT count(*) FROM recordings WHERE session_id = @session AND kind = 'clip' AND deleted_at IS NULL) < @most
            """,
            new
            {
                id, channel = row.ChannelId, session = row.Session, title = wish.Title ?? row.Title, visibility = wish.Visibility ?? row.Visibility, start, end,
                hours = HoursOf(wish.Retention), now, most = RecordingRules.MaxClips,
            },
            transaction,
            cancellationToken: cancellationToken));
        if (made == 0)
        {
            throw new ControlException(ControlCode.Conflict, $"Session {row.Session} has {RecordingRules.MaxClips} clips, which is the most. Delete one that is not needed.");
        }

        var clip = (await FindAsync(connection, transaction, id, "", cancellationToken)).ToInfo();
        await AuditLog.AddAsync(
            connection, transaction, now, "clip.create", $"recording/{id}",
            AuditLog.Detail(("channel", clip.Channel), ("source", source), ("title", clip.Title), ("visibility", clip.Visibility), ("start", AuditLog.Text(start)), ("end", AuditLog.Text(end))),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return clip;
    }

    /// <summary>What <see cref="DeleteAsync"/> would delete.</summary>
    /// <param name="id">A recording or clip.</param>
    /// <param name="withClips">Whether the clips of a session's recording go with it.</param>
    /// <param name="media">Who knows what there is of a session; <see langword="null"/> where nobody does.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">There is no such recording.</exception>
    public async Task<DeletionPlan> PlanAsync(string id, bool withClips, ISessionMedia? media, CancellationToken cancellationToken = default)
    {
        RecordingInfo named;
        List<RecordingInfo> all;
        await using (var connection = await database.Source.OpenConnectionAsync(cancellationToken))
        {
            named = (await FindAsync(connection, null, id, "", cancellationToken)).ToInfo();
            all = [.. (await connection.QueryAsync<Row>(new CommandDefinition(
                $"{Select} AND r.session_id = @session ORDER BY r.id", new { session = named.Session }, cancellationToken: cancellationToken))).Select(r => r.ToInfo())];
        }

        var goes = all.Where(r => r.Id == id || (withClips && named.Kind == "session" && r.Kind == "clip")).ToList();
        var kept = all.Except(goes).Select(r => r.Id).ToList();
        var size = kept.Count > 0 || media is null ? (SessionMediaSize?)null
            : await media.MeasureAsync(ChannelName.Parse(named.Channel), SessionId.Parse(named.Session), DeletionPlan.MaxCounted, cancellationToken);
        return new(goes, named.Channel, named.Session, named.SessionStartedAt, named.SessionEndedAt, kept, size);
    }

    /// <summary>Deletes a recording or clip: viewers do not find it any more, and the server removes the session's media when nothing else of that session is left and the session is over.</summary>
    /// <param name="id">A recording or clip.</param>
    /// <param name="withClips">Whether the clips of a session's recording go with it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">There is no such recording.</exception>
    public Task DeleteAsync(string id, bool withClips = false, CancellationToken cancellationToken = default) => DeleteIfAsync(id, withClips, null, cancellationToken);

    /// <summary>As <see cref="DeleteAsync"/>, unless the check throws.</summary>
    internal async Task DeleteIfAsync(string id, bool withClips, Action<RecordingInfo>? check, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await FindAsync(connection, transaction, id, "FOR UPDATE OF r", cancellationToken);
        check?.Invoke(row.ToInfo());
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE recordings SET deleted_at = @now WHERE deleted_at IS NULL AND (id = @id OR (@clips AND session_id = @session AND kind = 'clip'))",
            new { id, now = time.GetUtcNow(), clips = withClips && row.Kind == "session", session = row.Session },
            transaction,
            cancellationToken: cancellationToken));
        await AuditLog.AddAsync(
            connection, transaction, time.GetUtcNow(), "recording.delete", $"recording/{id}",
            AuditLog.Detail(("channel", row.Channel), ("title", row.Title), ("clips", withClips ? "true" : null)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static (DateTimeOffset? StartsAt, DateTimeOffset? EndsAt) Trimmed(Row row, RecordingChange change, DateTimeOffset now)
    {
        var (first, last, until) = (row.SessionStartedAt, row.SessionEndedAt ?? now, row.SessionEnd ?? now);
        var (start, end) = RecordingRules.Range(change.Start?.On(first, until) ?? row.StartsAt ?? first, change.End?.On(first, until) ?? row.EndsAt ?? until, first, last);

        // A whole session's recording goes on to its end, wherever that will be; a clip has the times that it was given.
        var isWhole = row.Kind == "session";
        return (isWhole && start <= first ? null : start, isWhole && (change.End is null ? row.EndsAt is null : change.End == Moment.End) ? null : end);
    }

    private (DateTimeOffset? StartsAt, DateTimeOffset? EndsAt) Trimmed(Row row, RecordingChange change) => Trimmed(row, change, time.GetUtcNow());

    private static async Task<Row> FindAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string id, string locking, CancellationToken cancellationToken) =>
        RecordingId.TryParse(id, out _)
            && await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition($"{Select} AND r.id = @id {locking}", new { id }, transaction, cancellationToken: cancellationToken)) is { } row
            ? row : throw RecordingRules.NotFound(id.Length > 26 ? id[..26] : id);

    private static int? HoursOf(string? retention) => retention is null or Retention.OfChannel ? null : Retention.TryParse(retention, out var hours) ? hours ?? 0 : null;

    private static void Refuse(IEnumerable<Mistake> mistakes)
    {
        if (mistakes.ToList() is { Count: > 0 } found)
        {
            throw new ControlException(found);
        }
    }

    private sealed record Row(
        string Id, string Channel, long ChannelId, string Session, string Kind, string Title, string Visibility, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt,
        int? RetentionHours, int? ChannelHours, DateTimeOffset CreatedAt, DateTimeOffset SessionStartedAt, DateTimeOffset? SessionEndedAt, DateTimeOffset? LastPublicationEndedAt,
        string? Access)
    {
        /// <summary>Where a replay of its session ends: with the last encoder, not with the slate behind it. <see langword="null"/> while the session is open.</summary>
        public DateTimeOffset? SessionEnd => SessionEndedAt is null ? null : LastPublicationEndedAt ?? SessionEndedAt;

        public RecordingInfo ToInfo() => new(
            Id, Channel, Session, Kind, Title, Visibility, StartsAt, EndsAt,
            RetentionHours is { } own ? Retention.Format(own == 0 ? null : own) : Retention.OfChannel, CreatedAt)
        {
            Access = Access, SessionStartedAt = SessionStartedAt, SessionEndedAt = SessionEndedAt, LastPublicationEndedAt = LastPublicationEndedAt,
            ExpiresAt = (RetentionHours ?? ChannelHours) is { } hours and > 0 && SessionEndedAt is { } ended ? ended.AddHours(hours) : null,
        };
    }
}
