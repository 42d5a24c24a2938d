using Broadcast.Control.Channels;
using Broadcast.Database;
using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Control.Identity;

/// <summary>Role of a stream key.</summary>
public enum StreamKeyRole
{
    /// <summary>Primary encoder.</summary>
    Primary,

    /// <summary>Backup encoder on standby.</summary>
    Backup,

    /// <summary>Occasional publisher.</summary>
    Guest,
}

/// <summary>Stream key without its secret.</summary>
/// <param name="Id">Part of the key before the underscore.</param>
/// <param name="Channel">Channel of the key.</param>
/// <param name="Role">Role of the key.</param>
/// <param name="Label">Owner of the key; may be empty.</param>
/// <param name="CreatedAt">Creation time.</param>
/// <param name="LastUsedAt">Time at which an encoder was last admitted with it.</param>
/// <param name="ExpiresAt">Time from which it admits no encoder; a current publisher may continue.</param>
/// <param name="RevokedAt">Time of revocation, which also disconnects its encoder.</param>
public sealed record StreamKeyInfo(
    string Id, string Channel, StreamKeyRole Role, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt,
    DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt);

/// <summary>New key with its secret, which is shown only once and not stored.</summary>
/// <param name="Key">Key without its secret.</param>
/// <param name="StreamKey">Whole key, as entered into an encoder.</param>
public sealed record IssuedStreamKey(StreamKeyInfo Key, string StreamKey)
{
    /// <summary>Text without the secret.</summary>
    public override string ToString() => $"key {Key.Id}";
}

/// <summary>
/// Repository of stream keys. Works on the database, with or without a running server; a running server is notified of changes.
/// </summary>
public sealed class StreamKeys(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    /// <summary>Maximum number of keys per channel that are not revoked.</summary>
    public const int MaxPerChannel = 50;

    private static readonly EnumNames<StreamKeyRole> RoleNames = new("role of a stream key",
        (StreamKeyRole.Primary, "primary"), (StreamKeyRole.Backup, "backup"), (StreamKeyRole.Guest, "guest"));

    private const string Columns =
        "k.id, c.name AS channel, k.role, k.label, k.created_at AS createdAt, k.last_used_at AS lastUsedAt, k.expires_at AS expiresAt, "
        + "k.revoked_at AS revokedAt";

    /// <summary>Creates another key for a channel.</summary>
    /// <exception cref="OperationException">A value is invalid, the channel does not exist, or <see cref="MaxPerChannel"/> is
    /// reached.</exception>
    public async Task<IssuedStreamKey> CreateAsync(string channel, StreamKeyRole role, string label = "", DateTimeOffset? expiresAt = null,
        CancellationToken cancellationToken = default)
    {
        ChannelRules.CheckLabel(label, expiresAt, time.GetUtcNow());
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var id = await ChannelIdAsync(connection, channel, cancellationToken);
        var count = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            "SELECT count(*) FROM stream_keys WHERE channel_id = @id AND revoked_at IS NULL", new { id }, transaction,
            cancellationToken: cancellationToken));
        if (count >= MaxPerChannel)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"Channel '{channel}' has {count} keys, the maximum. Revoke an unused one.");
        }

        var issued = await InsertAsync(connection, transaction, id, channel, role, label, expiresAt, time.GetUtcNow(), cancellationToken);
        await AuditLog.RecordAsync(
            connection, transaction, time.GetUtcNow(), "key.create", $"key/{issued.Key.Id}",
            AuditLog.Detail(("channel", channel), ("role", Name(role)), ("label", label), ("expiresAt", AuditLog.Text(expiresAt))),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return issued;
    }

    /// <summary>Replaces a key by a new one with the same role and label.</summary>
    /// <param name="channel">Name of the channel.</param>
    /// <param name="keyId">Id of the key; <see langword="null"/> when the channel has only one.</param>
    /// <param name="overlap">Remaining validity of the previous key; zero revokes it at once and disconnects its encoder.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The channel or key does not exist, or the key is ambiguous.</exception>
    public async Task<IssuedStreamKey> RotateAsync(string channel, string? keyId = null, TimeSpan overlap = default,
        CancellationToken cancellationToken = default)
    {
        if (ValidateOverlap(overlap).ToList() is { Count: > 0 } errors)
        {
            throw new OperationException(errors);
        }

        // An id is 8 letters or digits; PostgreSQL rejects some other characters, such as NUL, even in parameters.
        keyId = keyId is null || keyId.All(char.IsAsciiLetterOrDigit) ? keyId : "";
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var id = await ChannelIdAsync(connection, channel, cancellationToken);
        var candidates = (await connection.QueryAsync<Row>(new CommandDefinition(
            $"""
            SELECT {Columns} FROM stream_keys k JOIN channels c ON c.id = k.channel_id
            WHERE k.channel_id = @id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > @now) AND (@keyId::text IS NULL
                OR k.id = @keyId) FOR UPDATE OF k
            """,
            new { id, keyId, now },
            transaction,
            cancellationToken: cancellationToken))).ToList();
        var old = candidates switch
        {
            [var one] => one,
            [] => throw new OperationException(OperationErrorCode.NotFound,
                $"Channel '{channel}' has no such valid key. 'broadcast key create {channel}' creates one."),
            _ => throw new OperationException(OperationErrorCode.Conflict,
                $"Channel '{channel}' has {candidates.Count} keys. Specify one: {string.Join(", ", candidates.Select(k => k.Id))}."),
        };
        var issued = await InsertAsync(connection, transaction, id, channel, ParseRole(old.Role),
            old.Label, null, now, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            overlap == TimeSpan.Zero ? "UPDATE stream_keys SET revoked_at = @now WHERE id = @oldId"
            : "UPDATE stream_keys SET expires_at = @until WHERE id = @oldId",
            new { oldId = old.Id, now, until = now + overlap },
            transaction,
            cancellationToken: cancellationToken));
        await AuditLog.RecordAsync(
            connection, transaction, now, "key.rotate", $"key/{old.Id}",
            AuditLog.Detail(("channel", channel), ("newKey", issued.Key.Id),
                ("worksUntil", overlap == TimeSpan.Zero ? null : AuditLog.Text(now + overlap))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return issued;
    }

    /// <summary>Revokes a key permanently and disconnects its encoder. Revoking it again has no effect.</summary>
    /// <exception cref="OperationException">The channel or key does not exist.</exception>
    public async Task RevokeAsync(string channel, string keyId, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var id = await ChannelIdAsync(connection, channel, cancellationToken);
        var wasValid = await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            "SELECT revoked_at IS NULL FROM stream_keys WHERE id = @keyId AND channel_id = @id FOR UPDATE", new { keyId, id }, transaction,
            cancellationToken: cancellationToken))
            ?? throw new OperationException(OperationErrorCode.NotFound,
                $"Channel '{channel}' has no such key. 'broadcast key list {channel}' shows its keys.");
        if (wasValid)
        {
            await connection.ExecuteAsync(new CommandDefinition("UPDATE stream_keys SET revoked_at = @now WHERE id = @keyId",
                new { keyId, now = time.GetUtcNow() }, transaction, cancellationToken: cancellationToken));
            await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "key.revoke", $"key/{keyId}",
                AuditLog.Detail(("channel", channel)), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>Lists keys of a channel, newest first, including revoked ones.</summary>
    /// <exception cref="OperationException">The channel does not exist.</exception>
    public async Task<IReadOnlyList<StreamKeyInfo>> ListAsync(string channel, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await ChannelIdAsync(connection, channel, cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"SELECT {Columns} FROM stream_keys k JOIN channels c ON c.id = k.channel_id WHERE k.channel_id = @id ORDER BY k.created_at "
            + "DESC, k.id LIMIT 500",
            new { id },
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    internal static async Task<long> ChannelIdAsync(NpgsqlConnection connection, string channel, CancellationToken cancellationToken) =>
        (ChannelName.TryParse(channel, out _)
            ? await connection.ExecuteScalarAsync<long?>(new CommandDefinition(
                "SELECT id FROM channels WHERE name = @channel AND deleted_at IS NULL", new { channel },
                cancellationToken: cancellationToken))
            : null)
        ?? throw OperationException.NoChannel(channel);

    internal static async Task<IssuedStreamKey> InsertAsync(
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        long channelId,
        string channel,
        StreamKeyRole role,
        string label,
        DateTimeOffset? expiresAt,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            var secret = Secret.New(out var text);
            var inserted = await connection.ExecuteAsync(new CommandDefinition(
                """
                INSERT INTO stream_keys (id, channel_id, role, label, hash, created_at, expires_at)
                VALUES (@id, @channelId, @role, @label, @hash, @now, @expiresAt) ON CONFLICT (id) DO NOTHING
                """,
                new { id = secret.Id, channelId, role = Name(role), label, hash = secret.Hash, now, expiresAt },
                transaction,
                cancellationToken: cancellationToken));
            if (inserted == 1)   // otherwise the id was in use: probability 2^-40 per existing key
            {
                return new(new(secret.Id, channel, role, label, now, null, expiresAt, null), text);
            }
        }
    }

    internal static IEnumerable<ValidationError> ValidateOverlap(TimeSpan overlap) =>
        overlap < TimeSpan.Zero || overlap > TimeSpan.FromDays(30)
        ? [new("overlapSeconds", "An overlap must be 0 to 2592000 seconds (30 days).")] : [];

    /// <summary>Names of the roles.</summary>
    public static IReadOnlyList<string> Roles => RoleNames.All;

    /// <summary>Gets the name of a role.</summary>
    public static string Name(StreamKeyRole role) => RoleNames.Name(role);

    /// <summary>Gets the role with a name; <see langword="null"/> when there is none.</summary>
    public static StreamKeyRole? FindRole(string name) => RoleNames.Find(name);

    /// <summary>Parses the name of a role.</summary>
    /// <exception cref="FormatException">The name is unknown.</exception>
    internal static StreamKeyRole ParseRole(string name) => RoleNames.Parse(name);

    private sealed record Row(
        string Id, string Channel, string Role, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt,
        DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt)
    {
        public StreamKeyInfo ToInfo() => new(Id, Channel, ParseRole(Role), Label, CreatedAt, LastUsedAt,
            ExpiresAt, RevokedAt);
    }
}
