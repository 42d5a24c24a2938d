using System.Security.Cryptography;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Access;

/// <summary>A viewer token without its signature.</summary>
/// <param name="Id">Its id, which is part of the token.</param>
/// <param name="Channel">The channel to which it gives access.</param>
/// <param name="Label">Name of its user; may be empty.</param>
/// <param name="Network">Required network of the viewer, as requested; empty for any.</param>
/// <param name="CreatedAt">Time of creation, or of revocation for a token that was signed elsewhere.</param>
/// <param name="ExpiresAt">Time of expiry; <see langword="null"/> for a token that was signed elsewhere.</param>
/// <param name="RevokedAt">Time of revocation.</param>
/// <param name="Preview">Whether the token grants preview access.</param>
public sealed record ViewerTokenInfo(
    string Id, string Channel, string Label, string Network, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt,
    bool Preview);

/// <summary>A new viewer token, which is only shown once.</summary>
/// <param name="Info">The token without its signature.</param>
/// <param name="Token">The token, as used after <c>/t/</c>.</param>
public sealed record IssuedViewerToken(ViewerTokenInfo Info, string Token)
{
    /// <summary>Omits the token.</summary>
    public override string ToString() => $"viewer token {Info.Id}";
}

/// <summary>
/// Manages viewer tokens for channels that are not public. Works on the database, with or without a running server; a running server is
/// notified of revocations.
/// </summary>
public sealed class ViewerTokens(ServerDatabase database, ViewerKeys keys, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    /// <summary>Maximum stored tokens per channel. For more, create a signing key and sign tokens elsewhere.</summary>
    public const int MaxPerChannel = 10_000;

    /// <summary>Default lifetime of a token.</summary>
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromDays(1);

    /// <summary>Maximum lifetime of a token that the server creates.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(366);

    /// <summary>Maximum page size.</summary>
    public const int MaxPage = 500;

    /// <summary>Time that an expired token is still listed.</summary>
    private static readonly TimeSpan ExpiredRetention = TimeSpan.FromDays(7);

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int IdLength = 10;
    private const int MaxCursorLength = 64;
    private const string Columns =
        "t.id, c.name AS channel, t.label, t.network, t.created_at AS createdAt, t.expires_at AS expiresAt, t.revoked_at AS revokedAt, "
        + "t.preview";

    /// <summary>Creates a token, signed with the server's own key for the channel.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="expiresAt">Time of expiry; <see cref="DefaultLifetime"/> from now when not given.</param>
    /// <param name="network">Required network of the viewer (<see cref="ViewerNetwork.TryParseUserInput"/>); <see langword="null"/> for
    /// any.</param>
    /// <param name="label">Name of its user.</param>
    /// <param name="preview">Whether the token grants preview access, for reviewing an event before it goes live.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">
    /// A value is invalid, the channel does not exist, or it has <see cref="MaxPerChannel"/> tokens.
    /// </exception>
    public async Task<IssuedViewerToken> CreateAsync(
        string channel, DateTimeOffset? expiresAt = null, string? network = null, string label = "", bool preview = false,
        CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        if (Validate(expiresAt, network, label, now).ToList() is { Count: > 0 } errors)
        {
            throw new OperationException(errors);
        }

        var expires = DateTimeOffset.FromUnixTimeSeconds((expiresAt ?? now + DefaultLifetime).ToUnixTimeSeconds());
        ViewerNetwork? viewerNetwork = ViewerNetwork.TryParseUserInput(network, out var read) ? read : null;
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var channelId = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM viewer_tokens WHERE channel_id = @channelId AND expires_at < @before",
            new { channelId, before = now - ExpiredRetention }, transaction, cancellationToken: cancellationToken));
        var count = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            "SELECT count(*) FROM viewer_tokens WHERE channel_id = @channelId", new { channelId }, transaction,
            cancellationToken: cancellationToken));
        if (count >= MaxPerChannel)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"Channel '{channel}' has {count} viewer tokens, the maximum. Sign further tokens yourself: 'broadcast viewer-key "
                + $"create {channel}'.");
        }

        var (keyId, secret) = await keys.GetServerKeyAsync(connection, transaction, channelId, channel, cancellationToken);
        while (true)
        {
            var id = RandomNumberGenerator.GetString(Alphabet, IdLength);
            var inserted = await connection.ExecuteAsync(new CommandDefinition(
                """
                INSERT INTO viewer_tokens (channel_id, id, label, network, created_at, expires_at, preview)
                VALUES (@channelId, @id, @label, @network, @now, @expires, @preview) ON CONFLICT DO NOTHING
                """,
                new { channelId, id, label, network = network ?? "", now, expires, preview },
                transaction,
                cancellationToken: cancellationToken));
            if (inserted == 1)   // otherwise the id exists already
            {
                await AuditLog.RecordAsync(
                    connection, transaction, now, "viewer_token.create", $"viewer_token/{id}",
                    AuditLog.Detail(("channel", channel), ("label", label), ("network", network), ("expiresAt", AuditLog.Text(expires)),
                        ("preview", preview ? "true" : null)), cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return new(new(id, channel, label, network ?? "", now, expires, null, preview),
                    ViewerToken.Sign(keyId, secret, ChannelName.Parse(channel), expires, id, viewerNetwork, preview));
            }
        }
    }

    /// <summary>Revokes a token permanently, whichever key signed it. Revoking a revoked token has no effect.</summary>
    /// <returns>Whether the server created the token. Others are revoked too, because they may have been signed elsewhere.</returns>
    /// <exception cref="OperationException">
    /// The channel does not exist, the id is invalid, or too many tokens signed elsewhere are revoked.
    /// </exception>
    public async Task<bool> RevokeAsync(string channel, string tokenId, CancellationToken cancellationToken = default)
    {
        if (!ViewerToken.IsId(tokenId))
        {
            throw new OperationException(OperationErrorCode.NotFound,
                $"A viewer token's id is 1 to {ViewerToken.MaxIdLength} of A-Z, a-z, 0-9, '_' and '-'.");
        }

        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var channelId = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        var (known, issuedByServer, wasActive) = await connection.QuerySingleOrDefaultAsync<(bool Known, bool IsOurs, bool Worked)>(
            new CommandDefinition(
            "SELECT true, expires_at IS NOT NULL, revoked_at IS NULL FROM viewer_tokens WHERE channel_id = @channelId AND id = @tokenId "
            + "FOR UPDATE",
            new { channelId, tokenId },
            transaction,
            cancellationToken: cancellationToken));
        if (known && !wasActive)
        {
            return issuedByServer;
        }

        await AuditLog.RecordAsync(connection, transaction, now, "viewer_token.revoke", $"viewer_token/{tokenId}",
            AuditLog.Detail(("channel", channel)), cancellationToken);
        if (known)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                "UPDATE viewer_tokens SET revoked_at = @now WHERE channel_id = @channelId AND id = @tokenId",
                new { channelId, tokenId, now }, transaction, cancellationToken: cancellationToken));
            await transaction.CommitAsync(cancellationToken);
            return issuedByServer;
        }

        var count = await connection.ExecuteScalarAsync<int>(new CommandDefinition(
            "SELECT count(*) FROM viewer_tokens WHERE channel_id = @channelId AND expires_at IS NULL", new { channelId }, transaction,
            cancellationToken: cancellationToken));
        if (count >= MaxPerChannel)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"Channel '{channel}' has {count} revoked tokens, the maximum. Create a new signing key and revoke the old one, which "
                + "revokes all its tokens.");
        }

        await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO viewer_tokens (channel_id, id, label, network, created_at, revoked_at) VALUES (@channelId, @tokenId, '', '', @now,
                @now)
            ON CONFLICT (channel_id, id) DO UPDATE SET revoked_at = coalesce(viewer_tokens.revoked_at, @now)
            """,
            new { channelId, tokenId, now },
            transaction,
            cancellationToken: cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return false;
    }

    /// <summary>A channel's tokens that the server created, and revoked tokens, newest first; at most 500.</summary>
    /// <exception cref="OperationException">The channel does not exist.</exception>
    public Task<IReadOnlyList<ViewerTokenInfo>> ListAsync(string channel, CancellationToken cancellationToken = default) =>
        ListAsync(channel, MaxPage, null, cancellationToken);

    /// <summary>A page of a channel's tokens, newest first.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="limit">1 to <see cref="MaxPage"/>.</param>
    /// <param name="before">
    /// Cursor of the previous page (<see cref="CursorOf"/>), or the id of a listed token; only later entries are returned.
    /// <see langword="null"/> for the newest.
    /// </param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The channel does not exist, or a value is invalid.</exception>
    public async Task<IReadOnlyList<ViewerTokenInfo>> ListAsync(string channel, int limit, string? before,
        CancellationToken cancellationToken)
    {
        if (limit is < 1 or > MaxPage)
        {
            throw new OperationException([new("limit", $"'limit' must be 1 to {MaxPage}.")]);
        }

        if (before is { Length: 0 or > MaxCursorLength } || before?.Contains('\0', StringComparison.Ordinal) == true)
        {
            throw new OperationException([new("before", "'before' must be a viewer token's id or the cursor of the previous page.")]);
        }

        var (behind, at) = PageCursor.Parse(before);

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken);
        return [.. await connection.QueryAsync<ViewerTokenInfo>(new CommandDefinition(
            $"""
            SELECT {Columns} FROM viewer_tokens t JOIN channels c ON c.id = t.channel_id LEFT JOIN viewer_tokens b
                ON b.channel_id = t.channel_id AND b.id = @behind
            WHERE t.channel_id = @id AND (@behind::text IS NULL
                OR t.created_at < coalesce(@at::timestamptz, b.created_at) OR (t.created_at = coalesce(@at::timestamptz, b.created_at)
                AND t.id > @behind))
            ORDER BY t.created_at DESC, t.id LIMIT @limit
            """,
            new { id, limit, behind, at },
            cancellationToken: cancellationToken))];
    }

    /// <summary>Cursor after a token in the list; remains valid when the token is removed.</summary>
    internal static string CursorOf(ViewerTokenInfo token) => PageCursor.Of(token.Id, token.CreatedAt);

    internal static IEnumerable<ValidationError> Validate(DateTimeOffset? expiresAt, string? network, string label, DateTimeOffset now)
    {
        foreach (var error in ChannelRules.ValidateLabel(label, expiresAt, now))
        {
            yield return error;
        }

        if (expiresAt > now + MaxLifetime)
        {
            yield return new("expiresAt", "A viewer token is valid for at most 366 days.");
        }

        if (network is not null && !ViewerNetwork.TryParseUserInput(network, out _))
        {
            yield return new("network",
                "Use an address such as 203.0.113.5 or 2001:db8::1, or a network such as 203.0.113.0/24 or 2001:db8::/64, with a prefix "
                + "length divisible by 4.");
        }
    }
}
