using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control.Identity;

/// <summary>Login of a browser. ("Session" means a broadcast session elsewhere.)</summary>
/// <param name="Id">Id of the login.</param>
/// <param name="CreatedAt">Time of the login.</param>
/// <param name="LastUsedAt">Time of the last use, to the minute.</param>
/// <param name="ExpiresAt">Latest end of the login.</param>
/// <param name="Address">Address of the user.</param>
/// <param name="Agent">User-Agent of the browser.</param>
public sealed record LoginInfo(string Id, DateTimeOffset CreatedAt, DateTimeOffset LastUsedAt, DateTimeOffset ExpiresAt, string Address,
    string Agent);

/// <summary>User of a valid login.</summary>
internal sealed record AuthenticatedUser(long UserId, string Name, string DisplayName, TokenRole Role, bool HasTotp, LoginInfo Login);

/// <summary>
/// Repository of logins. A login ends when it is unused for <see cref="ControlOptions.LoginIdleTimeout"/>, after
/// <see cref="ControlOptions.LoginLifetime"/> at the latest, or on request.
/// </summary>
public sealed class UserSessions(ServerDatabase database, IOptions<ControlOptions> options,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    /// <summary>Maximum number of logins per user; a further one ends the least recently used.</summary>
    public const int MaxPerUser = 50;

    private const string Columns =
        "s.id, s.created_at AS createdAt, s.last_used_at AS lastUsedAt, s.expires_at AS expiresAt, s.address, s.agent";

    /// <summary>Lists a user's logins, newest first.</summary>
    /// <exception cref="OperationException">The user does not exist.</exception>
    public async Task<IReadOnlyList<LoginInfo>> ListAsync(string user, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var id = await UserIdAsync(connection, null, user, cancellationToken);
        return [.. await connection.QueryAsync<LoginInfo>(new CommandDefinition(
            $"SELECT {Columns} FROM user_sessions s WHERE s.user_id = @id AND s.expires_at > @now AND s.last_used_at > @idle ORDER BY "
            + "s.created_at DESC, s.id",
            new { id, now, idle = now - options.Value.LoginIdleTimeout },
            cancellationToken: cancellationToken))];
    }

    /// <summary>Ends one login of a user.</summary>
    /// <exception cref="OperationException">The user or login does not exist.</exception>
    public async Task EndAsync(string user, string id, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var userId = await UserIdAsync(connection, transaction, user, cancellationToken);
        if (await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM user_sessions WHERE user_id = @userId AND id = @id", new { userId, id }, transaction,
            cancellationToken: cancellationToken)) == 0)
        {
            throw new OperationException(OperationErrorCode.NotFound, "The login does not exist.");
        }

        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "login.end", $"user/{UserRules.Normalize(user)}",
            AuditLog.Detail(("login", id)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Ends all logins of a user.</summary>
    /// <exception cref="OperationException">The user does not exist.</exception>
    public async Task EndAllAsync(string user, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await EndAllAsync(connection, transaction, await UserIdAsync(connection, transaction, user, cancellationToken), null,
            cancellationToken);
        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "login.end_all", $"user/{UserRules.Normalize(user)}", null,
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Authenticates a cookie; <see langword="null"/> for one that is unknown, expired or malformed, or whose user is disabled.
    /// </summary>
    internal Task<AuthenticatedUser?> VerifyAsync(string? text, CancellationToken cancellationToken) =>
        VerifyAsync(text, countsAsUse: true, cancellationToken);

    /// <summary>Authenticates a cookie.</summary>
    /// <param name="text">Text of the cookie.</param>
    /// <param name="countsAsUse">Whether the login counts as used.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal async Task<AuthenticatedUser?> VerifyAsync(string? text, bool countsAsUse, CancellationToken cancellationToken)
    {
        if (!Secret.TryParse(text, out var secret))
        {
            return null;
        }

        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"""
            SELECT {Columns}, s.hash, u.id AS userId, u.name, u.display_name AS displayName, u.role,
                u.totp_confirmed_at IS NOT NULL AS hasTotp
            FROM user_sessions s JOIN users u ON u.id = s.user_id WHERE s.id = @id AND s.expires_at > @now AND s.last_used_at > @idle
                AND u.disabled_at IS NULL
            """,
            new { id = secret.Id, now, idle = now - options.Value.LoginIdleTimeout },
            cancellationToken: cancellationToken));
        if (row is null || !secret.Matches(row.Hash))
        {
            return null;
        }

        if (countsAsUse && now - row.LastUsedAt > TimeSpan.FromMinutes(1))
        {
            await connection.ExecuteAsync(new CommandDefinition("UPDATE user_sessions SET last_used_at = @now WHERE id = @id",
                new { id = secret.Id, now }, cancellationToken: cancellationToken));
        }

        return row.ToAuthenticatedUser();
    }

    /// <summary>Creates a login, and removes expired and excess ones of the user.</summary>
    /// <returns>Text of the cookie, which is not stored.</returns>
    internal async Task<string> CreateAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long userId, string address,
        string agent, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await connection.ExecuteAsync(new CommandDefinition(
            """
            DELETE FROM user_sessions WHERE user_id = @userId AND (expires_at <= @now OR last_used_at <= @idle
                OR id NOT IN (SELECT id FROM user_sessions WHERE user_id = @userId ORDER BY last_used_at DESC LIMIT @others))
            """,
            new { userId, now, idle = now - options.Value.LoginIdleTimeout, others = MaxPerUser - 1 },
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
                new { id = secret.Id, userId, hash = secret.Hash, now, expires = now + options.Value.LoginLifetime, address, agent },
                transaction,
                cancellationToken: cancellationToken)) == 1)
            {
                return text;
            }
        }
    }

    internal static Task EndAllAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long userId, string? keep,
        CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM user_sessions WHERE user_id = @userId AND (@keep::text IS NULL OR id <> @keep)", new { userId, keep }, transaction,
            cancellationToken: cancellationToken));

    private static async Task<long> UserIdAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string user,
        CancellationToken cancellationToken) =>
        await connection.ExecuteScalarAsync<long?>(new CommandDefinition("SELECT id FROM users WHERE name = @name",
            new { name = UserRepository.QueryName(user) }, transaction, cancellationToken: cancellationToken))
            ?? throw UserRepository.NotFound();

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

        public AuthenticatedUser ToAuthenticatedUser() => new(
            UserId, Name, DisplayName, TokenRoles.Parse(Role), HasTotp,
            new(Id, CreatedAt, LastUsedAt, ExpiresAt, Address, Agent));
    }
}
