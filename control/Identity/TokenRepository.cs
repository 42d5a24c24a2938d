using Broadcast.Control.Channels;
using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Identity;

/// <summary>Role of a token or user; each role includes those before it.</summary>
public enum TokenRole
{
    /// <summary>Reads channels and sessions.</summary>
    Viewer,

    /// <summary>Moderates the chat, and reads.</summary>
    Moderator,

    /// <summary>Runs broadcasts: changes channels and manages their keys.</summary>
    Producer,

    /// <summary>Unrestricted: creates and deletes channels, manages tokens.</summary>
    Admin,
}

/// <summary>Token without its secret.</summary>
/// <param name="Id">Part of the token before the underscore.</param>
/// <param name="Role">Role of the token.</param>
/// <param name="Label">Owner of the token; may be empty.</param>
/// <param name="CreatedAt">Creation time.</param>
/// <param name="LastUsedAt">Time of the last use, to the minute.</param>
/// <param name="ExpiresAt">Expiry time.</param>
/// <param name="RevokedAt">Time of revocation.</param>
public sealed record TokenInfo(
    string Id, TokenRole Role, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt)
{
    /// <summary>Further restrictions.</summary>
    public TokenLimits Limits { get; init; } = new();
}

/// <summary>New token with its secret, which is shown only once and not stored.</summary>
/// <param name="Info">Token without its secret.</param>
/// <param name="Token">Bearer token.</param>
public sealed record IssuedToken(TokenInfo Info, string Token)
{
    /// <summary>Text without the secret.</summary>
    public override string ToString() => $"token {Info.Id}";
}

/// <summary>
/// Repository of the API's bearer tokens. Works on the database, with or without a running server; a revoked token is rejected from the
/// next request.
/// </summary>
public sealed class TokenRepository(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    private const string Columns = """
        id, role, label, created_at AS createdAt, last_used_at AS lastUsedAt, expires_at AS expiresAt, revoked_at AS revokedAt,
        CASE WHEN channels IS NOT NULL THEN coalesce((SELECT string_agg(c.name, ',' ORDER BY c.name) FROM channels c WHERE c.id = ANY (tokens.channels) AND c.deleted_at IS NULL), '') END AS channels,
        array_to_string(scopes, ',') AS scopes
        """;

    /// <summary>Creates a token.</summary>
    /// <param name="role">Role of the token.</param>
    /// <param name="label">Owner of the token.</param>
    /// <param name="expiresAt">Expiry time; default never.</param>
    /// <param name="limits">Further restrictions.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">A value is invalid, or the channel does not exist.</exception>
    public async Task<IssuedToken> CreateAsync(
        TokenRole role, string label = "", DateTimeOffset? expiresAt = null, TokenLimits? limits = null,
        CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        ChannelRules.CheckLabel(label, expiresAt, now);
        UserRules.ThrowIfInvalid(Scopes.Validate(limits ?? new()));
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var issued = await InsertAsync(connection, transaction, role, label, expiresAt, limits ?? new(), now, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return issued;
    }

    /// <summary>Lists tokens, newest first, including revoked ones; at most 500.</summary>
    public async Task<IReadOnlyList<TokenInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"SELECT NULL::bytea AS hash, {Columns} FROM tokens ORDER BY created_at DESC, id LIMIT 500",
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    /// <summary>Revokes a token permanently. Revoking it again has no effect.</summary>
    /// <exception cref="OperationException">The token does not exist.</exception>
    public async Task RevokeAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var wasValid = await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            "SELECT revoked_at IS NULL FROM tokens WHERE id = @id FOR UPDATE", new { id }, transaction,
            cancellationToken: cancellationToken))
            ?? throw new OperationException(OperationErrorCode.NotFound, "The token does not exist. 'broadcast token list' shows all tokens.");
        if (wasValid)
        {
            await connection.ExecuteAsync(new CommandDefinition("UPDATE tokens SET revoked_at = @now WHERE id = @id",
                new { id, now = time.GetUtcNow() }, transaction, cancellationToken: cancellationToken));
            await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "token.revoke", $"token/{id}", null, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>Authenticates a token; <see langword="null"/> for one that is unknown, expired, revoked or malformed.</summary>
    public async Task<TokenInfo?> VerifyAsync(string? token, CancellationToken cancellationToken = default)
    {
        if (!Secret.TryParse(token, out var secret))
        {
            return null;
        }

        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"SELECT hash, {Columns} FROM tokens WHERE id = @id", new { id = secret.Id }, cancellationToken: cancellationToken));
        if (row is null || !secret.Matches(row.Hash!) || row.RevokedAt is not null || row.ExpiresAt <= now)
        {
            return null;
        }

        if (row.LastUsedAt is null || now - row.LastUsedAt > TimeSpan.FromMinutes(1))
        {
            await connection.ExecuteAsync(new CommandDefinition("UPDATE tokens SET last_used_at = @now WHERE id = @id",
                new { id = secret.Id, now }, cancellationToken: cancellationToken));
        }

        return row.ToInfo();
    }

    internal static async Task<IssuedToken> InsertAsync(
        Npgsql.NpgsqlConnection connection,
        Npgsql.NpgsqlTransaction transaction,
        TokenRole role,
        string label,
        DateTimeOffset? expiresAt,
        TokenLimits limits,
        DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        var channels = new List<long>();
        foreach (var channel in (limits.Channels ?? []).Distinct(StringComparer.Ordinal))
        {
            channels.Add(await StreamKeys.ChannelIdAsync(connection, channel, cancellationToken));
        }

        while (true)
        {
            var secret = Secret.New(out var text);
            var inserted = await connection.ExecuteAsync(new CommandDefinition(
                """
                INSERT INTO tokens (id, hash, role, label, created_at, expires_at, channels, scopes)
                VALUES (@id, @hash, @role, @label, @now, @expiresAt, @channels, @scopes) ON CONFLICT (id) DO NOTHING
                """,
                new
                {
                    id = secret.Id, hash = secret.Hash, role = TokenRoles.Name(role), label, now, expiresAt,
                    channels = limits.Channels is null ? null : channels.ToArray(), scopes = limits.Scopes?.ToArray(),
                },
                transaction,
                cancellationToken: cancellationToken));
            if (inserted == 1)
            {
                await AuditLog.RecordAsync(
                    connection, transaction, now, "token.create", $"token/{secret.Id}",
                    AuditLog.Detail(
                        ("role", TokenRoles.Name(role)), ("label", label), ("expiresAt", AuditLog.Text(expiresAt)),
                        ("channels", limits.Channels is null ? null : string.Join(",", limits.Channels)),
                        ("scopes", limits.Scopes is null ? null : string.Join(",", limits.Scopes))),
                    cancellationToken);
                return new(new(secret.Id, role, label, now, null, expiresAt, null) { Limits = limits }, text);
            }
        }
    }

    private sealed record Row(
        byte[]? Hash, string Id, string Role, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt,
        DateTimeOffset? RevokedAt,
        string? Channels, string? Scopes)
    {
        public TokenInfo ToInfo() => new(Id, TokenRoles.Parse(Role), Label, CreatedAt, LastUsedAt,
            ExpiresAt, RevokedAt)
        {
            Limits = new(Channels?.Split(',', StringSplitOptions.RemoveEmptyEntries), Scopes?.Split(',')),
        };
    }
}

/// <summary>Names of roles.</summary>
public static class TokenRoles
{
    private static readonly EnumNames<TokenRole> NameMap = new("role",
        (TokenRole.Admin, "admin"), (TokenRole.Producer, "producer"), (TokenRole.Moderator, "moderator"), (TokenRole.Viewer, "viewer"));

    /// <summary>All names, most privileged first.</summary>
    public static IReadOnlyList<string> Names => NameMap.All;

    /// <summary>Gets the name of a role.</summary>
    public static string Name(TokenRole role) => NameMap.Name(role);

    /// <summary>Gets the role with a name.</summary>
    public static bool TryParse(string? name, out TokenRole role)
    {
        var found = NameMap.Find(name);
        role = found ?? TokenRole.Viewer;
        return found is not null;
    }

    /// <summary>Parses the name of a role.</summary>
    /// <exception cref="FormatException">The name is unknown.</exception>
    internal static TokenRole Parse(string name) => NameMap.Parse(name);
}
