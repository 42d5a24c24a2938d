using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Broadcast.Control.Identity;

/// <summary>
/// Repository of users. Works on the database, with or without a running server; changes apply from each user's next request.
/// </summary>
public sealed class UserRepository(ServerDatabase database, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    private const string Columns = """
        name, display_name AS displayName, role, totp_confirmed_at IS NOT NULL AS hasTotp, created_at AS createdAt, password_changed_at AS passwordChangedAt,
        last_login_at AS lastLoginAt, disabled_at AS disabledAt
        """;

    /// <summary>Creates a user.</summary>
    /// <exception cref="OperationException">A value is invalid, or the name is in use.</exception>
    public async Task<UserInfo> CreateAsync(string name, string password, TokenRole role, string displayName = "",
        CancellationToken cancellationToken = default)
    {
        UserRules.ThrowIfInvalid(UserRules.Validate(name, displayName).Concat(UserRules.ValidatePassword(name, password)));
        var hash = await UserPasswordHasher.HashAsync(password, cancellationToken);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await InsertAsync(connection, transaction, name, hash, role, displayName, time.GetUtcNow(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return await GetAsync(name, cancellationToken);
    }

    /// <summary>Lists users by name; at most 500.</summary>
    public async Task<IReadOnlyList<UserInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition($"SELECT {Columns} FROM users ORDER BY name LIMIT 500",
            cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    /// <summary>Gets a user.</summary>
    /// <exception cref="OperationException">The user does not exist.</exception>
    public async Task<UserInfo> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return (await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"SELECT {Columns} FROM users WHERE name = @name", new { name = QueryName(name) }, cancellationToken: cancellationToken))
            ?? throw NotFound()).ToInfo();
    }

    /// <summary>Changes the values set in <paramref name="change"/>.</summary>
    /// <exception cref="OperationException">A value is invalid, the user does not exist, or no admin would remain.</exception>
    public Task<UserInfo> SetAsync(string name, UserChange change, CancellationToken cancellationToken = default) =>
        SetIfAsync(name, change, null, cancellationToken);

    /// <summary>Changes a user like <see cref="SetAsync"/> unless the check throws. The check sees the user under a table lock.</summary>
    internal async Task<UserInfo> SetIfAsync(string name, UserChange change, Action<UserInfo>? check, CancellationToken cancellationToken)
    {
        UserRules.ThrowIfInvalid(UserRules.Validate(null, change.DisplayName));
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await BeginSerializedAsync(connection, cancellationToken);
        var original = await FindAsync(connection, transaction, name, cancellationToken);
        check?.Invoke(original.ToInfo());
        var row = await connection.QuerySingleAsync<Row>(new CommandDefinition(
            $"""
            UPDATE users SET display_name = coalesce(@displayName, display_name), role = coalesce(@role, role),
                disabled_at = CASE WHEN @disabled IS NULL THEN disabled_at WHEN @disabled THEN coalesce(disabled_at, @now) END
            WHERE id = @id RETURNING id, {Columns}
            """,
            new { id = original.Id, displayName = change.DisplayName, role = change.Role is { } role ? TokenRoles.Name(role) : null,
                disabled = change.IsDisabled, now },
            transaction,
            cancellationToken: cancellationToken));
        await RequireAdminAsync(connection, transaction, original, cancellationToken);
        if (row.DisabledAt is not null)
        {
            await UserSessions.EndAllAsync(connection, transaction, original.Id, null, cancellationToken);
        }

        await AuditLog.RecordAsync(
            connection, transaction, now, "user.change", $"user/{row.Name}",
            AuditLog.Detail(
                ("displayName", change.DisplayName), ("role", change.Role is null ? null : row.Role),
                ("disabled", change.IsDisabled switch { null => null, true => "true", false => "false" })),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.ToInfo();
    }

    /// <summary>Sets a user's password and ends their logins.</summary>
    /// <param name="name">Name of the user.</param>
    /// <param name="password">New password.</param>
    /// <param name="keptLoginId">Id of a login to keep: the one that changes its own password.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">A value is invalid, or the user does not exist.</exception>
    public async Task SetPasswordAsync(string name, string password, string? keptLoginId = null,
        CancellationToken cancellationToken = default)
    {
        UserRules.ThrowIfInvalid(UserRules.ValidatePassword(name, password));
        var hash = await UserPasswordHasher.HashAsync(password, cancellationToken);
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await FindAsync(connection, transaction, name, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE users SET password_hash = @hash, password_changed_at = @now WHERE id = @id", new { id = row.Id, hash, now },
            transaction, cancellationToken: cancellationToken));
        await UserSessions.EndAllAsync(connection, transaction, row.Id, keptLoginId, cancellationToken);
        await LoginAttempts.ForgetDevicesAsync(connection, transaction, row.Id, cancellationToken);
        await AuditLog.RecordAsync(connection, transaction, now, "user.set_password", $"user/{row.Name}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Removes a user's second factor, for example after its loss.</summary>
    /// <exception cref="OperationException">The user does not exist.</exception>
    public async Task ResetTotpAsync(string name, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await FindAsync(connection, transaction, name, cancellationToken);
        if (row.HasTotp)
        {
            await SecondFactors.RemoveAsync(connection, transaction, row.Id, cancellationToken);
            await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "totp.reset", $"user/{row.Name}", null,
                cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>Deletes a user and their logins. The audit log keeps their actions.</summary>
    /// <exception cref="OperationException">The user does not exist, or no admin would remain.</exception>
    public Task DeleteAsync(string name, CancellationToken cancellationToken = default) => DeleteIfAsync(name, null, cancellationToken);

    /// <summary>Deletes a user like <see cref="DeleteAsync"/> unless the check throws.</summary>
    internal async Task DeleteIfAsync(string name, Action<UserInfo>? check, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await BeginSerializedAsync(connection, cancellationToken);
        var row = await FindAsync(connection, transaction, name, cancellationToken);
        check?.Invoke(row.ToInfo());
        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM users WHERE id = @id", new { id = row.Id }, transaction,
            cancellationToken: cancellationToken));
        await RequireAdminAsync(connection, transaction, row, cancellationToken);
        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "user.delete", $"user/{row.Name}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    internal static async Task InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string name, string hash, TokenRole role, string displayName,
        DateTimeOffset now, CancellationToken cancellationToken)
    {
        var inserted = await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO users (name, display_name, role, password_hash, created_at, password_changed_at)
            VALUES (@name, @displayName, @role, @hash, @now, @now) ON CONFLICT (name) DO NOTHING
            """,
            new { name, displayName, role = TokenRoles.Name(role), hash, now },
            transaction,
            cancellationToken: cancellationToken));
        if (inserted == 0)
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"A user '{name}' already exists. Choose another name, or change the user with 'broadcast user set {name}'.");
        }

        await AuditLog.RecordAsync(connection, transaction, now, "user.create", $"user/{name}",
            AuditLog.Detail(("role", TokenRoles.Name(role)), ("displayName", displayName)), cancellationToken);
    }

    /// <summary>Normalizes a name for a query; empty for an invalid name.</summary>
    internal static string QueryName(string name) => UserRules.Validate(UserRules.Normalize(name), null).Any() ? ""
        : UserRules.Normalize(name);

    internal static OperationException NotFound() =>
        new(OperationErrorCode.NotFound, "The user does not exist. 'broadcast user list' shows all users.");

    // Serializes changes of roles, so that two admins cannot disable each other concurrently.
    private static async Task<NpgsqlTransaction> BeginSerializedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE", transaction: transaction,
            cancellationToken: cancellationToken));
        return transaction;
    }

    private static async Task RequireAdminAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Row original,
        CancellationToken cancellationToken)
    {
        if (original is { Role: "admin", DisabledAt: null } && !await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "SELECT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND disabled_at IS NULL)", transaction: transaction,
            cancellationToken: cancellationToken)))
        {
            throw new OperationException(OperationErrorCode.Conflict, $"'{original.Name}' is the last admin. Create another admin first.");
        }
    }

    private static async Task<Row> FindAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string name,
        CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"SELECT id, {Columns} FROM users WHERE name = @name FOR UPDATE", new { name = QueryName(name) }, transaction,
            cancellationToken: cancellationToken)) ?? throw NotFound();

    private sealed record Row
    {
        public long Id { get; init; }

        public required string Name { get; init; }

        public required string DisplayName { get; init; }

        public required string Role { get; init; }

        public bool HasTotp { get; init; }

        public DateTimeOffset CreatedAt { get; init; }

        public DateTimeOffset PasswordChangedAt { get; init; }

        public DateTimeOffset? LastLoginAt { get; init; }

        public DateTimeOffset? DisabledAt { get; init; }

        public UserInfo ToInfo() => new(Name, DisplayName, TokenRoles.Parse(Role), HasTotp, CreatedAt,
            PasswordChangedAt, LastLoginAt, DisabledAt);
    }
}
