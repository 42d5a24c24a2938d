using System.Security.Cryptography;
using Broadcast.Media;
using Dapper;

namespace Broadcast.Control;

/// <summary>What may be known of a viewer token: all but the signature.</summary>
/// <param name="Id">Its id, which stands in it.</param>
/// <param name="Channel">The channel that it opens.</param>
/// <param name="Label">Whose it is; may be empty.</param>
/// <param name="Address">Where its viewer must be, as it was asked for; empty for anywhere.</param>
/// <param name="CreatedAt">When it was made, or, for one that was signed elsewhere, when it was revoked.</param>
/// <param name="ExpiresAt">From when on it opens nothing; <see langword="null"/> for one that was signed elsewhere.</param>
/// <param name="RevokedAt">When it was revoked.</param>
/// <param name="Preview">Whether it opens what the audience does not get yet, too.</param>
public sealed record ViewerTokenInfo(
    string Id, string Channel, string Label, string Address, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, bool Preview);

/// <summary>A new viewer token, which is shown this once.</summary>
/// <param name="Info">What may be known of it.</param>
/// <param name="Token">What stands behind <c>/t/</c>.</param>
public sealed record IssuedViewerToken(ViewerTokenInfo Info, string Token)
{
    /// <summary>Without the token.</summary>
    public override string ToString() => $"viewer token {Info.Id}";
}

/// <summary>The tokens with which people watch a channel that is not public. Works on the database, whether the server runs or not; a running server hears of what is revoked.</summary>
public sealed class ViewerTokens(Database database, ViewerKeys keys, TimeProvider time)
{
    /// <summary>Most tokens of a channel that are remembered at a time. Who needs more has a key of their own and signs them.</summary>
    public const int MaxPerChannel = 10_000;

    /// <summary>How long a token lasts that is made without saying so.</summary>
    public static readonly TimeSpan DefaultLife = TimeSpan.FromDays(1);

    /// <summary>Longest life of a token that is made here.</summary>
    public static readonly TimeSpan MaxLife = TimeSpan.FromDays(366);

    /// <summary>Most that one answer holds.</summary>
    public const int MaxPage = 500;

    /// <summary>How long an expired token is still listed.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int IdLength = 10;
    private const int MaxPlace = 64;
    private const string Columns = "t.id, c.name AS channel, t.label, t.network AS address, t.created_at AS createdAt, t.expires_at AS expiresAt, t.revoked_at AS revokedAt, t.preview";

    /// <summary>Makes a token, signed with the server's own key for the channel.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="expiresAt">From when on it opens nothing; <see cref="DefaultLife"/> from now when not given.</param>
    /// <param name="address">Where its viewer must be (<see cref="ViewerNetwork.TryRead"/>); <see langword="null"/> for anywhere.</param>
    /// <param name="label">Whose it is.</param>
    /// <param name="preview">Whether it opens what the audience does not get yet, too: for who has to see and hear an event before it goes live.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">Bad values, no such channel, or it has <see cref="MaxPerChannel"/> already.</exception>
    public async Task<IssuedViewerToken> CreateAsync(
        string channel, DateTimeOffset? expiresAt = null, string? address = null, string label = "", bool preview = false, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        if (Mistakes(expiresAt, address, label, now).ToList() is { Count: > 0 } mistakes)
        {
            throw new ControlException(mistakes);
        }

        var expires = DateTimeOffset.FromUnixTimeSeconds((expiresAt ?? now + DefaultLife).ToUnixTimeSeconds());
        ViewerNetwork? network = ViewerNetwork.TryRead(address, out var read) ? read : null;
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var channelId = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM viewer_tokens WHERE channel_id = @channelId AND expires_at < @before", new { channelId, before = now - Kept }, transaction, cancellationToken: cancellationToken));
        var count = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            "SELECT count(*) FROM viewer_tokens WHERE channel_id = @channelId", new { channelId }, transaction, cancellationToken: cancellationToken));
        if (count >= MaxPerChannel)
        {
            throw new ControlException(ControlCode.Conflict, $"Channel '{channel}' has {count} viewer tokens, which is the most. Sign further ones yourself: 'broadcast viewer key create {channel}'.");
        }

        var (keyId, secret) = await keys.OfServerAsync(connection, transaction, channelId, channel, cancellationToken);
        while (true)
        {
            var id = RandomNumberGenerator.GetString(Alphabet, IdLength);
            var inserted = await connection.ExecuteAsync(new CommandDefinition(
                """
                INSERT INTO viewer_tokens (channel_id, id, label, network, created_at, expires_at, preview)
                VALUES (@channelId, @id, @label, @address, @now, @expires, @preview) ON CONFLICT DO NOTHING
                """,
                new { channelId, id, label, address = address ?? "", now, expires, preview },
                transaction,
                cancellationToken: cancellationToken));
            if (inserted == 1)   // else the id was taken
            {
                await AuditLog.AddAsync(
                    connection, transaction, now, "viewer_token.create", $"viewer_token/{id}",
                    AuditLog.Detail(("channel", channel), ("label", label), ("address", address), ("expiresAt", AuditLog.Text(expires)), ("preview", preview ? "true" : null)), cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return new(new(id, channel, label, address ?? "", now, expires, null, preview), ViewerToken.Sign(keyId, secret, ChannelName.Parse(channel), expires, id, network, preview));
            }
        }
    }

    /// <summary>Withdraws a token for good, whoever signed it. One already revoked stays so.</summary>
    /// <returns>Whether it was made here. One that was not is revoked as well: somebody may have signed it elsewhere.</returns>
    /// <exception cref="ControlException">No such channel, no id that a token can have, or too many revoked tokens that were signed elsewhere.</exception>
    public async Task<bool> RevokeAsync(string channel, string tokenId, CancellationToken cancellationToken = default)
    {
        if (!ViewerToken.IsId(tokenId))
        {
            throw new ControlException(ControlCode.NotFound, $"A viewer token's id is 1 to {ViewerToken.MaxIdLength} of A-Z, a-z, 0-9, '_' and '-'.");
        }

        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var channelId = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        var (known, isOurs, worked) = await connection.QuerySingleOrDefaultAsync<(bool Known, bool IsOurs, bool Worked)>(new CommandDefinition(
            "SELECT true, expires_at IS NOT NULL, revoked_at IS NULL FROM viewer_tokens WHERE channel_id = @channelId AND id = @tokenId FOR UPDATE",
            new { channelId, tokenId },
            transaction,
            cancellationToken: cancellationToken));
        if (known && !worked)
        {
            return isOurs;
        }

        await AuditLog.AddAsync(connection, transaction, now, "viewer_token.revoke", $"viewer_token/{tokenId}", AuditLog.Detail(("channel", channel)), cancellationToken);
        if (known)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "UPDATE viewer_tokens SET revoked_at = @now WHERE channel_id = @channelId AND id = @tokenId", new { channelId, tokenId, now }, transaction, cancellationToken: cancellationToken));
            await transaction.CommitAsync(cancellationToken);
            return isOurs;
        }

        var count = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            "SELECT count(*) FROM viewer_tokens WHERE channel_id = @channelId AND expires_at IS NULL", new { channelId }, transaction, cancellationToken: cancellationToken));
        if (count >= MaxPerChannel)
        {
            throw new ControlException(ControlCode.Conflict, $"Channel '{channel}' has {count} revoked tokens, which is the most. Make a new signing key and revoke the old one: that revokes all at once.");
        }

        await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO viewer_tokens (channel_id, id, label, network, created_at, revoked_at) VALUES (@channelId, @tokenId, '', '', @now, @now)
            ON CONFLICT (channel_id, id) DO UPDATE SET revoked_at = coalesce(viewer_tokens.revoked_at, @now)
            """,
            new { channelId, tokenId, now },
            transaction,
            cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return false;
    }

    /// <summary>A channel's tokens that were made here, and those revoked, newest first; at most 500.</summary>
    /// <exception cref="ControlException">No such channel.</exception>
    public Task<IReadOnlyList<ViewerTokenInfo>> ListAsync(string channel, CancellationToken cancellationToken = default) => ListAsync(channel, MaxPage, null, cancellationToken);

    /// <summary>A page of a channel's tokens, newest first.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="limit">1 to <see cref="MaxPage"/>.</param>
    /// <param name="before">Only those behind this place (<see cref="PlaceOf"/>), to read on, or behind the token of this id as long as that is listed; <see langword="null"/> from the newest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">No such channel, or a bad value.</exception>
    public async Task<IReadOnlyList<ViewerTokenInfo>> ListAsync(string channel, int limit, string? before, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > MaxPage)
        {
            throw new ControlException([new("limit", $"A limit is 1 to {MaxPage}.")]);
        }

        if (before is { Length: 0 or > MaxPlace } || before?.Contains('\0', StringComparison.Ordinal) == true)
        {
            throw new ControlException([new("before", "'before' must be a viewer token's id, or what the page before this one named.")]);
        }

        var (behind, at) = RowPlace.Parse(before);

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        return [.. await connection.QueryAsync<ViewerTokenInfo>(new CommandDefinition(
            $"""
            SELECT {Columns} FROM viewer_tokens t JOIN channels c ON c.id = t.channel_id LEFT JOIN viewer_tokens b ON b.channel_id = t.channel_id AND b.id = @behind
            WHERE t.channel_id = @id AND (@behind::text IS NULL
                OR t.created_at < coalesce(@at::timestamptz, b.created_at) OR (t.created_at = coalesce(@at::timestamptz, b.created_at) AND t.id > @behind))
            ORDER BY t.created_at DESC, t.id LIMIT @limit
            """,
            new { id, limit, behind, at },
            cancellationToken: cancellationToken))];
    }

    /// <summary>Where a token is in the list: to read on behind it, also when it has been cleared away meanwhile.</summary>
    internal static string PlaceOf(ViewerTokenInfo token) => RowPlace.Of(token.Id, token.CreatedAt);

    internal static IEnumerable<Mistake> Mistakes(DateTimeOffset? expiresAt, string? address, string label, DateTimeOffset now)
    {
        foreach (var mistake in ChannelRules.LabelMistakes(label, expiresAt, now))
        {
            yield return mistake;
        }

        if (expiresAt > now + MaxLife)
        {
            yield return new("expiresAt", "A viewer token lasts at most 366 days.");
        }

        if (address is not null && !ViewerNetwork.TryRead(address, out _))
        {
            yield return new("address", "An address is one such as 203.0.113.5 or 2001:db8::1, or a network such as 203.0.113.0/24 or 2001:db8::/64, its length a multiple of 4.");
        }
    }
}
