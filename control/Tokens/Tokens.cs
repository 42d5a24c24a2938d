using Dapper;

namespace Broadcast.Control;

/// <summary>What a token's holder may do; each role may do all that those before it may.</summary>
public enum TokenRole
{
    /// <summary>Reads channels and sessions.</summary>
    Viewer,

    /// <summary>Moderates; for now reads only.</summary>
    Moderator,

    /// <summary>Runs broadcasts: changes channels and handles their keys.</summary>
    Producer,

    /// <summary>Everything: makes and deletes channels, handles tokens.</summary>
    Admin,
}

/// <summary>What may be known of a token: all but the secret.</summary>
/// <param name="Id">The part before the underscore.</param>
/// <param name="Role">What it allows.</param>
/// <param name="Label">Whose it is; may be empty.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="LastUsedAt">When it was last used, to the minute.</param>
/// <param name="ExpiresAt">From when on it is void.</param>
/// <param name="RevokedAt">When it was revoked.</param>
public sealed record TokenInfo(
    string Id, TokenRole Role, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt)
{
    /// <summary>What else limits it.</summary>
    public TokenLimits Limits { get; init; } = new();
}

/// <summary>A new token with its secret, which is shown this once and kept nowhere.</summary>
/// <param name="Info">What may be known of it.</param>
/// <param name="Token">The bearer token.</param>
public sealed record IssuedToken(TokenInfo Info, string Token)
{
    /// <summary>Without the secret.</summary>
    public override string ToString() => $"token {Info.Id}";
}

/// <summary>Bearer tokens of the API. Works on the database, whether the server runs or not; a revoked one is refused from the next request on.</summary>
public sealed class Tokens(Database database, TimeProvider time)
{
    private const string Columns = """
        id, role, label, created_at AS createdAt, last_used_at AS lastUsedAt, expires_at AS expiresAt, revoked_at AS revokedAt,
        CASE WHEN channels IS NOT NULL THEN coalesce((SELECT string_agg(c.name, ',' ORDER BY c.name) FROM channels c WHERE c.id = ANY (tokens.channels) AND c.deleted_at IS NULL), '') END AS channels,
        array_to_string(scopes, ',') AS scopes
        """;

    /// <summary>Makes a token.</summary>
    /// <param name="role">What it may do.</param>
    /// <param name="label">Whose it is.</param>
    /// <param name="expiresAt">From when on it is void; never when not given.</param>
    /// <param name="limits">What else limits it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">Bad values, or no such channel.</exception>
    public async Task<IssuedToken> CreateAsync(
        TokenRole role, string label = "", DateTimeOffset? expiresAt = null, TokenLimits? limits = null, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        ChannelRules.CheckLabel(label, expiresAt, now);
        UserRules.Refuse(Scopes.Mistakes(limits ?? new()));
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var issued = await InsertAsync(connection, transaction, role, label, expiresAt, limits ?? new(), now, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return issued;
    }

    /// <summary>All tokens, newest first, revoked ones too; at most 500.</summary>
    public async Task<IReadOnlyList<TokenInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            $"SELECT NULL::bytea AS hash, {Columns} FROM tokens ORDER BY created_at DESC, id LIMIT 500", cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    /// <summary>Withdraws a token for good. One already revoked stays so.</summary>
    /// <exception cref="ControlException">No such token.</exception>
    public async Task RevokeAsync(string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var worked = await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            "SELECT revoked_at IS NULL FROM tokens WHERE id = @id FOR UPDATE", new { id }, transaction, cancellationToken: cancellationToken))
            ?? throw new ControlException(ControlCode.NotFound, "There is no such token. 'broadcast token list' shows those there are.");
        if (worked)
        {
            await connection.ExecuteAsync(new CommandDefinition("UPDATE tokens SET revoked_at = @now WHERE id = @id", new { id, now = time.GetUtcNow() }, transaction, cancellationToken: cancellationToken));
            await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "token.revoke", $"token/{id}", null, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>Whose token that is; <see langword="null"/> for one that is unknown, expired or revoked, or is no token at all.</summary>
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
            await connection.ExecuteAsync(new CommandDefinition("UPDATE tokens SET last_used_at = @now WHERE id = @id", new { id = secret.Id, now }, cancellationToken: cancellationToken));
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
                    id = secret.Id, hash = secret.Hash, role = Roles.Name(role), label, now, expiresAt,
                    channels = limits.Channels is null ? null : channels.ToArray(), scopes = limits.Scopes?.ToArray(),
                },
                transaction,
                cancellationToken: cancellationToken));
            if (inserted == 1)
            {
                await AuditLog.AddAsync(
                    connection, transaction, now, "token.create", $"token/{secret.Id}",
                    AuditLog.Detail(
                        ("role", Roles.Name(role)), ("label", label), ("expiresAt", AuditLog.Text(expiresAt)),
                        ("channels", limits.Channels is null ? null : string.Join(",", limits.Channels)), ("scopes", limits.Scopes is null ? null : string.Join(",", limits.Scopes))),
                    cancellationToken);
                return new(new(secret.Id, role, label, now, null, expiresAt, null) { Limits = limits }, text);
            }
        }
    }

    private sealed record Row(
        byte[]? Hash, string Id, string Role, string Label, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt,
        string? Channels, string? Scopes)
    {
        public TokenInfo ToInfo() => new(Id, Enum.Parse<TokenRole>(Role, ignoreCase: true), Label, CreatedAt, LastUsedAt, ExpiresAt, RevokedAt)
        {
            Limits = new(Channels?.Split(',', StringSplitOptions.RemoveEmptyEntries), Scopes?.Split(',')),
        };
    }
}

/// <summary>Roles by name.</summary>
public static class Roles
{
    /// <summary>All names, the mightiest first.</summary>
    public static IReadOnlyList<string> Names { get; } = ["admin", "producer", "moderator", "viewer"];

    /// <summary>A role's name.</summary>
    public static string Name(TokenRole role) => Names[TokenRole.Admin - role];

    /// <summary>The role of that name.</summary>
    public static bool TryParse(string? name, out TokenRole role)
    {
        var index = name is null ? -1 : Names.ToList().IndexOf(name);
        role = index < 0 ? TokenRole.Viewer : TokenRole.Admin - index;
        return index >= 0;
    }
}
