using Broadcast.Control.Identity;
using Broadcast.Control.Secrets;
using Broadcast.Database;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.Outbound;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Control.Targets;

/// <summary>
/// Repository of targets. Works on the database, with or without a running server; changes apply at once, also while the channel is on air.
/// Stream keys are encrypted, together with the address to which they belong.
/// </summary>
public sealed class TargetRepository(ServerDatabase database, SecretProtector secrets,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    // The state of another session no longer applies. A state that the owner has not written yet follows in a moment.
    private const string Columns = """
        t.id, t.name, t.url, t.rendition, t.mode, t.event_id AS event, t.enabled, t.created_at AS createdAt, s.id AS session,
        CASE WHEN t.enabled AND s.id IS NULL THEN 'The channel is not on air.'
            WHEN t.enabled AND s.preview THEN 'The session is in preview.'
            WHEN t.enabled AND t.event_id IS NOT NULL AND e.state <> 'live' THEN 'The event is not live.' END AS offReason,
        CASE WHEN t.session_id = s.id THEN t.state END AS state, CASE WHEN t.session_id = s.id THEN t.reason END AS reason,
        CASE WHEN t.session_id = s.id THEN t.state_since END AS since,
        CASE WHEN t.session_id = s.id THEN t.next_attempt_at END AS nextAttemptAt
        """;

    private const string From = """
        targets t LEFT JOIN sessions s ON s.channel_id = t.channel_id AND s.ended_at IS NULL LEFT JOIN events e ON e.id = t.event_id
        """;

    /// <summary>Adds a target to a channel.</summary>
    /// <exception cref="OperationException">
    /// A value is invalid, the channel or the event does not exist, the name is in use, or <see cref="TargetRules.MaxPerChannel"/> is
    /// reached.
    /// </exception>
    public async Task<TargetInfo> AddAsync(string channel, TargetRequest request, CancellationToken cancellationToken = default)
    {
        ThrowIfInvalid(TargetRules.Validate(request, isNew: true, null));
        var url = AddressOf(request.Url!);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var channelId = await LockChannelAsync(connection, transaction, channel, cancellationToken);
        if (await connection.ExecuteScalarAsync<long>(new CommandDefinition("SELECT count(*) FROM targets WHERE channel_id = @channelId",
            new { channelId }, transaction, cancellationToken: cancellationToken)) >= TargetRules.MaxPerChannel)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"Channel '{channel}' has {TargetRules.MaxPerChannel} targets, the maximum. Delete an unused one.");
        }

        await CheckEventAsync(connection, transaction, channelId, request.Event, cancellationToken);
        try
        {
            await connection.ExecuteAsync(new CommandDefinition(
                """
                INSERT INTO targets (channel_id, event_id, name, url, stream_key, rendition, mode, enabled, created_at)
                VALUES (@channelId, @event, @name, @url, @key, @rendition, @mode, @enabled, @now)
                """,
                new
                {
                    channelId, @event = request.Event, name = request.Name, url, key = secrets.Protect(request.StreamKey!, url),
                    rendition = request.Rendition ?? TargetRules.DefaultRendition,
                    mode = request.Mode ?? TargetRules.Name(TargetMode.Copy), enabled = request.Enabled ?? true, now = time.GetUtcNow(),
                },
                transaction, cancellationToken: cancellationToken));
        }
        catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw NameInUse(channel, request.Name!, taken);
        }

        return await FinishAsync(connection, transaction, channel, channelId, request.Name!, "target.create", request, cancellationToken);
    }

    /// <summary>Lists the targets of a channel by name, with the states that the server that owns its session has written.</summary>
    /// <exception cref="OperationException">The channel does not exist.</exception>
    public async Task<IReadOnlyList<TargetInfo>> ListAsync(string channel, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channelId = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"SELECT {Columns} FROM {From} WHERE t.channel_id = @channelId ORDER BY lower(t.name)", new { channelId },
            cancellationToken: cancellationToken));
        return [.. rows.Select(row => row.ToInfo())];
    }

    /// <summary>Gets a target.</summary>
    /// <exception cref="OperationException">The channel or the target does not exist.</exception>
    public async Task<TargetInfo> GetAsync(string channel, string name, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channelId = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        return await FindAsync(connection, null, channel, channelId, name, cancellationToken);
    }

    /// <summary>Changes the values set in <paramref name="request"/>. The event of a target does not change.</summary>
    /// <exception cref="OperationException">A value is invalid, the target does not exist, or the name is in use.</exception>
    public Task<TargetInfo> ChangeAsync(string channel, string name, TargetRequest request,
        CancellationToken cancellationToken = default) => ChangeIfAsync(channel, name, request, null, cancellationToken);

    /// <summary>Changes a target like <see cref="ChangeAsync"/> unless the check throws. The check sees it under a lock.</summary>
    internal async Task<TargetInfo> ChangeIfAsync(string channel, string name, TargetRequest request, Action<TargetInfo>? check,
        CancellationToken cancellationToken)
    {
        ThrowIfInvalid(TargetRules.Validate(request, isNew: false, null));
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var channelId = await LockChannelAsync(connection, transaction, channel, cancellationToken);
        var before = await FindAsync(connection, transaction, channel, channelId, name, cancellationToken);
        check?.Invoke(before);
        var url = request.Url is null ? before.Url : AddressOf(request.Url);
        try
        {
            await connection.ExecuteAsync(new CommandDefinition(
                """
                UPDATE targets SET name = coalesce(@name, name), url = @url, stream_key = coalesce(@key, stream_key),
                    notified = CASE WHEN @key IS NULL THEN notified END,
                    rendition = coalesce(@rendition, rendition), mode = coalesce(@mode, mode), enabled = coalesce(@enabled, enabled)
                WHERE id = @id
                """,
                new
                {
                    id = before.Id, name = request.Name, url, key = request.StreamKey is { } key ? secrets.Protect(key, url) : null,
                    rendition = request.Rendition, mode = request.Mode, enabled = request.Enabled,
                },
                transaction, cancellationToken: cancellationToken));
        }
        catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw NameInUse(channel, request.Name!, taken);
        }

        return await FinishAsync(connection, transaction, channel, channelId, request.Name ?? before.Name, "target.change", request,
            cancellationToken);
    }

    /// <summary>Deletes a target. Its connection ends.</summary>
    /// <exception cref="OperationException">The channel or the target does not exist.</exception>
    public Task DeleteAsync(string channel, string name, CancellationToken cancellationToken = default) =>
        DeleteIfAsync(channel, name, null, cancellationToken);

    /// <summary>Deletes a target like <see cref="DeleteAsync"/> unless the check throws.</summary>
    internal async Task DeleteIfAsync(string channel, string name, Action<TargetInfo>? check, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var channelId = await LockChannelAsync(connection, transaction, channel, cancellationToken);
        var target = await FindAsync(connection, transaction, channel, channelId, name, cancellationToken);
        check?.Invoke(target);
        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM targets WHERE id = @id", new { id = target.Id }, transaction,
            cancellationToken: cancellationToken));
        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "target.delete", $"target/{channel}/{target.Name}",
            AuditLog.Detail(("channel", channel)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Creates a new key, unless the keys are configured, and encrypts all stream keys with the first one. Targets that are live stay
    /// connected.
    /// </summary>
    /// <returns>Number of stream keys that were encrypted again, and the targets whose stream key this server cannot decrypt.</returns>
    /// <exception cref="OperationException">The key file cannot be written.</exception>
    public async Task<(int Encrypted, IReadOnlyList<string> Unreadable)> RotateAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // No other rotation, and no change of a stream key meanwhile.
        await connection.ExecuteAsync(new CommandDefinition("LOCK TABLE targets IN SHARE ROW EXCLUSIVE MODE", null, transaction,
            cancellationToken: cancellationToken));
        secrets.Rotate();
        var rows = await connection.QueryAsync<KeyRow>(new CommandDefinition(
            """
            SELECT t.id, c.name AS channel, t.name, t.url, t.stream_key AS streamKey FROM targets t JOIN channels c ON c.id = t.channel_id
            ORDER BY t.id
            """, null, transaction, cancellationToken: cancellationToken));
        var (encrypted, unreadable) = (0, new List<string>());
        foreach (var row in rows.Where(row => !secrets.IsCurrent(row.StreamKey)))
        {
            string key;
            try
            {
                key = secrets.Unprotect(row.StreamKey, row.Url);
            }
            catch (OperationException)
            {
                unreadable.Add($"{row.Channel}/{row.Name}");
                continue;
            }

            encrypted += await connection.ExecuteAsync(new CommandDefinition("UPDATE targets SET stream_key = @key WHERE id = @id",
                new { id = row.Id, key = secrets.Protect(key, row.Url) }, transaction, cancellationToken: cancellationToken));
        }

        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "target.rotate", "target/all", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (encrypted, unreadable);
    }

    /// <summary>Gets a target with its stream key, for a test of the connection.</summary>
    /// <exception cref="OperationException">The target does not exist, or this server does not have the key that encrypts it.</exception>
    internal async Task<(TargetInfo Target, string StreamKey)> GetWithKeyAsync(string channel, string name,
        CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var channelId = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        var target = await FindAsync(connection, null, channel, channelId, name, cancellationToken);
        var key = await connection.ExecuteScalarAsync<byte[]?>(new CommandDefinition("SELECT stream_key FROM targets WHERE id = @id",
            new { id = target.Id }, cancellationToken: cancellationToken)) ?? throw TargetRules.NotFound(channel, name);
        return (target, secrets.Unprotect(key, target.Url));
    }

    private async Task<TargetInfo> FinishAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string channel, long channelId,
        string name, string action, TargetRequest request, CancellationToken cancellationToken)
    {
        var target = await FindAsync(connection, transaction, channel, channelId, name, cancellationToken);
        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), action, $"target/{channel}/{target.Name}",
            AuditLog.Detail(("channel", channel), ("url", request.Url is null ? null : target.Url),
                ("streamKey", request.StreamKey is null ? null : "set"),
                ("rendition", request.Rendition), ("mode", request.Mode), ("event", request.Event),
                ("enabled", request.Enabled switch { null => null, true => "true", false => "false" })), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return target;
    }

    /// <summary>Locks the targets of a channel against other changes.</summary>
    private static async Task<long> LockChannelAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string channel,
        CancellationToken cancellationToken)
    {
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("SELECT 1 FROM channels WHERE id = @id FOR NO KEY UPDATE", new { id },
            transaction, cancellationToken: cancellationToken));
        return id;
    }

    private static async Task CheckEventAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long channelId, string? id,
        CancellationToken cancellationToken)
    {
        if (id is not null && (id.Length > 64 || !id.All(char.IsAsciiLetterOrDigit) || await connection.ExecuteScalarAsync<long?>(
            new CommandDefinition("SELECT 1 FROM events WHERE id = @id AND channel_id = @channelId FOR SHARE", new { id, channelId },
                transaction, cancellationToken: cancellationToken)) is null))
        {
            throw new OperationException(OperationErrorCode.NotFound, "The channel has no event with this id.");
        }
    }

    private static async Task<TargetInfo> FindAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string channel,
        long channelId, string name, CancellationToken cancellationToken) =>
        (name.Length > TargetRules.MaxName || name.Any(char.IsControl) ? null
            : await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
                $"SELECT {Columns} FROM {From} WHERE t.channel_id = @channelId AND lower(t.name) = lower(@name)", new { channelId, name },
                transaction, cancellationToken: cancellationToken)))?.ToInfo() ?? throw TargetRules.NotFound(channel, name);

    private static string AddressOf(string url) => RtmpAddress.TryParse(url, out var address, out var error) ? address.ToString()
        : throw new OperationException([new("url", error)]);

    private static OperationException NameInUse(string channel, string name, Exception taken) => new(OperationErrorCode.Conflict,
        $"Channel '{channel}' already has a target '{name}'. Choose another name.", taken);

    private static void ThrowIfInvalid(IEnumerable<ValidationError> errors)
    {
        if (errors.ToList() is { Count: > 0 } list)
        {
            throw new OperationException(list);
        }
    }

    private sealed record KeyRow(long Id, string Channel, string Name, string Url, byte[] StreamKey);

    private sealed record Row(long Id, string Name, string Url, string Rendition, string Mode, string? Event, bool Enabled,
        DateTimeOffset CreatedAt, string? Session, string? OffReason, string? State, string? Reason, DateTimeOffset? Since,
        DateTimeOffset? NextAttemptAt)
    {
        public TargetInfo ToInfo() => new(Name, Url, Rendition, TargetRules.ModeNames.Parse(Mode), Event, Enabled, CreatedAt, StatusOf())
        {
            Id = Id, Session = Session,
        };

        private TargetStatus StatusOf() => !Enabled || OffReason is not null ? new(TargetState.Off, OffReason, Since ?? CreatedAt)
            : State is null or "off" ? new(TargetState.Connecting, "The connection begins.", Since ?? CreatedAt)
            : new(TargetRules.StateNames.Parse(State), Reason, Since ?? CreatedAt) { NextAttempt = NextAttemptAt };
    }
}
