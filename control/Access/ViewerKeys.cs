using System.Security.Cryptography;
using System.Text;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media.OriginToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Control.Access;

/// <summary>A signing key without its secret.</summary>
/// <param name="Id">Its id, which is part of the tokens signed with it.</param>
/// <param name="Channel">The channel whose tokens it signs.</param>
/// <param name="Label">Name of its user; may be empty.</param>
/// <param name="IsServerManaged">Whether the server created the key for tokens that it signs itself; its secret is never shown.</param>
/// <param name="CreatedAt">Time of creation.</param>
/// <param name="RevokedAt">Time of revocation, which also revoked all tokens signed with it.</param>
public sealed record ViewerKeyInfo(string Id, string Channel, string Label, bool IsServerManaged, DateTimeOffset CreatedAt,
    DateTimeOffset? RevokedAt);

/// <summary>A new signing key with its secret, which is only shown once.</summary>
/// <param name="Key">The key.</param>
/// <param name="Secret">The secret: its ASCII characters are the key's bytes.</param>
public sealed record IssuedViewerKey(ViewerKeyInfo Key, string Secret)
{
    /// <summary>Omits the secret.</summary>
    public override string ToString() => $"viewer key {Key.Id}";
}

/// <summary>
/// Manages the signing keys for a channel's viewer tokens. Works on the database, with or without a running server; a running server is
/// notified of every change.
/// </summary>
public sealed class ViewerKeys(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    /// <summary>Maximum active keys per channel.</summary>
    public const int MaxPerChannel = 20;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    // 5 bits each: 260 bits, above the 256 of the hash (RFC 2104, section 3).
    private const int SecretLength = 52;
    private const string Columns =
        "k.id, c.name AS channel, k.label, k.server_managed AS isServerManaged, k.created_at AS createdAt, k.revoked_at AS revokedAt";

    /// <summary>Creates another key, for a party that signs tokens itself. Existing keys remain valid.</summary>
    /// <exception cref="OperationException">
    /// A value is invalid, the channel does not exist, or it has <see cref="MaxPerChannel"/> keys.
    /// </exception>
    public async Task<IssuedViewerKey> CreateAsync(string channel, string label = "", CancellationToken cancellationToken = default)
    {
        ChannelRules.CheckLabel(label, null, time.GetUtcNow());
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        var count = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            "SELECT count(*) FROM viewer_keys WHERE channel_id = @id AND revoked_at IS NULL", new { id }, transaction,
            cancellationToken: cancellationToken));
        if (count >= MaxPerChannel)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"Channel '{channel}' has {count} signing keys, the maximum. Revoke an unused one.");
        }

        var issued = await InsertAsync(connection, transaction, id, channel, label, isServerManaged: false, cancellationToken);
        await AuditLog.RecordAsync(
            connection, transaction, time.GetUtcNow(), "viewer_key.create", $"viewer_key/{issued.Key.Id}",
            AuditLog.Detail(("channel", channel), ("label", label)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return issued;
    }

    /// <summary>Revokes a key permanently, with all tokens signed with it. Revoking a revoked key has no effect.</summary>
    /// <exception cref="OperationException">The channel or the key does not exist.</exception>
    public async Task RevokeAsync(string channel, string keyId, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        var wasActive = await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            "SELECT revoked_at IS NULL FROM viewer_keys WHERE id = @keyId AND channel_id = @id FOR UPDATE", new { keyId, id }, transaction,
            cancellationToken: cancellationToken))
            ?? throw new OperationException(OperationErrorCode.NotFound,
                $"Channel '{channel}' has no such signing key. List its keys with 'broadcast viewer-key list {channel}'.");
        if (wasActive)
        {
            await connection.ExecuteAsync(new CommandDefinition("UPDATE viewer_keys SET revoked_at = @now WHERE id = @keyId",
                new { keyId, now = time.GetUtcNow() }, transaction, cancellationToken: cancellationToken));
            await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "viewer_key.revoke", $"viewer_key/{keyId}",
                AuditLog.Detail(("channel", channel)), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>A channel's signing keys, newest first, including revoked ones; at most 500.</summary>
    /// <exception cref="OperationException">The channel does not exist.</exception>
    public async Task<IReadOnlyList<ViewerKeyInfo>> ListAsync(string channel, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        return [.. await connection.QueryAsync<ViewerKeyInfo>(new CommandDefinition(
            $"SELECT {Columns} FROM viewer_keys k JOIN channels c ON c.id = k.channel_id WHERE k.channel_id = @id ORDER BY k.created_at "
            + "DESC, k.id LIMIT 500",
            new { id },
            cancellationToken: cancellationToken))];
    }

    /// <summary>The server's own signing key for a channel; created when there is none.</summary>
    internal async Task<(string Id, byte[] Secret)> GetServerKeyAsync(NpgsqlConnection connection, NpgsqlTransaction transaction,
        long channelId, string channel, CancellationToken cancellationToken)
    {
        var (id, secret) = await connection.QueryFirstOrDefaultAsync<(string? Id, string? Secret)>(new CommandDefinition(
            "SELECT id, secret FROM viewer_keys WHERE channel_id = @channelId AND server_managed AND revoked_at IS NULL ORDER BY "
            + "created_at DESC LIMIT 1",
            new { channelId },
            transaction,
            cancellationToken: cancellationToken));
        if (id is not null && secret is not null)
        {
            return (id, GetBytes(secret));
        }

        var created = await InsertAsync(connection, transaction, channelId, channel, "", isServerManaged: true, cancellationToken);
        return (created.Key.Id, GetBytes(created.Secret));
    }

    /// <summary>The key bytes of a secret: its ASCII characters.</summary>
    internal static byte[] GetBytes(string secret) => Encoding.ASCII.GetBytes(secret);

    private async Task<IssuedViewerKey> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long channelId, string channel, string label, bool isServerManaged,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        while (true)
        {
            var (id, secret) = (RandomNumberGenerator.GetString(Alphabet, ViewerToken.KeyIdLength),
                RandomNumberGenerator.GetString(Alphabet, SecretLength));
            var inserted = await connection.ExecuteAsync(new CommandDefinition(
                """
                INSERT INTO viewer_keys (id, channel_id, secret, label, server_managed, created_at)
                VALUES (@id, @channelId, @secret, @label, @isServerManaged, @now) ON CONFLICT (id) DO NOTHING
                """,
                new { id, channelId, secret, label, isServerManaged, now },
                transaction,
                cancellationToken: cancellationToken));
            if (inserted == 1)   // otherwise the id exists already
            {
                return new(new(id, channel, label, isServerManaged, now, null), secret);
            }
        }
    }
}
