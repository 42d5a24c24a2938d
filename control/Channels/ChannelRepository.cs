using System.Globalization;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Control.Recordings;
using Broadcast.Database;
using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Control.Channels;

/// <summary>
/// Repository of channels. Works on the database, with or without a running server; a running server is notified of changes.
/// </summary>
public sealed class ChannelRepository(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    private const string Columns = """
        name, title, ladder, latency, reconnect_window_seconds AS window, access, created_at AS createdAt, takeover, takeover_after_seconds AS takeoverAfter, dvr_window AS dvrWindow,
        record, retention_hours AS retentionHours, array_to_string(reminder_minutes, ',') AS reminders, announce_events AS announcesEvents,
        audio_languages AS audioLanguages
        """;

    /// <summary>Creates a channel with its first stream key, which is valid when this method returns.</summary>
    /// <exception cref="OperationException">A value is invalid, or the name is in use.</exception>
    public async Task<CreatedChannel> CreateAsync(string name, ChannelSettings settings, CancellationToken cancellationToken = default)
    {
        ChannelRules.Check(name, settings);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            var channel = await connection.QuerySingleAsync<Row>(new CommandDefinition(
                $"""
                INSERT INTO channels (name, title, ladder, latency, reconnect_window_seconds, takeover, takeover_after_seconds, access,
                    dvr_window, record, retention_hours,
                    reminder_minutes, announce_events, audio_languages, created_at)
                VALUES (@name, @title, @ladder, @latency, @window, @takeover, @takeoverAfter, @access, @dvrWindow, @record, @retention,
                    string_to_array(@reminders, ',')::int[], @announces, @languages, @now) RETURNING id, {Columns}
                """,
                new
                {
                    name,
                    title = settings.Title ?? "",
                    ladder = ChannelRules.NormalizeLadder(settings.Ladder) ?? ChannelRules.DefaultLadder,
                    latency = settings.Latency ?? ChannelRules.DefaultLatency,
                    window = (int)(settings.ReconnectWindow ?? ChannelRules.DefaultReconnectWindow).TotalSeconds,
                    takeover = settings.Takeover ?? ChannelRules.DefaultTakeover,
                    takeoverAfter = (int)(settings.TakeoverAfter ?? TimeSpan.Zero).TotalSeconds,
                    access = settings.Access ?? ChannelRules.DefaultAccess,
                    dvrWindow = ChannelRules.NormalizeDvrWindow(settings.DvrWindow) ?? ChannelRules.DefaultDvrWindow,
                    record = settings.Record ?? ChannelRules.DefaultRecord,
                    retention = HoursOf(settings.Retention),
                    reminders = EventReminders.Text(settings.Reminders ?? []),
                    announces = settings.AnnouncesEvents ?? true,
                    languages = TrackLanguages.Format(settings.AudioLanguages ?? []),
                    now = time.GetUtcNow(),
                },
                transaction,
                cancellationToken: cancellationToken));
            var key = await StreamKeys.InsertAsync(connection, transaction, channel.Id, name, StreamKeyRole.Primary, "", null,
                time.GetUtcNow(), cancellationToken);
            await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "channel.create", Subject(name),
                DetailOf(settings, ("key", key.Key.Id)), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new(channel.ToInfo(), key);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"A channel '{name}' already exists. Choose another name, or change it with 'broadcast channel set {name}'.", e);
        }
    }

    /// <summary>Changes the values set in <paramref name="settings"/>.</summary>
    /// <exception cref="OperationException">A value is invalid, or the channel does not exist.</exception>
    public Task<ChannelInfo> SetAsync(string name, ChannelSettings settings, CancellationToken cancellationToken = default) =>
        SetIfAsync(name, settings, null, null, cancellationToken);

    /// <summary>
    /// Changes a channel like <see cref="SetAsync"/> unless the check or the permission throws. The check sees the channel under a row
    /// lock.
    /// </summary>
    internal async Task<ChannelInfo> SetIfAsync(string name, ChannelSettings settings, Action<ChannelInfo>? check,
        RetentionPermission? permission, CancellationToken cancellationToken)
    {
        ChannelRules.Check(null, settings);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await CheckAsync(connection, transaction, name, check, cancellationToken);
        var expiring = settings.Retention is null ? 0 : await CountExpiringAsync(connection, transaction, name,
            HoursOf(settings.Retention), cancellationToken);
        permission?.ThrowIfDenied(expiring);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"""
            UPDATE channels SET title = coalesce(@title, title), ladder = coalesce(@ladder, ladder), latency = coalesce(@latency, latency),
                reconnect_window_seconds = coalesce(@window, reconnect_window_seconds), takeover = coalesce(@takeover, takeover),
                takeover_after_seconds = coalesce(@takeoverAfter, takeover_after_seconds), access = coalesce(@access, access),
                dvr_window = coalesce(@dvrWindow, dvr_window),
                record = coalesce(@record, record), retention_hours = CASE WHEN @hasRetention THEN @retention ELSE retention_hours END,
                reminder_minutes = coalesce(string_to_array(@reminders, ',')::int[], reminder_minutes),
                announce_events = coalesce(@announces, announce_events),
                audio_languages = coalesce(@languages, audio_languages)
            WHERE name = @name AND deleted_at IS NULL RETURNING id, {Columns}
            """,
            new
            {
                name,
                title = settings.Title,
                ladder = ChannelRules.NormalizeLadder(settings.Ladder),
                latency = settings.Latency,
                window = (int?)settings.ReconnectWindow?.TotalSeconds,
                takeover = settings.Takeover,
                takeoverAfter = (int?)settings.TakeoverAfter?.TotalSeconds,
                access = settings.Access,
                dvrWindow = ChannelRules.NormalizeDvrWindow(settings.DvrWindow),
                record = settings.Record,
                hasRetention = settings.Retention is not null,
                retention = HoursOf(settings.Retention),
                reminders = settings.Reminders is { } minutes ? EventReminders.Text(minutes) : null,
                announces = settings.AnnouncesEvents,
                languages = settings.AudioLanguages is { } languages ? TrackLanguages.Format(languages) : null,
            },
            transaction,
            cancellationToken: cancellationToken)) ?? throw OperationException.NoChannel(name);
        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "channel.change", Subject(name),
            DetailOf(settings, ("expiringRecordings", expiring > 0 ? expiring.ToString(CultureInfo.InvariantCulture) : null)),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.ToInfo();
    }

    /// <summary>Gets a channel.</summary>
    /// <exception cref="OperationException">The channel does not exist.</exception>
    public async Task<ChannelInfo> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"SELECT id, {Columns} FROM channels WHERE name = @name AND deleted_at IS NULL", new { name },
            cancellationToken: cancellationToken));
        return row?.ToInfo() ?? throw OperationException.NoChannel(name);
    }

    /// <summary>Lists channels by name.</summary>
    public async Task<IReadOnlyList<ChannelInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"SELECT id, {Columns} FROM channels WHERE deleted_at IS NULL ORDER BY name", cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    /// <summary>
    /// Gets the default channel: <c>main</c> if it exists, else the first by name; <see langword="null"/> without channels.
    /// </summary>
    public async Task<string?> DefaultAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<string?>(new CommandDefinition(
            "SELECT name FROM channels WHERE deleted_at IS NULL ORDER BY name <> @first, name LIMIT 1",
            new { first = ControlOptions.FirstChannel }, cancellationToken: cancellationToken));
    }

    /// <summary>
    /// Deletes a channel: its keys stop working, its encoder is disconnected, its session ends, and the server removes its media.
    /// </summary>
    /// <exception cref="OperationException">The channel does not exist.</exception>
    public Task DeleteAsync(string name, CancellationToken cancellationToken = default) => DeleteIfAsync(name, null, cancellationToken);

    /// <summary>Deletes a channel like <see cref="DeleteAsync"/> unless the check throws.</summary>
    internal async Task DeleteIfAsync(string name, Action<ChannelInfo>? check, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await CheckAsync(connection, transaction, name, check, cancellationToken);
        var deleted = await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE channels SET deleted_at = @now WHERE name = @name AND deleted_at IS NULL", new { name, now = time.GetUtcNow() },
            transaction, cancellationToken: cancellationToken));
        if (deleted == 0)
        {
            throw OperationException.NoChannel(name);
        }

        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "channel.delete", Subject(name), null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static string Subject(string name) => $"channel/{name}";

    /// <summary>Locks the channel and counts the recordings and clips that expire earlier with another retention.</summary>
    private static Task<long> CountExpiringAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string name, int? hours,
        CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<long>(new CommandDefinition(
            """
            WITH locked AS (
                SELECT id, retention_hours FROM channels WHERE name = @name AND deleted_at IS NULL FOR NO KEY UPDATE)
            SELECT count(*) FROM locked c JOIN recordings r ON r.channel_id = c.id
            WHERE r.deleted_at IS NULL AND r.retention_hours IS NULL AND @hours::int < coalesce(c.retention_hours, 2147483647)
            """,
            new { name, hours }, transaction, cancellationToken: cancellationToken));

    private static async Task CheckAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string name,
        Action<ChannelInfo>? check, CancellationToken cancellationToken)
    {
        if (check is null)
        {
            return;
        }

        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"SELECT id, {Columns} FROM channels WHERE name = @name AND deleted_at IS NULL FOR NO KEY UPDATE", new { name }, transaction,
            cancellationToken: cancellationToken));
        check(row?.ToInfo() ?? throw OperationException.NoChannel(name));
    }

    /// <summary>Audit log details of the settings that were given.</summary>
    private static IReadOnlyDictionary<string, string> DetailOf(ChannelSettings settings, params (string Name, string? Value)[] more) =>
        AuditLog.Detail(
    [
        ("title", settings.Title),
        ("ladder", settings.Ladder),
        ("latency", settings.Latency),
        ("reconnectWindowSeconds", Seconds(settings.ReconnectWindow)),
        ("takeover", settings.Takeover),
        ("takeoverAfterSeconds", Seconds(settings.TakeoverAfter)),
        ("access", settings.Access),
        ("dvrWindow", settings.DvrWindow),
        ("record", BooleanText(settings.Record)),
        ("retention", settings.Retention),
        ("reminderMinutes", settings.Reminders is { } minutes ? EventReminders.Text(minutes) : null),
        ("announceEvents", BooleanText(settings.AnnouncesEvents)),
        ("audioLanguages", settings.AudioLanguages is { } languages ? TrackLanguages.Format(languages) : null),
        .. more,
    ]);

    private static string? BooleanText(bool? value) => value switch { null => null, true => "true", false => "false" };

    private static string? Seconds(TimeSpan? length) => length?.TotalSeconds.ToString(CultureInfo.InvariantCulture);

    private static int? HoursOf(string? retention) => Retention.TryParse(retention, out var hours) ? hours : null;

    private sealed record Row(
        long Id, string Name, string Title, string Ladder, string Latency, int Window, string Access, DateTimeOffset CreatedAt,
        string Takeover, int TakeoverAfter,
        string DvrWindow, bool Record, int? RetentionHours, string Reminders, bool AnnouncesEvents, string AudioLanguages)
    {
        public ChannelInfo ToInfo() => new(Name, Title, Ladder, Latency, TimeSpan.FromSeconds(Window), Access, CreatedAt)
        {
            Takeover = Takeover, TakeoverAfter = TimeSpan.FromSeconds(TakeoverAfter), DvrWindow = DvrWindow, Record = Record,
            Retention = Retention.Format(RetentionHours),
            Reminders = EventReminders.Minutes(Reminders), AnnouncesEvents = AnnouncesEvents,
            AudioLanguages = TrackLanguages.Parse(AudioLanguages),
        };
    }
}
