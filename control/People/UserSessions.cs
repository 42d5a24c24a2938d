using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control;

/// <summary>A login: what a browser has shown a password for. (A session is a broadcast's.)</summary>
/// <param name="Id">Its id.</param>
/// <param name="CreatedAt">When it began.</param>
/// <param name="LastUsedAt">When it was last used, to the minute.</param>
/// <param name="ExpiresAt">When it ends at the latest.</param>
/// <param name="Address">Where the user was.</param>
/// <param name="Agent">What the browser called itself.</param>
public sealed record LoginInfo(string Id, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt, DateTimeOffset ExpiresAt, string Address, string Agent);

/// <summary>Whose login that is.</summary>
internal sealed record LoggedIn(long UserId, string Name, string DisplayName, TokenRole Role, bool HasTotp, LoginInfo Login);

/// <summary>The logins of users. One ends when it is not used for <see cref="ControlOptions.LoginIdle"/>, after <see cref="ControlOptions.LoginLife"/> in any case, or when somebody ends it.</summary>
public sealed class UserSessions(Database database, IOptions<ControlOptions> options, TimeProvider time)
{
    /// <summary>Most that a user has at a time; a further one ends the one used longest ago.</summary>
    public const int MaxPerUser = 50;

    private const string Columns = "s.id, s.created_at AS createdAt, s.last_used_at AS lastUsedAt, s.expires_at AS expiresAt, s.address, s.agent";

    /// <summary>A user's logins, the newest first.</summary>
    /// <exception cref="ControlException">No such user.</exception>
    public async Task<IReadOnlyList<LoginInfo>> ListAsync(string user, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await UserIdAsync(connection, null, user, cancellationToken);
        return [.. await connection.QueryAsync<LoginInfo>(new CommandDefinition(
            $"SELECT {Columns} FROM user_sessions s WHERE s.user_id = @id AND s.expires_at > @now AND s.last_used_at > @idle ORDER BY s.created_at DESC, s.id",
            new { id, now, idle = now - options.Value.LoginIdle },
            cancellationToken: cancellationToken))];
    }

    /// <summary>Ends one login of a user.</summary>
    /// <exception cref="ControlException">No such user or login.</exception>
    public async Task EndAsync(string user, string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var userId = await UserIdAsync(connection, transaction, user, cancellationToken);
        if (await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM user_sessions WHERE user_id = @userId AND id = @id", new { userId, id }, transaction, cancellationToken: cancellationToken)) == 0)
        {
            throw new ControlException(ControlCode.NotFound, "There is no such login.");
        }

        await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "login.end", $"user/{UserRules.Normal(user)}", AuditLog.Detail(("login", id)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Ends all logins of a user.</summary>
    /// <exception cref="ControlException">No such user.</exception>
    public async Task EndAllAsync(string user, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await EndAllAsync(connection, transaction, await UserIdAsync(connection, transaction, user, cancellationToken), null, cancellationToken);
        await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "login.end_all", $"user/{UserRules.Normal(user)}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Whose login a cookie's text is; <see langword="null"/> for one that is unknown or over, whose user is disabled, or that is no such text at all.</summary>
    internal Task<LoggedIn?> VerifyAsync(string? text, CancellationToken cancellationToken) => VerifyAsync(text, isUse: true, cancellationToken);

    /// <summary>Whose login a cookie's text is, as above.</summary>
    /// <param name="text">The cookie's text.</param>
    /// <param name="isUse">Whether the login counts as used now.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task<LoggedIn?> VerifyAsync(string? text, bool isUse, CancellationToken cancellationToken)
    {
        if (!Secret.TryParse(text, out var secret))
        {
            return null;
        }

        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"""
            SELECT {Columns}, s.hash, u.id AS userId, u.name, u.display_name AS displayName, u.role, u.totp_confirmed_at IS NOT NULL AS hasTotp
            FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE s.id = @id AND s.expires_at > @now AND s.last_used_at > @idle AND u.disabled_at IS NULL
            """,
            new { id = secret.Id, now, idle = now - options.Value.LoginIdle },
            cancellationToken: cancellationToken));
        if (row is null || !secret.Matches(row.Hash))
        {
            return null;
        }

        if (isUse && now - row.LastUsedAt > TimeSpan.FromMinutes(1))
        {
            await connection.ExecuteAsync(new CommandDefinition("UPDATE user_sessions SET last_used_at = @now WHERE id = @id", new { id = secret.Id, now }, cancellationToken: cancellationToken));
        }

        return row.ToLoggedIn();
    }

    /// <summary>Begins one, and removes those of the user that are over or too many.</summary>
    /// <returns>The cookie's text, which is kept nowhere.</returns>
    internal async Task<string> BeginAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long userId, string address, string agent, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await connection.ExecuteAsync(new CommandDefinition(
            """
            DELETE FROM user_sessions WHERE user_id = @userId AND (expires_at <= @now OR last_used_at <= @idle
                OR id NOT IN (SELECT id FROM user_sessions WHERE user_id = @userId ORDER BY last_used_at DESC LIMIT @others))
            """,
            new { userId, now, idle = now - options.Value.LoginIdle, others = MaxPerUser - 1 },
            transaction,
            cancellationToken: cancellationToken));
        while (true)
        {
            var secret = Secret.New(out var text);
            if (await connection.ExecuteAsync(new CommandDefinition(
                """
                INSERT INTO user_sessions (id, user_id, hash, created_at, last_used_at, expires_at, address, agent)
                VALUES (@id, @userId, @hash, @now, @now, @expires, @address, @agent) ON CONFLICT (id) DO NOTHING
                """,
                new { id = secret.Id, userId, hash = secret.Hash, now, expires = now + options.Value.LoginLife, address, agent },
                transaction,
                cancellationToken: cancellationToken)) == 1)
            {
                return text;
            }
        }
    }

    internal static Task EndAllAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long userId, string? keep, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM user_sessions WHERE user_id = @userId AND (@keep::text IS NULL OR id <> @keep)", new { userId, keep }, transaction, cancellationToken: cancellationToken));

    private static async Task<long> UserIdAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string user, CancellationToken cancellationToken) =>
        await connection.ExecuteScalarAsync<long?>(new CommandDefinition("SELECT id FROM users WHERE name = @name", new { name = Users.Known(user) }, transaction, cancellationToken: cancellationToken))
            ?? throw Users.NotFound();

    private sealed record Row
    {
        public required string Id { get; init; }

        public DateTimeOffset CreatedAt { get; init; }

        public DateTimeOffset LastUsedAt { get; init; }

        public DateTimeOffset ExpiresAt { get; init; }

        public required string Address { get; init; }

        public required string Agent { get; init; }

        public required byte[] Hash { get; init; }

        public long UserId { get; init; }

        public required string Name { get; init; }

        public required string DisplayName { get; init; }

        public required string Role { get; init; }

        public bool HasTotp { get; init; }

        public LoggedIn ToLoggedIn() => new(
            UserId, Name, DisplayName, Enum.Parse<TokenRole>(Role, ignoreCase: true), HasTotp, new(Id, CreatedAt, LastUsedAt, ExpiresAt, Address, Agent));
    }
}
