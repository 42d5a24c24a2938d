using System.Net;
using Broadcast.Database;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control.Identity;

/// <summary>Result of a login.</summary>
internal abstract record LoginResult
{
    /// <summary>The login succeeded.</summary>
    /// <param name="Cookie">Text of the cookie, which is not stored.</param>
    /// <param name="Device">Value of the browser's device cookie.</param>
    /// <param name="User">Name of the user.</param>
    public sealed record Succeeded(string Cookie, string Device, string User) : LoginResult
    {
        /// <inheritdoc/>
        public override string ToString() => $"login of {User}";
    }

    /// <summary>The password is correct, and a second-factor code is required.</summary>
    public sealed record NeedsCode : LoginResult;

    /// <summary>Name or password is wrong, or the user is disabled; the response does not distinguish.</summary>
    public sealed record Refused : LoginResult;

    /// <summary>The password is correct, the code is not.</summary>
    public sealed record WrongCode : LoginResult;
}

/// <summary>Authenticates users by password and, if enabled, a second factor.</summary>
internal sealed class Logins(ServerDatabase database, UserSessions sessions, SecondFactors secondFactors, LoginAttempts attempts,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<Logins> logger)
{
    private const int MaxAgent = 200;

    /// <summary>Logs a user in. An unknown name takes as long as a known one and gives the same result.</summary>
    /// <param name="name">Name as entered.</param>
    /// <param name="password">Password as entered.</param>
    /// <param name="code">Code of the second factor, if entered.</param>
    /// <param name="remote">Remote address.</param>
    /// <param name="device">Value of the browser's device cookie, if it sent one.</param>
    /// <param name="agent">User-Agent of the browser.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException"><see cref="OperationErrorCode.TooManyAttempts"/>: too many failed logins recently.</exception>
    public async Task<LoginResult> LoginAsync(string name, string password, string? code, EndPoint? remote, string? device, string agent,
        CancellationToken cancellationToken)
    {
        var normalizedName = UserRules.Normalize(name);
        Row? row;
        string? newHash;
        device = Secret.TryParse(device, out _) ? device : null;
        var (slot, isDeviceKnown) = await AcquireHashSlotAsync(remote, device, normalizedName, isLoggedIn: false, cancellationToken);
        using (slot)
        {
            row = await FindAsync(UserRepository.QueryName(name), cancellationToken);
            (var isMatch, newHash) = await VerifyAsync(row, password);
            if (!isMatch || row!.Disabled)
            {
                await attempts.RecordFailureAsync(remote, isDeviceKnown ? device : null, normalizedName);
                ControlLog.LoginRejected(logger, Address(remote));
                return new LoginResult.Refused();
            }
        }

        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // The user may have been disabled or got another password meanwhile.
        var updated = await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE users SET last_login_at = @now, password_hash = coalesce(@newHash, password_hash) WHERE id = @id AND password_hash = "
            + "@hash AND disabled_at IS NULL",
            new { id = row.Id, hash = row.Hash, newHash, now = time.GetUtcNow() },
            transaction,
            cancellationToken: cancellationToken));
        if (updated == 0)
        {
            return new LoginResult.Refused();
        }

        if (row.HasTotp && code is null)
        {
            return new LoginResult.NeedsCode();
        }

        if (row.HasTotp && !await secondFactors.UseCodeAsync(connection, transaction, row.Id, code!, cancellationToken))
        {
            ControlLog.LoginRejected(logger, Address(remote));
            return new LoginResult.WrongCode();
        }

        var address = Address(remote);
        var cookie = await sessions.CreateAsync(connection, transaction, row.Id, address, Sanitize(agent), cancellationToken);
        device = await attempts.RecordLoginAsync(connection, transaction, row.Id, remote, device, cancellationToken);
        using var actorScope = Actor.Use(new(ActorKind.User, row.Name, row.DisplayName, address));
        await AuditLog.RecordAsync(connection, transaction, time.GetUtcNow(), "login.begin", $"user/{row.Name}",
            AuditLog.Detail(("login", cookie[..8])), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new LoginResult.Succeeded(cookie, device, row.Name);
    }

    /// <summary>Verifies the password of a logged-in user again.</summary>
    /// <param name="user">User to verify.</param>
    /// <param name="password">Password entered.</param>
    /// <param name="member">Name of the password member in the request.</param>
    /// <param name="remote">Remote address.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="OperationException">The password is wrong, or there were too many attempts.</exception>
    public async Task ConfirmAsync(AuthenticatedUser user, string password, string member, EndPoint? remote,
        CancellationToken cancellationToken)
    {
        var hashing = await AcquireHashSlotAsync(remote, null, user.Name, isLoggedIn: true, cancellationToken);
        using var slot = hashing.Slot;
        var (isMatch, _) = await VerifyAsync(await FindAsync(user.Name, cancellationToken), password);
        if (!isMatch)
        {
            await attempts.RecordFailureAsync(remote, null, user.Name);
            throw new OperationException([new(member, "The password is wrong.")]);
        }
    }

    private static Task<(bool IsMatch, string? NewHash)> VerifyAsync(Row? row, string password)
    {
        var isText = password.Length <= UserRules.MaxPassword && !UserRules.HasLoneSurrogate(password);
        return UserPasswordHasher.VerifyAsync(isText ? row?.Hash : null, isText ? password : "");
    }

    private async Task<Row?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            """
            SELECT id, name, display_name AS displayName, password_hash AS hash, totp_confirmed_at IS NOT NULL AS hasTotp,
                disabled_at IS NOT NULL AS disabled
            FROM users WHERE name = @name
            """,
            new { name },
            cancellationToken: cancellationToken));
    }

    // Checked again after waiting for a slot, because concurrent guesses wait for each other.
    private async Task<(IDisposable Slot, bool IsDeviceKnown)> AcquireHashSlotAsync(EndPoint? remote, string? device, string name,
        bool isLoggedIn, CancellationToken cancellationToken)
    {
        var isKnown = (await CheckLimitAsync(remote, device, name, isLoggedIn, cancellationToken)).IsKnown;
        var slot = await UserPasswordHasher.AcquireAsync(isKnown, cancellationToken);
        try
        {
            return (slot, (await CheckLimitAsync(remote, device, name, isLoggedIn, cancellationToken)).IsDeviceKnown);
        }
        catch
        {
            slot.Dispose();
            throw;
        }
    }

    private async Task<LoginCheck> CheckLimitAsync(EndPoint? remote, string? device, string name, bool isLoggedIn,
        CancellationToken cancellationToken)
    {
        var check = await attempts.CheckAsync(remote, device, name, isLoggedIn, cancellationToken);
        return check.IsLimitReached ? throw new OperationException(OperationErrorCode.TooManyAttempts, "Too many failed logins. Wait a minute.")
            : check;
    }

    private static string Address(EndPoint? remote) => (remote as IPEndPoint)?.Address.ToString() ?? "";

    private static string Sanitize(string agent) => new([.. agent.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Take(MaxAgent)]);

    private sealed record Row(long Id, string Name, string DisplayName, string Hash, bool HasTotp, bool Disabled);
}
