using Broadcast.Media;
using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>What a stream key is for.</summary>
public enum KeyRole
{
    /// <summary>The encoder.</summary>
    Primary,

    /// <summary>A second encoder that stands by.</summary>
    Backup,

    /// <summary>Somebody who broadcasts now and then.</summary>
    Guest,
}

/// <summary>What may be known of a stream key: all but the secret.</summary>
/// <param name="Id">The part before the underscore.</param>
/// <param name="Channel">The channel that it publishes to.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Label">Whose it is; may be empty.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="LastUsedAt">When an encoder was last let in with it.</param>
/// <param name="ExpiresAt">From when on it lets nobody in; who publishes then may go on.</param>
/// <param name="RevokedAt">When it was revoked, which also sent its encoder away.</param>
public sealed record KeyInfo(
    string Id, string Channel, KeyRole Role, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt);

/// <summary>A new key with its secret, which is shown this once and kept nowhere.</summary>
/// <param name="Key">What may be known of it.</param>
/// <param name="StreamKey">The whole key as the encoder wants it.</param>
public sealed record IssuedKey(KeyInfo Key, string StreamKey)
{
    /// <summary>Without the secret.</summary>
    public override string ToString() => $"key {Key.Id}";
}

/// <summary>The stream keys of channels. Works on the database, whether the server runs or not; a running server hears of every change.</summary>
public sealed class StreamKeys(Database database, TimeProvider time)
{
    /// <summary>Most keys a channel may have that are not revoked.</summary>
    public const int MaxPerChannel = 50;

    private const string Columns = "k.id, c.name AS channel, k.role, k.label, k.created_at AS createdAt, k.last_used_at AS lastUsedAt, k.expires_at AS expiresAt, k.revoked_at AS revokedAt";

    /// <summary>Makes one more key for a channel.</summary>
    /// <exception cref="ControlException">Bad values, no such channel, or it has <see cref="MaxPerChannel"/> already.</exception>
    public async Task<IssuedKey> CreateAsync(string channel, KeyRole role, string label = "", DateTimeOffset? expiresAt = null, CancellationToken cancellationToken = default)
    {
        ChannelRules.CheckLabel(label, expiresAt, time.GetUtcNow());
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var id = await ChannelIdAsync(connection, channel, cancellationToken);
        var count = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            "SELECT count(*) FROM stream_keys WHERE channel_id = @id AND revoked_at IS NULL", new { id }, transaction, cancellationToken: cancellationToken));
        if (count >= MaxPerChannel)
        {
            throw new ControlException(ControlCode.Conflict, $"Channel '{channel}' has {count} keys, which is the most. Revoke one that is not used.");
        }

        var issued = await InsertAsync(connection, transaction, id, channel, role, label, expiresAt, time.GetUtcNow(), cancellationToken);
        await AuditLog.AddAsync(
            connection, transaction, time.GetUtcNow(), "key.create", $"key/{issued.Key.Id}",
            AuditLog.Detail(("channel", channel), ("role", Name(role)), ("label", label), ("expiresAt", AuditLog.Text(expiresAt))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return issued;
    }

    /// <summary>Makes a new key in place of an old one, with its role and label.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="keyId">Which key; <see langword="null"/> when the channel has only one.</param>
    /// <param name="overlap">How long the old one still lets encoders in; zero revokes it at once, and sends its encoder away.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">No such channel or key, or it is not clear which.</exception>
    public async Task<IssuedKey> RotateAsync(string channel, string? keyId = null, TimeSpan overlap = default, CancellationToken cancellationToken = default)
    {
        if (OverlapMistakes(overlap).ToList() is { Count: > 0 } mistakes)
        {
            throw new ControlException(mistakes);
        }

        // An id is 8 plain characters; some others, such as NUL, PostgreSQL does not even take as a question.
        keyId = keyId is null || keyId.All(char.IsAsciiLetterOrDigit) ? keyId : "";
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var id = await ChannelIdAsync(connection, channel, cancellationToken);
        var candidates = (await connection.QueryAsync<Row>(new CommandDefinition(
            $"""
            SELECT {Columns} FROM stream_keys k JOIN channels c ON c.id = k.channel_id
            WHERE k.channel_id = @id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > @now) AND (@keyId::text IS NULL OR k.id = @keyId) FOR UPDATE OF k
            """,
            new { id, keyId, now },
            transaction,
            cancellationToken: cancellationToken))).ToList();
        var old = candidates switch
        {
            [var one] => one,
            [] => throw new ControlException(ControlCode.NotFound, $"Channel '{channel}' has no such working key. 'broadcast key create {channel}' makes one."),
            _ => throw new ControlException(ControlCode.Conflict, $"Channel '{channel}' has {candidates.Count} keys. Say which: {string.Join(", ", candidates.Select(k => k.Id))}."),
        };
        var issued = await InsertAsync(connection, transaction, id, channel, Enum.Parse<KeyRole>(old.Role, ignoreCase: true), old.Label, null, now, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            overlap == TimeSpan.Zero ? "UPDATE stream_keys SET revoked_at = @now WHERE id = @oldId" : "UPDATE stream_keys SET expires_at = @until WHERE id = @oldId",
            new { oldId = old.Id, now, until = now + overlap },
            transaction,
            cancellationToken: cancellationToken));
        await AuditLog.AddAsync(
            connection, transaction, now, "key.rotate", $"key/{old.Id}",
            AuditLog.Detail(("channel", channel), ("newKey", issued.Key.Id), ("worksUntil", overlap == TimeSpan.Zero ? null : AuditLog.Text(now + overlap))), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return issued;
    }

    /// <summary>Withdraws a key for good; the encoder that publishes with it is sent away. One already revoked stays so.</summary>
    /// <exception cref="ControlException">No such channel or key.</exception>
    public async Task RevokeAsync(string channel, string keyId, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var id = await ChannelIdAsync(connection, channel, cancellationToken);
        var worked = await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            "SELECT revoked_at IS NULL FROM stream_keys WHERE id = @keyId AND channel_id = @id FOR UPDATE", new { keyId, id }, transaction, cancellationToken: cancellationToken))
            ?? throw new ControlException(ControlCode.NotFound, $"Channel '{channel}' has no such key. 'broadcast key list {channel}' shows those it has.");
        if (worked)
        {
            await connection.ExecuteAsync(new CommandDefinition("UPDATE stream_keys SET revoked_at = @now WHERE id = @keyId", new { keyId, now = time.GetUtcNow() }, transaction, cancellationToken: cancellationToken));
            await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "key.revoke", $"key/{keyId}", AuditLog.Detail(("channel", channel)), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>A channel's keys, newest first, revoked ones too.</summary>
    /// <exception cref="ControlException">No such channel.</exception>
    public async Task<IReadOnlyList<KeyInfo>> ListAsync(string channel, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await ChannelIdAsync(connection, channel, cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"SELECT {Columns} FROM stream_keys k JOIN channels c ON c.id = k.channel_id WHERE k.channel_id = @id ORDER BY k.created_at DESC, k.id LIMIT 500",
            new { id },
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    internal static async Task<long> ChannelIdAsync(NpgsqlConnection connection, string channel, CancellationToken cancellationToken) =>
        (ChannelName.TryParse(channel, out _)
            ? await connection.ExecuteScalarAsync<long?>(new CommandDefinition(
                "SELECT id FROM channels WHERE name = @channel AND deleted_at IS NULL", new { channel }, cancellationToken: cancellationToken))
            : null)
        ?? throw ControlException.NoChannel(channel);

    internal static async Task<IssuedKey> InsertAsync(
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        long channelId,
        string channel,
        KeyRole role,
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
            if (inserted == 1)   // else the id was taken: 1 in 2^40 for each key there is
            {
                return new(new(secret.Id, channel, role, label, now, null, expiresAt, null), text);
            }
        }
    }

    internal static IEnumerable<Mistake> OverlapMistakes(TimeSpan overlap) =>
        overlap < TimeSpan.Zero || overlap > TimeSpan.FromDays(30) ? [new("overlapSeconds", "An overlap is 0 to 2592000 seconds (30 days).")] : [];

    internal static string Name(KeyRole role) => role switch
    {
        KeyRole.Primary => "primary",
        KeyRole.Backup => "backup",
        _ => "guest",
    };

    private sealed record Row(
        string Id, string Channel, string Role, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt)
    {
        public KeyInfo ToInfo() => new(Id, Channel, Enum.Parse<KeyRole>(Role, ignoreCase: true), Label, CreatedAt, LastUsedAt, ExpiresAt, RevokedAt);
    }
}
