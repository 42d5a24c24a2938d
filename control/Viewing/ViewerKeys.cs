using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>What may be known of a signing key: all but the secret.</summary>
/// <param name="Id">Its id, which stands in the tokens signed with it.</param>
/// <param name="Channel">The channel whose tokens it signs.</param>
/// <param name="Label">Who signs with it; may be empty.</param>
/// <param name="IsServers">Whether the server made it for tokens that it signs itself; nobody was ever shown such a one.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="RevokedAt">When it was revoked, and all tokens signed with it.</param>
public sealed record ViewerKeyInfo(string Id, string Channel, string Label, bool IsServers, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

/// <summary>A new signing key with its secret, which is shown this once.</summary>
/// <param name="Key">What may be known of it.</param>
/// <param name="Secret">What to sign with: these characters as they stand are the key's bytes.</param>
public sealed record IssuedViewerKey(ViewerKeyInfo Key, string Secret)
{
    /// <summary>Without the secret.</summary>
    public override string ToString() => $"viewer key {Key.Id}";
}

/// <summary>The keys that a channel's viewer tokens are signed with. Works on the database, whether the server runs or not; a running server hears of every change.</summary>
public sealed class ViewerKeys(Database database, TimeProvider time)
{
    /// <summary>Most keys a channel may have that are not revoked.</summary>
    public const int MaxPerChannel = 20;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    // 5 bits each: 260 in all, no fewer than the 256 of the hash (RFC 2104, section 3).
    private const int SecretLength = 52;
    private const string Columns = "k.id, c.name AS channel, k.label, k.of_server AS isServers, k.created_at AS createdAt, k.revoked_at AS revokedAt";

    /// <summary>Makes one more key for somebody who signs tokens elsewhere. Those that there are go on.</summary>
    /// <exception cref="ControlException">Bad values, no such channel, or it has <see cref="MaxPerChannel"/> already.</exception>
    public async Task<IssuedViewerKey> CreateAsync(string channel, string label = "", CancellationToken cancellationToken = default)
    {
        ChannelRules.CheckLabel(label, null, time.GetUtcNow());
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        var count = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            "SELECT count(*) FROM viewer_keys WHERE channel_id = @id AND revoked_at IS NULL", new { id }, transaction, cancellationToken: cancellationToken));
        if (count >= MaxPerChannel)
        {
            throw new ControlException(ControlCode.Conflict, $"Channel '{channel}' has {count} signing keys, which is the most. Revoke one that is not used.");
        }

        var issued = await InsertAsync(connection, transaction, id, channel, label, ofServer: false, cancellationToken);
        await AuditLog.AddAsync(
            connection, transaction, time.GetUtcNow(), "viewer_key.create", $"viewer_key/{issued.Key.Id}", AuditLog.Detail(("channel", channel), ("label", label)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return issued;
    }

    /// <summary>Withdraws a key for good, and with it all tokens that were signed with it. One already revoked stays so.</summary>
    /// <exception cref="ControlException">No such channel or key.</exception>
    public async Task RevokeAsync(string channel, string keyId, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        var worked = await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            "SELECT revoked_at IS NULL FROM viewer_keys WHERE id = @keyId AND channel_id = @id FOR UPDATE", new { keyId, id }, transaction, cancellationToken: cancellationToken))
            ?? throw new ControlException(ControlCode.NotFound, $"Channel '{channel}' has no such signing key. 'broadcast viewer key list {channel}' shows those it has.");
        if (worked)
        {
            await connection.ExecuteAsync(new CommandDefinition("UPDATE viewer_keys SET revoked_at = @now WHERE id = @keyId", new { keyId, now = time.GetUtcNow() }, transaction, cancellationToken: cancellationToken));
            await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "viewer_key.revoke", $"viewer_key/{keyId}", AuditLog.Detail(("channel", channel)), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>A channel's signing keys, newest first, revoked ones too; at most 500.</summary>
    /// <exception cref="ControlException">No such channel.</exception>
    public async Task<IReadOnlyList<ViewerKeyInfo>> ListAsync(string channel, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        return [.. await connection.QueryAsync<ViewerKeyInfo>(new CommandDefinition(
            $"SELECT {Columns} FROM viewer_keys k JOIN channels c ON c.id = k.channel_id WHERE k.channel_id = @id ORDER BY k.created_at DESC, k.id LIMIT 500",
            new { id },
            cancellationToken: cancellationToken))];
    }

    /// <summary>The key that the server signs a channel's tokens with; made when there is none.</summary>
    internal async Task<(string Id, byte[] Secret)> OfServerAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long channelId, string channel, CancellationToken cancellationToken)
    {
        var (id, secret) = await connection.QueryFirstOrDefaultAsync<(string? Id, string? Secret)>(new CommandDefinition(
            "SELECT id, secret FROM viewer_keys WHERE channel_id = @channelId AND of_server AND revoked_at IS NULL ORDER BY created_at DESC LIMIT 1",
            new { channelId },
            transaction,
            cancellationToken: cancellationToken));
        if (id is not null && secret is not null)
        {
            return (id, BytesOf(secret));
        }

        var made = await InsertAsync(connection, transaction, channelId, channel, "", ofServer: true, cancellationToken);
        return (made.Key.Id, BytesOf(made.Secret));
    }

    /// <summary>What a secret is as a key: its characters.</summary>
    internal static byte[] BytesOf(string secret) => Encoding.ASCII.GetBytes(secret);

    private async Task<IssuedViewerKey> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long channelId, string channel, string label, bool ofServer, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        while (true)
        {
            var (id, secret) = (RandomNumberGenerator.GetString(Alphabet, Media.ViewerToken.KeyIdLength), RandomNumberGenerator.GetString(Alphabet, SecretLength));
            var inserted = await connection.ExecuteAsync(new CommandDefinition(
                """
                INSERT INTO viewer_keys (id, channel_id, secret, label, of_server, created_at)
                VALUES (@id, @channelId, @secret, @label, @ofServer, @now) ON CONFLICT (id) DO NOTHING
                """,
                new { id, channelId, secret, label, ofServer, now },
                transaction,
                cancellationToken: cancellationToken));
            if (inserted == 1)   // else the id was taken
            {
                return new(new(id, channel, label, ofServer, now, null), secret);
            }
        }
    }
}
