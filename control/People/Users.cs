using Dapper;
using Npgsql;

namespace Broadcast.Control;

/// <summary>The people who may log in. Works on the database, whether the server runs or not; what changes holds from each one's next request on.</summary>
public sealed class Users(Database database, TimeProvider time)
{
    private const string Columns = """
        name, display_name AS displayName, role, totp_confirmed_at IS NOT NULL AS hasTotp, created_at AS createdAt, password_changed_at AS passwordChangedAt,
        last_login_at AS lastLoginAt, disabled_at AS disabledAt
        """;

    /// <summary>Makes a user.</summary>
    /// <exception cref="ControlException">Bad values, or the name is taken.</exception>
    public async Task<UserInfo> CreateAsync(string name, string password, TokenRole role, string displayName = "", CancellationToken cancellationToken = default)
    {
        UserRules.Refuse(UserRules.Mistakes(name, displayName).Concat(UserRules.PasswordMistakes(name, password)));
        var hash = await PasswordHashes.HashAsync(password, cancellationToken);
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await InsertAsync(connection, transaction, name, hash, role, displayName, time.GetUtcNow(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return await GetAsync(name, cancellationToken);
    }

    /// <summary>All users, by name; at most 500.</summary>
    public async Task<IReadOnlyList<UserInfo>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(new CommandDefinition($"SELECT {Columns} FROM users ORDER BY name LIMIT 500", cancellationToken: cancellationToken));
        return [.. rows.Select(r => r.ToInfo())];
    }

    /// <summary>One user.</summary>
    /// <exception cref="ControlException">There is none.</exception>
    public async Task<UserInfo> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return (await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"SELECT {Columns} FROM users WHERE name = @name", new { name = Known(name) }, cancellationToken: cancellationToken)) ?? throw NotFound()).ToInfo();
    }

    /// <summary>Changes what <paramref name="change"/> names and leaves the rest.</summary>
    /// <exception cref="ControlException">Bad values, no such user, or nobody would be left who is an admin.</exception>
    public Task<UserInfo> SetAsync(string name, UserChange change, CancellationToken cancellationToken = default) => SetIfAsync(name, change, null, cancellationToken);

    /// <summary>As <see cref="SetAsync"/>, unless the check throws, which sees the user as they are when nobody else can change them any more.</summary>
    internal async Task<UserInfo> SetIfAsync(string name, UserChange change, Action<UserInfo>? check, CancellationToken cancellationToken)
    {
        UserRules.Refuse(UserRules.Mistakes(null, change.DisplayName));
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await BeginAsync(connection, cancellationToken);
        var before = await FindAsync(connection, transaction, name, cancellationToken);
        check?.Invoke(before.ToInfo());
        var row = await connection.QuerySingleAsync<Row>(new CommandDefinition(
            $"""
            UPDATE users SET display_name = coalesce(@displayName, display_name), role = coalesce(@role, role),
                disabled_at = CASE WHEN @disabled IS NULL THEN disabled_at WHEN @disabled THEN coalesce(disabled_at, @now) END
            WHERE id = @id RETURNING id, {Columns}
            """,
            new { id = before.Id, displayName = change.DisplayName, role = change.Role is { } role ? Roles.Name(role) : null, disabled = change.IsDisabled, now },
            transaction,
            cancellationToken: cancellationToken));
        await KeepAnAdminAsync(connection, transaction, before, cancellationToken);
        if (row.DisabledAt is not null)
        {
            await UserSessions.EndAllAsync(connection, transaction, before.Id, null, cancellationToken);
        }

        await AuditLog.AddAsync(
            connection, transaction, now, "user.change", $"user/{row.Name}",
            AuditLog.Detail(
                ("displayName", change.DisplayName), ("role", change.Role is null ? null : row.Role), ("disabled", change.IsDisabled switch { null => null, true => "true", false => "false" })),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return row.ToInfo();
    }

    /// <summary>Gives a user another password, and ends all their logins.</summary>
    /// <param name="name">Who.</param>
    /// <param name="password">The new one.</param>
    /// <param name="keep">The id of a login that goes on: the one that the user changes their own password with.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ControlException">Bad values, or no such user.</exception>
    public async Task SetPasswordAsync(string name, string password, string? keep = null, CancellationToken cancellationToken = default)
    {
        UserRules.Refuse(UserRules.PasswordMistakes(name, password));
        var hash = await PasswordHashes.HashAsync(password, cancellationToken);
        var now = time.GetUtcNow();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await FindAsync(connection, transaction, name, cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE users SET password_hash = @hash, password_changed_at = @now WHERE id = @id", new { id = row.Id, hash, now }, transaction, cancellationToken: cancellationToken));
        await UserSessions.EndAllAsync(connection, transaction, row.Id, keep, cancellationToken);
        await AuditLog.AddAsync(connection, transaction, now, "user.set_password", $"user/{row.Name}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Takes a user's second factor away, for whoever lost theirs.</summary>
    /// <exception cref="ControlException">No such user.</exception>
    public async Task ResetTotpAsync(string name, CancellationToken cancellationToken = default)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await FindAsync(connection, transaction, name, cancellationToken);
        if (row.HasTotp)
        {
            await SecondFactors.RemoveAsync(connection, transaction, row.Id, cancellationToken);
            await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "totp.reset", $"user/{row.Name}", null, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>Deletes a user and their logins. What they did stays in the audit log.</summary>
    /// <exception cref="ControlException">No such user, or nobody would be left who is an admin.</exception>
    public Task DeleteAsync(string name, CancellationToken cancellationToken = default) => DeleteIfAsync(name, null, cancellationToken);

    /// <summary>As <see cref="DeleteAsync"/>, unless the check throws.</summary>
    internal async Task DeleteIfAsync(string name, Action<UserInfo>? check, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await BeginAsync(connection, cancellationToken);
        var row = await FindAsync(connection, transaction, name, cancellationToken);
        check?.Invoke(row.ToInfo());
        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM users WHERE id = @id", new { id = row.Id }, transaction, cancellationToken: cancellationToken));
        await KeepAnAdminAsync(connection, transaction, row, cancellationToken);
        await AuditLog.AddAsync(connection, transaction, time.GetUtcNow(), "user.delete", $"user/{row.Name}", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    internal static async Task InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string name, string hash, TokenRole role, string displayName, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var inserted = await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO users (name, display_name, role, password_hash, created_at, password_changed_at)
            VALUES (@name, @displayName, @role, @hash, @now, @now) ON CONFLICT (name) DO NOTHING
            """,
            new { name, displayName, role = Roles.Name(role), hash, now },
            transaction,
            cancellationToken: cancellationToken));
        if (inserted == 0)
        {
            throw new ControlException(ControlCode.Conflict, $"There is a user '{name}' already. Choose another name, or change them with 'broadcast user set {name}'.");
        }

        await AuditLog.AddAsync(connection, transaction, now, "user.create", $"user/{name}", AuditLog.Detail(("role", Roles.Name(role)), ("displayName", displayName)), cancellationToken);
    }

    /// <summary>A name to ask the database for; one that nobody can have asks for nobody.</summary>
    internal static string Known(string name) => UserRules.Mistakes(UserRules.Normal(name), null).Any() ? "" : UserRules.Normal(name);

    internal static ControlException NotFound() => new(ControlCode.NotFound, "There is no such user. 'broadcast user list' shows those there are.");

    // Who makes others admins and who takes it from them wait for each other, so that two admins cannot disable one another at once.
    private static async Task<NpgsqlTransaction> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE", transaction: transaction, cancellationToken: cancellationToken));
        return transaction;
    }

    private static async Task KeepAnAdminAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Row before, CancellationToken cancellationToken)
    {
        if (before is { Role: "admin", DisabledAt: null } && !await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "SELECT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND disabled_at IS NULL)", transaction: transaction, cancellationToken: cancellationToken)))
        {
            throw new ControlException(ControlCode.Conflict, $"'{before.Name}' is the last admin. Make another one first.");
        }
    }

    private static async Task<Row> FindAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string name, CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"SELECT id, {Columns} FROM users WHERE name = @name FOR UPDATE", new { name = Known(name) }, transaction, cancellationToken: cancellationToken)) ?? throw NotFound();

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

        public UserInfo ToInfo() => new(Name, DisplayName, Enum.Parse<TokenRole>(Role, ignoreCase: true), HasTotp, CreatedAt, PasswordChangedAt, LastLoginAt, DisabledAt);
    }
}
